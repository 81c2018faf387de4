"""The overview's figures: what an operator's play, money and queues came to in a span, beside the span before.

All of it is read from the rollups, the books and the open queues, in as many statements for one operator as for all.
Operators stand one by one, for their currencies differ.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, Min, OuterRef, Sum

from betting.jackpots import pool_values
from betting.models import JackpotPool
from casino.money import ZERO
from casino.users.models import User
from operators.figures import Tally
from operators.financials import financials_of
from operators.models import Alert, Operator
from operators.periods import DAY, HOUR, Period
from operators.presets import Span
from operators.returns import Return, returns_by_operator
from operators.snapshots import one_snapshot
from operators.tallies import Selection, active_players, tallies
from wallets.models import Deposit, DepositStatus
from wallets.withdrawal_models import Withdrawal, WithdrawalStatus

MOST_GAMES, MOST_PLAYERS = 8, 8


@dataclass(frozen=True)
class Figures:
    """One operator in one span: its book as ``financials`` shows it, its play, who played, and (number, sum) of the
    players' first deposits."""

    book: dict[str, Any]
    tally: Tally
    active_players: int
    first_deposits: tuple[int, Decimal]


@dataclass(frozen=True)
class Section:
    """An operator's part of the overview. ``moments`` are the hours of one day, or the days, with their play."""

    operator: Operator
    now: Figures
    before: Figures
    oldest_withdrawal_at: datetime | None
    open_alerts: int
    moments: list[tuple[datetime, Tally]]
    games: list[Return] = field(default_factory=list)
    players: list[tuple[User, Tally]] = field(default_factory=list)


@dataclass(frozen=True)
class Board:
    """The whole overview; ``pools`` are the jackpots' values by currency, the platform's to know."""

    span: Span
    sections: list[Section]
    pools: dict[str, Decimal]


def read_board(operators: Sequence[Operator], span: Span, *, is_platform: bool) -> Board:
    """The overview of these operators (one or all); top games and players only where it is of one."""
    ids = [operator.pk for operator in operators]
    with one_snapshot():
        now, before = _figures(operators, span.period), _figures(operators, span.before)
        oldest, alerts, moments = _oldest_withdrawals(ids), _open_alerts(ids), _moments(ids, span)
        is_one = len(ids) == 1
        games = returns_by_operator(ids, span.period) if is_one else {}
        players = _top_players(ids[0], span.period) if is_one else []
        sections = [
            Section(
                operator,
                now[operator.pk],
                before[operator.pk],
                oldest.get(operator.pk),
                alerts.get(operator.pk, 0),
                moments[operator.pk],
                games.get(operator.pk, [])[:MOST_GAMES],
                players,
            )
            for operator in operators
        ]
        return Board(span, sections, _pools() if is_platform else {})


def _figures(operators: Sequence[Operator], period: Period) -> dict[UUID, Figures]:
    one = operators[0].pk if len(operators) == 1 else None
    books = financials_of(list(operators), period)
    selection = Selection(period, one)
    tallied, active = tallies(selection, ["operator_id"]), active_players(selection)
    first = _first_deposits([operator.pk for operator in operators], period)
    return {
        operator.pk: Figures(
            book, tallied.get((operator.pk,), Tally()), active.get(operator.pk, 0), first.get(operator.pk, (0, ZERO))
        )
        for operator, book in zip(operators, books, strict=True)
    }


def _first_deposits(ids: list[UUID], period: Period) -> dict[UUID, tuple[int, Decimal]]:
    """Number and sum, by operator, of deposits that are the first ever completed into their wallet."""
    done = Deposit.objects.filter(status=DepositStatus.COMPLETED)
    earlier = done.filter(wallet=OuterRef("wallet"), completed_at__lt=OuterRef("completed_at"))
    rows = done.filter(operator__in=ids, completed_at__gte=period.start, completed_at__lt=period.end)
    first = rows.filter(~Exists(earlier)).order_by().values_list("operator")
    return {operator_id: (n, amount) for operator_id, n, amount in first.annotate(n=Count("pk"), s=Sum("amount"))}


def _oldest_withdrawals(ids: list[UUID]) -> dict[UUID, datetime]:
    waiting = Withdrawal.objects.filter(operator__in=ids, status=WithdrawalStatus.PENDING).order_by()
    return dict(waiting.values_list("operator").annotate(oldest=Min("created_at")))


def _open_alerts(ids: list[UUID]) -> dict[UUID, int]:
    unseen = Alert.objects.filter(operator__in=ids, acknowledged_at=None).order_by()
    return dict(unseen.values_list("operator").annotate(n=Count("pk")))


def _moments(ids: list[UUID], span: Span) -> dict[UUID, list[tuple[datetime, Tally]]]:
    """Every hour of one day, or every day, from the hourly totals: one statement."""
    step: timedelta = HOUR if span.is_one_day else DAY
    start = span.period.start
    found: dict[UUID, dict[datetime, Tally]] = defaultdict(dict)
    selection = Selection(span.period, ids[0] if len(ids) == 1 else None)
    for (operator_id, hour), tally in tallies(selection, ["operator_id", "hour"]).items():
        moment = start + (hour - start) // step * step
        found[operator_id][moment] = found[operator_id].get(moment, Tally()) + tally
    number = (span.period.end - start) // step
    return {
        operator_id: [
            (start + step * index, found[operator_id].get(start + step * index, Tally())) for index in range(number)
        ]
        for operator_id in ids
    }


def _top_players(operator_id: UUID, period: Period) -> list[tuple[User, Tally]]:
    found = tallies(Selection(period, operator_id), ["player_id"], MOST_PLAYERS)
    people = User.objects.in_bulk([player_id for (player_id,) in found])
    return [(people[player_id], tally) for (player_id,), tally in found.items()]


def _pools() -> dict[str, Decimal]:
    values = pool_values()
    pools: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for pool_id, currency in JackpotPool.objects.values_list("pk", "level__group__currency"):
        pools[currency] += values[pool_id]
    return dict(sorted(pools.items()))
