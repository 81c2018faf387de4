"""Everybody sees every jackpot as it stands, to the millionth, in one statement."""

from decimal import Decimal
from typing import Any

import pytest

from betting import jackpots
from casino.games.models import Game
from casino.users.models import User

pytestmark = pytest.mark.usefixtures("books_close")
D = Decimal
MINI: dict[str, Any] = {"name": "mini", "rate": D("0.005"), "seed": D(10)}
MAJOR: dict[str, Any] = {"name": "major", "rate": D("0.002"), "seed": D(20), "kind": "must_drop", "ceiling": D(500)}


def test_jackpots_show_what_is_folded_and_what_is_pending(
    api: Any, alice: User, fund: Any, make_jackpot: Any, sure_game: Any, play: Any, django_assert_num_queries: Any
) -> None:
    house, attic = make_jackpot(MINI, MAJOR), make_jackpot(MINI, slug="attic", currency="EUR")
    sure_game("zebra", "1", house)
    sure_game("even", "1", house)
    Game.objects.filter(pk=sure_game("gone", "1", house).pk).update(is_active=False)
    Game.objects.filter(pk=sure_game("ours", "1", house).pk).update(operator=alice.operator)
    fund(alice, "5.00")
    play(alice, "even", "0.10")
    mini = {"level": "mini", "seed": "10.000000", "rate": "0.0050", "kind": "progressive"}
    major = {"level": "major", "seed": "20.000000", "rate": "0.0020", "kind": "must_drop", "ceiling": "500.000000"}
    shown = [
        {"group": attic.slug, "currency": "EUR", "games": [], "levels": [{**mini, "value": "10.000000"}]},
        {
            "group": house.slug,
            "currency": "USD",
            "games": ["even", "zebra"],
            "levels": [{**mini, "value": "10.000500"}, {**major, "value": "20.000200"}],
        },
    ]
    with django_assert_num_queries(1):
        assert api(alice).get("/jackpots").json() == shown
    assert jackpots.fold() == 2
    assert api(None).get("/jackpots").json() == shown
    play(alice, "even", "1.00")
    levels = api(None).get("/jackpots").json()[1]["levels"]
    assert [level["value"] for level in levels] == ["10.005500", "20.002200"]
