"""What every kind owes: same words, same outcome, nothing else matters; simulation agrees with computation."""

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from math import comb, sqrt
from typing import Any

import pytest

from casino.games.paytables import KINDS, Paytable, Selection, check_rules, load, percent
from casino.games.rng import provably_fair_words

SEED = "0123456789abcdef" * 4
SLOT = {
    "rows": 3,
    "reels": [
        list("ABCASBACBAWCAB"),
        list("BACWABSCABACBA"),
        list("CABACSBAWABCAB"),
    ],
    "lines": [[1, 1, 1], [0, 0, 0], [2, 2, 2], [0, 1, 2], [2, 1, 0]],
    "pays": {"A": {"3": 2}, "B": {"2": 1, "3": "4.5"}, "C": {"3": 9}, "W": {"3": 60}},
    "wild": "W",
    "scatter": {"symbol": "S", "pays": {"3": 3}, "free_spins": {"3": 8}, "multiplier": "1.5"},
}
PLINKO = ["5.6", "2.1", "1.1", 1, 0.5, 1, "1.1", "2.1", "5.6"]
WEIGHTED = {"outcomes": [{"label": f"P{i}", "weight": comb(8, i), "multiplier": m} for i, m in enumerate(PLINKO)]}
ROULETTE_CHIPS = [("red", "0.50"), ("split:0-2", "0.20"), ("street:1-2-3", "0.20"), ("straight:2", "0.10")]
# One game of each kind, with the chips of a bet of 1.00.
GAMES: dict[str, tuple[str, Any, list[tuple[str, str]]]] = {
    "reels": ("reels", SLOT, []),
    "weighted": ("weighted", WEIGHTED, []),
    "roulette": ("roulette", {"zeros": 1, "la_partage": True}, ROULETTE_CHIPS),
    "double-zero": ("roulette", {"zeros": 2}, [("basket", "0.60"), ("split:0-00", "0.40")]),
    "dice": ("dice", {"faces": 10_000, "edge": "0.01"}, [("under:4950", "1.00")]),
    "dice-both": ("dice", {"faces": 100, "edge": 0.02}, [("under:30", "0.30"), ("over:20", "0.70")]),
    "baccarat": ("baccarat", {"decks": 8, "commission": "0.05", "tie": 8}, [("banker", "1.00")]),
    "baccarat-three": (
        "baccarat",
        {"decks": 1, "commission": "0.05", "tie": 8},
        [("banker", "0.50"), ("player", "0.30"), ("tie", "0.20")],
    ),
    "keno": ("keno", {"pays": {"3": {"2": 3, "3": 37}}}, [("7,1,80", "1.00")]),
}


@pytest.fixture(params=GAMES)
def game(request: pytest.FixtureRequest) -> tuple[Paytable, tuple[Selection, ...]]:
    """A loaded paytable and the chips of a bet."""
    kind, data, places = GAMES[request.param]
    table = load(kind, data)
    raw = [{"on": on, "stake": stake} for on, stake in places] or None
    return table, table.selections(raw, Decimal("1.00"))


def words(nonce: int) -> Iterator[int]:
    return provably_fair_words(SEED, "alice", nonce)


def test_every_kind_is_under_test() -> None:
    assert {kind for kind, _, _ in GAMES.values()} == set(KINDS)
    assert all(KINDS[kind].kind == kind for kind in KINDS)


def test_the_same_words_bring_the_same_outcome(game: tuple[Paytable, tuple[Selection, ...]]) -> None:
    table, chips = game
    first = [table.draw(chips, words(nonce)) for nonce in range(50)]
    backwards = [table.draw(chips, words(nonce)) for nonce in reversed(range(50))]
    assert first == backwards[::-1]
    assert len({json.dumps(draw.outcome) for draw in first}) > 1


