"""Charts as inline SVG, made on the server: no script, no library; colours come from the style sheet by class.

Every chart says in words what it shows (``role="img"`` with a label) and every mark has a title with its exact values.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 640, 116
# Room for the scale above and the labels below.
TOP, BOTTOM = 14, 18
ROW, LABEL, MARGIN = 20, 150, 70
# In points: how far a chart of returns reaches at most.
MOST_REACH = Decimal(60)
ZERO = Decimal(0)


@dataclass(frozen=True)
class Column:
    """One moment of a chart in time: a wide light column and a narrow dark one, which may go below zero."""

    label: str
    wide: Decimal
    narrow: Decimal
    title: str
    is_labelled: bool = False


@dataclass(frozen=True)
class Band:
    """One row of a chart of returns, in percent: what was measured, what is promised, and 1.96 standard errors."""

    name: str
    measured: Decimal
    promised: Decimal
    error: Decimal
    kind: str  # the verdict, which colours the mark
    title: str


def columns(found: Sequence[Column], label: str) -> SafeString:
    """A chart in time; ``label`` says in words what it shows."""
    most = max((max(column.wide, column.narrow) for column in found), default=ZERO) or Decimal(1)
    least = min((min(column.narrow, ZERO) for column in found), default=ZERO)
    scale = (HEIGHT - TOP - BOTTOM) / (most - least)
    zero = TOP + most * scale
    step = Decimal(WIDTH) / max(len(found), 1)
    marks = format_html_join(
        "",
        '<g><title>{}</title><rect class="hit" x="{}" y="0" width="{}" height="{}"/>'
        '<rect class="wide" x="{}" y="{}" width="{}" height="{}"/>'
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/></g>',
        (_column(column, number, step, zero, scale) for number, column in enumerate(found)),
    )
    labels = format_html_join(
        "",
        '<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>',
        (
            (_px(step * number + step / 2), HEIGHT - 4, column.label)
            for number, column in enumerate(found)
            if column.is_labelled
        ),
    )
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<text class="tick" x="0" y="10">{}</text><line class="axis" x1="0" x2="{}" y1="{}" y2="{}"/>{}{}</svg>',
        WIDTH, HEIGHT, label, f"{most:,.2f}", WIDTH, _px(zero), _px(zero), marks, labels,
    )  # fmt: skip


def _column(column: Column, number: int, step: Decimal, zero: Decimal, scale: Decimal) -> tuple[object, ...]:
    left, height = step * number, abs(column.narrow) * scale
    is_loss = column.narrow < 0
    return (
        column.title, _px(left), _px(step), HEIGHT,
        _px(left + step / 8), _px(zero - column.wide * scale), _px(step * 3 / 4), _px(column.wide * scale),
        "loss" if is_loss else "gain",
        _px(left + step / 3), _px(zero if is_loss else zero - height), _px(step / 3), _px(height),
    )  # fmt: skip


def bands(found: Sequence[Band], label: str) -> SafeString:
    """Returns by row around what is promised, which is the line in the middle; nothing for no rows."""
    if not found:
        return SafeString("")
    # Bands of a few rounds are wider than any chart; they run out of it, and their titles say by how much.
    reach = max(min(max(abs(row.measured - row.promised), row.error), MOST_REACH) for row in found) or Decimal(1)
    middle = Decimal(LABEL) + Decimal(WIDTH - LABEL - MARGIN) / 2
    scale = (middle - LABEL) / reach
    height = ROW * len(found) + BOTTOM
    return format_html(
        '<svg class="chart bands" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<line class="axis" x1="{}" x2="{}" y1="0" y2="{}"/>{}'
        '<text class="tick" x="{}" y="{}">−{} points</text><text class="tick" x="{}" y="{}" text-anchor="middle">'
        'theory</text><text class="tick" x="{}" y="{}" text-anchor="end">+{} points</text></svg>',
        WIDTH, height, label, _px(middle), _px(middle), height - BOTTOM, _rows(found, middle, scale, reach),
        LABEL, height - 4, f"{reach:.1f}", _px(middle), height - 4, WIDTH - MARGIN, height - 4, f"{reach:.1f}",
    )  # fmt: skip


def _rows(found: Iterable[Band], middle: Decimal, scale: Decimal, reach: Decimal) -> SafeString:
    rows = []
    for number, row in enumerate(found):
        y, error = ROW * number, min(row.error, reach) * scale
        off = max(-reach, min(reach, row.measured - row.promised)) * scale
        rows.append(
            (
                row.title, 0, y + 14, row.name if len(row.name) < 24 else f"{row.name[:22]}…",
                _px(middle - error), y + 5, _px(error * 2), ROW - 10,
                row.kind, _px(middle + off), y + ROW // 2, WIDTH, y + 14, f"{row.measured:.2f} %",
            )
        )  # fmt: skip
    return format_html_join(
        "",
        '<g><title>{}</title><text x="{}" y="{}">{}</text><rect class="band" x="{}" y="{}" width="{}" height="{}"/>'
        '<circle class="{}" cx="{}" cy="{}" r="5"/><text class="value" x="{}" y="{}" text-anchor="end">{}</text></g>',
        rows,
    )


def _px(length: Decimal) -> str:
    return f"{length:.1f}"
