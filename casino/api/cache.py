"""The cache: Redis, whose absence costs speed but never an answer."""

import logging
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

from casino.api.redis_client import OPTIONS, CautiousRedis

logger = logging.getLogger(__name__)


class Outage:
    """Tells the log once that a cache is away, and once that it is back, however many calls find out."""

    def __init__(self) -> None:
        self._is_on = False
        self._lock = threading.Lock()

    def note(self, *, has_answered: bool) -> None:
        """How a call ended."""
        if has_answered is not self._is_on:
            return
        with self._lock:
            if has_answered is not self._is_on:
                return
            self._is_on = not has_answered
        if has_answered:
            logger.warning("the cache is back")
        else:
            logger.warning("the cache is away: values are neither found, kept nor removed")


@lru_cache
def outage_of(server: str) -> Outage:
    """This process's one account of whether the cache at that address answers; each thread has a client of its own."""
    return Outage()


class _ForgivingClient(RedisCacheClient):
    """Answers as an empty cache while Redis is away; what must not be guessed does not ask a cache.

    It keeps one client for all calls (they are safe to share), where Django's makes one for each.
    """

    def __init__(self, servers: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(servers, *args, **kwargs)
        self._client = CautiousRedis
        self._outage = outage_of(servers[0])

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        if self._one is None:
            self._one = super().get_client(key, write=write)
        return self._one

    _one: Any = None

    def get(self, key: Any, default: Any) -> Any:
        return self._forgiven(lambda: super(_ForgivingClient, self).get(key, default), default)

    def get_many(self, keys: Any) -> Any:
        return self._forgiven(lambda: super(_ForgivingClient, self).get_many(keys), {})

    def set(self, key: Any, value: Any, timeout: Any) -> None:
        self._forgiven(lambda: super(_ForgivingClient, self).set(key, value, timeout), None)

    def delete(self, key: Any) -> bool:
        return bool(self._forgiven(lambda: super(_ForgivingClient, self).delete(key), False))

    def has_key(self, key: Any) -> bool:
        return bool(self._forgiven(lambda: super(_ForgivingClient, self).has_key(key), False))

    def _forgiven(self, call: Callable[[], Any], otherwise: Any) -> Any:
        try:
            answer = call()
        except RedisError:
            self._outage.note(has_answered=False)
            return otherwise
        self._outage.note(has_answered=True)
        return answer


class ForgivingRedisCache(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = OPTIONS | params.get("OPTIONS", {})
        super().__init__(server, params | {"OPTIONS": options})
        self._class = _ForgivingClient
