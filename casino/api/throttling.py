"""Rate limits: atomic counters in Redis, told in RateLimit headers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import redis
from django.conf import settings
from django.http import HttpRequest
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from casino.api.redis_client import OPTIONS, CautiousRedis
from casino.errors import Refusal, Unavailable

# KEYS: the counter. ARGV: what to add, the window in seconds. Answers the count and the seconds until it is forgotten.
_COUNT = """
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
if count == tonumber(ARGV[1]) then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
return {count, redis.call('TTL', KEYS[1])}
"""
# KEYS: counters. ARGV: the window in seconds. Adds one to each in turn; answers the counts.
_COUNT_MANY = """
local counts = {}
for i, key in ipairs(KEYS) do
  counts[i] = redis.call('INCR', key)
  if counts[i] == 1 then redis.call('EXPIRE', key, ARGV[1]) end
end
return counts
"""


class TooManyRequests(Refusal):
    """A rate limit is reached (429)."""

    status = 429
    code = "too_many_requests"
    title = "Too many requests"
    detail = "Too many requests; wait a little."

    def __init__(self, retry_after_seconds: int, detail: str | None = None) -> None:
        super().__init__(detail)
        self.retry_after_seconds = max(retry_after_seconds, 1)


@dataclass(frozen=True)
class Limit:
    """At most ``count`` in ``window_seconds`` for each subject."""

    name: str
    count: int
    window_seconds: int
    # Whether nobody passes while Redis is away: true for what guards passwords.
    fails_closed: bool = False

    def add(self, subject: str, number: int = 1) -> tuple[int, int]:
        """Count ``number`` more for ``subject``; answers (count so far, seconds until it is forgotten)."""
        try:
            key = f"casino:limit:{self.name}:{subject}"
            count, seconds = cast(list[int], connection().eval(_COUNT, 1, key, number, self.window_seconds))
        except RedisError:
            if self.fails_closed:
                raise Unavailable("The counters that protect this call are away; try again.") from None
            return 0, self.window_seconds
        return int(count), int(seconds)

    def add_many(self, subjects: Sequence[str]) -> dict[str, int]:
        """Count one more for each subject (a subject may be named often) in one round trip; the highest counts.

        While Redis is away nobody is counted: only for limits that fail open.
        """
        keys = [f"casino:limit:{self.name}:{subject}" for subject in subjects]
        try:
            counts = cast(list[int], connection().eval(_COUNT_MANY, len(keys), *keys, self.window_seconds))
        except RedisError:
            return dict.fromkeys(subjects, 0)
        return dict(zip(subjects, counts, strict=True))


@lru_cache
def connection() -> redis.Redis:
    """This process's Redis connection pool for counters."""
    return CautiousRedis.from_url(settings.COUNTERS_URL, **OPTIONS)


def address_of(request: HttpRequest | Request) -> str:
    """The caller's address: the peer's, or what the trusted proxies (and only they) said of it."""
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    trusted: int = settings.TRUSTED_PROXY_COUNT
    if trusted and len(forwarded) >= trusted:
        return forwarded[-trusted]
    return request.META.get("REMOTE_ADDR") or "unknown"


class Throttle(BaseThrottle):
    """One ``limit`` per player, or per address for anonymous callers; subclasses name the limit."""

    limit: Limit

    def subject(self, request: Request) -> str:
        return str(request.user.pk) if request.user.is_authenticated else address_of(request)

    def allow_request(self, request: Request, view: Any) -> bool:
        count, seconds = self.limit.add(self.subject(request))
        request._request.rate_limit = (self.limit.count, max(self.limit.count - count, 0), max(seconds, 0))  # type: ignore[attr-defined]
        if count > self.limit.count:
            raise TooManyRequests(seconds)
        return True


class PlayThrottle(Throttle):
    """Fifty requests a second a player."""

    limit = Limit("play", 50, 1)


class RegisterThrottle(Throttle):
    limit = Limit("register", 60, 60, fails_closed=True)

    def subject(self, request: Request) -> str:
        return address_of(request)
