"""What the tests of promotions play: a game whose every outcome is known, and deposits that come and go."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.db import connection

from betting.models import Bet
from betting.orders import Answer, Order, Settled, parse_order
from betting.services import place_bet
from casino.games.models import Category, Game
from casino.games.services import GameSpec, create_game
from casino.realtime import player_feed
from casino.users.models import User
from operators.models import Operator

# Pays 0.95 back on 1.00 every time.
EVER_LOSE = {"outcomes": [{"label": "same", "weight": 1, "multiplier": "0.95"}]}
_numbers = count()


def make_game(slug: str = "ever-lose", owner: Operator | None = None, **spec: Any) -> Game:
    """A game that loses a twentieth of each stake, whatever comes."""
    Category.objects.get_or_create(slug="instant", defaults={"name": "Instant wins"})
    facts = {"kind": "weighted", "paytable": EVER_LOSE, "max_bet": Decimal(500)} | spec
    return create_game(
        GameSpec(slug=slug, name=slug.title(), category="instant", operator_id=owner.pk if owner else None, **facts)
    )


def order(player: User, game: str, **body: Any) -> Order:
    assert player.operator_id
    return parse_order({"game_id": game, **body}, player.pk, player.operator_id, f"order-{next(_numbers):08d}")


def play(player: User, wager: str | None = None, game: str = "ever-lose", **body: Any) -> Bet:
    """The player's bet, settled; without a wager, ``free_spin`` names the grant that pays."""
    answer: Answer = place_bet(order(player, game, **({"wager": wager} if wager else {}), **body))
    assert isinstance(answer, Settled), answer
    return answer.bet


def in_parallel(workers: int, jobs: list[Callable[[], Any]]) -> list[Any]:
    """The jobs' answers, run by so many threads at once."""

    def run(job: Callable[[], Any]) -> Any:
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(run, jobs))


def listen(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Hear from now on what is told: ``heard(alice, "bonus.changed")`` answers (type, data) pairs, oldest first."""
    told: list[Any] = []
    for module in ("wallets.news", "vip.points"):
        monkeypatch.setattr(f"{module}.publish", told.extend)

    def heard(player: User, *kinds: str) -> list[Any]:
        mine = [message for message in told if message.feed == player_feed(player.pk)]
        return [(message.type, message.data) for message in mine if not kinds or message.type in kinds]

    return heard
