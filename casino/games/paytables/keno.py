"""Keno: twenty of eighty numbers are drawn; a ticket pays by how many of its numbers are among them."""

import re
from collections.abc import Sequence
from fractions import Fraction
from math import comb
from typing import Any, ClassVar

from casino.games.paytables import fields
from casino.games.paytables.base import Draw, InvalidSelections, Selection
from casino.games.paytables.chips import MILLION, Cases, ChipPaytable
from casino.games.paytables.fields import InvalidPaytable
from casino.games.paytables.par import ParSheet
from casino.games.rng import Words, below

NUMBERS, DRAWN = 80, 20
MOST_PICKS = 15

_PICK = re.compile(r"[1-9][0-9]?", re.ASCII)


class Keno(ChipPaytable):
    """One ticket a bet; ``pays`` lists, for each number of picks on offer, the multiplier of each number of hits."""

    kind: ClassVar[str] = "keno"
    most_chips: ClassVar[int] = 1

    def __init__(self, data: Any) -> None:
        super().__init__()
        table = fields.mapping(data, "paytable of keno", required=("pays",))
        tickets = fields.counts(table["pays"], "pays", most=MOST_PICKS)
        if not tickets:
            raise InvalidPaytable("The pays name no ticket.")
        self._pays = {picks: _ticket(picks, entry) for picks, entry in sorted(tickets.items())}

    def canonical(self, on: str) -> str:
        """The ticket's numbers in ascending order, "1,7,12"; as many as some ticket of the table has."""
        numbers = on.split(",")
        if not all(_PICK.fullmatch(number) and int(number) <= NUMBERS for number in numbers):
            raise InvalidSelections(f'A ticket names numbers from 1 to {NUMBERS}, such as "1,7,12".')
        picks = sorted(map(int, numbers))
        if len(set(picks)) < len(picks):
            raise InvalidSelections("A ticket names each number once.")
        if len(picks) not in self._pays:
            raise InvalidSelections(f"There is no ticket of {len(picks)} numbers; this game has {_listed(self._pays)}.")
        return ",".join(map(str, picks))

    def cases(self, places: Sequence[str]) -> Cases:
        """Hits are hypergeometric: k of n picks in C(n,k)·C(80-n,20-k) of the C(80,20) draws."""
        picks = places[0].count(",") + 1
        return [
            (comb(picks, hits) * comb(NUMBERS - picks, DRAWN - hits), (back,))
            for hits, back in enumerate(self._pays[picks])
        ]

    def play(self, words: Words) -> tuple[list[int], dict[str, Any]]:
        """Twenty numbers by Fisher-Yates: each draw picks among those left, in ascending order, and removes its own."""
        left = list(range(1, NUMBERS + 1))
        drawn = [left.pop(below(words, NUMBERS - taken)) for taken in range(DRAWN)]
        return drawn, {"drawn": drawn}

    def returned(self, on: str, result: list[int]) -> int:
        """What the ticket's hits pay."""
        picks = on.split(",")
        return self._pays[len(picks)][len(set(map(int, picks)) & set(result))]

    def draw(self, selections: tuple[Selection, ...], words: Words) -> Draw:
        """The round of the one ticket; the outcome names its picks and hits, too."""
        drawn = super().draw(selections, words)
        picks = [int(number) for number in selections[0].on.split(",")]
        hits = [number for number in picks if number in drawn.outcome["drawn"]]
        return Draw(drawn.multiplier, {**drawn.outcome, "picks": picks, "hits": hits})

    def par(self, jackpot: Fraction = Fraction(0)) -> ParSheet:
        """One row for each ticket."""
        tickets = {picks: ",".join(map(str, range(1, picks + 1))) for picks in self._pays}
        return ParSheet(tuple(self.figures(f"pick:{picks}", ticket) for picks, ticket in tickets.items()), (), jackpot)


def _ticket(picks: int, entry: Any) -> list[int]:
    """The return of each number of hits, 0…picks, in millionths."""
    name = f"pays of the ticket of {picks}"
    pays = fields.counts(entry, name, least=0, most=picks)
    if not pays:
        raise InvalidPaytable(f"The {name} are empty.")
    returns = {hits: fields.positive(pay, name) for hits, pay in pays.items()}
    return [int(returns.get(hits, 0) * MILLION) for hits in range(picks + 1)]


def _listed(tickets: dict[int, list[int]]) -> str:
    return ", ".join(map(str, tickets))
