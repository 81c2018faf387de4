"""Reading the rollups: what the bets of an interval add up to, by game version, operator or player.

A tally is what was folded plus the hours not folded yet, in one statement, so that a fold or a bet at the same moment
is seen whole or not at all. By game and operator it reads the hourly totals; by player the daily totals, and the hours'
own rows where the interval begins or ends within a day. The bets themselves are never read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from django.db import connections

from operators.figures import Tally
from operators.periods import Period
from operators.snapshots import reading_from

PLAYED = "money <> 'free_spin'"
_COLUMNS = {
    "bets": f"sum(bets) FILTER (WHERE {PLAYED})",
    "wagers": f"sum(wagers) FILTER (WHERE {PLAYED})",
    "wins": f"sum(wins) FILTER (WHERE {PLAYED})",
    "unrounded_wins": f"sum(unrounded_wins) FILTER (WHERE {PLAYED})",
    "expected_wins": f"sum(expected_wins) FILTER (WHERE {PLAYED})",
    "variance": f"sum(variance) FILTER (WHERE {PLAYED})",
    "free_spin_bets": "sum(bets) FILTER (WHERE money = 'free_spin')",
    "free_spin_value": "sum(wagers) FILTER (WHERE money = 'free_spin')",
    "free_spin_wins": "sum(wins) FILTER (WHERE money = 'free_spin')",
    "contributions": "sum(contributions)",
    "jackpot_wins": "sum(jackpot_wins)",
}
_SUMS = (
    "money",
    "bets",
    "wagers",
    "wins",
    "unrounded_wins",
    "expected_wins",
    "variance",
    "contributions",
    "jackpot_wins",
)


@dataclass(frozen=True)
class Selection:
    """Whose play is added up: of one operator or all, of one player or all, on some game versions or all."""

    period: Period
    operator_id: UUID | None = None
    player_id: UUID | None = None
    game_version_ids: tuple[UUID, ...] | None = None


def tally(selection: Selection) -> Tally:
    """All of the selection in one tally."""
    return tallies(selection, ()).get((), Tally())


def tallies(selection: Selection, by: Sequence[str], most: int | None = None) -> dict[tuple[Any, ...], Tally]:
    """Tallies by the key columns ``by`` (operator_id, player_id, game_version_id, money), the highest wagers first.

    ``most`` keeps only so many of them. One statement.
    """
    keys = ", ".join(by)
    of_players = selection.player_id is not None or "player_id" in by
    source, parameters = (_of_players if of_players else _of_games)(selection, ", ".join(dict.fromkeys((*by, *_SUMS))))
    grouped = f"GROUP BY {keys} ORDER BY sum(wagers) FILTER (WHERE {PLAYED}) DESC NULLS LAST, {keys}" if by else ""
    limited = f"LIMIT {int(most)}" if most is not None else ""
    sums = ", ".join(_COLUMNS.values())
    with connections[reading_from()].cursor() as cursor:
        cursor.execute(f"SELECT {', '.join((*by, sums))} FROM ({source}) AS played {grouped} {limited}", parameters)
        return {tuple(row[: len(by)]): _tally(row[len(by) :]) for row in cursor.fetchall()}


def active_players(selection: Selection) -> dict[UUID, int]:
    """How many players bet at each operator. One statement."""
    source, parameters = _of_players(selection, "operator_id, player_id")
    with connections[reading_from()].cursor() as cursor:
        cursor.execute(
            f"SELECT operator_id, count(DISTINCT player_id) FROM ({source}) AS played GROUP BY operator_id", parameters
        )
        return dict(cursor.fetchall())


def _tally(row: Iterable[Any]) -> Tally:
    found = {name: value for name, value in zip(_COLUMNS, row, strict=True) if value is not None}
    for name in found.keys() & {"bets", "free_spin_bets"}:
        found[name] = int(found[name])
    return Tally(**found)


def _of_games(selection: Selection, columns: str) -> tuple[str, dict[str, Any]]:
    """The hourly totals of the interval, and its hours that are not folded."""
    period = selection.period
    conditions, parameters = _conditions(selection)
    inside = f"hour >= %(start)s AND hour < %(end)s{conditions}"
    parts = [
        f"SELECT {columns} FROM betting_hourlytotal WHERE {inside}",
        f"SELECT {columns} FROM betting_hourrollup WHERE NOT is_folded AND {inside}",
    ]
    return " UNION ALL ".join(parts), parameters | {"start": period.start, "end": period.end}


def _of_players(selection: Selection, columns: str) -> tuple[str, dict[str, Any]]:
    """The daily totals of the interval's whole days with what is not folded of them, and the hours at its edges."""
    period = selection.period
    first, until = period.whole_days
    conditions, parameters = _conditions(selection)
    parts, parameters = [], parameters | {"first": first, "until": until}
    if first < until:
        parameters |= {"morning": _midnight(first), "evening": _midnight(until)}
        days, open_hours = "day >= %(first)s AND day < %(until)s", "hour >= %(morning)s AND hour < %(evening)s"
        parts = [
            f"SELECT {columns} FROM betting_dailytotal WHERE {days}{conditions}",
            f"SELECT {columns} FROM betting_hourrollup WHERE NOT is_folded AND {open_hours}{conditions}",
        ]
    edges = ((period.start, min(period.end, _midnight(first))), (max(period.start, _midnight(until)), period.end))
    for number, (start, end) in enumerate(edges):
        if start < end:
            parameters |= {f"start{number}": start, f"end{number}": end}
            parts.append(
                f"SELECT {columns} FROM betting_hourrollup"
                f" WHERE hour >= %(start{number})s AND hour < %(end{number})s{conditions}"
            )
    return " UNION ALL ".join(parts), parameters


def _conditions(selection: Selection) -> tuple[str, dict[str, Any]]:
    """What every row of the selection satisfies, as SQL that begins with AND, and its parameters."""
    wanted: dict[str, tuple[str, Any]] = {
        "operator": ("operator_id = %(operator)s", selection.operator_id),
        "player": ("player_id = %(player)s", selection.player_id),
        "seeded": ("is_seeded = %(seeded)s", selection.period.is_seeded),
        "versions": ("game_version_id = ANY(%(versions)s)", _as_list(selection.game_version_ids)),
    }
    given = {name: pair for name, pair in wanted.items() if pair[1] is not None}
    return "".join(f" AND {sql}" for sql, _ in given.values()), {name: value for name, (_, value) in given.items()}


def _as_list(ids: tuple[UUID, ...] | None) -> list[UUID] | None:
    return None if ids is None else list(ids)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
