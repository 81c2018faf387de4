"""How people play: the five temperaments of bots, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Temperament:
    """How somebody plays. ``unit`` is their smallest stake, ``pace`` how often they act beside the others, ``away`` how
    long they stay away (in their own turns); the rest are chances and amounts."""

    name: str
    share: int
    pace: float
    unit: Decimal
    session: tuple[int, int]
    tastes: Mapping[str, int]
    deposits: tuple[int, ...]
    most_deposits: int
    deposits_again: float
    quits_ahead_at: Decimal
    withdraws: float
    plays_bonus: bool
    away: float


TEMPERAMENTS = {
    temperament.name: temperament
    for temperament in (
        Temperament(
            "casual", 45, 1.0, Decimal("0.20"), (15, 60), {"slots": 6, "instant": 3, "jackpot": 1}, (20, 30, 50), 1,
            0.2, Decimal("1.5"), 0.4, True, 60,
        ),
        Temperament(
            "regular", 30, 2.0, Decimal("0.50"), (40, 150), {"slots": 5, "table": 3, "instant": 1, "jackpot": 2},
            (50, 75, 100), 2, 0.5, Decimal("1.8"), 0.5, True, 40,
        ),
        Temperament(
            "grinder", 12, 5.0, Decimal("0.50"), (200, 600), {"dice": 5, "table": 4, "slots": 1}, (100, 150), 2, 0.6,
            Decimal("1.3"), 0.7, False, 20,
        ),
        Temperament(
            "high_roller", 5, 1.5, Decimal("10.00"), (30, 120), {"table": 6, "jackpot": 2, "slots": 2},
            (500, 1000, 2000), 3, 0.8, Decimal("2.0"), 0.8, False, 50,
        ),
        Temperament(
            "bonus_hunter", 8, 3.0, Decimal("0.10"), (100, 400), {"slots": 1}, (100,), 1, 0.1, Decimal("1.6"), 0.9,
            True, 80,
        ),
    )
}  # fmt: skip


def temperament_of(number: int) -> str:
    """The temperament of the bot with this number: the shares are kept in every hundred of them."""
    # 37 and 100 have no common divisor, so a hundred bots in a row meet every place once.
    place = number * 37 % 100
    for temperament in TEMPERAMENTS.values():
        place -= temperament.share
        if place < 0:
            return temperament.name
    raise AssertionError("the shares of the temperaments make a hundred")
