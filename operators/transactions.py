"""The history of deposits, withdrawals and bets: each by itself or merged, newest first, page by page or as one stream.

Ids are of version 7, so the newest is the greatest whatever table it stands in, and a page is "what lies below this
id" of each source.
"""

import heapq
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS

from betting.documents import format_multiplier
from betting.models import Bet
from casino.errors import Invalid
from casino.ids import first_id_of
from casino.money import format_money
from operators.models import Operator
from operators.periods import FIRST, LAST, Period
from operators.snapshots import as_of
from wallets.documents import format_moment
from wallets.models import Deposit
from wallets.withdrawal_models import Withdrawal

Document = dict[str, Any]
STREAM_ROWS = 1000
# How far the clock that numbers a row and the one that dates it may differ.
CLOCK_SKEW = timedelta(minutes=10)
_ABOUT = ("id", "amount", "currency", "status", "created_at", "player__username", "operator__slug")


@dataclass(frozen=True)
class Query:
    """Whose transactions: those that ``user`` may see, of one operator or player where named, of some ``types``.

    ``database`` is the alias of the one that is read.
    """

    user: Any
    period: Period
    types: tuple[str, ...]
    operator: Operator | None = None
    player_id: UUID | None = None
    database: str = DEFAULT_DB_ALIAS


@dataclass(frozen=True)
class Page:
    """Documents, newest first, the cursors of the neighbouring pages, and ``about``: as of when, on a replica."""

    results: list[Document]
    next: str | None
    previous: str | None
    about: Document


def page_of(query: Query, limit: int, cursor: str | None = None) -> Page:
    """The page at ``cursor`` (the newest one without): one statement for each type. Raises Invalid for a bad cursor."""
    is_older, edge = _parse_cursor(cursor)
    about = as_of(query.database)
    rows: list[tuple[UUID, Document]] = []
    for source in _sources(query):
        rows += source.read(edge, limit + 1, is_older=is_older)
    rows.sort(key=_id, reverse=is_older)
    has_more, rows = len(rows) > limit, rows[:limit]
    rows.sort(key=_id, reverse=True)
    has_older = bool(rows) and (has_more if is_older else True)
    has_newer = bool(rows) and (edge is not None if is_older else has_more)
    return Page(
        [document for _, document in rows],
        _cursor("o", rows[-1][0]) if has_older else None,
        _cursor("n", rows[0][0]) if has_newer else None,
        about,
    )


def newest_first(query: Query) -> Iterator[Document]:
    """Every transaction of the query, read piece by piece; for exports of any length."""
    streams = [source.stream() for source in _sources(query)]
    for _, document in heapq.merge(*streams, key=_id, reverse=True):
        yield document


@dataclass(frozen=True)
class _Source:
    """One table's rows of a query, and how one of them is shown."""

    rows: Any
    show: Callable[[Any], Document]

    def read(self, edge: UUID | None, most: int, *, is_older: bool) -> list[tuple[UUID, Document]]:
        """Up to ``most`` rows next to ``edge``: the older ones newest first, or the newer ones oldest first."""
        rows = self.rows
        if edge is not None:
            rows = rows.filter(id__lt=edge) if is_older else rows.filter(id__gt=edge)
        return [(row.pk, self.show(row)) for row in rows.order_by("-id" if is_older else "id")[:most]]

    def stream(self) -> Iterator[tuple[UUID, Document]]:
        edge = None
        while piece := self.read(edge, STREAM_ROWS, is_older=True):
            yield from piece
            if len(piece) < STREAM_ROWS:
                return
            edge = piece[-1][0]


def _sources(query: Query) -> list[_Source]:
    return [SOURCES[name](query) for name in query.types]


def ids_within(period: Period) -> tuple[UUID, UUID]:
    """The ids [least, most) among which are those of all bets of the interval."""
    start, end = max(period.start - CLOCK_SKEW, FIRST), min(period.end + CLOCK_SKEW, LAST)
    return first_id_of(start), first_id_of(end)


