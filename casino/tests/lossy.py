"""The site with three in ten messages lost on their way from Redis to the sockets."""

import random
from typing import Any

from casino.asgi import application as application
from casino.feeds.hub import Hub

LOSS = 0.3
_whole = Hub.fan_out
_chance = random.Random(8)


def _fan_out(self: Any, lines: str) -> None:
    if kept := [line for line in lines.split("\n") if _chance.random() >= LOSS]:
        _whole(self, "\n".join(kept))


Hub.fan_out = _fan_out  # type: ignore[method-assign]
