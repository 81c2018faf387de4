"""The exact figures of every kind, as published: each must come out of the paytable to the last digit."""

from decimal import Decimal
from fractions import Fraction as F
from math import comb
from typing import Any

import pytest

from casino.games.paytables import ParSheet, Selection, load, percent
from casino.games.paytables.baccarat import banker_draws, deals_won

REFERENCE_SLOT = {
    "rows": 3,
    "reels": [
        ["C", "P", "L", "C", "B", "P", "C", "7", "P", "L", "C", "P", "B", "C", "L", "P", "W", "C", "P", "L"],
        ["P", "C", "L", "P", "C", "B", "P", "L", "C", "7", "P", "C", "L", "P", "B", "C", "P", "W", "L", "C"],
        ["C", "P", "B", "C", "L", "P", "C", "P", "L", "7", "C", "P", "L", "C", "P", "B", "C", "L", "P", "W"],
    ],
    "lines": [[1, 1, 1], [0, 0, 0], [2, 2, 2], [0, 1, 2], [2, 1, 0]],
    "pays": {
        "C": {"3": 4}, "P": {"3": 6}, "L": {"3": 15}, "B": {"3": 40}, "7": {"3": 120}, "W": {"3": 520},
    },
    "wild": "W",
}  # fmt: skip
KENO = {
    "pays": {
        "1": {"1": 3.8},
        "2": {"1": 1, "2": 9},
        "3": {"2": 3, "3": 37},
        "4": {"2": 2, "3": 6, "4": 92},
        "5": {"3": 4, "4": 15, "5": 650},
    }
}
PLINKO = ["5.6", "2.1", "1.1", 1, 0.5, 1, "1.1", "2.1", "5.6"]
CHIP = Decimal("1.00")


def sheet(kind: str, data: Any) -> ParSheet:
    return load(kind, data).par()


def rtp_and_variance(kind: str, data: Any, *places: str) -> tuple[F, F]:
    moments = load(kind, data).moments(tuple(Selection(place, CHIP) for place in places))
    return moments.mean, moments.variance


@pytest.mark.parametrize(
    ("place", "numerator"),
    [
        ("straight:0", 46656), ("straight:17", 46656), ("split:17-18", 22680), ("split:0-2", 22680),
        ("street:16-17-18", 14688), ("street:0-2-3", 14688), ("corner:16-17-19-20", 10692), ("basket", 10692),
        ("sixline:13-18", 6696), ("dozen:3", 2700), ("column:1", 2700), ("red", 1368), ("even", 1368), ("high", 1368),
    ],
)  # fmt: skip
def test_every_bet_of_single_zero_roulette(place: str, numerator: int) -> None:
    assert rtp_and_variance("roulette", {"zeros": 1}, place) == (F(36, 37), F(numerator, 1369))


@pytest.mark.parametrize("place", ["straight:00", "split:0-00", "street:00-2-3", "corner:1-2-4-5", "dozen:1", "black"])
def test_every_bet_of_double_zero_roulette_but_the_basket(place: str) -> None:
    assert rtp_and_variance("roulette", {"zeros": 2}, place)[0] == F(18, 19)
    assert rtp_and_variance("roulette", {"zeros": 2}, "basket")[0] == F(35, 38)
    assert percent(F(18, 19)) == "94.736842"


def test_the_lowest_bet_and_the_highest_sigma_stand_for_a_roulette() -> None:
    single, double = sheet("roulette", {"zeros": 1}).as_json(), sheet("roulette", {"zeros": 2}).as_json()
    assert (single["rtp"], single["sigma"], single["max_multiplier"]) == ("97.297297", "5.837838", "36")
    assert double["rtp"] == "92.105263"


def test_la_partage_halves_the_edge_of_even_money_and_of_nothing_else() -> None:
    table = {"zeros": 1, "la_partage": True}
    # 18 of 37 pay 2, zero gives back one half.
    assert rtp_and_variance("roulette", table, "red") == (F(73, 74), F(18 * 4, 37) + F(1, 4 * 37) - F(73, 74) ** 2)
    assert rtp_and_variance("roulette", table, "dozen:1") == (F(36, 37), F(2700, 1369))


def test_chips_that_cover_each_other_have_a_variance_of_their_own() -> None:
    # Red and black together return their double stake on every pocket but zero.
    assert rtp_and_variance("roulette", {"zeros": 1}, "red", "black") == (F(36, 37), F(36, 37) - F(36, 37) ** 2)
    every_number = [f"straight:{number}" for number in range(37)]
    assert rtp_and_variance("roulette", {"zeros": 1}, *every_number) == (F(36, 37), F(0))


@pytest.mark.parametrize(
    ("target", "multiplier", "rtp"),
    [(4950, "2", "99.00"), (5000, "1.98", "99.00"), (9800, "1.0102", "98.999600"), (1, "9900", "99.00")],
)
def test_dice_cut_their_multiplier_to_four_decimals(target: int, multiplier: str, rtp: str) -> None:
    mean, variance = rtp_and_variance("dice", {"faces": 10_000, "edge": "0.01"}, f"under:{target}")
    chance = F(target, 10_000)
    assert mean == F(multiplier) * chance
    assert variance == F(multiplier) ** 2 * chance * (1 - chance)
    assert percent(mean) == rtp


