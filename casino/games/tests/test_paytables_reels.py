"""Slots: exact figures against plain enumeration of small games, free spins against their law, time of large games."""

import random
import time
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction as F
from itertools import product
from typing import Any

import pytest

from casino.games.paytables import InvalidPaytable, load
from casino.games.paytables.reels import Reels

TEN_LINES = [
    [1, 1, 1, 1, 1], [0, 0, 0, 0, 0], [2, 2, 2, 2, 2], [0, 1, 2, 1, 0], [2, 1, 0, 1, 2],
    [0, 0, 1, 2, 2], [2, 2, 1, 0, 0], [1, 0, 1, 2, 1], [1, 2, 1, 0, 1], [0, 1, 1, 1, 0],
]  # fmt: skip


def line_pay(symbols: list[str], pays: dict[str, Any], wild: str) -> F:
    """The published rule, read straight: the first symbol that is not wild names the kind, the longest run pays."""
    kind = next((symbol for symbol in symbols if symbol != wild), wild)
    run = next((place for place, symbol in enumerate(symbols) if symbol not in {kind, wild}), len(symbols))
    return F(str(pays.get(kind, {}).get(str(run), 0)))


def spins(slot: dict[str, Any]) -> Iterator[tuple[F, int]]:
    """Win and free spins of every stop combination."""
    scatter = slot["scatter"]
    for stops in product(*(range(len(strip)) for strip in slot["reels"])):
        window = [
            [strip[(stop + row) % len(strip)] for row in range(slot["rows"])]
            for strip, stop in zip(slot["reels"], stops, strict=True)
        ]
        lines = ([column[row] for column, row in zip(window, line, strict=True)] for line in slot["lines"])
        win = sum((line_pay(line, slot["pays"], slot["wild"]) for line in lines), F(0)) / len(slot["lines"])
        count = str(sum(scatter["symbol"] in column for column in window))
        yield win + F(str(scatter["pays"].get(count, 0))), scatter["free_spins"].get(count, 0)


def random_slot(seed: int) -> dict[str, Any]:
    """A small slot with everything in it: wilds on every reel, scatters, blanks, odd pays, any number of lines."""
    dice = random.Random(seed)
    reels, rows = dice.choice([(2, 2), (3, 1), (3, 3), (4, 2)])
    strips = [dice.choices("AABBBC--WS", k=dice.randint(6, 9)) for _ in range(reels)]
    strips[0][:5] = "ABC-W"
    strips[-1][:2] = "SA"
    lines = {tuple(dice.randrange(rows) for _ in range(reels)) for _ in range(dice.randint(1, 6))}
    pays: dict[str, Any] = {
        kind: {str(run): dice.choice([1, 2, "0.5", 7]) for run in range(1, reels + 1) if dice.random() < 0.6}
        for kind in "ABC"
    }
    pays["A"]["2"] = 3
    pays["W"] = {"1": 9, str(reels): 30} if dice.random() < 0.7 else {}
    scatter = {
        "symbol": "S",
        "pays": {str(reels): 2} if dice.random() < 0.5 else {},
        "free_spins": {str(reels): dice.choice([1, 2])},
        "multiplier": dice.choice([1, 2, "1.5"]),
    }
    listed = [list(line) for line in lines]
    return {"rows": rows, "reels": strips, "lines": listed, "pays": {**pays, "-": {}}, "wild": "W", "scatter": scatter}


def sound_slots() -> list[Any]:
    """Random slots whose retriggers keep the rule."""
    return [pytest.param(random_slot(seed), id=f"seed{seed}") for seed in range(40) if is_sound(random_slot(seed))]


def is_sound(slot: dict[str, Any]) -> bool:
    try:
        load("reels", slot)
    except InvalidPaytable:
        return False
    return True


