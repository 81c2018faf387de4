"""The feeds under load and loss: crowds, drops, a Valkey that dies, and readers that stop reading."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from casino import realtime
from casino.embedded import Valkey, running
from casino.embedded.processes import wait_until
from casino.tests.listening import Crowd, Listener, feed_server, token_of
from casino.tests.playing import Table, make_coin, make_crowd
from casino.users.models import User
from operators.models import Operator

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.xdist_group("feeds"),
    pytest.mark.timeout(180),
]


def everybody_is_current(crowd: Crowd, table: Table, players: list[User]) -> Callable[[], bool]:
    """Whether every player has heard of every bet of theirs, twice (the bet and the balance)."""
    return lambda: all(
        member.seq - member.first == 2 * table.bets_of[player.pk]
        for member, player in zip(crowd.members, players, strict=True)
    )


@pytest.mark.parametrize("kind", ["daphne", "granian"])
def test_two_hundred_players_hear_two_hundred_bets_a_second_complete_and_in_order(kind: str, aurora: Operator):
    make_coin()
    players = make_crowd(aurora, 200)
    tokens = [token_of(player) for player in players]
    with feed_server(kind, settings.REDIS_URL) as at, Crowd(at, "/ws/player", tokens) as crowd:
        table = Table(players, 200)
        table.play_for(10)
        assert wait_until(everybody_is_current(crowd, table, players), 10)
        print(kind, table.placed, "slowest batch", table.slowest)
    for member, player in zip(crowd.members, players, strict=True):
        # Every number once, in order, none asked for again, and nothing but what belongs to the player's own bets.
        assert member.kinds == {"bet.settled": table.bets_of[player.pk], "balance.changed": table.bets_of[player.pk]}
        assert (member.gaps, member.resumes, member.snapshots) == ([], 0, 1)
    delays = sorted(delay for member in crowd.members for delay in member.delays)
    print("delays p50 p99 max", delays[len(delays)//2], delays[int(len(delays)*.99)], delays[-1])
    assert table.placed > 1500
