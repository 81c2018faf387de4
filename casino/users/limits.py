"""Limits that people set themselves: deposits and losses of a day, week or month, per person and currency, everywhere.

Periods are those of the calendar in UTC: days, ISO weeks from Monday, months. A limit is lowered at once; a higher one,
or none, waits for 24 hours. What is used is looked at under the lock of the person's standing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, Sum

from casino import sets
from casino.errors import Refusal
from casino.money import ZERO, format_money
from casino.users import exclusions
from casino.users.exclusions import InForce
from casino.users.limit_models import LimitKind, LimitPeriod, PlayerLimit
from casino.users.models import User
from operators.models import SignificantEvent
from vip.points import lock_standings
from wallets.documents import format_moment
from wallets.ledger import database_clock
from wallets.models import Deposit, DepositStatus

RAISE_DELAY = timedelta(hours=24)
# What still counts of a person's deposits: money that came, may come, or is being looked at.
COUNTED = (DepositStatus.COMPLETED, DepositStatus.PENDING, DepositStatus.REVIEW)

Used = dict[LimitPeriod, Decimal]
_LOSSES = f"WHERE player_id = ANY(%s::uuid[]) AND kind = '{LimitKind.LOSS}'"
_LOSS_LIMITS = sets.Read(PlayerLimit, _LOSSES)
_DEPOSIT_LIMITS = sets.Read(PlayerLimit, f"WHERE player_id = %s AND currency = %s AND kind = '{LimitKind.DEPOSIT}'")
# Part of a query: whether there is anything to ask with ``ask_protection``, for an array of players given twice.
IS_PROTECTED = f"{exclusions.ANY} OR EXISTS (SELECT FROM {PlayerLimit._meta.db_table} {_LOSSES})"


class OwnLimitReached(Refusal):
    """A limit that the person set themselves; carries which (``kind``, ``period``), ``limit``, ``used``, ``remaining``
    and when its period ends (``resets_at``)."""

    code = "limit_exceeded"
    title = "Limit exceeded"

    def __init__(self, limit: PlayerLimit, amount: Decimal, used: Decimal, at: datetime) -> None:
        super().__init__(
            f"Your own {limit.kind} limit of {amount:.2f} a {limit.period} does not leave room for this.",
            kind=str(limit.kind),
            period=str(limit.period),
            limit=format_money(amount),
            used=format_money(max(used, ZERO)),
            remaining=format_money(max(amount - used, ZERO)),
            resets_at=format_moment(_end_of(LimitPeriod(limit.period), at)),
        )


@dataclass(frozen=True)
class OwnLimits:
    """A person's protection as it stands: every limit with what is used of it, and the exclusion in force."""

    currency: str
    at: datetime
    limits: Mapping[tuple[str, str], PlayerLimit]
    used: Mapping[str, Used]
    exclusion: InForce | None


@dataclass
class Protection:
    """What play must respect: exclusions, and loss limits with the net loss of each period so far."""

    at: datetime
    excluded: dict[UUID, InForce] = field(default_factory=dict)
    limits: dict[tuple[UUID, str], list[PlayerLimit]] = field(default_factory=dict)
    lost: dict[tuple[UUID, str], Used] = field(default_factory=dict)

    def check_play(self, player_id: UUID) -> None:
        """Raise SelfExcluded or CoolingOff."""
        if (exclusion := self.excluded.get(player_id)) is not None:
            raise exclusion.refusal()

    def check_loss(self, player_id: UUID, currency: str, wager: Decimal) -> None:
        """Raise OwnLimitReached where losing the whole wager of real money would pass a loss limit."""
        for limit in self.limits.get((player_id, currency), ()):
            amount = limit.in_force(self.at)
            used = self.lost[player_id, currency][LimitPeriod(limit.period)]
            if amount is not None and used + wager > amount:
                raise OwnLimitReached(limit, amount, used, self.at)

    def note_loss(self, player_id: UUID, currency: str, loss: Decimal) -> None:
        """Count a bet of real money that was settled in this batch; a win is a negative loss."""
        if (lost := self.lost.get((player_id, currency))) is not None:
            for period in lost:
                lost[period] += loss


