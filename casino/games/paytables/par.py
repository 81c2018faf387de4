"""The PAR sheet of a paytable: exact figures of each bet, its parts, the rules they must keep, and how they print.

RTP counts the stake as part of the return; variance is of the return per unit staked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from math import ceil
from typing import Any

from casino.games.paytables.fields import InvalidPaytable
from casino.money import LARGEST_AMOUNT

LOWEST_RTP = Fraction(75, 100)
HIGHEST_RTP = Fraction(1)
# Half the width of the narrowest figure that a person would state: 96.00 stands for 95.995 up to 96.005.
STATED_TOLERANCE = Fraction(5, 100_000)
# The two-sided 95 % point of the normal distribution, and the precision of "bets needed".
NORMAL_95 = Fraction("1.959964")
PRECISION_95 = Fraction(5, 1000)

# Volatility by standard deviation: an even-money bet is near 1, a straight number 5.8, a feature slot 6 to 15.
_CLASSES = ((Fraction(3), "low"), (Fraction(7), "medium"), (Fraction(15), "high"))

_PLACES = Decimal("0.000001")
_EXACT = Context(prec=60)


@dataclass(frozen=True)
class Moments:
    """Exact mean and variance of a bet's return per unit staked."""

    mean: Fraction
    variance: Fraction


@dataclass(frozen=True)
class BetFigures:
    """What one bet type is worth: moments, chance of any return, best single spin and the chance of that one."""

    bet: str
    moments: Moments
    hit_rate: Fraction
    top_multiplier: Fraction
    top_probability: Fraction

    def as_json(self) -> dict[str, Any]:
        """The bet's row of the sheet, decimals as strings."""
        return {
            "bet": self.bet,
            "rtp": percent(self.moments.mean),
            "variance": decimal_text(self.moments.variance),
            "sigma": sigma_text(self.moments.variance),
            "hit_rate": percent(self.hit_rate),
            "top_multiplier": decimal_text(self.top_multiplier),
            "top_odds": f"1 in {decimal_text(1 / self.top_probability)}",
            "exact": {"rtp": fraction_text(self.moments.mean), "variance": fraction_text(self.moments.variance)},
        }


@dataclass(frozen=True)
class ParSheet:
    """All figures of a paytable: its bets, the parts of the RTP, and the jackpot's part at seed value."""

    bets: tuple[BetFigures, ...]
    parts: tuple[tuple[str, Fraction], ...] = ()
    jackpot: Fraction = field(default=Fraction(0))

    @property
    def rtp(self) -> Fraction:
        """The lowest RTP over the bets, without the jackpot's part."""
        return min(bet.moments.mean for bet in self.bets)

    @property
    def variance(self) -> Fraction:
        """The highest variance over the bets."""
        return max(bet.moments.variance for bet in self.bets)

    @property
    def sigma(self) -> Decimal:
        """The highest standard deviation over the bets, six decimals."""
        return Decimal(sigma_text(self.variance))

    @property
    def hit_rate(self) -> Fraction:
        """The lowest chance of any return over the bets."""
        return min(bet.hit_rate for bet in self.bets)

    @property
    def max_multiplier(self) -> Fraction:
        """The return of the best single spin over the bets, in wagers."""
        return max(bet.top_multiplier for bet in self.bets)

    @property
    def volatility(self) -> str:
        """The class of the highest standard deviation: low, medium, high or very high."""
        return next((name for bound, name in _CLASSES if self.variance <= bound * bound), "very high")

    @property
    def bets_needed(self) -> int:
        """Bets until the measured RTP is within ±0.5 points at 95 %: (1.959964 · sigma ÷ 0.005)², rounded up."""
        return ceil((NORMAL_95 / PRECISION_95) ** 2 * self.variance)

    def as_json(self) -> dict[str, Any]:
        """The whole sheet as JSON; exact figures as fractions "24/25", printed ones as decimal strings."""
        parts = [*self.parts, ("jackpot", self.jackpot)] if self.jackpot else self.parts
        return {
            "rtp": percent(self.rtp),
            "rtp_with_jackpot": percent(self.rtp + self.jackpot),
            "variance": decimal_text(self.variance),
            "sigma": sigma_text(self.variance),
            "hit_rate": percent(self.hit_rate),
            "max_multiplier": decimal_text(self.max_multiplier),
            "volatility": self.volatility,
            "bets_needed": self.bets_needed,
            "exact": {"rtp": fraction_text(self.rtp), "variance": fraction_text(self.variance)},
            "parts": [{"part": name, "exact": fraction_text(rtp), "rtp": percent(rtp)} for name, rtp in parts],
            "bets": [bet.as_json() for bet in self.bets],
        }


