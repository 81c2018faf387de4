"""What a serving process does at its end."""

import asyncio
from typing import Any

import pytest

from casino import serving


async def _speak(*types: str) -> list[str]:
    """What the application answers to a server that says these."""
    said, heard = iter(types), []

    async def receive() -> dict[str, str]:
        return {"type": next(said)}

    async def send(message: Any) -> None:
        heard.append(message["type"])

    await serving.lifespan({"type": "lifespan"}, receive, send)
    return heard


def test_what_was_opened_is_closed_once_and_the_last_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(serving, "_closers", [])
    closed: list[str] = []
    serving.at_end(lambda: closed.append("desk"))
    serving.at_end(lambda: closed.append("reader"))
    heard = asyncio.run(_speak("lifespan.startup", "lifespan.shutdown"))
    assert heard == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert closed == ["reader", "desk"]
    serving.wind_down()
    assert closed == ["reader", "desk"]
