"""Transactions as CSV: streamed, headed by what was asked, and safe to open in a spreadsheet."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from casino.spreadsheets import pieces
from operators.snapshots import as_of
from operators.transactions import Query, newest_first
from wallets.documents import format_moment

_DETAILS = ("reference", "method", "game", "version", "bet_type", "multiplier", "win", "jackpot_win", "ggr")
COLUMNS = ("id", "type", "operator", "player_id", "player", "amount", "currency", "status", "created_at", *_DETAILS)


def transactions_csv(query: Query, now: datetime) -> Iterator[str]:
    """The query's transactions as pieces of CSV; ``No activity`` in place of rows where there are none."""
    return pieces(_lines(query, now))


def file_name(query: Query) -> str:
    """What the browser should call the file."""
    of = query.operator.slug if query.operator else "all"
    return re.sub(r"[^\w.-]", "-", f"transactions-{of}-{query.period.first}-{query.period.last}.csv", flags=re.ASCII)


def _lines(query: Query, now: datetime) -> Iterator[list[str]]:
    yield ["Operator", query.operator.name if query.operator else "All operators"]
    yield ["From", query.period.first]
    yield ["To", query.period.last]
    yield ["Made at", format_moment(now), "All times are UTC"]
    for moment in as_of(query.database).values():
        yield ["As of", moment]
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