def with_jackpot(sheet: Mapping[str, Any], jackpot: Fraction) -> dict[str, Any]:
    """A stored sheet (``as_json``) with another part of the jackpot: its terms change without a new version."""
    own = [part for part in sheet["parts"] if part["part"] != "jackpot"]
    added = [{"part": "jackpot", "exact": fraction_text(jackpot), "rtp": percent(jackpot)}] if jackpot else []
    whole = Fraction(sheet["exact"]["rtp"]) + jackpot
    return {**sheet, "rtp_with_jackpot": percent(whole), "parts": [*own, *added]}


def check_rules(par: ParSheet) -> None:
    """Refuse a sheet with a bet below 75 % or, the jackpot's part included, above 100 % (InvalidPaytable)."""
    for bet in par.bets:
        whole = bet.moments.mean + par.jackpot
        if whole > HIGHEST_RTP:
            jackpot = f" with the jackpot's {percent(par.jackpot)} %" if par.jackpot else ""
            raise InvalidPaytable(f"The RTP of {bet.bet!r}{jackpot} is {percent(whole)} %; at most 100 % is allowed.")
        if bet.moments.mean < LOWEST_RTP:
            raise InvalidPaytable(f"The RTP of {bet.bet!r} is {percent(bet.moments.mean)} %; at least 75 % is due.")


def check_payable(par: ParSheet, max_bet: Decimal) -> None:
    """Refuse a highest bet whose best spin is more than an account can hold (InvalidPaytable)."""
    if Fraction(max_bet) * par.max_multiplier > Fraction(LARGEST_AMOUNT):
        top = decimal_text(par.max_multiplier)
        raise InvalidPaytable(f"A bet of {max_bet} could win {top} times as much, more than {LARGEST_AMOUNT}.")


def check_stated(stated: Decimal, par: ParSheet) -> None:
    """Refuse a stated RTP (in percent) that is more than 0.005 points off the computed one (InvalidPaytable)."""
    if not stated.is_finite() or abs(Fraction(stated) / 100 - par.rtp) > STATED_TOLERANCE:
        raise InvalidPaytable(f"The stated RTP disagrees with the paytable, whose RTP is {percent(par.rtp)} %.")


def percent(share: Fraction) -> str:
    """``share`` in percent: two decimals where they are exact ("96.00"), six otherwise ("97.297297")."""
    hundredths = share * 10_000
    places = 2 if hundredths.denominator == 1 else 6
    return f"{_rounded(share * 100, places):.{places}f}"


def decimal_text(number: Fraction) -> str:
    """``number`` as a plain decimal of at most six places, without needless zeros."""
    written = f"{_rounded(number, 6):.6f}"
    return written.rstrip("0").rstrip(".")


def sigma_text(variance: Fraction) -> str:
    """√variance with six decimals, from a sixty-digit square root."""
    exact = _EXACT.divide(Decimal(variance.numerator), Decimal(variance.denominator))
    return f"{exact.sqrt(_EXACT).quantize(_PLACES, ROUND_HALF_UP):.6f}"


def fraction_text(number: Fraction) -> str:
    """``number`` exactly, as "24/25" or "1"."""
    return str(number)


def moments_of(returns: Iterable[tuple[int, Fraction]]) -> Moments:
    """Mean and variance of a return that takes each listed value with its listed weight."""
    total, first, second = 0, Fraction(0), Fraction(0)
    for weight, value in returns:
        total += weight
        first += weight * value
        second += weight * value * value
    mean = first / total
    return Moments(mean, second / total - mean * mean)


def _rounded(number: Fraction, places: int) -> Decimal:
    """Half up at ``places`` decimals, exact for any size."""
    scaled = number * 10**places
    return Decimal((2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)).scaleb(-places, _EXACT)
