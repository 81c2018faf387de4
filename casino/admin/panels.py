"""What stands on a row's page beside its own facts: tables of related rows, and the tabs that gather them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

from casino.admin.columns import AMOUNT, Column

ROWS_A_PANEL = 20


@dataclass(frozen=True)
class Panel:
    """A table under a title. ``more`` is the address of the whole list; ``empty`` stands in place of no rows."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Any]
    empty: str = "There is nothing here yet."
    more: str = ""

    @property
    def headings(self) -> list[tuple[str, bool]]:
        """Each heading, and whether numbers stand below it."""
        return [
            (getattr(column, "short_description", ""), getattr(column, "__name__", "").startswith(AMOUNT))
            for column in self.columns
        ]

    @property
    def lines(self) -> list[list[Any]]:
        return [[column(row) for column in self.columns] for row in self.rows]


@dataclass(frozen=True)
class Facts:
    """A row's own facts under a title, one below the other."""

    title: str
    row: Any
    columns: Sequence[Column] = field(default_factory=tuple)

    @property
    def facts(self) -> list[tuple[str, Any]]:
        return [(getattr(column, "short_description", ""), column(self.row)) for column in self.columns]


@dataclass(frozen=True)
class Tab:
    """A part of a row's page, at ``?tab=name``; its panels are read only when it is open."""

    name: str
    title: str
    panels: Callable[[HttpRequest, Any], Sequence[Panel | Facts]]


def newest(rows: Any) -> Any:
    """The newest rows of a query, as many as a panel shows."""
    return rows.order_by("-pk")[:ROWS_A_PANEL]
