"""Two people at the same game at the same moment: the second waits, and starts from what the first has left."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from betting.models import Bet
from betting.orders import Settled, parse_order
from betting.services import place_bet
from casino.games.models import Game, GameSwitch, GameVersion, UnknownGame
from casino.games.removals import remove_gone_games
from casino.games.services import SlugTaken, change_game, retire_game, set_switch
from casino.games.tests.conftest import other_coin
from operators.models import Operator, SignificantEvent


def while_uncommitted(first: Callable[[], Any], second: Callable[[], Any], *, waits: bool = True) -> Any:
    """What ``second`` answers or raises, begun while ``first`` is done but not committed, and waiting for it (or, where
    it need not wait, done before that is)."""
    answers: list[Any] = []

    def run() -> None:
        try:
            answers.append(second())
        except Exception as error:
            answers.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        first()
        thread.start()
        if not waits:
            thread.join(10)
            assert answers
            return answers[0]
        deadline = time.monotonic() + 10
        while not _somebody_waits() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert _somebody_waits()
    thread.join()
    return answers[0]


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_two_editors_at_once_make_two_versions(coin: Game) -> None:
    answer = while_uncommitted(
        lambda: change_game(coin.pk, {"paytable": other_coin(53)}),
        lambda: change_game(coin.pk, {"paytable": other_coin(54)}),
    )

    assert isinstance(answer, Game), answer
    assert sorted(coin.versions.values_list("number", flat=True)) == [1, 2, 3]
    coin.refresh_from_db()
    assert coin.version is not None
    assert (coin.version.number, coin.version.paytable) == (3, other_coin(54))


@pytest.mark.django_db(transaction=True)
def test_two_games_of_one_slug_at_once_make_one(make_coin: Callable[..., Game]) -> None:
    answer = while_uncommitted(lambda: make_coin("coin", name="First"), lambda: make_coin("coin", name="Second"))

    assert isinstance(answer, SlugTaken), answer
    assert Game.objects.get().name == "First"
    assert GameVersion.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_game_that_is_deleted_meanwhile_is_unknown(coin: Game, aurora: Operator) -> None:
    answer = while_uncommitted(
        lambda: retire_game(coin.pk), lambda: set_switch(coin.pk, aurora.pk, {"is_enabled": False})
    )

    assert isinstance(answer, UnknownGame), answer
    assert not GameSwitch.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_bet_that_is_under_way_when_its_game_is_deleted_is_played(coin: Game, alice: Any, fund: Any) -> None:
    """The bet has read the game already; its rows are still there, and are kept for it from then on."""
    fund(alice, "10.00")
    order = parse_order({"game_id": "coin", "wager": "1.00"}, alice.pk, alice.operator_id, "under-way-1")
    settled = while_uncommitted(lambda: retire_game(coin.pk), lambda: place_bet(order), waits=False)

    assert isinstance(settled, Settled), settled
    assert remove_gone_games(timezone.now() + timedelta(days=2)) == 0
    coin.refresh_from_db()
    assert (coin.version.number, coin.is_active, coin.retired_at is not None) == (1, False, True)
    assert Bet.objects.get().game == coin
    assert SignificantEvent.objects.filter(kind="game.retired").count() == 1
    # And no further one: the game is gone for whoever asks now.
    late = place_bet(parse_order({"game_id": "coin", "wager": "1.00"}, alice.pk, alice.operator_id, "too-late-2"))
    assert getattr(late, "code", "") == "unknown_game", late
    assert remove_gone_games(timezone.now() + timedelta(days=2)) == 0
