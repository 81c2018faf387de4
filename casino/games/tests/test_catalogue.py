"""Pages of games are kept for those who share them, and never longer than they are true."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from casino.games.models import Category, Game
from casino.games.services import set_switch
from casino.users.models import User
from operators.models import Operator

Api = Callable[[User | None], APIClient]


def statements(api: Api, user: User | None, path: str = "/games") -> int:
    with CaptureQueriesContext(connection) as captured:
        assert api(user).get(path).status_code == 200
    return len(captured)


def shown(api: Api, user: User | None, path: str = "/games") -> list[tuple[str, str]]:
    return [(game["slug"], game["max_bet"]) for game in api(user).get(path).json()["results"]]


def test_a_page_is_made_once_for_those_who_share_it(
    api: Api, alice: User, boris: User, make_player: Any, make_coin: Callable[..., Game]
) -> None:
    make_coin("coin")
    adam = make_player("adam", alice.operator)
    assert statements(api, alice) == 3
    assert [statements(api, user) for user in (alice, adam)] == [1, 1]
    assert [statements(api, user) for user in (boris, None)] == [3, 2], "theirs are other pages"
    assert statements(api, alice, "/games?limit=1") == 3


def test_every_change_shows_at_once(
    api: Api, alice: User, boris: User, petra: User, make_coin: Callable[..., Game], instant: Category
) -> None:
    coin, everybody = make_coin("coin"), (alice, boris, None)
    assert [shown(api, user) for user in everybody] == [[("coin", "100.00")]] * 3

    set_switch(coin.pk, alice.operator_id, {"max_bet": 5})
    assert [shown(api, user) for user in everybody] == [[("coin", "5.00")], [("coin", "100.00")], [("coin", "100.00")]]

    set_switch(coin.pk, alice.operator_id, {"is_enabled": False})
    assert [shown(api, user) for user in everybody] == [[], [("coin", "100.00")], [("coin", "100.00")]]

    Game.objects.filter(pk=coin.pk).update(max_bet=50)
    assert shown(api, boris) == [("coin", "50.00")]
    Game.objects.filter(pk=coin.pk).update(max_bet=40)
    assert shown(api, boris) == [("coin", "40.00")], "twice in one transaction"

    coin.switches.all().delete()
    assert shown(api, alice) == [("coin", "40.00")]

    Category.objects.filter(pk=instant.pk).update(slug="at-once")
    assert api(alice).get("/games").json()["results"][0]["category"] == "at-once"

    api(petra).patch("/games/coin", {"is_active": False})
    assert [shown(api, user) for user in everybody] == [[], [], []]


def test_an_operators_closing_ends_its_page(api: Api, aurora: Operator, make_coin: Callable[..., Game]) -> None:
    make_coin("coin")
    assert shown(api, None, "/games?operator=aurora") == [("coin", "100.00")]
    Operator.objects.filter(pk=aurora.pk).update(is_open=False)
    assert api(None).get("/games?operator=aurora").status_code == 400
