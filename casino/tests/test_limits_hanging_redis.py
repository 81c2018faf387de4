"""A Redis that hangs, rather than being gone: play goes on after a moment, and what guards passwords stays shut."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import redis
import requests
from redis.exceptions import TimeoutError as NoAnswer

from casino.api.redis_client import AWAY_SECONDS, OPTIONS, Breaker, CautiousRedis
from casino.embedded import Valkey, running
from casino.embedded.processes import wait_until
from casino.tests.listening import feed_server, token_of
from casino.tests.playing import make_coin, make_crowd
from conftest import PASSWORD
from operators.models import Operator


def test_after_a_time_out_one_call_in_two_seconds_may_try():
    breaker = Breaker()
    assert breaker.lets_through(10.0)
    breaker.note(10.7, has_answered=False)
    assert not breaker.lets_through(10.8)
    assert not breaker.lets_through(10.69 + AWAY_SECONDS)
    assert [breaker.lets_through(10.71 + AWAY_SECONDS) for _ in range(3)] == [True, False, False]
    breaker.note(13.0, has_answered=True)
    assert [breaker.lets_through(13.0) for _ in range(3)] == [True, True, True]


def test_a_server_that_hangs_does_not_shut_another(tmp_path: Path):
    """Cache and counters may be servers of their own: each has a breaker, which all its clients share."""
    slow, sound = Valkey(tmp_path / "slow"), Valkey(tmp_path / "sound")
    with running(slow, tmp_path / "log") as process, running(sound, tmp_path / "log"):
        cache, counters = (CautiousRedis.from_url(valkey.url, **OPTIONS) for valkey in (slow, sound))
        sessions = CautiousRedis.from_url(slow.url.rpartition("/")[0] + "/1", **OPTIONS)
        assert cache.breaker is sessions.breaker is not counters.breaker
        os.kill(process.pid, signal.SIGSTOP)
        try:
            assert [answers(cache), answers(counters)] == [False, True]
            began = time.monotonic()
            assert [answers(sessions), answers(counters)] == [False, True]
            assert time.monotonic() - began < 0.2
        finally:
            os.kill(process.pid, signal.SIGCONT)


def test_a_call_that_runs_into_its_time_out_spares_the_next_ones(tmp_path: Path):
    valkey = Valkey(tmp_path / "valkey")
    with running(valkey, tmp_path / "log") as process:
        client: redis.Redis = CautiousRedis.from_url(valkey.url, **OPTIONS)
        assert client.ping()
        os.kill(process.pid, signal.SIGSTOP)
        try:
            spent = []
            for _ in range(20):
                began = time.monotonic()
                with pytest.raises(NoAnswer):
                    client.incr("count")
                spent.append(time.monotonic() - began)
        finally:
            os.kill(process.pid, signal.SIGCONT)
        assert spent[0] < 1.2
        assert sum(spent[1:]) < 0.2
        assert wait_until(lambda: answers(client), AWAY_SECONDS + 3)


def test_a_connection_that_redis_closed_is_opened_again(tmp_path: Path):
    valkey = Valkey(tmp_path / "valkey")
    with running(valkey, tmp_path / "log"):
        client: redis.Redis = CautiousRedis.from_url(valkey.url, **OPTIONS)
        assert client.incr("count") == 1
        redis.Redis.from_url(valkey.url).client_kill_filter(_type="normal", skipme=True)
        assert client.incr("count") == 2


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("feeds")
def test_bets_go_on_while_redis_hangs_and_nobody_logs_in(aurora: Operator, alice: Any, tmp_path: Path):
    make_coin()
    (player,) = make_crowd(aurora, 1)
    token = token_of(player)
    valkey = Valkey(tmp_path / "valkey")
    with (
        running(valkey, tmp_path / "log") as process,
        feed_server("granian", valkey.url) as at,
        requests.Session() as session,
    ):
        session.trust_env = False

        def post(path: str, body: dict[str, Any]) -> tuple[int, float]:
            headers = {"Authorization": f"Bearer {token}"} if path == "/bets" else {}
            began = time.monotonic()
            status = session.post(f"http://{at}{path}", json=body, headers=headers, timeout=20).status_code
            return status, time.monotonic() - began

        wager, login = {"game_id": "coin", "wager": "1.00"}, {"email": alice.email, "password": PASSWORD}
        # The first ones also warm the process up.
        assert [post("/bets", wager)[0] for _ in range(3)] == [201, 201, 201]
        assert post("/auth/login", login)[0] == 200
        os.kill(process.pid, signal.SIGSTOP)
        try:
            first = post("/bets", wager)
            later = [post("/bets", wager) for _ in range(10)]
            logins = [post("/auth/login", login)[0] for _ in range(3)]
        finally:
            os.kill(process.pid, signal.SIGCONT)
        assert (first[0], {status for status, _ in later}, set(logins)) == (201, {201}, {503})
        assert first[1] < 2.0
        assert sorted(seconds for _, seconds in later)[5] < 0.3
        assert wait_until(lambda: post("/auth/login", login)[0] == 200, AWAY_SECONDS + 5)
