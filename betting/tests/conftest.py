"""Games that the betting tests play."""

from collections.abc import Callable
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from betting.orders import Order, parse_order
from casino.games.models import Category, Game
from casino.games.services import GameSpec, create_game
from casino.users.models import User


@pytest.fixture
def make_game(db: None) -> Callable[..., Game]:
    """A ``weighted`` game of 96 %: ``make_game("coin")``; other specs by keyword."""

    def make(slug: str, **spec: Any) -> Game:
        Category.objects.get_or_create(slug="instant", defaults={"name": "Instant wins"})
        outcomes = [
            {"label": "lose", "weight": 52, "multiplier": "0"},
            {"label": "win", "weight": 48, "multiplier": "2"},
        ]
        facts = {"kind": "weighted", "paytable": {"outcomes": outcomes}, "max_bet": Decimal(500)} | spec
        return create_game(GameSpec(slug=slug, name=slug.title(), category="instant", **facts))

    return make


@pytest.fixture
def coin(make_game: Callable[..., Game]) -> Game:
    return make_game("coin")


@pytest.fixture
def ever_lose(make_game: Callable[..., Game]) -> Game:
    """Pays 95 back on 100 every time, so that what a bet does to a balance is known."""
    return make_game("ever-lose", paytable={"outcomes": [{"label": "same", "weight": 1, "multiplier": "0.95"}]})


@pytest.fixture
def order_of() -> Callable[..., Order]:
    """An order as the API would read it: ``order_of(alice, "coin", "1.00")``."""
    numbers = count()

    def make(player: User, game: str, wager: str, key: str | None = None, **body: Any) -> Order:
        assert player.operator_id
        content = {"game_id": game, "wager": wager, **body}
        return parse_order(content, player.pk, player.operator_id, key or f"order-{next(numbers):08d}")

    return make
