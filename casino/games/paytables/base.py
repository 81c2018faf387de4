"""What every kind of game has in common: a validated paytable, bets on it, exact moments, a pure draw, a PAR sheet."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar

from casino.errors import FieldError, Invalid
from casino.games.paytables.par import Moments, ParSheet
from casino.games.rng import Words


class InvalidSelections(Invalid):
    """The selections of a bet are malformed, or the game has no such bet (400)."""

    code = "invalid_selections"
    title = "The selections are invalid"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, errors=[FieldError("selections", detail, "invalid_selections")])


@dataclass(frozen=True)
class Selection:
    """One chip: what it lies on, in canonical form, and its stake in the bet's currency."""

    on: str
    stake: Decimal

    def as_json(self) -> dict[str, str]:
        """The chip as the API carries it."""
        return {"on": self.on, "stake": f"{self.stake:.2f}"}


@dataclass(frozen=True)
class Draw:
    """What came up: total return ÷ wager, exact, and an outcome that JSON can carry and a screen can animate."""

    multiplier: Fraction
    outcome: dict[str, Any]


class Paytable(ABC):
    """The maths of one game version; construction validates (``InvalidPaytable``) and precomputes."""

    kind: ClassVar[str]
    takes_selections: ClassVar[bool] = False

    @abstractmethod
    def __init__(self, data: Any) -> None: ...

    def selections(self, raw: Any, wager: Decimal) -> tuple[Selection, ...]:
        """The chips of a bet of ``wager`` from the request's list; () for a kind without (``InvalidSelections``)."""
        if raw is None or raw == []:
            return ()
        raise InvalidSelections(f"A game of kind {self.kind!r} takes no selections.")

    def recall(self, sheet: Mapping[str, Any]) -> None:  # noqa: B027 - most kinds compute at once what they need
        """Take over from a stored sheet of this very paytable what would take long to compute."""

    @abstractmethod
    def moments(self, selections: tuple[Selection, ...]) -> Moments:
        """Exact mean and variance of the bet's return per unit staked."""

    @abstractmethod
    def draw(self, selections: tuple[Selection, ...], words: Words) -> Draw:
        """The outcome that ``words`` give these chips: a pure function of paytable, selections and words."""

    @abstractmethod
    def par(self, jackpot: Fraction = Fraction(0)) -> ParSheet:
        """The exact figures of every bet type, with the jackpot's part of the RTP at seed value beside them."""
