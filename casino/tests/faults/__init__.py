"""What a running stack survives: a load that remembers every answer, the faults, and what is checked after them."""
