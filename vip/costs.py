"""Cost sharing: who bears a VIP cost, and its legs in every book.

The platform carries its fraction; the rest falls on the operators of the cost's currency in proportion to the player's
real wagers with each over the calendar month so far, or on the operator that pays it out where there are none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from django.db import connection

from casino.ids import uuid7
from casino.money import ZERO, largest_remainder
from operators.platform import PlatformSettings
from vip.programme import VipCost, VipCostKind, VipCostShare, programme
from wallets import news
from wallets.bonuses import default_max_stake
from wallets.ledger import Journal
from wallets.models import Account, TransferKind, Wallet
from wallets.promotions import Bonus, BonusSource

# Rows out: operator, real wagers. One statement, so that a fold at the same moment is seen whole or not at all.
_REAL_WAGERS = """
SELECT operator_id, sum(wagers) FROM (
  SELECT operator_id, wagers FROM betting_dailytotal
   WHERE player_id = %(player)s AND money = 'real' AND day >= %(since)s AND day <= %(until)s
  UNION ALL
  SELECT operator_id, wagers FROM betting_hourrollup
   WHERE NOT is_folded AND player_id = %(player)s AND money = 'real'
     AND hour >= %(since)s::timestamp AT TIME ZONE 'UTC' AND hour <= %(at)s) AS played
  JOIN operators_operator o ON o.id = operator_id AND o.currency = %(currency)s
 GROUP BY operator_id HAVING sum(wagers) > 0
"""


@dataclass(frozen=True, slots=True)
class Share:
    """What one book bears; ``operator_id`` None is the platform, whose part does not depend on wagers."""

    operator_id: UUID | None
    wagers: Decimal | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Grant:
    """A bonus that the programme is to pay: why, how much, and its wagering."""

    kind: VipCostKind
    amount: Decimal
    wagering_multiple: Decimal


def pay_bonus(journal: Journal, wallet: Wallet, grant: Grant) -> VipCost:
    """Grant the bonus in the locked wallet and share its cost between the books, in the caller's transaction.

    Writes the bonus, the cost and its shares; the money moves with the caller's ``journal.post``.
    """
    platform_share = PlatformSettings.objects.current().vip_platform_share
    since = journal.at.astimezone(UTC).date().replace(day=1)
    bonus = _write_bonus(wallet, grant, journal.at, journal.at + timedelta(days=programme().bonus_days))
    cost: VipCost = VipCost.objects.create(
        bonus=bonus,
        operator_id=wallet.operator_id,
        player_id=wallet.player_id,
        kind=grant.kind,
        currency=wallet.currency,
        amount=grant.amount,
        platform_share=platform_share,
        wagers_since=since,
        created_at=journal.at,
    )
    wagers = real_wagers(wallet.player_id, wallet.currency, since, journal.at)
    shares = split(grant.amount, wallet.operator_id, wagers, platform_share)
    VipCostShare.objects.bulk_create(
        VipCostShare(id=uuid7(), cost=cost, operator_id=share.operator_id, wagers=share.wagers, amount=share.amount)
        for share in shares
    )
    _move(journal, wallet, cost, shares)
    news.tell_bonuses([bonus], journal.at)
    news.tell_balance(wallet, journal.at)
    return cost


def real_wagers(player_id: UUID, currency: str, since: date, at: datetime) -> dict[UUID, Decimal]:
    """The player's real wagers from ``since`` to ``at`` with each operator of the currency, where there are any."""
    days = {"since": since, "until": at.astimezone(UTC).date(), "at": at}
    with connection.cursor() as cursor:
        cursor.execute(_REAL_WAGERS, days | {"player": player_id, "currency": currency})
        return dict(cursor.fetchall())


def split(amount: Decimal, payer_id: UUID, wagers: Mapping[UUID, Decimal], platform_share: Decimal) -> list[Share]:
    """Who bears ``amount``: the platform first, then the payer, then the others by id; the amounts sum to it exactly.

    One largest-remainder split over the exact fractions: the platform's p, and (1 − p) × wagers ÷ all wagers.
    """
    weights = {operator_id: wagered for operator_id, wagered in wagers.items() if wagered > 0} or {payer_id: ZERO}
    operators = sorted(weights, key=lambda operator_id: (operator_id != payer_id, operator_id))
    total = sum(weights.values())
    rest = 1 - Fraction(platform_share)
    exact = [Fraction(weights[operator_id]) / Fraction(total) if total else Fraction(1) for operator_id in operators]
    amounts = largest_remainder(amount, [Fraction(platform_share), *(rest * part for part in exact)])
    return [
        Share(None, None, amounts[0]),
        *(
            Share(operator_id, weights[operator_id], part)
            for operator_id, part in zip(operators, amounts[1:], strict=True)
        ),
    ]


def _write_bonus(wallet: Wallet, grant: Grant, at: datetime, expires_at: datetime) -> Bonus:
    bonus: Bonus = Bonus.objects.create(
        operator=wallet.operator,
        player_id=wallet.player_id,
        wallet=wallet,
        # The costs' kinds carry the names of the bonuses' sources.
        source=BonusSource(grant.kind.value),
        granted=grant.amount,
        balance=grant.amount,
        wagering_multiple=grant.wagering_multiple,
        required=grant.amount * grant.wagering_multiple,
        max_stake=default_max_stake(grant.amount),
        created_at=at,
        expires_at=expires_at,
    )
    return bonus


def _move(journal: Journal, wallet: Wallet, cost: VipCost, shares: list[Share]) -> None:
    """Move the cost's legs: the payer hands out the whole amount and is owed, between the books, what others bear."""
    own = sum((share.amount for share in shares if share.operator_id == wallet.operator_id), ZERO)
    platforms = sum((share.amount for share in shares if share.operator_id is None), ZERO)
    others = [share for share in shares if share.operator_id not in (None, wallet.operator_id) and share.amount]
    for source, amount in ((Account.VIP_COST, own), (Account.INTERCOMPANY, cost.amount - own)):
        if amount:
            journal.move(TransferKind.VIP_COST, source, Account.BONUS, amount, reference=cost.pk, wallet=wallet)
    if platforms:
        journal.move(
            TransferKind.VIP_COST, Account.VIP_COST, Account.INTERCOMPANY, platforms, reference=cost.pk,
            currency=cost.currency, counterparty_id=cost.operator_id,
        )  # fmt: skip
    for share in others:
        journal.move(
            TransferKind.VIP_SHARE, Account.VIP_COST, Account.INTERCOMPANY, share.amount, reference=cost.pk,
            operator_id=share.operator_id, currency=cost.currency,
        )  # fmt: skip
        journal.move(
            TransferKind.VIP_SHARE, Account.INTERCOMPANY, Account.VIP_CLEARING, share.amount, reference=cost.pk,
            currency=cost.currency, counterparty_id=share.operator_id,
        )  # fmt: skip
    if collected := sum((share.amount for share in others), ZERO):
        journal.move(
            TransferKind.VIP_SHARE, Account.VIP_CLEARING, Account.INTERCOMPANY, collected, reference=cost.pk,
            currency=cost.currency, counterparty_id=cost.operator_id,
        )  # fmt: skip