def law_of_a_bet(slot: dict[str, Any], generations: int) -> dict[F, float]:
    """The law of the total return, free spins played to a depth of ``generations``: plain convolution, no formula."""
    weights: dict[tuple[F, int], int] = defaultdict(int)
    for spin in spins(slot):
        weights[spin] += 1
    total = sum(weights.values())
    multiplier = F(str(slot["scatter"]["multiplier"]))
    free_spin = {F(0): 1.0}
    for _ in range(generations):
        free_spin = _spin_law(weights, total, multiplier, free_spin)
    return _spin_law(weights, total, F(1), free_spin)


def _spin_law(
    weights: dict[tuple[F, int], int], total: int, multiplier: F, free_spin: dict[F, float]
) -> dict[F, float]:
    sums = {0: {F(0): 1.0}}
    for number in range(1, max(awarded for _, awarded in weights) + 1):
        sums[number] = defaultdict(float)
        for (one, chance), (other, odds) in product(sums[number - 1].items(), free_spin.items()):
            sums[number][one + other] += chance * odds
    law: dict[F, float] = defaultdict(float)
    for (win, awarded), weight in weights.items():
        for more, chance in sums[awarded].items():
            law[multiplier * win + more] += weight / total * chance
    return {value: chance for value, chance in law.items() if chance > 1e-14}


@pytest.mark.parametrize("slot", sound_slots())
def test_one_spin_agrees_with_the_enumeration_of_all_stops(slot: dict[str, Any]) -> None:
    without = {**slot, "scatter": {**slot["scatter"], "free_spins": {}}}
    wins = [win for win, _ in spins(without)]
    mean = sum(wins) / len(wins)
    figures = load("reels", without).par().bets[0]
    assert figures.moments.mean == mean
    assert figures.moments.variance == sum(win * win for win in wins) / len(wins) - mean**2
    assert figures.hit_rate == F(sum(win > 0 for win in wins), len(wins))
    assert figures.top_multiplier == max(wins)
    assert figures.top_probability == F(wins.count(max(wins)), len(wins))


@pytest.mark.parametrize("slot", [slot for slot in sound_slots() if len(slot.values[0]["reels"]) > 2][:8])
def test_free_spins_agree_with_the_law_of_the_whole_bet(slot: dict[str, Any]) -> None:
    awarded = [number for _, number in spins(slot)]
    generations = 3 if sum(awarded) / len(awarded) < 0.02 else 6
    law = law_of_a_bet(slot, generations)
    mean = sum(float(value) * chance for value, chance in law.items())
    square = sum(float(value) ** 2 * chance for value, chance in law.items())
    figures = load("reels", slot).par().bets[0]
    # What lies deeper than the generations played is at most a few parts in a million.
    assert mean == pytest.approx(float(figures.moments.mean), rel=2e-5)
    assert square - mean**2 == pytest.approx(float(figures.moments.variance), rel=1e-4)
    assert 1 - law.get(F(0), 0.0) == pytest.approx(float(figures.hit_rate), abs=1e-5)


def test_the_parts_of_the_rtp_add_up_to_it() -> None:
    par = load("reels", random_slot(1)).par()
    assert sum(part for _, part in par.parts) == par.rtp


def five_by_three(seed: int, lines: list[list[int]]) -> dict[str, Any]:
    """A slot of the usual size: five strips of sixty, ten symbols, wild and scatter."""
    dice = random.Random(seed)
    kinds = "ABCDEFGHIJ"
    strips = [[*dice.choices(kinds, weights=range(12, 2, -1), k=57), "W", "S", "A"] for _ in range(5)]
    strips[0][:10] = kinds
    pays = {kind: {"3": 5 + place, "4": 20 + 9 * place, "5": 90 + 99 * place} for place, kind in enumerate(kinds)}
    scatter = {"symbol": "S", "pays": {"3": 2}, "free_spins": {"3": 10, "4": 15, "5": 20}, "multiplier": 3}
    return {"rows": 3, "reels": strips, "lines": lines, "pays": pays, "wild": "W", "scatter": scatter}


