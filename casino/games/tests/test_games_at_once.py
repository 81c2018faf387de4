"""Two people at the same game at the same moment: the second waits, and starts from what the first has left."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from casino.games.models import Game, GameSwitch, GameVersion, UnknownGame
from casino.games.services import SlugTaken, change_game, retire_game, set_switch
from casino.games.tests.conftest import other_coin
from operators.models import Operator


def while_uncommitted(first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """What ``second`` answers or raises, begun while ``first`` is done but not committed, and waiting for it."""
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
