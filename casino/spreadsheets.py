"""Plain CSV: cells that no spreadsheet takes for a formula, written in pieces so that length never costs memory."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Any

LINES_A_PIECE = 500
# Where a spreadsheet would begin a formula, or get at one past a tab or a line end.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


def safe(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula: text that looks like one gets an apostrophe before it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) and not _NUMBER.fullmatch(text) else text


def pieces(lines: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The lines as CSV, ``LINES_A_PIECE`` of them at a time."""
    remaining = iter(lines)
    while piece := _piece(remaining):
        yield piece


def _piece(lines: Iterator[Sequence[Any]]) -> str:
    """The next lines as text; empty at the end."""
    piece = StringIO()
    writer = csv.writer(piece)
    for _, line in zip(range(LINES_A_PIECE), lines, strict=False):
        writer.writerow([safe(cell) for cell in line])
    return piece.getvalue()
