"""Affiliates: made by managers, their weeks accrued by a task through the ledger, paid by staff."""

import logging
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, connection, transaction
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from casino.errors import Invalid, Refusal
from casino.idempotency import IdempotencyKeyReused, digest
from casino.ids import uuid7
from casino.money import ZERO, MoneyField, format_money, round_down
from casino.users.models import User
from casino.weeks import WEEK, closed_week, midnight, week_of
from operators.affiliate_models import AffiliatePayout, AffiliateStatement
from operators.models import Affiliate, Operator, SignificantEvent
from wallets import ledger
from wallets.models import Account, TransferKind

logger = logging.getLogger(__name__)

FIGURES = ("wagers", "wins", "bonus_grants", "free_spin_wins", "forfeits")
# Rows out: one, the figures of the players referred, at the affiliate's operator. Forfeits of what the VIP programme
# paid for give no promotion cost back. One statement, so that a fold at the same moment is seen whole or not at all.
_FIGURES = """
WITH referred AS (SELECT id FROM users_user WHERE affiliate_id = %(affiliate)s),
played AS (
  SELECT wagers, wins FROM betting_dailytotal JOIN referred ON referred.id = player_id
   WHERE operator_id = %(operator)s AND money IN ('real', 'bonus') AND day >= %(week)s AND day < %(end)s
  UNION ALL
  SELECT wagers, wins FROM betting_hourrollup JOIN referred ON referred.id = player_id
   WHERE NOT is_folded AND operator_id = %(operator)s AND money IN ('real', 'bonus')
     AND hour >= %(begins_at)s AND hour < %(ends_at)s),
moved AS (
  SELECT t.kind, t.amount FROM wallets_transfer t
    JOIN wallets_wallet w ON w.id = t.wallet_id AND w.operator_id = %(operator)s
    JOIN referred ON referred.id = w.player_id
   WHERE t.kind IN ('bonus_grant', 'free_spin_win', 'bonus_forfeit')
     AND t.created_at >= %(begins_at)s AND t.created_at < %(ends_at)s
     AND NOT (t.kind = 'bonus_forfeit' AND EXISTS (SELECT FROM vip_vipcost c WHERE c.bonus_id = t.reference)))
SELECT (SELECT coalesce(sum(wagers), 0) FROM played), (SELECT coalesce(sum(wins), 0) FROM played),
       coalesce(sum(amount) FILTER (WHERE kind = 'bonus_grant'), 0),
       coalesce(sum(amount) FILTER (WHERE kind = 'free_spin_win'), 0),
       coalesce(sum(amount) FILTER (WHERE kind = 'bonus_forfeit'), 0) FROM moved
"""


class PayableExceeded(Refusal):
    """More than is owed to the affiliate; carries ``payable``."""

    code = "payable_exceeded"
    title = "More than is payable"

    def __init__(self, payable: Decimal) -> None:
        super().__init__(f"{payable:.2f} is payable to this affiliate.", payable=format_money(payable))


@dataclass(slots=True)
class AccrualRun:
    """What a run did up to ``week``: how many statements it wrote, how many affiliates failed and stay due."""

    week: date
    accrued: int = 0
    failed: int = 0


@dataclass(frozen=True)
class Paid:
    """A payout, what is payable after it, and whether its key had paid it before."""

    payout: AffiliatePayout
    payable: Decimal
    is_replay: bool = False


def create_affiliate(
    staff: User,
    operator: Operator,
    code: str,
    name: str,
    rate: Decimal | None = None,
    *,
    carries_negative: bool = False,
    reason: str = "",
) -> Affiliate:
    """Make an affiliate of the operator, at its default rate where none is given. Invalid where the code is taken."""
    try:
        with transaction.atomic():
            made: Affiliate = Affiliate.objects.create(
                operator=operator,
                code=code,
                name=name,
                rate=operator.affiliate_rate if rate is None else rate,
                carries_negative=carries_negative,
            )
            terms = {"code": code, "rate": str(made.rate), "carries_negative": carries_negative}
            SignificantEvent.objects.record(
                "affiliate.created", operator_id=operator.pk, actor_id=staff.pk, reason=reason,
                after={"id": str(made.pk), **terms},
            )  # fmt: skip
    except IntegrityError:
        raise Invalid.field("code", "An affiliate of this operator has this code already.", "already_taken") from None
    created: Affiliate = with_balances(Affiliate.objects.filter(pk=made.pk)).get()
    return created


def with_balances(affiliates: QuerySet[Any]) -> QuerySet[Any]:
    """The affiliates with what each has ``accrued``, was ``paid``, and is ``payable``."""
    sums = {
        name: Coalesce(
            Subquery(
                rows.filter(affiliate=OuterRef("pk")).values("affiliate").annotate(sum=Sum("amount")).values("sum")
            ),
            ZERO,
            output_field=MoneyField(),
        )
        for name, rows in (
            ("accrued", AffiliateStatement.objects.order_by()),
            ("paid", AffiliatePayout.objects.order_by()),
        )
    }
    rows: QuerySet[Any] = affiliates.select_related("operator").annotate(**sums, payable=sums["accrued"] - sums["paid"])
    return rows


def accrue_affiliates(day: date | None = None, now: datetime | None = None) -> AccrualRun:
    """Accrue, as if it were ``day`` (today by default), every week up to the last that was over then.

    Weeks missed since an affiliate's last statement are made up for, in order, so that what is carried over is right.
    May run twice and at once. Raises WeekNotOver for a day in the future.
    """
    run = AccrualRun(closed_week(day, (now or timezone.now()).date()))
    for affiliate in Affiliate.objects.order_by("pk"):
        try:
            run.accrued += sum(_accrue(affiliate.pk, week) for week in _weeks_due(affiliate, run.week))
        except Exception:
            # One affiliate's fault must not keep the others waiting; what failed stays due.
            logger.exception("affiliate %s was not accrued", affiliate.pk)
            run.failed += 1
    return run


