"""Games where chips lie on named places: reading the chips, and the moments and wins of several chips together.

A return is counted in millionths of the chip's stake, an integer, so that sums over chips stay exact and fast.
"""

from abc import abstractmethod
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, ClassVar

from casino.games.paytables.base import Draw, InvalidSelections, Paytable, Selection
from casino.games.paytables.par import BetFigures, Moments
from casino.games.rng import Words
from casino.money import parse_amount

MOST_CHIPS = 200
LONGEST_PLACE = 64
MILLION = 1_000_000

# The law of a round as far as some places are concerned: (weight, the return of each place in millionths).
Cases = list[tuple[int, tuple[int, ...]]]


class ChipPaytable(Paytable):
    """A paytable whose bets are chips on named places."""

    takes_selections = True
    most_chips: ClassVar[int] = MOST_CHIPS

    def __init__(self) -> None:
        self._moments_on = lru_cache(maxsize=1024)(self._moments_of_place)

    @abstractmethod
    def canonical(self, on: str) -> str:
        """The one spelling of a place on this table; ``InvalidSelections`` where there is none."""

    @abstractmethod
    def cases(self, places: Sequence[str]) -> Cases:
        """What a round can bring these places: weights that sum to all there is, and returns in millionths."""

    @abstractmethod
    def play(self, words: Words) -> tuple[Any, dict[str, Any]]:
        """Draw a round: what ``returned`` needs to know of it, and the outcome without its chips."""

    @abstractmethod
    def returned(self, on: str, result: Any) -> int:
        """What a chip on this place gets back from a round, in millionths of its stake."""

    def selections(self, raw: Any, wager: Decimal) -> tuple[Selection, ...]:
        """The chips of a bet, in the order given; their stakes add up to ``wager`` (``InvalidSelections`` else)."""
        if not isinstance(raw, list) or not raw:
            raise InvalidSelections('This game needs selections: a list of {"on", "stake"}.')
        if len(raw) > self.most_chips:
            most = f"{self.most_chips} selections" if self.most_chips > 1 else "one selection"
            raise InvalidSelections(f"A bet on this game has at most {most}.")
        chips = tuple(self._selection(item) for item in raw)
        places: set[str] = set()
        for chip in chips:
            if chip.on in places:
                raise InvalidSelections(f"The place {chip.on!r} is named twice.")
            places.add(chip.on)
        if sum(chip.stake for chip in chips) != wager:
            raise InvalidSelections("The stakes of the selections do not add up to the wager.")
        return chips

    def _selection(self, item: Any) -> Selection:
        if not isinstance(item, dict) or len(item) != 2 or "on" not in item or "stake" not in item:
            raise InvalidSelections('A selection has "on" and "stake" and no other fields.')
        on = item["on"]
        if not isinstance(on, str) or not 1 <= len(on) <= LONGEST_PLACE or not on.isascii() or not on.isprintable():
            raise InvalidSelections(f'"on" is a text of 1 to {LONGEST_PLACE} plain characters.')
        try:
            stake = parse_amount(item["stake"])
        except ValueError as refusal:
            raise InvalidSelections(f"A stake is wrong: {refusal}") from refusal
        if stake <= 0:
            raise InvalidSelections("The stake of a selection is above zero.")
        return Selection(self.canonical(on), stake)

    def moments(self, selections: tuple[Selection, ...]) -> Moments:
        """Exact mean and variance of all chips together, per unit staked, whatever they share of the round."""
        if len(selections) == 1:
            return self._moments_on(selections[0].on)
        stakes = [minor_units(chip.stake) for chip in selections]
        total = first = second = 0
        for weight, returns in self.cases([chip.on for chip in selections]):
            back = sum(stake * millionths for stake, millionths in zip(stakes, returns, strict=True))
            total += weight
            first += weight * back
            second += weight * back * back
        return _moments(total, first, second, sum(stakes) * MILLION)

    def _moments_of_place(self, on: str) -> Moments:
        total = first = second = 0
        for weight, (millionths,) in self.cases([on]):
            total += weight
            first += weight * millionths
            second += weight * millionths * millionths
        return _moments(total, first, second, MILLION)

    def draw(self, selections: tuple[Selection, ...], words: Words) -> Draw:
        """One round for all chips; the outcome lists what each of them gets back, before the bet is rounded down."""
        result, outcome = self.play(words)
        wager = total = 0
        chips = []
        for chip in selections:
            stake = minor_units(chip.stake)
            back = stake * self.returned(chip.on, result)
            wager += stake
            total += back
            chips.append({"on": chip.on, "stake": f"{chip.stake:.2f}", "win": _amount_text(back)})
        outcome["chips"] = chips
        return Draw(Fraction(total, wager * MILLION), outcome)

    def figures(self, name: str, on: str) -> BetFigures:
        """The row of the PAR sheet for one chip on a place, under the name of its bet type."""
        law = [(weight, returns[0]) for weight, returns in self.cases([on])]
        total, top = sum(weight for weight, _ in law), max(back for _, back in law)
        return BetFigures(
            bet=name,
            moments=self._moments_on(on),
            hit_rate=Fraction(sum(weight for weight, back in law if back), total),
            top_multiplier=Fraction(top, MILLION),
            top_probability=Fraction(sum(weight for weight, back in law if back == top), total),
        )


def minor_units(amount: Decimal) -> int:
    """A stake in whole minor units (two decimals)."""
    return int(amount.scaleb(2))


def _moments(total: int, first: int, second: int, unit: int) -> Moments:
    """Mean and variance from weighted sums of returns in ``unit``ths of the stake."""
    return Moments(Fraction(first, total * unit), Fraction(second * total - first * first, total * total * unit * unit))


def _amount_text(millionths: int) -> str:
    """Millionths of minor units as an amount: two decimals, or as many as it takes ("0.0195")."""
    units, rest = divmod(millionths, 100 * MILLION)
    decimals = f"{rest:08d}"
    return f"{units}.{decimals[:2]}{decimals[2:].rstrip('0')}"
