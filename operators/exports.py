"""Transactions as CSV: streamed, headed by what was asked, and safe to open in a spreadsheet."""

import csv
import re
from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from typing import Any

from operators.transactions import Query, newest_first
from wallets.documents import format_moment

LINES_A_PIECE = 500
# Where a spreadsheet would begin a formula, or get at one past a tab or a line end.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_DETAILS = ("reference", "method", "game", "version", "bet_type", "multiplier", "win", "jackpot_win", "ggr")
COLUMNS = ("id", "type", "operator", "player_id", "player", "amount", "currency", "status", "created_at", *_DETAILS)


def transactions_csv(query: Query, now: datetime) -> Iterator[str]:
    """The query's transactions as pieces of CSV; ``No activity`` in place of rows where there are none."""
    lines = _lines(query, now)
    while piece := _piece(lines):
        yield piece


def file_name(query: Query) -> str:
    """What the browser should call the file."""
    of = query.operator.slug if query.operator else "all"
    return re.sub(r"[^\w.-]", "-", f"transactions-{of}-{query.period.first}-{query.period.last}.csv", flags=re.ASCII)


def safe(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula: text that looks like one gets an apostrophe before it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) and not _NUMBER.fullmatch(text) else text


def _lines(query: Query, now: datetime) -> Iterator[list[str]]:
    yield ["Operator", query.operator.name if query.operator else "All operators"]
    yield ["From", query.period.first]
    yield ["To", query.period.last]
    yield ["Made at", format_moment(now), "All times are UTC"]
    yield list(COLUMNS)
    row = None
    for row in newest_first(query):
        yield _cells(row)
    if row is None:
        yield ["No activity"]


def _cells(row: dict[str, Any]) -> list[str]:
    details = row["details"]
    about = [row["player"]["id"], row["player"]["username"]]
    return [
        row["id"], row["type"], row["operator"], *about, row["amount"], row["currency"], row["status"],
        row["created_at"], *(details.get(name, "") for name in _DETAILS),
    ]  # fmt: skip


def _piece(lines: Iterator[list[str]]) -> str:
    """The next lines as text; empty at the end."""
    piece = StringIO()
    writer = csv.writer(piece)
    for _, line in zip(range(LINES_A_PIECE), lines, strict=False):
        writer.writerow([safe(cell) for cell in line])
    return piece.getvalue()
