"""Shelves and games that the tests of this app share; the reference slot is the one whose figures are published."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from casino.games.models import Category, Game
from casino.games.services import GameSpec, create_game
from operators.models import Operator

REFERENCE_SLOT: dict[str, Any] = {
    "rows": 3,
    "reels": [
        ["C", "P", "L", "C", "B", "P", "C", "7", "P", "L", "C", "P", "B", "C", "L", "P", "W", "C", "P", "L"],
        ["P", "C", "L", "P", "C", "B", "P", "L", "C", "7", "P", "C", "L", "P", "B", "C", "P", "W", "L", "C"],
        ["C", "P", "B", "C", "L", "P", "C", "P", "L", "7", "C", "P", "L", "C", "P", "B", "C", "L", "P", "W"],
    ],
    "lines": [[1, 1, 1], [0, 0, 0], [2, 2, 2], [0, 1, 2], [2, 1, 0]],
    "pays": {symbol: {"3": pay} for symbol, pay in {"C": 4, "P": 6, "L": 15, "B": 40, "7": 120, "W": 520}.items()},
    "wild": "W",
}
# 96 %: of a hundred tickets, forty-eight pay double.
COIN: dict[str, Any] = {
    "outcomes": [
        {"label": "lose", "weight": 52, "multiplier": "0"},
        {"label": "win", "weight": 48, "multiplier": "2"},
    ]
}


def other_coin(weight: int) -> dict[str, Any]:
    """The coin with another number of losing tickets."""
    paytable = deepcopy(COIN)
    paytable["outcomes"][0]["weight"] = weight
    return paytable


@pytest.fixture
def slots(db: None) -> Category:
    return Category.objects.create(slug="slots", name="Slots", position=1)


@pytest.fixture
def instant(db: None) -> Category:
    return Category.objects.create(slug="instant", name="Instant wins", position=2)


@pytest.fixture
def reference_slot(slots: Category) -> dict[str, Any]:
    """The body of a POST /games that makes the reference slot."""
    return {"name": "Reference Slot", "category": "slots", "kind": "reels", "paytable": deepcopy(REFERENCE_SLOT)}


@pytest.fixture
def make_coin(instant: Category) -> Callable[..., Game]:
    """A quickly computed game of 96 %: ``make_coin("coin")``; other specs by keyword."""

    def make(slug: str, owner: Operator | None = None, **spec: Any) -> Game:
        facts = {"name": slug.title(), "kind": "weighted", "paytable": deepcopy(COIN)} | spec
        return create_game(GameSpec(slug=slug, category="instant", operator_id=owner.pk if owner else None, **facts))

    return make


@pytest.fixture
def coin(make_coin: Callable[..., Game]) -> Game:
    """A game of the platform."""
    return make_coin("coin")


@pytest.fixture
def aurora_own(make_coin: Callable[..., Game], aurora: Operator) -> Game:
    """A game that is Aurora's alone."""
    return make_coin("aurora-own", aurora)
