"""The outermost middleware: request ids, request metrics, and problem documents for what no view answered."""

import logging
import re
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from casino.api import metrics, problems
from casino.api.logs import enter_request
from casino.ids import uuid7

logger = logging.getLogger("casino.request")
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._:-]{8,64}", re.ASCII)


def request_id_of(sent: str) -> str:
    """The caller's request id if it is a plain one, else a new one."""
    return sent if _ACCEPTABLE_ID.fullmatch(sent) else str(uuid7())


class RequestMiddleware:
    """Gives each request an id (the caller's if it is a plain one), times it, and logs what took long or failed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = request_id_of(request.headers.get("X-Request-ID", ""))
        enter_request(request_id)
        began = time.perf_counter()
        response = self.get_response(request)
        seconds = time.perf_counter() - began
        response["X-Request-ID"] = request_id
        if (limit := getattr(request, "rate_limit", None)) is not None:
            response["RateLimit-Limit"], response["RateLimit-Remaining"], response["RateLimit-Reset"] = map(str, limit)
        route = request.resolver_match.route if request.resolver_match else "unmatched"
        metrics.REQUESTS.labels(request.method or "", route, response.status_code).inc()
        metrics.REQUEST_SECONDS.labels(request.method or "", route).observe(seconds)
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
