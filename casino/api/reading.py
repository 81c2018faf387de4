"""The lean door of the reads that front ends repeat: who asks is looked up for many requests at once, and Django's
middleware, which has nothing to add to a GET with a Bearer token, is passed by. What answers is the same view as ever.

Everything else (sessions by cookie, other methods and addresses, pages behind a cursor, callers from other origins)
goes on to Django, which serves these reads as well.
"""

import logging
import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpResponse
from django.urls import resolve
from django.utils.cache import patch_vary_headers

from casino.api import metrics, problems
from casino.api.gathering import Gathering
from casino.api.lean import Application, Receive, Scope, Send, headers_of, send_answer, token_of
from casino.api.logs import enter_request, leave_request, note
from casino.api.middleware import request_id_of
from casino.api.negotiation import TAKES_JSON
from casino.api.sessions import claim_of, is_proven, open_session, people_of, read_sessions
from casino.serving import at_end

logger = logging.getLogger("casino.request")
_QUERY = re.compile(rb"(limit=\d{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """A read as it came in: who says they ask, and the request that ``view`` is to answer."""

    token: str
    request_id: str
    request: ASGIRequest
    view: Callable[..., HttpResponse]


class Reader(Gathering[Asked, HttpResponse]):
    """Answers the reads of this process: one look-up of sessions and one of people for a batch, then each its view."""

    name = "reader"
    # The first of a batch waits for its last.
    most = 8
    # While one waits for the database, another makes answers.
    lanes = 4

    def work(self, batch: Sequence[Asked]) -> list[HttpResponse]:
        """The views' answers; a refusal is an answer as well."""
        try:
            people = _people(batch)
        except (OperationalError, InterfaceError):
            connection.close()  # it broke since the last batch, perhaps: the next one tells
            people = _people(batch)
        return [_answer(asked, people.get(asked.token)) for asked in batch]


def _people(batch: Sequence[Asked]) -> dict[str, tuple[Any, Any]]:
    """The person and the session behind each token that is good."""
    sessions = read_sessions({asked.token for asked in batch})
    claims = {token: claim for token, data in sessions.items() if (claim := claim_of(data)) is not None}
    people = people_of(list(claims.values()))
    return {
        token: (people[claim[0]], open_session(token, sessions[token]))
        for token, claim in claims.items()
        if is_proven(claim, people.get(claim[0]))
    }


def _answer(asked: Asked, known: tuple[Any, Any] | None) -> HttpResponse:
    """The view's own answer. A token that is not good is left to the view, which says so."""
    enter_request(asked.request_id)
    if known is not None:
        user, session = known
        # Where Django REST framework is told of callers who have been proven already.
        asked.request._force_auth_user, asked.request._force_auth_token = user, session  # type: ignore[attr-defined]
        note(player=user.pk, operator=user.operator_id)
    try:
        answer = asked.view(asked.request)
        if hasattr(answer, "render"):
            answer.render()
    except Exception as error:
        logger.exception("a view broke off")
        answer = problems.response(problems.refusal_of(error) or problems.ServerFault())
    if connection.errors_occurred:
        connection.close()  # the next of the batch may find a sound one
    leave_request()
    return answer


def with_lean_reads(django: Application, paths: Collection[str]) -> Application:
    """``django``, with the lean door for GETs of ``paths``, which have no parameters, in front of it."""
    routes: Mapping[str, Any] = {path: resolve(path) for path in paths}

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and (match := routes.get(scope["path"])) is not None:
            headers = headers_of(scope)
            token = token_of(headers)
            if token is not None and (request := _plain(scope, headers)) is not None:
                await _read(match, request, token, headers, send)
                return
        await django(scope, receive, send)

    return application


def _plain(scope: Scope, headers: Mapping[bytes, str]) -> ASGIRequest | None:
    """The request, where nothing about it needs Django's middleware."""
    if (
        b"origin" in headers
        or headers.get(b"accept") not in TAKES_JSON
        or not _QUERY.fullmatch(scope.get("query_string", b""))
    ):
        return None
    request = ASGIRequest(cast(Any, scope), BytesIO())
    try:
        request.get_host()
    except DisallowedHost:
        return None
    return None if settings.SECURE_SSL_REDIRECT and not request.is_secure() else request


async def _read(match: Any, request: ASGIRequest, token: str, headers: Mapping[bytes, str], send: Send) -> None:
    began = time.perf_counter()
    request_id = request_id_of(headers.get(b"x-request-id", ""))
    enter_request(request_id)
    try:
        answer = await reader().wait_for(Asked(token, request_id, request, match.func))
    except Exception as error:
        answer = problems.response(problems.refusal_of(error) or problems.ServerFault())
    if (user := getattr(request, "_force_auth_user", None)) is not None:
        note(player=user.pk, operator=user.operator_id)
    patch_vary_headers(answer, ("origin",))
    seconds = time.perf_counter() - began
    metrics.note_request("GET", match.route, answer.status_code, seconds)
    logger.info("GET %s %d %.1f ms", request.path, answer.status_code, seconds * 1000)
    extra = ("X-Request-ID", request_id)
    await send_answer(send, answer.status_code, answer.content, [*answer.headers.items(), extra])


@lru_cache
def reader() -> Reader:
    """This process's reader, begun with the first read."""
    begun = Reader()
    at_end(begun.close)
    return begun
