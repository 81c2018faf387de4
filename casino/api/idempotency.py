"""The Idempotency-Key header of a request, and of its answer."""

from rest_framework.request import Request
from rest_framework.response import Response

from casino.idempotency import IdempotencyKeyReused, digest, parse_key

__all__ = ["IdempotencyKeyReused", "digest", "key_of", "mark"]


def key_of(request: Request) -> str:
    """The caller's key, or a new one where none was sent; raises Invalid for a malformed one."""
    return parse_key(request.headers.get("Idempotency-Key"))


def mark(response: Response, key: str, *, is_replay: bool) -> Response:
    """The answer with its key, and with ``Idempotency-Replayed`` where it was given before."""
    response["Idempotency-Key"] = key
    if is_replay:
        response["Idempotency-Replayed"] = "true"
    return response