def ask_protection(player_ids: str) -> Callable[[datetime], Protection]:
    """The protection, at the moment given to the answer, of an array of players whose standings are locked.

    Two statements for a pipeline; a third only where loss limits are set.
    """
    excluded, limits = exclusions.ask_exclusions(player_ids), _LOSS_LIMITS.ask(player_ids)

    def answer(at: datetime) -> Protection:
        protection = Protection(at, exclusions.strongest(excluded(), at))
        for limit in limits():
            if limit.in_force(at) is not None:
                protection.limits.setdefault((limit.player_id, limit.currency), []).append(limit)
        if protection.limits:
            lost = _net_losses({player_id for player_id, _ in protection.limits}, at)
            protection.lost = {key: lost.get(key, dict.fromkeys(LimitPeriod, ZERO)) for key in protection.limits}
        return protection

    return answer


def check_deposit(player: User, currency: str, amount: Decimal, at: datetime) -> None:
    """Refuse a deposit of a person who is excluded or whose own limit it would pass; locks their standing.

    Raises SelfExcluded, CoolingOff or OwnLimitReached.
    """
    lock_standings([player.pk])
    if (exclusion := exclusions.in_force([player.pk], at).get(player.pk)) is not None:
        raise exclusion.refusal()
    limits = _DEPOSIT_LIMITS.ask(player.pk, currency)
    due = [(limit, most) for limit in limits() if (most := limit.in_force(at)) is not None]
    used = _deposited(player, currency, at) if due else {}
    for limit, most in due:
        if used[LimitPeriod(limit.period)] + amount > most:
            raise OwnLimitReached(limit, most, used[LimitPeriod(limit.period)], at)


def own_limits(player: User) -> OwnLimits:
    """The player's limits in the currency of their active operator, and their exclusion."""
    currency, at = _currency_of(player), database_clock()
    rows = PlayerLimit.objects.filter(player=player, currency=currency)
    lost = _net_losses({player.pk}, at).get((player.pk, currency), dict.fromkeys(LimitPeriod, ZERO))
    return OwnLimits(
        currency=currency,
        at=at,
        limits={(row.kind, row.period): row for row in rows},
        used={
            LimitKind.DEPOSIT: _deposited(player, currency, at),
            LimitKind.LOSS: {period: max(loss, ZERO) for period, loss in lost.items()},
        },
        exclusion=exclusions.in_force([player.pk], at).get(player.pk),
    )


def change_limits(player: User, wanted: Mapping[str, Mapping[str, Decimal | None]]) -> OwnLimits:
    """Set limits (kind → period → amount, None for none) in the currency of the player's active operator.

    A lower one counts at once; a higher one, or none, waits for 24 hours, and asked for again it waits no longer.
    """
    currency = _currency_of(player)
    with transaction.atomic():
        lock_standings([player.pk])
        at = database_clock()
        for kind, periods in wanted.items():
            for period, amount in periods.items():
                _change(player, currency, kind, period, amount, at)
    return own_limits(player)


def _change(player: User, currency: str, kind: str, period: str, amount: Decimal | None, at: datetime) -> None:
    """Write one limit under the lock of its person's standing."""
    row, _ = PlayerLimit.objects.get_or_create(player=player, currency=currency, kind=kind, period=period)
    before = _facts(row)
    current = row.in_force(at)
    if not row.is_waiting(at):
        row.amount, row.pending_amount, row.pending_at = current, None, None
    if current is None or (amount is not None and amount <= current):
        row.amount, row.pending_amount, row.pending_at = amount, None, None
    elif not (row.is_waiting(at) and row.pending_amount == amount):
        row.pending_amount, row.pending_at = amount, at + RAISE_DELAY
    if _facts(row) != before:
        row.save(update_fields=["amount", "pending_amount", "pending_at"])
        named = {"kind": kind, "period": period, "currency": currency}
        SignificantEvent.objects.record(
            "player.limit_changed",
            actor_id=player.pk,
            player_id=player.pk,
            before=named | before,
            after=named | _facts(row),
        )


