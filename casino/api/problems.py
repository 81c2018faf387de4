"""Problem documents (RFC 9457): the one place that turns refusals and faults into answers."""

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, ValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError
from rest_framework import exceptions, status
from rest_framework.response import Response

from casino.api import metrics
from casino.api.logs import current_request_id
from casino.api.parsers import TooLarge
from casino.errors import FieldError, Invalid, Missing, NotPermitted, Refusal, Unavailable

logger = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"


class ServerFault(Refusal):
    """Something broke on our side; whether anything moved is unknown to the caller (500)."""

    status = 500
    code = "server_error"
    title = "Server error"
    detail = "Something went wrong on our side; send the same request with the same Idempotency-Key again."


class CsrfFailed(exceptions.PermissionDenied):
    """A change by session cookie came without its CSRF token, or from a page of another origin."""

    default_detail = "Send the CSRF token with the session cookie."


class _Rendered(Refusal):
    """A refusal whose status and code come from a library's exception."""

    def __init__(self, status_code: int, code: str, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.title = status_code, code, title  # type: ignore[misc]


def document(refusal: Refusal) -> dict[str, Any]:
    """The problem document's members; it counts as sent."""
    metrics.REFUSALS.labels(refusal.code).inc()
    body: dict[str, Any] = {
        "type": f"/docs/problems#{refusal.code}",
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code,
        "request_id": current_request_id(),
    }
    if refusal.errors:
        body["errors"] = refusal.errors
    return body | refusal.extra


def headers(refusal: Refusal) -> dict[str, str]:
    """The headers that belong to a refusal: Retry-After where waiting helps."""
    return {"Retry-After": str(refusal.retry_after_seconds)} if refusal.retry_after_seconds else {}


def response(refusal: Refusal) -> JsonResponse:
    """A refusal as a plain Django answer."""
    return JsonResponse(document(refusal), status=refusal.status, content_type=CONTENT_TYPE, headers=headers(refusal))


def refusal_of(error: Exception) -> Refusal | None:
    """The refusal that an exception amounts to; None for an unknown fault."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, exceptions.ValidationError):
        return Invalid("Some fields are not valid.", errors=list(_field_errors(error.get_full_details())))
    if isinstance(error, exceptions.APIException):
        return _of_api_exception(error)
    if isinstance(error, Http404):
        return Missing()
    if isinstance(error, PermissionDenied):
        return NotPermitted()
    if isinstance(error, RequestDataTooBig):
        return TooLarge()
    if isinstance(error, (BadRequest, ValidationError)):
        return Invalid()
    if isinstance(error, (OperationalError, InterfaceError, PoolTimeout, RedisError)):
        logger.warning("a server is away: %s", type(error).__name__)
        return Unavailable()
    return None


def handle(error: Exception, context: dict[str, Any]) -> Response:
    """Django REST framework's exception handler."""
    refusal = refusal_of(error)
    if refusal is None:
        logger.error("unhandled fault", exc_info=error)
        refusal = ServerFault()
    answer = Response(document(refusal), status=refusal.status, content_type=CONTENT_TYPE, headers=headers(refusal))
    if refusal.status == status.HTTP_401_UNAUTHORIZED:
        answer["WWW-Authenticate"] = 'Bearer realm="casino"'
    return answer


def _of_api_exception(error: exceptions.APIException) -> Refusal:
    codes = {
        exceptions.NotAuthenticated: "not_authenticated",
        exceptions.AuthenticationFailed: "invalid_token",
        CsrfFailed: "csrf_failed",
        exceptions.PermissionDenied: "not_permitted",
        exceptions.NotFound: "not_found",
        exceptions.MethodNotAllowed: "method_not_allowed",
        exceptions.UnsupportedMediaType: "unsupported_media_type",
        exceptions.ParseError: "malformed",
    }
    code = next((word for kind, word in codes.items() if isinstance(error, kind)), "refused")
    return _Rendered(error.status_code, code, HTTPStatus(error.status_code).phrase, str(error.detail))


def _field_errors(details: Any, path: str = "") -> Iterable[FieldError]:
    """Flatten DRF's nested error details into ``field, code, detail`` rows with dotted paths."""
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        yield FieldError(path or "body", str(details["message"]), str(details["code"]))
    elif isinstance(details, dict):
        for name, inner in details.items():
            field = path if name == "non_field_errors" else f"{path}.{name}".lstrip(".")
            yield from _field_errors(inner, field)
    elif isinstance(details, list):
        for inner in details:
            yield from _field_errors(inner, path)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    return response((refusal_of(exception) if exception else None) or Invalid())


def forbidden(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    return response(NotPermitted())


def not_found(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    return response(Missing("There is nothing at this address."))


def server_error(request: HttpRequest) -> JsonResponse:
    return response(ServerFault())


def csrf_failure(request: HttpRequest, reason: str = "") -> JsonResponse:
    return response(_Rendered(403, "csrf_failed", "CSRF check failed", "Send the CSRF token with the session cookie."))
