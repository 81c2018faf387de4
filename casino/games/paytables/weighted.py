"""Weighted tables: scratch cards, wheels, plinko; one draw among listed outcomes."""

from bisect import bisect_right
from fractions import Fraction
from itertools import accumulate
from typing import Any, ClassVar

from casino.games.paytables import fields
from casino.games.paytables.base import Draw, Paytable, Selection
from casino.games.paytables.fields import InvalidPaytable
from casino.games.paytables.par import BetFigures, Moments, ParSheet, decimal_text, moments_of
from casino.games.rng import Words, below

MOST_OUTCOMES = 1000


class Weighted(Paytable):
    """Outcomes with a label, a weight and a multiplier of the wager."""

    kind: ClassVar[str] = "weighted"

    def __init__(self, data: Any) -> None:
        table = fields.mapping(data, "paytable of a weighted game", required=("outcomes",))
        rows = fields.sequence(table["outcomes"], "list of outcomes", least=1, most=MOST_OUTCOMES)
        self._labels: list[str] = []
        self._weights: list[int] = []
        self._multipliers: list[Fraction] = []
        for number, row in enumerate(rows, 1):
            entry = fields.mapping(row, f"outcome {number}", required=("label", "weight", "multiplier"))
            label = fields.text(entry["label"], f"label of outcome {number}", longest=fields.LONGEST_LABEL)
            weight = fields.integer(entry["weight"], f"weight of outcome {number}", least=1, most=fields.LARGEST_WEIGHT)
            self._labels.append(label)
            self._weights.append(weight)
            self._multipliers.append(fields.multiplier(entry["multiplier"], f"multiplier of outcome {number}"))
        if not any(self._multipliers):
            raise InvalidPaytable("No outcome pays anything.")
        self._ends = list(accumulate(self._weights))
        self._written = [decimal_text(multiplier) for multiplier in self._multipliers]
        self._moments = moments_of(zip(self._weights, self._multipliers, strict=True))

    def moments(self, selections: tuple[Selection, ...] = ()) -> Moments:
        """Exact mean and variance of the one bet."""
        return self._moments

    def par(self, jackpot: Fraction = Fraction(0)) -> ParSheet:
        """The sheet of the one bet."""
        top, total = max(self._multipliers), self._ends[-1]
        rows = list(zip(self._weights, self._multipliers, strict=True))
        hits = sum(weight for weight, multiplier in rows if multiplier)
        best = sum(weight for weight, multiplier in rows if multiplier == top)
        bet = BetFigures("play", self._moments, Fraction(hits, total), top, Fraction(best, total))
        return ParSheet((bet,), (("outcomes", self._moments.mean),), jackpot)

    def draw(self, selections: tuple[Selection, ...], words: Words) -> Draw:
        """One integer below the sum of weights; outcomes are cumulated as listed."""
        index = bisect_right(self._ends, below(words, self._ends[-1]))
        outcome = {"index": index, "label": self._labels[index], "multiplier": self._written[index]}
        return Draw(self._multipliers[index], outcome)
