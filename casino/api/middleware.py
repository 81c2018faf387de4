"""The outermost middleware: request ids, request metrics, problem documents for what no view answered; origins."""

import logging
import re
import time
from collections.abc import Callable
from urllib.parse import parse_qsl

from corsheaders.middleware import CorsMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers

from casino.api import metrics, problems
from casino.api.logs import enter_request
from casino.errors import FieldError, Invalid
from casino.ids import uuid7

logger = logging.getLogger("casino.request")
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._:-]{8,64}", re.ASCII)


_NUL = "An address holds no NUL character."


def _refusal_of(request: HttpRequest) -> Invalid | None:
    """The refusal of an address with a NUL: the database keeps none, and any query that got one would break."""
    query: str = request.META.get("QUERY_STRING", "")
    if "%00" not in query and "\x00" not in request.path_info:
        return None
    sent = parse_qsl(query, keep_blank_values=True)
    names = {name: None for name, value in sent if "\x00" in value and "\x00" not in name}
    return Invalid(_NUL, errors=[FieldError(name, _NUL, "null_characters_not_allowed") for name in names])


def request_id_of(sent: str) -> str:
    """The caller's request id if it is a plain one, else a new one."""
    return sent if _ACCEPTABLE_ID.fullmatch(sent) else str(uuid7())


class RequestMiddleware:
    """Gives each request an id (the caller's if it is a plain one), times it, and logs what took long or failed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = request_id_of(request.META.get("HTTP_X_REQUEST_ID", ""))
        enter_request(request_id)
        began = time.perf_counter()
        refusal = _refusal_of(request)
        response = self.get_response(request) if refusal is None else problems.response(refusal)
        seconds = time.perf_counter() - began
        response["X-Request-ID"] = request_id
        if (limit := getattr(request, "rate_limit", None)) is not None:
            response["RateLimit-Limit"], response["RateLimit-Remaining"], response["RateLimit-Reset"] = map(str, limit)
        route = request.resolver_match.route if request.resolver_match else "unmatched"
        metrics.note_request(request.method or "", route, response.status_code, seconds)
        logger.info("%s %s %d %.1f ms", request.method, request.path, response.status_code, seconds * 1000)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """What a plain Django view raises answers as a problem document too; the back office has pages of its own."""
        if request.path.startswith("/backoffice/"):
            return None
        refusal = problems.refusal_of(exception)
        if refusal is None:
            logger.error("unhandled fault", exc_info=exception)
            refusal = problems.ServerFault()
        return problems.response(refusal)


class OriginMiddleware(CorsMiddleware):
    """The headers for browsers on pages of other origins; who names no origin is spared the look for them."""

    # Whose origins may read is asked of the database, which an event loop must not wait for.
    async_capable = False

    def add_response_headers(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if "HTTP_ORIGIN" in request.META:
            return super().add_response_headers(request, response)
        patch_vary_headers(response, ("origin",))
        return response