def _narrowed(rows: Any, query: Query) -> Any:
    """The rows of a table that the query asks for and its user may see."""
    rows = (
        rows.using(query.database)
        .visible_to(query.user)
        .filter(created_at__gte=query.period.start, created_at__lt=query.period.end)
    )
    if query.operator is not None:
        rows = rows.filter(operator=query.operator)
    if query.player_id is not None:
        rows = rows.filter(player=query.player_id)
    if query.period.is_seeded is not None:
        rows = rows.filter(player__is_seeded=query.period.is_seeded)
    return rows.select_related("player", "operator")


def _deposits(query: Query) -> _Source:
    extra = ("reference", "method", "completed_at", "refunded_at")
    return _Source(_narrowed(Deposit.objects.only(*_ABOUT, *extra), query), _deposit_document)


def _withdrawals(query: Query) -> _Source:
    extra = ("reference", "method", "ended_at")
    return _Source(_narrowed(Withdrawal.objects.only(*_ABOUT, *extra), query), _withdrawal_document)


def _bets(query: Query) -> _Source:
    about = [name for name in _ABOUT if name not in ("amount", "status")]
    extra = ("wager", "win", "multiplier", "bet_type", "ggr", "jackpot_win", "game__slug", "game_version__number")
    rows = Bet.objects.select_related("game", "game_version").only(*about, *extra)
    # Ids sort by the moments that bets are dated by, as far as the clocks agree, and the index is by id.
    least, most = ids_within(query.period)
    rows = rows.filter(id__gte=least, id__lt=most)
    return _Source(_narrowed(rows, query), _bet_document)


SOURCES: dict[str, Callable[[Query], _Source]] = {"deposits": _deposits, "withdrawals": _withdrawals, "bets": _bets}
TYPES = tuple(SOURCES)


def _deposit_document(row: Deposit) -> Document:
    details = {
        "reference": row.reference,
        "method": str(row.method),
        "completed_at": row.completed_at and format_moment(row.completed_at),
        "refunded_at": row.refunded_at and format_moment(row.refunded_at),
    }
    return _document(row, "deposit", row.amount, str(row.status), details)


def _withdrawal_document(row: Withdrawal) -> Document:
    details = {
        "reference": row.reference,
        "method": str(row.method),
        "ended_at": row.ended_at and format_moment(row.ended_at),
    }
    return _document(row, "withdrawal", row.amount, str(row.status), details)


def _bet_document(row: Bet) -> Document:
    details = {
        "game": row.game.slug,
        "version": row.game_version.number,
        "bet_type": str(row.bet_type),
        "multiplier": format_multiplier(row.multiplier),
        "win": format_money(row.win),
        "jackpot_win": format_money(row.jackpot_win),
        "ggr": format_money(row.ggr),
    }
    return _document(row, "bet", row.wager, "settled", details)


def _document(row: Any, kind: str, amount: Any, status: str, details: Document) -> Document:
    return {
        "id": str(row.pk),
        "type": kind,
        "operator": row.operator.slug,
        "player": {"id": str(row.player_id), "username": row.player.username},
        "amount": format_money(amount),
        "currency": row.currency,
        "status": status,
        "created_at": format_moment(row.created_at),
        "details": details,
    }


def _id(row: tuple[UUID, Document]) -> UUID:
    return row[0]


def _cursor(direction: str, edge: UUID) -> str:
    return urlsafe_b64encode(direction.encode() + edge.bytes).decode().rstrip("=")


def _parse_cursor(cursor: str | None) -> tuple[bool, UUID | None]:
    """Whether older rows are asked for, and next to which id."""
    if not cursor:
        return True, None
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"==")
        direction, edge = {b"o": True, b"n": False}[raw[:1]], UUID(bytes=raw[1:])
    except (ValueError, KeyError):
        raise Invalid.field("cursor", "This cursor is not one of ours.") from None
    return direction, edge