def test_an_outcome_depends_on_paytable_selections_and_words_alone(
    request: pytest.FixtureRequest, game: tuple[Paytable, tuple[Selection, ...]]
) -> None:
    table, chips = game
    random.seed(1)
    plain = [table.draw(chips, words(nonce)) for nonce in range(30)]
    kind, data, _ = GAMES[request.node.callspec.params["game"]]
    random.seed(2)
    again = load(kind, deepcopy(data))
    # Stakes a thousand times as high, drawn after another thousand rounds by another instance, change no outcome.
    for nonce in range(1000, 1100):
        again.draw(chips, words(nonce))
    rich = tuple(Selection(chip.on, chip.stake * 1000) for chip in chips)
    for nonce, draw in enumerate(plain):
        other = again.draw(rich, words(nonce))
        assert other.multiplier == draw.multiplier
        assert without_chips(other.outcome) == without_chips(draw.outcome)


def without_chips(outcome: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in outcome.items() if name != "chips"}


def test_a_draw_takes_no_more_words_than_it_names(game: tuple[Paytable, tuple[Selection, ...]]) -> None:
    table, chips = game
    for nonce in range(50):
        supply = list(islice(words(nonce), 400))
        rest = iter(supply)
        draw = table.draw(chips, rest)
        taken = 400 - len(list(rest))
        assert table.draw(chips, iter(supply[:taken])) == draw
        with pytest.raises(StopIteration):
            table.draw(chips, iter(supply[: taken - 1]))


def test_outcomes_selections_and_sheets_survive_json(game: tuple[Paytable, tuple[Selection, ...]]) -> None:
    table, chips = game
    for nonce in range(50):
        outcome = table.draw(chips, words(nonce)).outcome
        assert json.loads(json.dumps(outcome, allow_nan=False)) == outcome
    assert json.loads(json.dumps(table.par().as_json())) == table.par().as_json()
    raw = json.loads(json.dumps([chip.as_json() for chip in chips]))
    assert table.selections(raw, Decimal("1.00")) == chips


def test_a_paytable_survives_json(request: pytest.FixtureRequest, game: tuple[Paytable, tuple[Selection, ...]]) -> None:
    table, chips = game
    kind, data, _ = GAMES[request.node.callspec.params["game"]]
    again = load(kind, json.loads(json.dumps(data)))
    exact = load(kind, json.loads(json.dumps(data), parse_float=Decimal))
    assert again.par() == exact.par() == table.par()
    assert again.moments(chips) == table.moments(chips)
    assert [again.draw(chips, words(n)) for n in range(20)] == [exact.draw(chips, words(n)) for n in range(20)]


def test_a_stored_sheet_spares_the_computation_and_changes_nothing(
    request: pytest.FixtureRequest, game: tuple[Paytable, tuple[Selection, ...]]
) -> None:
    table, chips = game
    kind, data, _ = GAMES[request.node.callspec.params["game"]]
    stored = json.loads(json.dumps(table.par().as_json()))
    recalled = load(kind, data, stored)
    assert recalled.moments(chips) == table.moments(chips)
    assert recalled.par() == table.par()
    if kind == "reels":
        assert "_figures" not in vars(load(kind, data, stored))


def test_an_outcome_is_the_callers_to_change(game: tuple[Paytable, tuple[Selection, ...]]) -> None:
    table, chips = game
    draw = table.draw(chips, words(0))
    spoil(draw.outcome)
    assert table.draw(chips, words(0)).outcome != draw.outcome


def spoil(value: Any) -> None:
    """Empty everything that can be emptied, the innermost first."""
    if isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            spoil(inner)
        value.clear()


def test_the_wins_of_the_chips_are_the_win_of_the_bet(game: tuple[Paytable, tuple[Selection, ...]]) -> None:
    table, chips = game
    if not table.takes_selections:
        return
    for nonce in range(200):
        draw = table.draw(chips, words(nonce))
        assert [row["on"] for row in draw.outcome["chips"]] == [chip.on for chip in chips]
        assert sum(Fraction(row["win"]) for row in draw.outcome["chips"]) == draw.multiplier


