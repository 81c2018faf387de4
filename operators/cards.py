"""The overview's figures in words: cards with what they are compared with, where they lead, and the charts' marks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse
from django.utils.timesince import timesince

from casino.admin.charts import Band, Column, bands, columns
from operators.dashboard import Board, Section
from operators.presets import Span
from operators.returns import Return, percent

# The labels below a chart of hours, and at most how many below one of days.
EVERY_HOURS, MOST_LABELS = 3, 8
# Lists that are not asked for by operator: the platform's jackpots, and people, of whom staff see their own anyway.
_OF_NO_OPERATOR = ("betting_jackpotpool", "users_user")


@dataclass(frozen=True)
class Card:
    """One figure: its value, the span before's, how much that is in percent, and the list that explains it."""

    name: str
    label: str
    value: str
    unit: str = ""
    before: str = ""
    change: str = ""
    note: str = ""
    address: str = ""


def cards_of(section: Section, board: Board, now: datetime) -> list[Card]:
    """An operator's cards."""
    return [*_play_cards(section, board.span), *_money_cards(section, board, now)]


def _play_cards(section: Section, span: Span) -> list[Card]:
    currency, book, before = section.operator.currency, section.now.book, section.before.book
    bets, returns = _list("betting_bet", section, span), _page("rtp", section, span)
    tally, tally_before = section.now.tally, section.before.tally
    ngr = (
        f"{book['ggr']} GGR − {book['promotion_costs']} promotions − {book['jackpot_contributions']} jackpots − "
        f"{book['vip_costs']} VIP − {book['affiliate']['accrued']} affiliates"
    )
    theory = _percent(percent(tally.expected_wins, tally.wagers))
    return [
        _money("ggr", "GGR", book["ggr"], before["ggr"], currency, "wagers − wins", bets),
        _money("ngr", "NGR", book["ngr"], before["ngr"], currency, ngr, _page("books", section, span)),
        _money("wagers", "Wagers", book["wagers"], before["wagers"], currency, f"{tally.bets:,} bets", bets),
        Card(
            "rtp", "RTP", _percent(percent(tally.wins, tally.wagers)), "%",
            _percent(percent(tally_before.wins, tally_before.wagers)), "", f"theory {theory} %", returns,
        ),
        _count("active", "Active players", section.now.active_players, section.before.active_players, "who bet",
               _list("users_user", section, None)),
    ]  # fmt: skip


def _money_cards(section: Section, board: Board, now: datetime) -> list[Card]:
    operator, book, before = section.operator, section.now.book, section.before.book
    deposits = _list("wallets_deposit", section, board.span, status__exact="completed")
    (first, first_sum), (first_before, _) = section.now.first_deposits, section.before.first_deposits
    oldest = section.oldest_withdrawal_at
    waits = f"oldest waits {timesince(oldest, now)}" if oldest else "nobody waits"
    count, pending = book["withdrawals"]["pending_count"], book["withdrawals"]["pending_sum"]
    return [
        _money("deposits", "Deposits", book["deposits"]["sum"], before["deposits"]["sum"], operator.currency,
               f"{book['deposits']['count']} completed", deposits),
        _count("first_deposits", "First deposits", first, first_before, f"{first_sum:,.2f} {operator.currency}",
               deposits),
        Card("pending", "Withdrawals waiting", f"{count:,}", "", "", "",
             f"{Decimal(pending):,.2f} {operator.currency} · {waits}",
             _list("wallets_withdrawal", section, None, status__exact="pending")),
        _money("bonus_cost", "Bonus cost", book["promotion_costs"], before["promotion_costs"], operator.currency,
               "given − forfeited", _list("wallets_bonus", section, board.span)),
        Card("jackpots", "Jackpot liability", f"{Decimal(book['jackpot_liability']):,.2f}", operator.currency, "", "",
             f"owed to the pools · contributed {book['jackpot_contributions']}",
             _list("betting_jackpotpool", section, None)),
    ]  # fmt: skip


def moments_chart(section: Section, span: Span) -> Any:
    """Wagers and GGR by hour of one day, or by day."""
    step = max(1, -(-len(section.moments) // MOST_LABELS)) if not span.is_one_day else EVERY_HOURS
    marks = []
    for number, (moment, tally) in enumerate(section.moments):
        label = f"{moment:%H}" if span.is_one_day else f"{moment:%d %b}"
        title = f"{moment:%d %b %H:%M}: wagers {tally.wagers:,.2f}, GGR {tally.ggr:,.2f}, {tally.bets:,} bets"
        marks.append(Column(label, tally.wagers, tally.ggr, title, number % step == 0))
    by = "hour" if span.is_one_day else "day"
    return columns(marks, f"Wagers and GGR of {section.operator} by {by}, {section.operator.currency}")


def returns_chart(returns: Sequence[Return], label: str) -> Any:
    """Each game's return around what its maths promise, with the 95 % band."""
    rows = [
        Band(
            found.game.name, found.actual, found.theoretical, found.band, str(found.verdict),
            f"{found.game.name}: {found.actual:.2f} % of {found.tally.bets:,} rounds, theory {found.theoretical:.2f} %,"
            f" ± {found.band:.2f} points",
        )
        for found in returns
        if found.actual is not None and found.theoretical is not None
    ]  # fmt: skip
    return bands(rows, label)


def _money(name: str, label: str, now: str, before: str, currency: str, note: str, address: str) -> Card:
    value, earlier = Decimal(now), Decimal(before)
    return Card(name, label, f"{value:,.2f}", currency, f"{earlier:,.2f}", _change(value, earlier), note, address)


def _count(name: str, label: str, now: int, before: int, note: str, address: str) -> Card:
    return Card(
        name, label, f"{now:,}", "", f"{before:,}", _change(Decimal(now), Decimal(before)), note, address
    )  # fmt: skip


def _change(now: Decimal, before: Decimal) -> str:
    """By how much in percent; nothing where it is the same, or where there was nothing, or a loss, before."""
    if before <= 0 or now == before:
        return ""
    return f"{(now - before) / before * 100:+,.0f} %".replace("-", "−")


def _percent(value: Decimal | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _list(name: str, section: Section, span: Span | None, **filters: str) -> str:
    """The address of a list of rows, of the operator and of the span's days; nothing while there is no such list."""
    try:
        address = reverse(f"admin:{name}_changelist")
    except NoReverseMatch:
        return ""
    if name not in _OF_NO_OPERATOR:
        filters["operator__id__exact"] = str(section.operator.pk)
    if span is not None:
        filters |= {"from": span.period.first, "to": span.period.last}
    return f"{address}?{urlencode(filters)}" if filters else address


def _page(name: str, section: Section, span: Span) -> str:
    days = {"operator": section.operator.slug, "from": span.period.first, "to": span.period.last}
    return f"{reverse(f'admin:{name}')}?{urlencode(days)}"
