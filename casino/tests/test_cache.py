"""A cache that is away is an empty cache, never a fault, and the log tells of it once."""

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from casino.api.cache import ForgivingRedisCache
from casino.embedded import Valkey, running

AWAY, BACK = "the cache is away: values are neither found, kept nor removed", "the cache is back"


def test_a_cache_that_is_away_is_empty():
    cache = ForgivingRedisCache("redis://127.0.0.1:1/0", {})
    cache.set("key", 1)
    assert cache.get("key", "nothing") == "nothing"
    assert cache.get_many(["key", "other"]) == {}
    assert not cache.has_key("key")
    assert not cache.delete("key")


def test_each_outage_is_told_once_and_its_end_once(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """However many calls notice, in however many threads; Django gives each thread a cache of its own."""
    valkey = Valkey(tmp_path / "valkey")

    def use(number: int) -> object:
        cache = ForgivingRedisCache(valkey.url, {})
        cache.set("key", number)
        return cache.get("key", "nothing")

    with caplog.at_level(logging.WARNING, "casino.api.cache"), ThreadPoolExecutor(8) as threads:
        for outage in range(2):
            assert set(threads.map(use, range(40))) == {"nothing"}
            assert caplog.messages == [AWAY, BACK] * outage + [AWAY]
            with running(valkey, tmp_path / "log"):
                assert "nothing" not in set(threads.map(use, range(40)))
                assert caplog.messages == [AWAY, BACK] * (outage + 1)