def test_the_sheet_keeps_the_rules_and_names_its_figures(game: tuple[Paytable, tuple[Selection, ...]]) -> None:
    table, _ = game
    par = table.par()
    printed = par.as_json()
    assert printed["rtp"] == percent(min(bet.moments.mean for bet in par.bets))
    assert Decimal(printed["sigma"]) == max(Decimal(bet["sigma"]) for bet in printed["bets"])
    assert Fraction(printed["exact"]["rtp"]) == par.rtp
    assert printed["volatility"] in {"low", "medium", "high", "very high"}
    with_jackpot = table.par(Fraction(1, 200)).as_json()
    assert with_jackpot["parts"][-1] == {"part": "jackpot", "exact": "1/200", "rtp": "0.50"}
    assert with_jackpot["rtp"] == printed["rtp"]
    check_rules(par)


def simulate(table: Paytable, chips: tuple[Selection, ...], rounds: int) -> tuple[float, float]:
    """Standard errors that the simulated RTP is off the computed one, and the simulated variance."""
    generator = random.Random(20_260_101)
    supply = iter(lambda: generator.getrandbits(64), -1)
    total = squares = 0.0
    for _ in range(rounds):
        multiplier = float(table.draw(chips, supply).multiplier)
        total += multiplier
        squares += multiplier * multiplier
    moments = table.moments(chips)
    mean = total / rounds
    return (mean - float(moments.mean)) / sqrt(moments.variance / rounds), squares / rounds - mean * mean


def test_twenty_thousand_rounds_agree_with_the_computed_rtp(game: tuple[Paytable, tuple[Selection, ...]]) -> None:
    errors, _ = simulate(*game, 20_000)
    assert abs(errors) < 4


@pytest.mark.slow
def test_a_million_rounds_agree_with_the_computed_rtp_and_variance(
    game: tuple[Paytable, tuple[Selection, ...]],
) -> None:
    errors, variance = simulate(*game, 1_000_000)
    assert abs(errors) < 4
    assert variance == pytest.approx(float(game[0].moments(game[1]).variance), rel=0.03)


def test_draws_are_taken_in_the_published_order() -> None:
    numbers = list(range(1, 81))
    supply = words(3)
    drawn = [numbers.pop(next(supply) % (80 - taken)) for taken in range(20)]
    keno = load("keno", {"pays": {"1": {"1": "3.8"}}})
    chips = keno.selections([{"on": "5", "stake": "1.00"}], Decimal("1.00"))
    assert keno.draw(chips, words(3)).outcome["drawn"] == drawn
    shoe = list(range(416))
    supply = words(4)
    dealt = [shoe.pop(next(supply) % (416 - taken)) for taken in range(4)]
    baccarat = load("baccarat", {"decks": 8, "commission": "0.05", "tie": 8})
    hands = baccarat.draw(baccarat.selections([{"on": "tie", "stake": "1.00"}], Decimal("1.00")), words(4)).outcome
    assert [hands["player"]["shoe"][:2], hands["banker"]["shoe"][:2]] == [dealt[0::2], dealt[1::2]]
    wheel = load("weighted", WEIGHTED)
    place = next(words(5)) % 256
    assert wheel.draw((), words(5)).outcome["index"] == next(
        i for i in range(9) if place < sum(comb(8, k) for k in range(i + 1))
    )
    roulette = load("roulette", {"zeros": 2})
    chips = roulette.selections([{"on": "red", "stake": "1.00"}], Decimal("1.00"))
    pockets = [roulette.draw(chips, iter([pocket])).outcome for pocket in (0, 37, 1, 2)]
    assert [(pocket["pocket"], pocket["color"]) for pocket in pockets] == [
        ("0", "green"), ("00", "green"), ("1", "red"), ("2", "black"),
    ]  # fmt: skip
