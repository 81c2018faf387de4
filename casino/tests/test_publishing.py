"""Publishing while Redis is away: nobody waits, nothing fails, and who listens notices afterwards."""

import time
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import transaction

from casino import realtime
from casino.embedded import Valkey, running
from casino.embedded.processes import free_port, wait_until
from casino.realtime import Message, Publisher

FEED = "operator:1"
NEWS = Message(FEED, "bet.settled", "2026-01-01T00:00:00Z", {"wager": "1.00"})


@pytest.fixture
def server() -> redis.Redis:
    return redis.Redis.from_url(settings.FEEDS_URL)


@pytest.fixture
def publisher() -> Publisher:
    return Publisher()


def seq_of(server: redis.Redis) -> int:
    return int(server.get(f"casino:feed:seq:{FEED}") or 0)


def test_messages_are_numbered_kept_and_published_as_one(server: redis.Redis, publisher: Publisher):
    subscription = server.pubsub(ignore_subscribe_messages=True)
    channel = f"casino:feeds:{server.connection_pool.connection_kwargs.get('db', 0)}"
    subscription.subscribe(channel)
    subscription.get_message(timeout=5)
    publisher.send([NEWS, NEWS, Message("player:1", "bet.settled", "", {})])
    heard = subscription.get_message(timeout=5)
    assert heard is not None
    lines = heard["data"].decode().split("\n")
    first = seq_of(server) - 1
    text = '{"type": "bet.settled", "seq": %d, "at":"2026-01-01T00:00:00Z","data":{"wager":"1.00"}}'
    assert lines == [f"{FEED} bet.settled {seq} {text % seq}" for seq in (first, first + 1)]
    # The player's feed is numbered although nobody listens to it; only then it is not kept.
    assert server.exists("casino:feed:seq:player:1", "casino:feed:window:player:1") == 1
    assert server.lrange(f"casino:feed:window:{FEED}", 0, -1) == [
        f"{seq} {text % seq}".encode() for seq in (first, first + 1)
    ]


def test_numbers_rise_also_when_redis_has_forgotten_them(server: redis.Redis, publisher: Publisher):
    publisher.send([NEWS] * 3)
    before = seq_of(server)
    server.flushdb()
    publisher.send([NEWS])
    assert before < seq_of(server) < 2**53


@pytest.mark.django_db(transaction=True)
def test_only_what_is_committed_is_told(server: redis.Redis):
    def fail_after_publishing() -> None:
        with transaction.atomic():
            realtime.publish([NEWS])
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fail_after_publishing()
    assert not seq_of(server)
    with transaction.atomic():
        realtime.publish([NEWS])
        assert not seq_of(server)
    assert seq_of(server)


@pytest.mark.django_db(transaction=True)
def test_news_that_cannot_be_written_fails_nobody(server: redis.Redis, caplog: Any):
    realtime.publish([Message(FEED, "bet.settled", "", object())])
    assert not seq_of(server)
    assert "not JSON serializable" in caplog.text


@pytest.mark.parametrize("url", ["redis://127.0.0.1:{port}/0", "redis://10.255.255.1:6379/0"], ids=["refuses", "hangs"])
def test_a_redis_that_is_away_costs_a_moment_once(settings: Any, publisher: Publisher, url: str):
    settings.FEEDS_URL = url.format(port=free_port())
    began = time.monotonic()
    publisher.send([NEWS])
    assert time.monotonic() - began < 0.6
    assert publisher.is_away
    began = time.monotonic()
    for _ in range(1000):
        publisher.send([NEWS])
    assert time.monotonic() - began < 0.5


def test_what_was_lost_leaves_a_gap_in_the_numbers(settings: Any, publisher: Publisher, tmp_path: Path):
    valkey = Valkey(tmp_path / "valkey")
    settings.FEEDS_URL = valkey.url
    with running(valkey, tmp_path / "log") as process:
        server = redis.Redis.from_url(valkey.url)
        publisher.send([NEWS])
        first = seq_of(server)
        process.send_signal(19)  # SIGSTOP: it is there and does not answer
        publisher.send([NEWS])
        publisher.send([NEWS])
        assert publisher.is_away
        process.send_signal(18)
        assert wait_until(lambda: not publisher.is_away, 10)
        assert seq_of(server) > first
        assert server.lrange(f"casino:feed:window:{FEED}", 0, -1) == []
        publisher.send([NEWS])
        assert len(server.lrange(f"casino:feed:window:{FEED}", 0, -1)) == 1
