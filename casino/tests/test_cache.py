"""A cache that is away is an empty cache, never a fault."""

from casino.api.cache import ForgivingRedisCache


def test_a_cache_that_is_away_is_empty():
    cache = ForgivingRedisCache("redis://127.0.0.1:1/0", {})
    cache.set("key", 1)
    assert cache.get("key", "nothing") == "nothing"
    assert cache.get_many(["key", "other"]) == {}
    assert not cache.has_key("key")
    assert not cache.delete("key")
