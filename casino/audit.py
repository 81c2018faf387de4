"""What must always hold, as queries: a check, its breach, and running them. Each app lists the checks of its tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection


@dataclass(frozen=True, eq=False)
class Check:
    """One invariant: its number in the ledger's list, its sentence, and the query that answers the offending ids."""

    number: int
    sentence: str
    sql: str
    params: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Breach:
    """An invariant that does not hold, and the rows that break it."""

    check: Check
    ids: list[str]

    def __str__(self) -> str:
        return f"{self.check.number}: {self.check.sentence}: {', '.join(self.ids)}"


def find_breaches(checks: Sequence[Check]) -> list[Breach]:
    """The checks that fail, in the caller's snapshot; the first column of a query is the offender's id."""
    breaches = []
    with connection.cursor() as cursor:
        for check in checks:
            cursor.execute(check.sql, check.params or None)
            ids = sorted({str(row[0]) for row in cursor.fetchall()})
            if ids:
                breaches.append(Breach(check, ids))
    return breaches
