"""What a process that serves does once, when all is loaded and before the first request."""

import gc

from django.urls import get_resolver

# How many more containers are made than freed before the youngest are looked through; Python's own 700 are reached
# several times in one batch of bets.
YOUNGEST = 50_000


def settle_down() -> None:
    """Load what would be loaded with the first request, and let the garbage collector pass by all that is there.

    A full collection stops every thread; over the modules and models of this project it took some 60 ms each time.
    """
    _ = get_resolver().url_patterns
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNGEST, 20, 20)
