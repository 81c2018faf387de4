"""Dice: a roll under or over a target that the player chooses."""

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, ClassVar

from casino.games.paytables import fields
from casino.games.paytables.base import InvalidSelections
from casino.games.paytables.chips import MILLION, Cases, ChipPaytable
from casino.games.paytables.par import ParSheet
from casino.games.rng import Words, below

MOST_FACES = 100_000
# Multipliers are cut to four decimals: a ten-thousandth is a hundred millionths.
TEN_THOUSANDTH = MILLION // 10_000
# Shares of winning numbers that the PAR sheet shows beside the lowest RTP and the highest variance.
SHOWN_PERCENTS = (1, 10, 25, 50, 75, 95)

_PLACE = re.compile(r"(under|over):(0|[1-9][0-9]{0,5})", re.ASCII)


class Dice(ChipPaytable):
    """A roll of 0…faces-1; w winning numbers pay ⌊(1 - edge)·faces·10⁴ ÷ w⌋ ÷ 10⁴ times the stake."""

    kind: ClassVar[str] = "dice"

    def __init__(self, data: Any) -> None:
        super().__init__()
        table = fields.mapping(data, "paytable of dice", required=("faces", "edge"))
        self._faces = fields.integer(table["faces"], "number of faces", least=2, most=MOST_FACES)
        self._fair = (1 - fields.multiplier(table["edge"], "edge", most=1)) * self._faces * 10_000

    def canonical(self, on: str) -> str:
        """ "under:T" or "over:T" with at least one number that wins and one that loses."""
        match = _PLACE.fullmatch(on)
        if match is None:
            raise InvalidSelections('A bet on dice reads "under:4950" or "over:5049".')
        low, high = self._winning(on)
        if not 0 < high - low < self._faces:
            raise InvalidSelections(f"With {self._faces} faces the bet {on!r} would always win or always lose.")
        return on

    def _winning(self, on: str) -> tuple[int, int]:
        """The winning rolls as a half-open range."""
        side, _, target = on.partition(":")
        return (0, int(target)) if side == "under" else (int(target) + 1, self._faces)

    def _return(self, winners: int) -> int:
        return int(self._fair // winners) * TEN_THOUSANDTH

    def cases(self, places: Sequence[str]) -> Cases:
        """The rolls between two neighbouring targets once, weighted by their number."""
        ranges = [self._winning(place) for place in places]
        returns = [self._return(high - low) for low, high in ranges]
        cuts = sorted({0, self._faces, *(edge for winning in ranges for edge in winning)})
        return [
            (
                end - start,
                tuple(back if low <= start < high else 0 for (low, high), back in zip(ranges, returns, strict=True)),
            )
            for start, end in pairwise(cuts)
        ]

    def play(self, words: Words) -> tuple[int, dict[str, Any]]:
        """One integer below the number of faces."""
        roll = below(words, self._faces)
        return roll, {"roll": roll}

    def returned(self, on: str, result: int) -> int:
        """The multiplier of the winning numbers where the roll is one of them."""
        low, high = self._winning(on)
        return self._return(high - low) if low <= result < high else 0

    def par(self, jackpot: Fraction = Fraction(0)) -> ParSheet:
        """Chosen targets, among them those of the lowest RTP, of the highest and of the highest variance."""
        fair, faces = self._fair, self._faces
        back = [0, *(fair.numerator // (fair.denominator * winners) for winners in range(1, faces))]
        numbers = range(1, faces)
        shown = {max(1, min(faces - 1, faces * share // 100)) for share in SHOWN_PERCENTS}
        shown.add(min(numbers, key=lambda w: w * back[w]))
        shown.add(max(numbers, key=lambda w: w * back[w]))
        # The variance of w winners at multiplier m is m²·w·(faces - w) ÷ faces².
        shown.add(max(numbers, key=lambda w: back[w] ** 2 * w * (faces - w)))
        return ParSheet(tuple(self.figures(f"under:{w}", f"under:{w}") for w in sorted(shown)), (), jackpot)
