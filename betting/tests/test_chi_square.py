"""χ² of a million outcomes of each generator, drawn the way bets draw them, against what the paytables say."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest

from betting.randomness import REMOTE_CLIENT_SEED, REMOTE_NONCE
from casino.games.paytables import load
from casino.games.rng import Words, provably_fair_words, system_words

pytestmark = pytest.mark.slow

DRAWS = 1_000_000
# χ²'s 1 % and 99 % points by degrees of freedom. Too good a fit is as wrong as too bad a one.
POINTS = {9: (2.088, 21.666), 36: (19.233, 58.619), 37: (19.960, 59.893), 51: (30.475, 77.386), 99: (69.230, 134.642)}

WEIGHTS = (400, 250, 120, 90, 60, 40, 20, 12, 7, 1)
POCKETS = [*map(str, range(37)), "00"]
# A table, the chip that it needs, how to read the class of an outcome, and each class's weight.
Game = tuple[str, dict[str, Any], str | None, Callable[[dict[str, Any]], Any], dict[Any, int]]
GAMES: list[Game] = [
    (
        "weighted",
        {"outcomes": [{"label": str(n), "weight": w, "multiplier": n} for n, w in enumerate(WEIGHTS)]},
        None,
        lambda outcome: outcome["index"],
        dict(enumerate(WEIGHTS)),
    ),
    ("roulette", {"zeros": 1}, "red", lambda outcome: outcome["pocket"], dict.fromkeys(POCKETS[:37], 1)),
    ("roulette", {"zeros": 2}, "red", lambda outcome: outcome["pocket"], dict.fromkeys(POCKETS, 1)),
    (
        "baccarat",
        {"decks": 1, "commission": "0.05", "tie": 8},
        "player",
        lambda outcome: outcome["player"]["shoe"][0],
        dict.fromkeys(range(52), 1),
    ),
    ("dice", {"faces": 100, "edge": "0.01"}, "under:50", lambda outcome: outcome["roll"], dict.fromkeys(range(100), 1)),
]
IDS = ["weighted 10", "roulette 37", "roulette 38", "cards 52", "dice 100"]


def system() -> Iterator[Words]:
    """A bet's words from the operating system, again and again."""
    while True:
        yield system_words()


def provably_fair() -> Iterator[Words]:
    """The words of one seed pair's bets, nonce by nonce."""
    seed = sha256(b"a server seed for the tests").hexdigest()
    for nonce in range(DRAWS):
        yield provably_fair_words(seed, "a client seed", nonce)


def remote() -> Iterator[Words]:
    """The words of bets that have a seed each, as a remote service gives them."""
    for number in range(DRAWS):
        yield provably_fair_words(sha256(b"seed %d" % number).hexdigest(), REMOTE_CLIENT_SEED, REMOTE_NONCE)


@pytest.mark.parametrize("words", [provably_fair, remote])
@pytest.mark.parametrize("game", GAMES, ids=IDS)
def test_outcomes_from_seeds_follow_the_paytable(game: Game, words: Callable[[], Iterator[Words]]):
    """The seeds are fixed, so that the figure is the same each time."""
    run = chi_square(game, words())
    assert is_inside(*run), run


@pytest.mark.parametrize("game", GAMES, ids=IDS)
def test_outcomes_of_the_systems_generator_follow_the_paytable(game: Game):
    """A sound generator misses one run in fifty; three in a row once in 125,000."""
    runs = [chi_square(game, system())]
    while len(runs) < 3 and not is_inside(*runs[-1]):
        runs.append(chi_square(game, system()))
    assert is_inside(*runs[-1]), runs


def is_inside(statistic: float, least: float, most: float) -> bool:
    return least < statistic < most


def chi_square(game: Game, sources: Iterable[Words]) -> tuple[float, float, float]:
    """χ² of the outcomes' classes, and its 1 % and 99 % points."""
    kind, paytable, place, class_of, weights = game
    table = load(kind, paytable)
    chips = table.selections([{"on": place, "stake": "1.00"}] if place else None, Decimal(1))
    draw = table.draw
    seen = Counter(class_of(draw(chips, words).outcome) for _, words in zip(range(DRAWS), sources, strict=False))
    assert seen.total() == DRAWS
    assert seen.keys() <= weights.keys()
    whole = sum(weights.values())
    due = {name: DRAWS * weight / whole for name, weight in weights.items()}
    least, most = POINTS[len(due) - 1]
    return sum((seen[name] - expected) ** 2 / expected for name, expected in due.items()), least, most
