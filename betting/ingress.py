"""The lean door of POST /bets with a Bearer token: an ASGI application that reads, asks the desk, and answers.

Everything else (cookies, other methods, other addresses) goes on to Django, which serves POST /bets as well.
"""

import asyncio
import time

import orjson
from django.conf import settings

from betting.admission import Slip
from betting.desk import desk
from betting.orders import Settled
from casino.api import metrics, problems
from casino.api.lean import Application, Receive, Scope, Send, headers_of, send_answer, token_of
from casino.api.logs import enter_request
from casino.api.middleware import request_id_of
from casino.api.parsers import TooLarge
from casino.api.throttling import PlayThrottle
from casino.errors import Refusal
from casino.idempotency import parse_key
from casino.strict_json import parse_json

ROUTE = "bets"


def with_lean_bets(django: Application) -> Application:
    """``django``, with the lean door in front of it."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == "/bets":
            headers = headers_of(scope)
            token = token_of(headers)
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
    metrics.note_request("POST", ROUTE, status, time.perf_counter() - began)
    extra |= {"Content-Type": kind, "Cache-Control": "no-store"}
    await send_answer(send, status, orjson.dumps(content, default=str), extra.items())


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