def _facts(row: PlayerLimit) -> dict[str, Any]:
    return {
        "limit": None if row.amount is None else format_money(row.amount),
        "pending": None if row.pending_amount is None else format_money(row.pending_amount),
        "pending_at": row.pending_at,
    }


def _currency_of(player: User) -> str:
    return player.operator.currency if player.operator else ""


def _start_of(period: LimitPeriod, at: datetime) -> datetime:
    """When the calendar period (UTC) that ``at`` lies in began."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == LimitPeriod.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == LimitPeriod.MONTH else day


def _end_of(period: LimitPeriod, at: datetime) -> datetime:
    start = _start_of(period, at)
    if period == LimitPeriod.MONTH:
        return (start + timedelta(days=32)).replace(day=1)
    return start + timedelta(days=7 if period == LimitPeriod.WEEK else 1)


def _deposited(player: User, currency: str, at: datetime) -> Used:
    """What of each period's deposits counts, over all operators; one statement.

    Periods end at their end, not at ``at``: a deposit at another operator, where another wallet is locked, may be dated
    a moment later and yet come first.
    """
    spans = {period: (_start_of(period, at), _end_of(period, at)) for period in LimitPeriod}
    rows = Deposit.objects.filter(
        player=player,
        currency=currency,
        status__in=COUNTED,
        created_at__gte=min(start for start, _ in spans.values()),
    )
    sums: dict[str, Decimal] = rows.aggregate(
        **{
            period.value: Sum("amount", filter=Q(created_at__gte=start, created_at__lt=end), default=ZERO)
            for period, (start, end) in spans.items()
        }
    )
    return {period: sums[period.value] for period in LimitPeriod}


# Rows out: (player, currency, the net loss of real money since the start of the day, the week and the month). Folded
# days come from the daily totals, hours not folded yet from the open rollups: both are few rows of the player's own.
_NET_LOSSES = """
WITH played AS (
  SELECT operator_id, player_id, day, wagers - wins - jackpot_wins AS loss
    FROM betting_dailytotal WHERE money = 'real' AND player_id = ANY(%(players)s) AND day BETWEEN %(first)s AND %(day)s
  UNION ALL
  SELECT operator_id, player_id, (hour AT TIME ZONE 'UTC')::date, wagers - wins - jackpot_wins
    FROM betting_hourrollup
   WHERE NOT is_folded AND money = 'real' AND player_id = ANY(%(players)s)
     AND (hour AT TIME ZONE 'UTC')::date BETWEEN %(first)s AND %(day)s)
SELECT p.player_id, o.currency, coalesce(sum(p.loss) FILTER (WHERE p.day >= %(day)s), 0),
       coalesce(sum(p.loss) FILTER (WHERE p.day >= %(week)s), 0),
       coalesce(sum(p.loss) FILTER (WHERE p.day >= %(month)s), 0)
  FROM played p JOIN operators_operator o ON o.id = p.operator_id GROUP BY p.player_id, o.currency
"""


def _net_losses(player_ids: set[UUID], at: datetime) -> dict[tuple[UUID, str], Used]:
    """Each player's net loss of real money per currency and period: wagers less wins and jackpots; one statement."""
    starts = {str(period): _start_of(period, at).date() for period in LimitPeriod}
    parameters: dict[str, Any] = {"players": sorted(player_ids), "first": min(starts.values()), **starts}
    with connection.cursor() as cursor:
        cursor.execute(_NET_LOSSES, parameters)
        return {
            (player_id, currency): dict(zip(LimitPeriod, losses, strict=True))
            for player_id, currency, *losses in cursor.fetchall()
        }
