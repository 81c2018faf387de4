"""What the tests of the VIP programme and of affiliates arrange: play of known outcome, at any operator and moment."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from betting.models import Bet
from betting.orders import Settled, parse_order
from betting.services import open_account, place_bets
from betting.tests.conftest import make_sure
from casino.games.models import Category, Game
from casino.games.services import GameSpec, create_game
from casino.users.models import User
from casino.weeks import last_week, midnight
from operators.models import Operator
from vip import points
from vip.models import PointsKind
from wallets.ledger import database_clock
from wallets.models import Transfer, Wallet
from wallets.services import deposit_through_webhook

D = Decimal
MOST = D(1_000_000)
_numbers = count()


def a_game(slug: str, multiplier: str, **facts: Any) -> Game:
    """A game with one outcome: every stake comes back times ``multiplier``."""
    Category.objects.get_or_create(slug="instant", defaults={"name": "Instant wins"})
    outcomes = [{"label": "lose", "weight": 52, "multiplier": "0"}, {"label": "win", "weight": 48, "multiplier": "2"}]
    spec = {"kind": "weighted", "paytable": {"outcomes": outcomes}, "max_bet": MOST} | facts
    game = create_game(GameSpec(slug=slug, name=slug.title(), category="instant", **spec))
    make_sure(game, multiplier)
    return game


def open_the_limits() -> None:
    """Let the operators there are take any bet and any deposit."""
    Operator.objects.update(
        max_bet=MOST, deposit_min=D("0.01"), deposit_max=MOST, deposit_daily_max=MOST, deposits_per_hour=10_000
    )


def pay_in(player: User, operator: Operator, amount: str) -> Wallet:
    """Open the player's wallet there where it is missing, and put real money in it."""
    open_account(player, operator)
    deposit = deposit_through_webhook(player, D(amount), operator=operator.slug)
    assert deposit.status == "completed"
    return Wallet.objects.get(pk=deposit.wallet_id)


def bet_at(player: User, operator: Operator, game: str, wager: str, at: datetime | None = None, **body: Any) -> Bet:
    """A bet at an operator and, for history, at a moment."""
    content = {"game_id": game, "wager": wager, **body}
    order = parse_order(content, player.pk, operator.pk, f"scene-{next(_numbers):08d}")
    (answer,) = place_bets([order], at)
    assert isinstance(answer, Settled), answer
    return answer.bet


def give_xp(player: User, xp: str, operator: Operator | None = None, at: datetime | None = None) -> None:
    """XP and points with the movement that explains them."""
    with transaction.atomic():
        standing = points.lock_standings([player.pk])[player.pk]
        points.move_points(
            standing, points.ladder(), kind=PointsKind.RULE, reference=uuid4(), xp=D(xp), points=D(xp),
            at=at or database_clock(), operator_id=operator.pk if operator else None,
        )  # fmt: skip


def this_month(days: int = 0) -> datetime:
    """A moment of the running month, which every clock of the test agrees on."""
    first = database_clock().astimezone(UTC).replace(day=1, hour=0, minute=0, second=1, microsecond=0)
    return first + timedelta(days=days)


def in_last_week(days: int = 2) -> datetime:
    """Noon, so many days into the last week that is over; now, where that noon is still to come."""
    return min(midnight(the_last_week()) + timedelta(days=days, hours=12), database_clock())


def the_last_week() -> date:
    return last_week(database_clock().astimezone(UTC).date())


def legs(reference: UUID) -> dict[str, Decimal]:
    """What a cause moved, by book and route: ``{"aurora: vip_cost → bonus": …, "platform: …(aurora)": …}``."""
    total: Counter[str] = Counter()
    for row in Transfer.objects.filter(reference=reference).select_related("operator", "counterparty"):
        book = row.operator.slug if row.operator else "platform"
        other = f" ({row.counterparty.slug})" if row.counterparty else ""
        total[f"{book}: {row.source} → {row.target}{other}"] += row.amount  # type: ignore[assignment]
    return dict(total)  # type: ignore[arg-type]


def books() -> dict[tuple[str, str], Decimal]:
    """What stands between the books: an operator's ``intercompany``, and what the platform's has of it."""
    total: Counter[tuple[str, str]] = Counter()
    for row in Transfer.objects.select_related("operator", "counterparty"):
        for account, amount in ((row.source, -row.amount), (row.target, row.amount)):
            if account == "intercompany":
                of = row.operator or row.counterparty
                assert of is not None
                total["operator" if row.operator else "platform", of.slug] += amount  # type: ignore[assignment]
    return dict(total)  # type: ignore[arg-type]
