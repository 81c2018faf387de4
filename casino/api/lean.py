"""What the lean ASGI doors share: what they ask of a request's headers, and answers with the headers that Django's
middleware puts on them."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import lru_cache
from typing import Any

from django.conf import settings

from casino.content_security import DATA

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def headers_of(scope: Scope) -> dict[bytes, str]:
    """The request's headers by their lower-case names."""
    return {name: value.decode("latin-1") for name, value in scope["headers"]}


def token_of(headers: dict[bytes, str]) -> str | None:
    """The Bearer token that came along."""
    scheme, _, token = headers.get(b"authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


async def send_answer(send: Send, status: int, body: bytes, headers: Iterable[tuple[str, str]]) -> None:
    """Answer with these headers and those that every answer of data has."""
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    raw += (b"content-length", b"%d" % len(body)), *_always(settings.SECURE_HSTS_SECONDS)
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


@lru_cache
def _always(hsts_seconds: int) -> list[tuple[bytes, bytes]]:
    headers = {
        "x-content-type-options": "nosniff",
        "content-security-policy": DATA,
        "referrer-policy": settings.SECURE_REFERRER_POLICY,
        "cross-origin-opener-policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
        "x-frame-options": settings.X_FRAME_OPTIONS,
    }
    if hsts_seconds:
        headers["strict-transport-security"] = f"max-age={hsts_seconds}; includeSubDomains; preload"
    return [(name.encode(), value.encode()) for name, value in headers.items()]