def test_a_five_by_three_slot_of_ten_lines_and_sixty_stops_is_computed_within_a_second() -> None:
    started = time.process_time()
    par = load("reels", five_by_three(1, TEN_LINES)).par()
    assert time.process_time() - started < 1
    assert 0 < par.rtp < 1


def test_the_mean_of_a_large_slot_is_pays_times_frequencies() -> None:
    slot = five_by_three(2, TEN_LINES)
    mean = F(0)
    for kind, entry in slot["pays"].items():
        for run, pay in ((int(count), pay) for count, pay in entry.items()):
            shows = [F(sum(symbol in {kind, "W"} for symbol in strip), 60) for strip in slot["reels"]]
            wilds = [F(strip.count("W"), 60) for strip in slot["reels"]]
            started = F(1)
            only_wilds = F(1)
            for reel in range(run):
                started *= shows[reel]
                only_wilds *= wilds[reel]
            mean += pay * (started - only_wilds) * (1 - shows[run] if run < 5 else 1)
    assert dict(load("reels", slot).par().parts)["lines"] == mean


def test_a_draw_lays_the_window_and_pays_what_the_lines_show() -> None:
    slot = {
        **random_slot(1),
        "rows": 1,
        "lines": [[0, 0, 0]],
        "reels": [["A", "W", "B", "C", "-"]] * 2 + [list("ABS-W")],
    }
    slot["pays"] = {"A": {"2": 3, "3": 7}, "B": {}, "C": {}, "W": {"3": 30}, "-": {}}
    slot["scatter"] = {"symbol": "S", "pays": {"1": 2}, "free_spins": {"1": 2}, "multiplier": 2}
    # Base spin A W S: two alike and a scatter; then W W W at 30, then C A B at nothing, both doubled.
    words = iter([0, 1, 2, 1, 1, 4, 3, 0, 1])
    draw = load("reels", slot).draw((), words)
    assert draw.multiplier == 3 + 2 + 2 * 30
    assert draw.outcome == {
        "stops": [0, 1, 2],
        "window": [["A"], ["W"], ["S"]],
        "lines": [{"line": 0, "symbol": "A", "count": 2, "pay": "3"}],
        "scatters": 1,
        "multiplier": "2",
        "free_spins": [
            {"stops": [1, 1, 4], "window": [["W"], ["W"], ["W"]], "scatters": 0,
             "lines": [{"line": 0, "symbol": "W", "count": 3, "pay": "30"}]},
            {"stops": [3, 0, 1], "window": [["C"], ["A"], ["B"]], "scatters": 0, "lines": []},
        ],
    }  # fmt: skip
    assert next(words, None) is None


def test_a_retrigger_is_played_after_the_spins_already_won() -> None:
    slot = {
        "rows": 1,
        "reels": [["S", "A", "A", "A"], ["A"] * 4],
        "lines": [[0, 0]],
        "pays": {"A": {"2": 1}},
        "scatter": {"symbol": "S", "free_spins": {"1": 1}},
    }
    draw = load("reels", slot).draw((), iter([0, 0, 0, 0, 1, 0]))
    assert [spin["stops"] for spin in draw.outcome["free_spins"]] == [[0, 0], [1, 0]]
    assert draw.multiplier == 1


def test_lines_and_symbols_without_end_are_refused_in_bounded_time() -> None:
    dice = random.Random(3)
    kinds = [f"K{number}" for number in range(12)]
    lines = {tuple(dice.randrange(6) for _ in range(7)) for _ in range(95)}
    slot = {
        "rows": 6,
        "reels": [kinds + dice.choices(kinds, k=240) for _ in range(7)],
        "lines": [list(line) for line in lines],
        "pays": {kind: {"1": 1, "2": 2, "7": 50} for kind in kinds},
    }
    started = time.process_time()
    with pytest.raises(InvalidPaytable, match="too many ways"):
        load("reels", slot).par()
    assert time.process_time() - started < 10
    assert isinstance(load("reels", slot), Reels)
