"""The cache: Redis, whose absence costs speed but never an answer."""

import logging
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

from casino.api.redis_client import OPTIONS, CautiousRedis

logger = logging.getLogger(__name__)


class _ForgivingClient(RedisCacheClient):
    """Answers as an empty cache while Redis is away; what must not be guessed does not ask a cache.

    It keeps one client for all calls (they are safe to share), where Django's makes one for each.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._client = CautiousRedis

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        if self._one is None:
            self._one = super().get_client(key, write=write)
        return self._one

    _one: Any = None

    def get(self, key: Any, default: Any) -> Any:
        try:
            return super().get(key, default)
        except RedisError:
            return default

    def get_many(self, keys: Any) -> Any:
        try:
            return super().get_many(keys)
        except RedisError:
            return {}

    def set(self, key: Any, value: Any, timeout: Any) -> None:
        try:
            super().set(key, value, timeout)
        except RedisError:
            logger.warning("the cache is away: a value was not kept")

    def delete(self, key: Any) -> bool:
        try:
            return bool(super().delete(key))
        except RedisError:
            logger.warning("the cache is away: a value was not removed")
            return False

    def has_key(self, key: Any) -> bool:
        try:
            return bool(super().has_key(key))
        except RedisError:
            return False


class ForgivingRedisCache(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = OPTIONS | params.get("OPTIONS", {})
        super().__init__(server, params | {"OPTIONS": options})
        self._class = _ForgivingClient
