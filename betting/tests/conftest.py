"""Games that the betting tests play, and the bonuses, free spins and jackpots that they play for."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.db import transaction

from betting.jackpots import open_pools
from betting.models import Bet, HourRollup, JackpotPending, JackpotPool, SeedPair
from betting.orders import Order, Settled, parse_order
from betting.services import place_bet
from casino.errors import Refusal
from casino.games.jackpots import JackpotGroup, JackpotLevel
from casino.games.models import Category, Game, GameVersion
from casino.games.services import GameSpec, create_game
from casino.users.models import User
from vip.models import Standing
from wallets import ledger
from wallets.models import Account, Transfer, TransferKind, Wallet
from wallets.promotions import Bonus, BonusSource, FreeSpins


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


def make_sure(game: Game, multiplier: str) -> None:
    """Give the game a version with one outcome, whatever the rules on RTP would say."""
    outcomes = [{"label": "sure", "weight": 10**9, "multiplier": multiplier}]
    if Decimal(multiplier) == 0:
        # A paytable must pay something: this comes up once in 10⁹.
        outcomes.append({"label": "never", "weight": 1, "multiplier": "1"})
    game.version = GameVersion.objects.create(
        game=game, number=game.versions.count() + 1, paytable={"outcomes": outcomes}, par={"kind": "weighted"}, rtp=96,
        sigma=0, hit_rate=0, max_multiplier=Decimal(multiplier),
    )  # fmt: skip
    game.save(update_fields=["version"])


@pytest.fixture
def sure_game(make_game: Callable[..., Game]) -> Callable[..., Game]:
    """A game with one outcome: ``sure_game("double", "2")``, and its jackpots if it has any."""

    def make(slug: str, multiplier: str, group: JackpotGroup | None = None, **spec: Any) -> Game:
        game = make_game(slug, **spec)
        make_sure(game, multiplier)
        Game.objects.filter(pk=game.pk).update(jackpot_group=group)
        return game

    return make


@pytest.fixture
def give_bonus(db: None) -> Callable[..., Bonus]:
    """Bonus money, granted now: ``give_bonus(alice, "10.00", wagering_multiple=20)``; terms are the model's fields."""

    def give(player: User, amount: str, *, days: float = 30, **terms: Any) -> Bonus:
        granted = Decimal(amount)
        terms = {"wagering_multiple": Decimal(35), "max_stake": Decimal(10)} | terms
        with transaction.atomic():
            journal = ledger.lock_accounts({(player.pk, player.operator_id)})
            (wallet,) = journal.wallets.values()
            bonus = Bonus.objects.create(
                operator_id=wallet.operator_id, player=player, wallet=wallet, source=BonusSource.MANUAL,
                granted=granted, balance=granted, required=granted * terms["wagering_multiple"],
                created_at=journal.at, expires_at=journal.at + timedelta(days=days), **terms,
            )  # fmt: skip
            journal.move(
                TransferKind.BONUS_GRANT, Account.PROMOTIONS, Account.BONUS, granted, reference=bonus.pk, wallet=wallet
            )
            journal.post()
        return bonus

    return give


@pytest.fixture
def give_spins(db: None) -> Callable[..., FreeSpins]:
    """Free spins, granted now: ``give_spins(alice, game, 3, "0.50")``; terms are the model's fields."""

    def give(player: User, game: Game, number: int, value: str, *, days: float = 30, **terms: Any) -> FreeSpins:
        now = ledger.database_clock()
        return FreeSpins.objects.create(
            operator=player.operator, player=player, wallet=Wallet.objects.get(player=player, operator=player.operator),
            game=game, source=BonusSource.MANUAL, count=number, remaining=number, value=Decimal(value),
            created_at=now, expires_at=now + timedelta(days=days), **terms,
        )  # fmt: skip

    return give


@pytest.fixture
def make_jackpot(db: None) -> Callable[..., JackpotGroup]:
    """A group of jackpots with open pools: ``make_jackpot({"name": "mini", "rate": "0.005", "seed": 10, …})``."""

    def make(*levels: dict[str, Any], slug: str = "house", currency: str = "USD") -> JackpotGroup:
        group = JackpotGroup.objects.create(slug=slug, name=slug.title(), currency=currency)
        for position, terms in enumerate(levels):
            # Odds of 10⁻¹⁸ never come up; odds of 1 always do, from a wager of 1.00 on.
            odds = {} if "ceiling" in terms else {"odds": Decimal("1E-18")}
            JackpotLevel.objects.create(group=group, position=position, **odds | {"name": "mini"} | terms)
        open_pools(group)
        return group

    return make


def everything() -> list[Any]:
    """All that a bet could move."""
    state = [rows.objects.order_by("pk") for rows in (Wallet, Bonus, FreeSpins, Standing, SeedPair, JackpotPool)]
    grown = [rows.objects.count() for rows in (Bet, Transfer, HourRollup, JackpotPending)]
    return [*(list(rows.values()) for rows in state), grown]


@pytest.fixture
def play(order_of: Callable[..., Order]) -> Callable[..., Bet]:
    """Place a bet that settles: ``play(alice, "coin", "10.00")``."""

    def settle(*order: Any, **facts: Any) -> Bet:
        answer = place_bet(order_of(*order, **facts))
        assert isinstance(answer, Settled), answer
        return answer.bet

    return settle


@pytest.fixture
def refuse(order_of: Callable[..., Order]) -> Callable[..., Refusal]:
    """Place a bet that is refused, and see that nothing moved."""

    def ask(*order: Any, **facts: Any) -> Refusal:
        before = everything()
        answer = place_bet(order_of(*order, **facts))
        assert isinstance(answer, Refusal), answer
        assert everything() == before
        return answer

    return ask


def closing_sum(pool: JackpotPool) -> bool:
    """Whether seeds + contributions − paid = value + pending, to a millionth, the bets being the witnesses."""
    parts = [level for bet in Bet.objects.all() for level in bet.jackpots if level["pool_id"] == str(pool.pk)]
    contributed = sum(Decimal(level["contribution"]) for level in parts)
    paid = sum(Decimal(level["amount"] or 0) for level in parts)
    seeds = sum(Transfer.objects.filter(kind="jackpot_seed", pool_id=pool.pk).values_list("amount", flat=True))
    pending = sum(JackpotPending.objects.filter(pool=pool).values_list("amount", flat=True))
    return seeds + contributed - paid == JackpotPool.objects.get(pk=pool.pk).value + pending
