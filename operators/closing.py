"""Whether the books close: what the movements since a moment make of what there was, beside what is stored now.

The opening is added up from all movements before the moment, the actual is read from the rows that hold balances: the
two sides of each line come from different tables.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from betting.jackpots import pool_values
from betting.models import JackpotPool
from casino.money import ZERO
from operators import alerts
from operators.audit import CHECKS, audit
from operators.books import Books, Sums, read_books
from operators.models import Alert, Operator, Severity, SignificantEvent
from operators.periods import FIRST, Period
from operators.snapshots import one_snapshot
from wallets.models import POCKETS, Account, TransferKind, Wallet

AUDIT_EVENT = "audit.run"
POOLS = "jackpot pools"


@dataclass(frozen=True)
class Line:
    """One kind of account: opening + in − out = expected, beside the actual balance."""

    account: str
    opening: Decimal
    into: Decimal
    out: Decimal
    actual: Decimal

    @property
    def expected(self) -> Decimal:
        return self.opening + self.into - self.out

    @property
    def difference(self) -> Decimal:
        return self.actual - self.expected


@dataclass(frozen=True)
class ClosedBook:
    """The book of an operator, or (None) the platform's, in one currency."""

    operator: Operator | None
    currency: str
    lines: list[Line]

    @property
    def is_closed(self) -> bool:
        return all(line.difference == 0 for line in self.lines)


def close_books(operators: Sequence[Operator], since: datetime, *, with_pools: bool) -> list[ClosedBook]:
    """The books of these operators (one or all) from ``since`` (a whole hour) on, and the platform's pools: one view of
    the database, as many statements for one operator as for all."""
    before = Period(FIRST, since, FIRST.isoformat(), since.isoformat())
    with one_snapshot():
        books, _ = read_books(before, operators[0] if len(operators) == 1 and not with_pools else None)
        held = _held([operator.pk for operator in operators])
        found = [
            ClosedBook(
                operator, operator.currency, _pocket_lines(books[operator.pk, operator.currency], held, operator)
            )
            for operator in operators
        ]
        return [*found, *(_pool_books(books) if with_pools else [])]


def _held(ids: list[UUID]) -> dict[UUID, dict[str, Decimal]]:
    rows = Wallet.objects.filter(operator__in=ids).order_by().values_list("operator")
    sums = rows.annotate(**{f"{pocket}_sum": Sum(pocket) for pocket in POCKETS})
    return {operator_id: dict(zip(POCKETS, amounts, strict=True)) for operator_id, *amounts in sums}


def _pocket_lines(sums: tuple[Sums, Sums], held: dict[UUID, dict[str, Decimal]], operator: Operator) -> list[Line]:
    lines = []
    for pocket in POCKETS:
        # What goes out of the debt account is what players owe.
        turn = -1 if pocket == Account.DEBT else 1
        into_before, out_before = sums[0].through(pocket)[::turn]
        into, out = sums[1].through(pocket)[::turn]
        actual = held.get(operator.pk, {}).get(pocket, ZERO)
        lines.append(Line(f"players' {pocket}", into_before - out_before, into, out, actual))
    return lines


def _pool_books(books: Books) -> list[ClosedBook]:
    """The pools by currency, with the contributions on their way into them: opening + contributions + seeds − paid."""
    values, actual = pool_values(), defaultdict[str, Decimal](lambda: ZERO)
    for pool_id, currency in JackpotPool.objects.values_list("pk", "level__group__currency"):
        actual[currency] += values[pool_id]
    contributed: defaultdict[tuple[str, int], Decimal] = defaultdict(lambda: ZERO)
    for (_, currency), stretches in list(books.items()):
        for number, sums in enumerate(stretches):
            contributed[currency, number] += sums.contributions
    found = []
    for currency in sorted(actual):
        into, out = [], []
        for number, sums in enumerate(books[None, currency]):
            into.append(contributed[currency, number] + sums.total([TransferKind.JACKPOT_SEED]))
            out.append(sums.total([TransferKind.JACKPOT_WIN], Account.JACKPOT_POOL))
        line = Line(POOLS, into[0] - out[0], into[1], out[1], actual[currency])
        found.append(ClosedBook(None, currency, [line]))
    return found


def run_audit(actor_id: UUID) -> SignificantEvent:
    """Run every check of the audit now and keep what it found as a significant event; breaches raise an alert too."""
    breaches = audit()
    with transaction.atomic():
        event: SignificantEvent = SignificantEvent.objects.record(
            AUDIT_EVENT,
            actor_id=actor_id,
            reason="Asked for in the back office.",
            after={"checks": len(CHECKS), "breaches": [str(breach) for breach in breaches]},
        )
        if breaches:
            alert: Alert = Alert.objects.record(
                "audit",
                f"The audit found {len(breaches)} of {len(CHECKS)} checks broken",
                severity=Severity.CRITICAL,
                details={"event": str(event.pk)},
            )
            alerts.tell([alert])
    return event


def last_audit() -> SignificantEvent | None:
    """The audit that was run last from here, if ever one was."""
    event: SignificantEvent | None = (
        SignificantEvent.objects.filter(kind=AUDIT_EVENT).select_related("actor").order_by("-id").first()
    )
    return event
