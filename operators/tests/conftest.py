"""Random play at three operators, and the recount of its bets that every report must equal."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.utils import timezone

from betting import jackpots, rollups
from betting.models import Bet, JackpotPool
from betting.orders import Settled
from betting.services import place_bets
from betting.tests import conftest as betting_tests
from casino.games.models import Game
from casino.users.models import User
from operators.models import Operator
from wallets.services import deposit_through_webhook

# The games, bonuses and orders of the betting tests serve here as well.
coin, ever_lose, make_game = betting_tests.coin, betting_tests.ever_lose, betting_tests.make_game
give_bonus, give_spins, make_jackpot = betting_tests.give_bonus, betting_tests.give_spins, betting_tests.make_jackpot
order_of, play = betting_tests.order_of, betting_tests.play
THIRD = {"outcomes": [{"label": "lose", "weight": 2, "multiplier": "0"},
                      {"label": "win", "weight": 1, "multiplier": "2.777777"}]}  # fmt: skip


@dataclass
class Cast:
    """Who played what, and when "now" was."""

    now: datetime
    operators: dict[str, Operator]
    players: dict[str, User]
    games: list[Game] = field(default_factory=list)


@pytest.fixture
def cast(
    aurora: Operator, borealis: Operator, cascade: Operator, alice: User, boris: User, make_player: Any,
    make_game: Any, make_jackpot: Any, provider_account: Any,
) -> Cast:  # fmt: skip
    """Three operators, five players (one seeded, one who plays at two), three games (one with jackpots)."""
    make_jackpot(
        {"name": "mini", "rate": "0.004", "seed": 5, "odds": Decimal("0.005")},
        {"name": "grand", "rate": "0.0035", "seed": 50},
    )
    games = [
        make_game("coin"),
        make_game("third", paytable=THIRD),
        make_game("pots", jackpot_group="house", paytable=THIRD),
    ]
    players = {
        "alice": alice,
        "boris": boris,
        "sonia": make_player("sonia", aurora, is_seeded=True),
        "bella": make_player("bella", aurora),
        "carla": make_player("carla", cascade),
    }
    return Cast(timezone.now(), {"aurora": aurora, "borealis": borealis, "cascade": cascade}, players, games)


@pytest.fixture
def history(cast: Cast, give_bonus: Any, give_spins: Any, order_of: Any) -> Cast:
    """Twelve days of random play with all kinds of money; hours folded, hours open, and late bets in folded hours."""
    dice = Random(7)
    for name in ("alice", "boris", "sonia", "carla"):
        deposit_through_webhook(cast.players[name], Decimal(3000), at=cast.now - timedelta(days=13))
    give_bonus(cast.players["bella"], "800.00", wagering_multiple=1000)
    spins = give_spins(cast.players["alice"], cast.games[1], 12, "0.33")

    def round_at(moment: datetime) -> None:
        orders = []
        for player in dice.sample(list(cast.players.values()), 4):
            game, wager = dice.choice(cast.games), f"{dice.randint(10, 999) / 100:.2f}"
            orders.append(order_of(player, game.slug, wager))
        if dice.random() < 0.4:
            orders.append(order_of(cast.players["alice"], "third", "0.33", free_spin=str(spins.pk)))
        for answer in place_bets(orders, at=moment):
            assert isinstance(answer, Settled) or spins.remaining, answer

    for hours_ago in (290, 289, 200, 150, 149, 101, 77, 50, 26, 25):
        round_at(cast.now - timedelta(hours=hours_ago))
        if hours_ago in (200, 26):
            # A pot that falls for sure.
            JackpotPool.objects.filter(level__name="mini").update(odds=1)
            place_bets([order_of(cast.players["alice"], "pots", "1.00")], at=cast.now - timedelta(hours=hours_ago))
    rollups.fold(cast.now)
    jackpots.fold()
    # A late bet in a folded hour, an open hour, and bets of this very moment.
    for hours_ago in (150, 25, 1):
        round_at(cast.now - timedelta(hours=hours_ago))
    round_at(timezone.now())
    return cast


def naive(bets: Iterable[Bet]) -> dict[str, Any]:
    """The figures of bets, added up one by one."""
    rows = list(bets)
    played = [bet for bet in rows if bet.bet_type != "free_spin"]
    spun = [bet for bet in rows if bet.bet_type == "free_spin"]
    wagers, wins = _sum(played, "wager"), _sum(played, "win")
    expected, variance = _sum(played, "expected_win"), _sum(played, "variance")
    off = _sum(played, "unrounded_win") - expected
    return {
        "bets": len(played),
        "wagers": f"{wagers:.2f}",
        "wins": f"{wins:.2f}",
        "ggr": f"{_sum(rows, 'ggr'):.2f}",
        "rtp": f"{wins / wagers * 100:.2f}" if wagers else None,
        "theoretical_rtp": f"{expected / wagers * 100:.2f}" if wagers else None,
        "standard_error": f"{variance.sqrt() / wagers * 100:.4f}" if wagers else None,
        "z": f"{off / variance.sqrt():.4f}" if variance else None,
        "verdict": "too_few",
        "free_spins": {
            "bets": len(spun), "value": f"{_sum(spun, 'wager'):.2f}", "wins": f"{_sum(spun, 'win'):.2f}",
        },
        "jackpots": {
            "contributions": f"{_sum(rows, 'jackpot_contribution'):.6f}", "wins": f"{_sum(rows, 'jackpot_win'):.2f}",
        },
    }  # fmt: skip


def _sum(bets: list[Bet], name: str) -> Decimal:
    return sum((getattr(bet, name) for bet in bets), Decimal(0))


@pytest.fixture
def bets_where(db: None) -> Callable[..., list[Bet]]:
    """The bets of an interval and of what else is named: ``bets_where(start, end, operator=aurora)``."""

    def find(start: datetime, end: datetime, **named: Any) -> list[Bet]:
        filters = {name: value for name, value in named.items() if value is not None}
        return list(Bet.objects.filter(created_at__gte=start, created_at__lt=end, **filters).order_by("id"))

    return find


def midnight(moment: date, days: int = 0) -> datetime:
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC) + timedelta(days=days)
