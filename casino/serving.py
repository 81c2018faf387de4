"""What a process that serves does once: when all is loaded and before the first request, and at its end."""

import asyncio
import atexit
import gc
from collections.abc import Callable
from typing import Any

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


_closers: list[Callable[[], None]] = []


def at_end(close: Callable[[], None]) -> None:
    """Have ``close`` called once when this process has answered its last request."""
    _closers.append(close)


@atexit.register
def wind_down() -> None:
    """Close what is to be closed, the last first."""
    while _closers:
        _closers.pop()()


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI protocol by which a server tells that it stops: some end by their signal then, past Python's own end."""
    while (await receive())["type"] == "lifespan.startup":
        await send({"type": "lifespan.startup.complete"})
    await asyncio.to_thread(wind_down)
    await send({"type": "lifespan.shutdown.complete"})
