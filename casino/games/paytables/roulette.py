"""Roulette with one zero or two: every bet of the layout, several chips a spin, la partage."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, ClassVar

from casino.games.paytables import fields
from casino.games.paytables.base import InvalidSelections
from casino.games.paytables.chips import MILLION, Cases, ChipPaytable
from casino.games.paytables.par import ParSheet
from casino.games.rng import Words, below

DOUBLE_ZERO = 37
RED = frozenset({1, 3, 5, 7, 9, 12, 14, 16, 18, 19, 21, 23, 25, 27, 30, 32, 34, 36})
# What a winning chip is paid to one, by the number of pockets that its bet covers on a wheel of 36 numbers.
TO_ONE = {
    "straight": 35,
    "split": 17,
    "street": 11,
    "corner": 8,
    "sixline": 5,
    "dozen": 2,
    "column": 2,
    "even_money": 1,
}
BASKET_TO_ONE = {1: 8, 2: 6}

# (bet type, its name on the layout, the pockets it wins on)
Bet = tuple[str, str, frozenset[int]]


class Roulette(ChipPaytable):
    """A wheel and its layout; pockets are numbered 0 to 36, and 37 for the double zero."""

    kind: ClassVar[str] = "roulette"

    def __init__(self, data: Any) -> None:
        super().__init__()
        table = fields.mapping(data, "paytable of roulette", required=("zeros",), optional=("la_partage",))
        self._zeros = fields.integer(table["zeros"], "number of zeros", least=1, most=2)
        self._la_partage = fields.flag(table.get("la_partage", False), "field la_partage")
        self._pockets = 36 + self._zeros
        self._returns: dict[str, tuple[int, ...]] = {}
        self._example: dict[str, str] = {}
        for bet_type, place, pockets in _layout(self._zeros):
            self._returns[place] = tuple(self._return(bet_type, pockets, pocket) for pocket in range(self._pockets))
            self._example.setdefault(bet_type, place)

    def _return(self, bet_type: str, winning: frozenset[int], pocket: int) -> int:
        if pocket in winning:
            to_one = BASKET_TO_ONE[self._zeros] if bet_type == "basket" else TO_ONE[bet_type]
            return (to_one + 1) * MILLION
        shared = self._la_partage and bet_type == "even_money" and pocket in {0, DOUBLE_ZERO}
        return MILLION // 2 if shared else 0

    def canonical(self, on: str) -> str:
        """The place in layout order ("split:18-17" is "split:17-18"); ``InvalidSelections`` off the layout."""
        if on in self._returns:
            return on
        bet_type, colon, numbers = on.partition(":")
        ordered = f"{bet_type}{colon}{'-'.join(sorted(numbers.split('-'), key=_layout_order))}"
        if ordered not in self._returns:
            raise InvalidSelections(f"There is no bet {on!r} on this layout.")
        return ordered

    def cases(self, places: Sequence[str]) -> Cases:
        """Each pocket once."""
        return [(1, returns) for returns in zip(*(self._returns[place] for place in places), strict=True)]

    def play(self, words: Words) -> tuple[int, dict[str, Any]]:
        """One integer below the number of pockets."""
        pocket = below(words, self._pockets)
        colour = "green" if pocket in {0, DOUBLE_ZERO} else "red" if pocket in RED else "black"
        return pocket, {"pocket": _pocket_name(pocket), "color": colour}

    def returned(self, on: str, result: int) -> int:
        """The place's return on this pocket."""
        return self._returns[on][result]

    def par(self, jackpot: Fraction = Fraction(0)) -> ParSheet:
        """One row for each bet type; all places of a type are worth the same."""
        bets = tuple(self.figures(bet_type, place) for bet_type, place in self._example.items())
        return ParSheet(bets, (), jackpot)


def _layout(zeros: int) -> Iterator[Bet]:
    """Every bet of the layout: three columns of twelve rows under one zero, or under 0 (by 1, 2) and 00 (by 2, 3)."""
    pockets = [0, *([DOUBLE_ZERO] if zeros == 2 else []), *range(1, 37)]
    yield from (_inside("straight", pocket) for pocket in pockets)
    yield from _around_zero(zeros)
    for first in range(1, 37, 3):
        row = (first, first + 1, first + 2)
        yield _inside("street", *row)
        yield _inside("split", row[0], row[1])
        yield _inside("split", row[1], row[2])
        if first < 34:
            yield from (_inside("split", number, number + 3) for number in row)
            yield from (_inside("corner", number, number + 1, number + 3, number + 4) for number in row[:2])
            yield "sixline", f"sixline:{first}-{first + 5}", frozenset(range(first, first + 6))
    yield from _outside()


def _around_zero(zeros: int) -> Iterator[Bet]:
    if zeros == 1:
        groups = [(0, 1), (0, 2), (0, 3), (0, 1, 2), (0, 2, 3)]
        basket = frozenset({0, 1, 2, 3})
    else:
        double = DOUBLE_ZERO
        groups = [(0, double), (0, 1), (0, 2), (double, 2), (double, 3), (0, 1, 2), (0, double, 2), (double, 2, 3)]
        basket = frozenset({0, double, 1, 2, 3})
    yield from (_inside("split" if len(group) == 2 else "street", *group) for group in groups)
    yield "basket", "basket", basket


def _outside() -> Iterator[Bet]:
    numbers = range(1, 37)
    for third in (1, 2, 3):
        yield "dozen", f"dozen:{third}", frozenset(range(12 * third - 11, 12 * third + 1))
        yield "column", f"column:{third}", frozenset(range(third, 37, 3))
    yield "even_money", "red", RED
    yield "even_money", "black", frozenset(numbers) - RED
    yield "even_money", "odd", frozenset(numbers[::2])
    yield "even_money", "even", frozenset(numbers[1::2])
    yield "even_money", "low", frozenset(numbers[:18])
    yield "even_money", "high", frozenset(numbers[18:])


def _inside(bet_type: str, *pockets: int) -> Bet:
    return bet_type, f"{bet_type}:{'-'.join(map(_pocket_name, pockets))}", frozenset(pockets)


def _pocket_name(pocket: int) -> str:
    return "00" if pocket == DOUBLE_ZERO else str(pocket)


def _layout_order(name: str) -> tuple[int, str]:
    """0, then 00, then 1 to 36; whatever else is written sorts somewhere and is not found on the layout."""
    return (int(name) if len(name) <= 2 and name.isdigit() else 99), name