def test_over_and_under_share_what_they_do_not_both_win() -> None:
    dice = {"faces": 10_000, "edge": "0.01"}
    # Under 5000 and over 4999 win one each time: 1.98 on half the stake, whatever is rolled.
    assert rtp_and_variance("dice", dice, "under:5000", "over:4999") == (F("0.99"), F(0))


def test_the_lowest_rtp_of_dice_is_that_of_every_target() -> None:
    table = load("dice", {"faces": 400, "edge": "0.013"})
    every = [table.moments((Selection(f"under:{target}", CHIP),)) for target in range(1, 400)]
    par = table.par()
    assert par.rtp == min(moments.mean for moments in every)
    assert par.variance == max(moments.variance for moments in every)
    assert max(bet.moments.mean for bet in par.bets) == max(moments.mean for moments in every)


def test_the_deals_of_eight_decks() -> None:
    assert deals_won(8) == {
        "banker": 2_292_252_566_437_888, "player": 2_230_518_282_592_256, "tie": 475_627_426_473_216,
    }  # fmt: skip
    assert sum(deals_won(8).values()) == 4_998_398_275_503_360 == 416 * 415 * 414 * 413 * 412 * 411


def test_the_bets_of_baccarat() -> None:
    par = sheet("baccarat", {"decks": 8, "commission": "0.05", "tie": 8})
    rtps = {bet.bet: percent(bet.moments.mean) for bet in par.bets}
    assert rtps == {"banker": "98.942094", "player": "98.764919", "tie": "85.640371"}
    assert par.rtp == F(475_627_426_473_216 * 9, 4_998_398_275_503_360)


def test_the_bankers_third_card_by_the_book() -> None:
    draws_to = {
        0: "0123456789-", 1: "0123456789-", 2: "0123456789-", 3: "012345679-", 4: "234567-", 5: "4567-", 6: "67", 7: "",
    }  # fmt: skip
    for total, thirds in draws_to.items():
        # "-" stands for a player who stood.
        drawn = {third for third in "0123456789-" if banker_draws(total, None if third == "-" else int(third))}
        assert drawn == set(thirds), total


def test_small_shoes_are_counted_too() -> None:
    for decks in range(1, 8):
        size = 52 * decks
        whole = size * (size - 1) * (size - 2) * (size - 3) * (size - 4) * (size - 5)
        assert sum(deals_won(decks).values()) == whole


def test_the_tickets_of_keno() -> None:
    rtps = [bet.moments.mean for bet in sheet("keno", KENO).bets]
    assert rtps == [F(19, 20), F(291, 316), F(3819, 4108), F(76437, 79079), F(26925, 28756)]


def test_a_ticket_of_ten_is_hypergeometric() -> None:
    mean, variance = rtp_and_variance("keno", {"pays": {"10": {"0": 2, "10": 100_000}}}, "1,2,3,4,5,6,7,8,9,10")
    none = F(comb(70, 20), comb(80, 20))
    every = F(comb(70, 10), comb(80, 20))
    assert mean == 2 * none + 100_000 * every
    assert variance == 4 * none + 100_000**2 * every - mean**2


def test_plinko_of_eight_rows() -> None:
    outcomes = [{"label": str(i), "weight": comb(8, i), "multiplier": m} for i, m in enumerate(PLINKO)]
    par = sheet("weighted", {"outcomes": outcomes})
    assert par.rtp == F(1267, 1280)
    assert percent(par.rtp) == "98.984375"
    assert (par.max_multiplier, par.bets[0].top_probability) == (F("5.6"), F(2, 256))


def test_the_reference_slot() -> None:
    par = sheet("reels", REFERENCE_SLOT)
    assert (par.rtp, par.variance) == (F(24, 25), F(1_140_083, 100_000))
    assert (str(par.sigma), par.hit_rate, par.max_multiplier) == ("3.376512", F(217, 500), F("105.2"))
    assert par.parts == (("lines", F(24, 25)),)
    assert par.as_json()["rtp"] == "96.00"


@pytest.mark.parametrize(("spins", "pay", "multiplier"), [(10, 1, "1"), (12, 3, "2.5"), (40, 2, "3")])
def test_free_spins_by_the_published_formula(spins: int, pay: int, multiplier: str) -> None:
    scatter = {"symbol": "S", "pays": {"3": pay}, "free_spins": {"3": spins}, "multiplier": multiplier}
    slot = {
        "rows": 1,
        "reels": [["S", "A", "A", "B", "B", "B", "B", "B"]] * 3,
        "lines": [[0, 0, 0]],
        "pays": {"A": {"3": 20}, "B": {}},
        "scatter": scatter,
    }
    p, base = F(1, 512), F(2, 8) ** 3 * 20 + F(pay, 512)
    mean_of_a_free_spin = F(multiplier) * base / (1 - spins * p)
    par = sheet("reels", slot)
    assert par.rtp == base + p * spins * mean_of_a_free_spin
    assert dict(par.parts) == {
        "lines": F(20, 64),
        "scatter": F(pay, 512),
        "free spins": p * spins * mean_of_a_free_spin,
    }


def test_bets_needed_for_half_a_point_at_95_percent() -> None:
    # (1.959964 · sigma ÷ 0.005)², rounded up.
    needed = (F("1.959964") / F("0.005")) ** 2 * F(1_140_083, 100_000)
    assert sheet("reels", REFERENCE_SLOT).bets_needed == -(-needed.numerator // needed.denominator) == 1_751_833
