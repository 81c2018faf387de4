"""The figures of play: what bets add up to, the return they gave, and whether that return is what the maths promise.

Real and bonus money count together, free spins and jackpots apart. A ``Tally`` is the sums; its statistics come from
the exact mean and variance of every single bet (Σ over bets, w = wager):
standard error = √Σ w²σ² ÷ Σ w, z = (Σ unrounded wins − Σ w·RTP) ÷ √Σ w²σ².
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from casino.money import ZERO, format_money
from operators.platform import PlatformSettings

HUNDRED = Decimal(100)


class Verdict(StrEnum):
    """What z says of a return; the later ones are worse, and ``too_few`` rounds say nothing yet."""

    TOO_FEW = "too_few"
    OK = "ok"
    AMBER = "amber"
    RED = "red"

    @property
    def badness(self) -> int:
        return {"amber": 1, "red": 2}.get(self, 0)


@dataclass(slots=True)
class Tally:
    """Sums over bets: of real and bonus money first, then of free spins, then what jackpots took and paid."""

    bets: int = 0
    wagers: Decimal = ZERO
    wins: Decimal = ZERO
    unrounded_wins: Decimal = ZERO
    expected_wins: Decimal = ZERO
    variance: Decimal = ZERO
    free_spin_bets: int = 0
    free_spin_value: Decimal = ZERO
    free_spin_wins: Decimal = ZERO
    contributions: Decimal = ZERO
    jackpot_wins: Decimal = ZERO

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def ggr(self) -> Decimal:
        """Wagers − wins of real and bonus money."""
        return self.wagers - self.wins

    @property
    def standard_error(self) -> Decimal | None:
        """Of the RTP, in its percent points; None without wagers."""
        return self.variance.sqrt() / self.wagers * HUNDRED if self.wagers else None

    @property
    def z(self) -> Decimal | None:
        """How many standard errors the return lies from its mean; None where nothing could vary."""
        return (self.unrounded_wins - self.expected_wins) / self.variance.sqrt() if self.variance else None

    def verdict(self, thresholds: PlatformSettings) -> Verdict:
        """Whether |z| reaches amber or red; compared as squares of fractions, which takes no root and no rounding."""
        if self.bets < thresholds.rtp_least_rounds:
            return Verdict.TOO_FEW
        off = (Fraction(self.unrounded_wins) - Fraction(self.expected_wins)) ** 2
        for verdict, threshold in ((Verdict.RED, thresholds.rtp_red), (Verdict.AMBER, thresholds.rtp_amber)):
            if off and off >= Fraction(threshold) ** 2 * Fraction(self.variance):
                return verdict
        return Verdict.OK


def figures_document(tally: Tally, thresholds: PlatformSettings) -> dict[str, Any]:
    """The tally's JSON object: money with two decimals (contributions with six), RTP in percent, the rest with four."""
    return {
        "bets": tally.bets,
        "wagers": format_money(tally.wagers),
        "wins": format_money(tally.wins),
        "ggr": format_money(tally.ggr),
        "rtp": _percent(tally.wins, tally.wagers),
        "theoretical_rtp": _percent(tally.expected_wins, tally.wagers),
        "standard_error": _statistic(tally.standard_error),
        "z": _statistic(tally.z),
        "verdict": tally.verdict(thresholds).value,
        "free_spins": {
            "bets": tally.free_spin_bets,
            "value": format_money(tally.free_spin_value),
            "wins": format_money(tally.free_spin_wins),
        },
        "jackpots": {
            "contributions": f"{tally.contributions:.6f}",
            "wins": format_money(tally.jackpot_wins),
        },
    }


def _percent(part: Decimal, whole: Decimal) -> str | None:
    return f"{part / whole * HUNDRED:.2f}" if whole else None


def _statistic(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.4f}"
