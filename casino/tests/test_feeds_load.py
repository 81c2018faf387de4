"""The feeds under load and loss: crowds, drops, a Valkey that dies, and readers that stop reading."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from casino import realtime
from casino.embedded import Valkey, running
from casino.embedded.processes import wait_until
from casino.feeds.outbox import Code
from casino.tests.listening import Crowd, Listener, feed_server, token_of
from casino.tests.playing import Table, make_coin, make_crowd
from casino.users.models import User
from operators.models import Operator

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.xdist_group("feeds"),
    pytest.mark.timeout(240),
]
SERVERS = ["daphne", "granian"]


def is_current(crowd: Crowd, table: Table, players: list[User]) -> Callable[[], bool]:
    """Whether every player has heard of every bet of theirs, twice (the bet and the balance)."""
    return lambda: all(
        member.seq - member.first == 2 * table.bets_of[player.pk]
        for member, player in zip(crowd.members, players, strict=True)
    )


def assert_complete(crowd: Crowd, table: Table, players: list[User]) -> None:
    """Every number once and in order, and nothing but what belongs to the player's own bets."""
    for member, player in zip(crowd.members, players, strict=True):
        bets = table.bets_of[player.pk]
        assert member.kinds == {"bet.settled": bets, "balance.changed": bets}
        assert (member.skipped, member.snapshots) == ([], 1)


@pytest.mark.parametrize("kind", SERVERS)
def test_two_hundred_players_hear_two_hundred_bets_a_second_complete_and_in_order(kind: str, aurora: Operator):
    make_coin()
    players = make_crowd(aurora, 200)
    tokens = [token_of(player) for player in players]
    with feed_server(kind, settings.REDIS_URL) as at, Crowd(at, "/ws/player", tokens) as crowd:
        table = Table(players, per_second=200)
        table.play(1200)
        assert wait_until(is_current(crowd, table, players), 10)
    assert_complete(crowd, table, players)
    assert not any(member.resumes for member in crowd.members)


def test_with_three_in_ten_messages_lost_everybody_is_current_within_fifteen_seconds(aurora: Operator):
    make_coin()
    players = make_crowd(aurora, 40)
    tokens = [token_of(player) for player in players]
    application = "casino.tests.lossy:application"
    with feed_server("daphne", settings.REDIS_URL, application) as at, Crowd(at, "/ws/player", tokens) as crowd:
        table = Table(players, per_second=80, batch=20)
        table.play(800)
        assert wait_until(is_current(crowd, table, players), 15)
    assert_complete(crowd, table, players)
    assert sum(member.resumes for member in crowd.members) > 40


@pytest.mark.parametrize("kind", SERVERS)
def test_valkey_dies_and_comes_back_bets_go_on_and_the_feeds_recover(
    kind: str, aurora: Operator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    valkey = Valkey(tmp_path / "valkey")
    log = tmp_path / "valkey.log"
    make_coin()
    players = make_crowd(aurora, 20)
    with running(valkey, log) as first:
        monkeypatch.setattr(settings, "REDIS_URL", valkey.url)
        monkeypatch.setattr(realtime, "_publisher", realtime.Publisher())
        tokens = [token_of(player) for player in players]
        table = Table(players, per_second=50, batch=5)
        with feed_server(kind, valkey.url) as at, Crowd(at, "/ws/player", tokens) as crowd, table.open():
            time.sleep(1)
            first.kill()
            first.wait()
            before, table.slowest = table.placed, 0.0
            time.sleep(3)
            assert table.placed > before + 50, "bets do not go on"
            with running(valkey, log):
                back = time.monotonic()
                assert wait_until(lambda: all(member.snapshots > 1 for member in crowd.members), 15)
                assert time.monotonic() - back < 15
                heard = [member.kinds["bet.settled"] for member in crowd.members]
                assert wait_until(
                    lambda: all(m.kinds["bet.settled"] > n for m, n in zip(crowd.members, heard, strict=True)), 15
                ), "no news after the snapshot"
    # A dead Redis costs the batch that finds it dead a moment, and no other.
    assert table.slowest < 1.5


@pytest.mark.parametrize("kind", SERVERS)
def test_a_reader_that_stops_reading_delays_nobody_and_is_given_up(kind: str, aurora: Operator, olga: User):
    make_coin()
    players = make_crowd(aurora, 20)
    with (
        feed_server(kind, settings.REDIS_URL) as at,
        Listener(at, "/ws/operator", token_of(olga)) as stalled,
        Crowd(at, "/ws/operator", [token_of(olga)]) as colleague,
        Crowd(at, "/ws/player", [token_of(player) for player in players]) as crowd,
    ):
        stalled.receive()
        # From now on its messages fill the buffers of the client, of the machine, and of the server.
        feed, ballast = realtime.operator_feed(aurora.pk), {"ballast": "x" * 20_000}
        flood = [realtime.Message(feed, "alert.raised", "", ballast)] * 20
        (member,) = colleague.members
        table = Table(players, per_second=100, batch=10)
        with table.open():
            for _ in range(80):
                realtime.publish(flood)
                time.sleep(0.05)
        assert wait_until(is_current(crowd, table, players), 10)
        assert wait_until(lambda: member.kinds["alert.raised"] == 1600, 20), member.kinds
        assert stalled.closing_code() in (Code.TOO_SLOW, 1006)
        assert len(stalled.heard) < 1000
    assert_complete(crowd, table, players)
    assert member.skipped == []
