"""The lean door of POST /bets with a Bearer token: an ASGI application that reads, asks the desk, and answers.

Everything else (cookies, other methods, other addresses) goes on to Django, which serves POST /bets as well.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any

import orjson
from django.conf import settings

from betting.admission import Slip
from betting.desk import desk
from betting.orders import Settled
from casino.api import metrics, problems
from casino.api.logs import enter_request
from casino.api.middleware import request_id_of
from casino.api.parsers import TooLarge
from casino.api.throttling import PlayThrottle
from casino.content_security import DATA
from casino.errors import Refusal
from casino.idempotency import parse_key
from casino.strict_json import parse_json

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

ROUTE = "bets"


def with_lean_bets(django: Application) -> Application:
    """``django``, with the lean door in front of it."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == "/bets":
            headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
            token = _token(headers)
            # A browser of another origin needs the headers that Django's middleware knows.
            if token is not None and b"origin" not in headers and _is_json(headers):
                await _place(headers, token, receive, send)
                return
        await django(scope, receive, send)

    return application


async def _place(headers: dict[bytes, str], token: str, receive: Receive, send: Send) -> None:
    """Answer one bet. A caller who goes away does not stop it: the desk settles what it was given."""
    began = time.perf_counter()
    request_id = request_id_of(headers.get(b"x-request-id", ""))
    enter_request(request_id)
    extra = {"X-Request-ID": request_id}
    try:
        key = parse_key(headers.get(b"idempotency-key"))
        extra["Idempotency-Key"] = key
        slip = Slip(token, key, parse_json(await _body(receive)))
        outcome = await desk().wait_for(slip)
        extra |= _rate(outcome.admitted.remaining)
        answer = outcome.answer
        if not isinstance(answer, Settled):
            raise answer
        if answer.is_replay:
            extra["Idempotency-Replayed"] = "true"
        status, kind, content = 201, "application/json", answer.document
    except Exception as error:
        refusal = problems.refusal_of(error) or problems.ServerFault()
        status, kind, content = refusal.status, problems.CONTENT_TYPE, problems.document(refusal)
        extra |= _headers_of(refusal)
    _answered(status).inc()
    _SECONDS.observe(time.perf_counter() - began)
    await _send(send, status, kind, orjson.dumps(content, default=str), extra)


_SECONDS = metrics.REQUEST_SECONDS.labels("POST", ROUTE)


@lru_cache
def _answered(status: int) -> Any:
    return metrics.REQUESTS.labels("POST", ROUTE, status)


def _token(headers: dict[bytes, str]) -> str | None:
    scheme, _, token = headers.get(b"authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _is_json(headers: dict[bytes, str]) -> bool:
    return headers.get(b"content-type", "").partition(";")[0].strip().lower() == "application/json"


def _rate(remaining: int | None) -> dict[str, str]:
    limit = PlayThrottle.limit
    if remaining is None:
        return {}
    numbers = {"Limit": limit.count, "Remaining": remaining, "Reset": limit.window_seconds}
    return {f"RateLimit-{name}": str(number) for name, number in numbers.items()}


async def _body(receive: Receive) -> bytes:
    limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise asyncio.CancelledError
        body += message.get("body", b"")
        if len(body) > limit:
            raise TooLarge
        if not message.get("more_body"):
            return body or b"{}"


def _headers_of(refusal: Refusal) -> dict[str, str]:
    found = problems.headers(refusal)
    return found | ({"WWW-Authenticate": 'Bearer realm="casino"'} if refusal.status == 401 else {})


async def _send(send: Send, status: int, kind: str, body: bytes, extra: dict[str, str]) -> None:
    headers = {
        "Content-Type": kind,
        "Content-Length": str(len(body)),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Content-Security-Policy": DATA,
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        **extra,
    }
    if settings.SECURE_HSTS_SECONDS:
        headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload"
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