def pay_affiliate(
    staff: User, affiliate_id: UUID, reason: str, *, amount: Decimal | None = None, key: str | None = None
) -> Paid:
    """Pay ``amount`` to an affiliate, everything that is payable by default; ``key`` makes it happen once.

    Raises PayableExceeded (also where nothing is payable) or IdempotencyKeyReused.
    """
    key, asked = key or uuid4().hex, digest({"affiliate": affiliate_id, "amount": amount, "reason": reason})
    try:
        with transaction.atomic():
            affiliate = _lock(affiliate_id)
            if (before := _paid_before(staff, key, asked)) is not None:
                return before
            payable = _payable(affiliate)
            due = payable if amount is None else amount
            if not ZERO < due <= payable:
                raise PayableExceeded(payable)
            return Paid(_pay(staff, affiliate, due, reason, (key, asked)), payable - due)
    except IntegrityError:
        # The same key, at the same moment, for another affiliate: no common lock made it wait.
        if (before := _paid_before(staff, key, asked)) is None:
            raise
        return before


def _weeks_due(affiliate: Affiliate, last: date) -> list[date]:
    """From the week after the last statement, or else from the affiliate's first week, up to ``last``."""
    latest = affiliate.statements.order_by("-week").first()
    week = latest.week + WEEK if latest else min(week_of(affiliate.created_at.date()), last)
    weeks = []
    while week <= last:
        weeks.append(week)
        week += WEEK
    return weeks


def _accrue(affiliate_id: UUID, week: date) -> bool:
    """Write one week's statement and accrue what it earned, unless that was done meanwhile."""
    with transaction.atomic():
        affiliate = _lock(affiliate_id)
        if affiliate.statements.filter(week=week).exists():
            return False
        journal = ledger.lock([])
        statement = _state(affiliate, week, journal.at)
        statement.save(force_insert=True)
        if statement.amount:
            journal.move(
                TransferKind.AFFILIATE_ACCRUAL, Account.AFFILIATE_COST, Account.AFFILIATE_PAYABLE, statement.amount,
                reference=statement.pk, operator_id=affiliate.operator_id, currency=statement.currency,
            )  # fmt: skip
        journal.post()
    return True


def _state(affiliate: Affiliate, week: date, at: datetime) -> AffiliateStatement:
    """The week's statement, from the play and the promotions of the players referred."""
    latest = affiliate.statements.filter(week__lt=week).order_by("-week").first()
    statement = AffiliateStatement(
        operator=affiliate.operator,
        affiliate=affiliate,
        week=week,
        currency=affiliate.operator.currency,
        carried_in=latest.carried_out if latest and affiliate.carries_negative else ZERO,
        rate=affiliate.rate,
        created_at=at,
        **_figures(affiliate, week),
    )
    statement.amount = round_down(max(statement.base, ZERO) * statement.rate)
    statement.carried_out = min(statement.base, ZERO) if affiliate.carries_negative else ZERO
    return statement


def _figures(affiliate: Affiliate, week: date) -> dict[str, Decimal]:
    end = week + WEEK
    interval = {"week": week, "end": end, "begins_at": midnight(week), "ends_at": midnight(end)}
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, interval | {"affiliate": affiliate.pk, "operator": affiliate.operator_id})
        return dict(zip(FIGURES, cursor.fetchone(), strict=True))


def _lock(affiliate_id: UUID) -> Affiliate:
    """The affiliate's row, under which its weeks are accrued and paid one after the other."""
    rows: Any = Affiliate.objects.select_for_update(no_key=True, of=("self",)).select_related("operator")
    affiliate: Affiliate = rows.get(pk=affiliate_id)
    return affiliate


def _payable(affiliate: Affiliate) -> Decimal:
    payable: Decimal = with_balances(Affiliate.objects.filter(pk=affiliate.pk)).get().payable
    return payable


def _pay(staff: User, affiliate: Affiliate, amount: Decimal, reason: str, sent: tuple[str, str]) -> AffiliatePayout:
    journal = ledger.lock([])
    payout = AffiliatePayout(
        id=uuid7(), operator=affiliate.operator, affiliate=affiliate, currency=affiliate.operator.currency,
        amount=amount, reason=reason, paid_by=staff, idempotency_key=sent[0], request_digest=sent[1],
        created_at=journal.at,
    )  # fmt: skip
    payout.save(force_insert=True)
    for source, target in (
        (Account.AFFILIATE_PAYABLE, Account.PAYOUTS),
        (Account.PAYOUTS, Account.PSP),
    ):
        journal.move(
            TransferKind.AFFILIATE_PAYMENT, source, target, amount, reference=payout.pk,
            operator_id=affiliate.operator_id, currency=payout.currency,
        )  # fmt: skip
    journal.post()
    SignificantEvent.objects.record(
        "affiliate.paid", operator_id=affiliate.operator_id, actor_id=staff.pk, reason=reason,
        after={"affiliate": str(affiliate.pk), "payout": str(payout.pk), "amount": format_money(amount)},
    )  # fmt: skip
    return payout


def _paid_before(staff: User, key: str, asked: str) -> Paid | None:
    """What this key paid; IdempotencyKeyReused when that was something else."""
    payout = AffiliatePayout.objects.select_related("affiliate").filter(paid_by=staff, idempotency_key=key).first()
    if payout is None:
        return None
    if payout.request_digest != asked:
        raise IdempotencyKeyReused
    return Paid(payout, _payable(payout.affiliate), is_replay=True)
