"""What a run adds up to, as JSON that grows by the chunk, and the report it ends with."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import fields
from decimal import Decimal
from typing import Any

from betting.models import Bet, BetType
from casino.audit import Breach
from casino.money import ZERO, format_money
from operators.figures import Tally, figures_document
from operators.platform import PlatformSettings
from seeding.bots import DEPOSIT, LARGE, SMALL
from seeding.deeds import Done
from seeding.models import Run

_WHOLE = {"bets", "free_spin_bets"}
SHOWN_IDS = 20


def add(totals: dict[str, Any], done: Iterable[Done]) -> dict[str, Any]:
    """``totals`` with the deeds added."""
    counts = Counter(totals.get("counts", {}))
    refusals = Counter(totals.get("refusals", {}))
    money = _Money(totals.get("money", {}))
    games = {slug: tally_of(kept) for slug, kept in totals.get("games", {}).items()}
    for deed in done:
        refusals += deed.refusals
        for bet in deed.bets:
            _count(games.setdefault(bet.game.slug, Tally()), bet)
            if bet.bet_type == BetType.FREE_SPIN:
                counts["free_spins"] += 1
                continue
            counts["bets"] += 1
            counts[deed.planned.deed.size] += 1
            money.add(bet.currency, wagers=bet.wager, wins=bet.win)
        if deed.money is not None:
            name = "deposits" if deed.planned.deed.kind == DEPOSIT else "withdrawals"
            counts[name] += 1
            money.add(deed.money.currency, **{name: deed.money.amount})
    return {
        "counts": dict(counts),
        "refusals": dict(refusals),
        "money": money.as_json(),
        "games": {slug: _kept(tally) for slug, tally in sorted(games.items())},
    }


def tally_of(kept: dict[str, str]) -> Tally:
    """The tally that a game's kept sums state."""
    sums: dict[str, Any] = {name: int(value) if name in _WHOLE else Decimal(value) for name, value in kept.items()}
    return Tally(**sums)


def totals_document(totals: dict[str, Any]) -> dict[str, Any]:
    """The totals as the API shows them: counts, and money by currency with two decimals."""
    counts = totals.get("counts", {})
    money = [
        {"currency": currency, **{name: format_money(Decimal(value)) for name, value in sums.items()},
         "ggr": format_money(Decimal(sums["wagers"]) - Decimal(sums["wins"]))}
        for currency, sums in sorted(totals.get("money", {}).items())
    ]  # fmt: skip
    return {
        **{name: counts.get(name, 0) for name in ("bets", "free_spins", "deposits", "withdrawals", "bots")},
        "refused": sum(totals.get("refusals", {}).values()),
        "money": money,
    }


def report_document(run: Run, breaches: Iterable[Breach] | None) -> dict[str, Any]:
    """The report at a run's end: totals, the split of its stakes, each game's return against the maths, the audit
    (``ok`` is null where it could not be made)."""
    thresholds, counts = PlatformSettings.objects.current(), run.totals.get("counts", {})
    games = {slug: tally_of(kept) for slug, kept in run.totals.get("games", {}).items()}
    staked = counts.get(SMALL, 0) + counts.get(LARGE, 0)
    broken = [
        {"number": breach.check.number, "sentence": breach.check.sentence, "ids": breach.ids[:SHOWN_IDS]}
        for breach in breaches or ()
    ]
    return {
        **totals_document(run.totals),
        "actions": run.actions,
        "seconds": run_seconds(run),
        "rate": run_rate(run),
        "refusals": run.totals.get("refusals", {}),
        "stakes": {
            "small": counts.get(SMALL, 0),
            "large": counts.get(LARGE, 0),
            "small_share": f"{counts.get(SMALL, 0) / staked:.4f}" if staked else None,
        },
        "play": figures_document(sum(games.values(), Tally()), thresholds),
        "games": [{"game": slug, **figures_document(tally, thresholds)} for slug, tally in games.items()],
        "audit": {"ok": None if breaches is None else not broken, "breaches": broken},
    }


def run_seconds(run: Run) -> str | None:
    """How long the run played; None before its end."""
    if run.started_at is None or run.ended_at is None:
        return None
    return f"{(run.ended_at - run.started_at).total_seconds():.1f}"


def run_rate(run: Run) -> str | None:
    """Its actions per second up to its end; None before that."""
    if run.started_at is None or run.ended_at is None:
        return None
    seconds = (run.ended_at - run.started_at).total_seconds()
    return f"{run.actions / seconds:.2f}" if seconds else None


class _Money:
    """Sums by currency."""

    _NAMES = ("wagers", "wins", "deposits", "withdrawals")

    def __init__(self, kept: dict[str, dict[str, str]]) -> None:
        self.sums = {
            currency: {name: Decimal(value) for name, value in sums.items()} for currency, sums in kept.items()
        }

    def add(self, currency: str, **amounts: Decimal) -> None:
        sums = self.sums.setdefault(currency, dict.fromkeys(self._NAMES, ZERO))
        for name, amount in amounts.items():
            sums[name] += amount

    def as_json(self) -> dict[str, dict[str, str]]:
        return {currency: {name: str(value) for name, value in sums.items()} for currency, sums in self.sums.items()}


def _count(tally: Tally, bet: Bet) -> None:
    """Add the bet to its game's tally, in place: a long past has millions of them."""
    tally.contributions += bet.jackpot_contribution
    tally.jackpot_wins += bet.jackpot_win
    if bet.bet_type == BetType.FREE_SPIN:
        tally.free_spin_bets += 1
        tally.free_spin_value += bet.wager
        tally.free_spin_wins += bet.win
        return
    tally.bets += 1
    tally.wagers += bet.wager
    tally.wins += bet.win
    tally.unrounded_wins += bet.unrounded_win
    tally.expected_wins += bet.expected_win
    tally.variance += bet.variance


def _kept(tally: Tally) -> dict[str, str]:
    return {column.name: str(getattr(tally, column.name)) for column in fields(tally)}
