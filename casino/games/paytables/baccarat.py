"""Baccarat from a shoe without replacement: player, banker and tie, with the exact law of a deal."""

from bisect import insort
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from typing import Any, ClassVar

from casino.games.paytables import fields
from casino.games.paytables.base import InvalidSelections
from casino.games.paytables.chips import MILLION, Cases, ChipPaytable
from casino.games.paytables.par import ParSheet
from casino.games.rng import Words, below

PLACES = ("banker", "player", "tie")
DECK = 52
MOST_DECKS = 8
LARGEST_TIE = 100

_RANKS = "A23456789TJQK"
_SUITS = "CDHS"


class Baccarat(ChipPaytable):
    """Punto banco; a tie returns the stakes on player and banker."""

    kind: ClassVar[str] = "baccarat"

    def __init__(self, data: Any) -> None:
        super().__init__()
        table = fields.mapping(data, "paytable of baccarat", required=("decks", "commission", "tie"))
        self._decks = fields.integer(table["decks"], "number of decks", least=1, most=MOST_DECKS)
        commission = fields.multiplier(table["commission"], "commission", most=1)
        tie = fields.positive(table["tie"], "payment of a tie", most=LARGEST_TIE)
        self._returns = {
            "banker": {"banker": int((2 - commission) * MILLION), "player": 0, "tie": MILLION},
            "player": {"banker": 0, "player": 2 * MILLION, "tie": MILLION},
            "tie": {"banker": 0, "player": 0, "tie": int((tie + 1) * MILLION)},
        }

    def canonical(self, on: str) -> str:
        """One of "banker", "player" and "tie"."""
        if on not in self._returns:
            raise InvalidSelections('A bet on baccarat lies on "player", "banker" or "tie".')
        return on

    def cases(self, places: Sequence[str]) -> Cases:
        """Who wins, weighted by the deals."""
        deals = deals_won(self._decks)
        return [(deals[winner], tuple(self._returns[place][winner] for place in places)) for winner in PLACES]

    def play(self, words: Words) -> tuple[str, dict[str, Any]]:
        """Cards drawn as dealt: player, banker, player, banker, then the third cards."""
        size, dealt = self._decks * DECK, list[int]()
        player, banker = [], []
        for _ in range(2):
            player.append(_deal(words, size, dealt))
            banker.append(_deal(words, size, dealt))
        third = None
        if max(_total(player), _total(banker)) < 8:
            if _total(player) <= 5:
                player.append(_deal(words, size, dealt))
                third = _value(player[2])
            if banker_draws(_total(banker), third):
                banker.append(_deal(words, size, dealt))
        winner = _winner(_total(player), _total(banker))
        return winner, {"player": _hand(player), "banker": _hand(banker), "winner": winner}

    def returned(self, on: str, result: str) -> int:
        """The place's return when ``result`` wins."""
        return self._returns[on][result]

    def par(self, jackpot: Fraction = Fraction(0)) -> ParSheet:
        """Banker, player and tie."""
        return ParSheet(tuple(self.figures(place, place) for place in PLACES), (), jackpot)


def banker_draws(total: int, third: int | None) -> bool:
    """Whether the banker's two cards draw, given the value of the player's third card, or None where there is none."""
    if third is None or total <= 2:
        return total <= 5
    if total == 3:
        return third != 8
    # On 4 the banker draws to 2-7, on 5 to 4-7, on 6 to 6-7.
    return total <= 6 and 2 * total - 6 <= third <= 7


@cache
def deals_won(decks: int) -> dict[str, int]:
    """How many ordered deals of six cards from a full shoe each side wins, by enumeration over card values.

    A deal that needs fewer cards counts once for each way to go on, so that the sum is n·(n-1)·…·(n-5).
    """
    size = decks * DECK
    left = [16 * decks] + [4 * decks] * 9
    won = dict.fromkeys(PLACES, 0)
    for player, player_ways in _pairs(left):
        for banker, banker_ways in _pairs(left):
            ways = player_ways * banker_ways
            if max(player, banker) >= 8:
                won[_winner(player, banker)] += ways * (size - 4) * (size - 5)
            elif player > 5:
                _deal_banker(won, left, player, banker, None, ways * (size - 5))
            else:
                for third, cards in enumerate(left):
                    left[third] -= 1
                    _deal_banker(won, left, (player + third) % 10, banker, third, ways * cards)
                    left[third] += 1
    return won


def _pairs(left: list[int]) -> Iterator[tuple[int, int]]:
    """Totals of two cards from what is left, with their ordered ways; the cards are missing while a pair is out."""
    for low in range(10):
        for high in range(low, 10):
            ways = left[low] * (left[low] - 1) if low == high else 2 * left[low] * left[high]
            left[low] -= 1
            left[high] -= 1
            yield (low + high) % 10, ways
            left[low] += 1
            left[high] += 1


def _deal_banker(won: dict[str, int], left: list[int], player: int, banker: int, third: int | None, ways: int) -> None:
    """Count the deals after the player's last card: over each banker's third card, or each card that stays away."""
    if not banker_draws(banker, third):
        won[_winner(player, banker)] += ways * sum(left)
        return
    for value, cards in enumerate(left):
        won[_winner(player, (banker + value) % 10)] += ways * cards


def _winner(player: int, banker: int) -> str:
    return "tie" if player == banker else "player" if player > banker else "banker"


def _deal(words: Words, size: int, dealt: list[int]) -> int:
    """A card of 0…size-1 by Fisher-Yates: picked among those left, in ascending order; ``dealt`` is kept sorted."""
    card = below(words, size - len(dealt))
    for gone in dealt:
        if gone > card:
            break
        card += 1
    insort(dealt, card)
    return card


def _value(card: int) -> int:
    """Ace 1, two to nine their number, ten and faces 0."""
    rank = card % 13
    return rank + 1 if rank < 9 else 0


def _total(cards: list[int]) -> int:
    return sum(map(_value, cards)) % 10


def _hand(cards: list[int]) -> dict[str, Any]:
    names = [_RANKS[card % 13] + _SUITS[card // 13 % 4] for card in cards]
    return {"cards": names, "shoe": cards, "total": _total(cards)}
