"""What the containers run beside the servers themselves: the preparation of a release, and the checks of health."""
