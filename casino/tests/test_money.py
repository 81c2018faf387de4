"""Money's arithmetic: what is read as an amount, one rounding, splits that lose nothing."""

import random
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casino.money import (
    CENT,
    LARGEST_AMOUNT,
    MICRO,
    format_money,
    is_whole,
    largest_remainder,
    parse_amount,
    round_down,
)

D = Decimal


@pytest.mark.parametrize(
    ("sent", "amount"),
    [
        ("12.50", "12.50"), ("1", "1.00"), (1, "1.00"), (D("1.5"), "1.50"), ("0.01", "0.01"), ("0", "0.00"),
        ("1.00000000000000000000", "1.00"), ("999999999999.99", "999999999999.99"), (12.5, "12.50"),
        ("-1", "-1.00"), (-1, "-1.00"), ("-0.01", "-0.01"), ("-0", "0.00"), ("-0.00", "0.00"),
    ],
)  # fmt: skip
def test_an_amount_is_read_exactly_and_in_whole_minor_units(sent: Any, amount: str):
    parsed = parse_amount(sent)
    assert str(parsed) == amount
    assert format_money(parsed) == amount


HOSTILE = [
    0.001, "0.001", "0.009", "1.005", D("0.001"), 1e30, "1e30", "1E2", 1e-7, D("1E+2"), 2**63, str(2**63), 10**400,
    "1000000000000", 1_000_000_000_000, "999999999999.991", "NaN", "nan", float("nan"), D("NaN"), D("sNaN"),
    "Infinity", "-Infinity", "inf", float("inf"), D("Infinity"), "1,00", "1.000,00", "1 000",
    "\uff11", "\u0661", "\u00b2", "1\uff0e5", "\u22121", True, False, [], ["1"], {}, {"amount": 1}, None, b"1",
    "", " ", " 1", "1 ", "1\n", "\t1", "1.", ".5", ".", "+1", "--1", "- 1", "1_000", "01", "00.5", "-01", "0x10", "1/2",
    "1.2.3", "$1", "1\x00", "9" * 5000, 0.1 + 0.2, Fraction(1, 2), 1j,
]  # fmt: skip


@pytest.mark.parametrize("sent", HOSTILE, ids=[repr(value)[:24] + f"#{n}" for n, value in enumerate(HOSTILE)])
def test_what_is_no_plain_amount_is_refused_with_a_sentence(sent: Any):
    with pytest.raises(ValueError, match=r"^An amount is .+\.$"):
        parse_amount(sent)


@given(st.integers(-int(LARGEST_AMOUNT * 100), int(LARGEST_AMOUNT * 100)))
def test_what_is_written_is_read_back(cents: int):
    amount = D(cents) / 100
    assert parse_amount(format_money(amount)) == amount


@pytest.mark.parametrize(
    ("amount", "unit", "expected"),
    [
        (D("0.019"), CENT, "0.01"), (D("0.0099"), CENT, "0.00"), (D("25.01"), CENT, "25.01"), (D(7), CENT, "7.00"),
        (D("-0.019"), CENT, "-0.01"), (D("-25.019"), CENT, "-25.01"),
        (Fraction(2, 3), CENT, "0.66"), (Fraction(-2, 3), CENT, "-0.66"), (Fraction(1, 300), CENT, "0.00"),
        (Fraction(-1, 300), CENT, "0.00"), (Fraction(2, 3), MICRO, "0.666666"), (Fraction(-2, 3), MICRO, "-0.666666"),
        (Fraction(1001, 100), CENT, "10.01"), (D("0.0000019"), MICRO, "0.000001"),
    ],
)  # fmt: skip
def test_rounding_is_towards_zero(amount: D | Fraction, unit: D, expected: str):
    assert str(round_down(amount, unit)) == expected


@given(st.fractions(-(10**9), 10**9), st.sampled_from([CENT, MICRO, D("1E-12")]))
def test_rounding_loses_less_than_a_unit_and_never_gains(amount: Fraction, unit: D):
    rounded = Fraction(round_down(amount, unit))
    assert abs(rounded) <= abs(amount)
    assert abs(amount - rounded) < Fraction(unit)
    assert (rounded / Fraction(unit)).denominator == 1
    assert round_down(D(int(amount * 1000)) / 1000, unit) == round_down(Fraction(int(amount * 1000), 1000), unit)


@pytest.mark.parametrize(("amount", "whole"), [("1.00", True), ("-1.01", True), ("0.001", False), ("-0.011", False)])
def test_whole_means_no_fraction_of_a_minor_unit(amount: str, whole: bool):
    assert is_whole(D(amount)) is whole


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        ("25.01", [6, 4], ["15.01", "10.00"]),
        ("4.00", [300, 100], ["3.00", "1.00"]),
        ("0.01", [1, 1], ["0.01", "0.00"]),
        ("1.00", [1, 1, 1], ["0.34", "0.33", "0.33"]),
        ("0.05", [0, 1, 0], ["0.00", "0.05", "0.00"]),
        ("0.00", [1, 2], ["0.00", "0.00"]),
    ],
)
def test_a_split_gives_what_is_left_over_to_the_largest_remainders(total: str, weights: list[int], shares: list[str]):
    assert [str(share) for share in largest_remainder(D(total), weights)] == shares


@pytest.mark.parametrize("weights", [[], [0], [0, 0]])
def test_a_split_among_nobody_is_refused(weights: list[int]):
    with pytest.raises(ValueError, match="weights"):
        largest_remainder(D(1), weights)


def test_ten_thousand_splits_sum_exactly_and_give_each_its_quota_to_within_a_unit():
    chance = random.Random(20260301)
    for _ in range(10_000):
        weights = [D(chance.randrange(10 ** chance.randrange(1, 8))) / 100 for _ in range(chance.randrange(1, 8))]
        if not any(weights):
            weights.append(D(1))
        unit = chance.choice([CENT, MICRO])
        total = chance.randrange(10 ** chance.randrange(1, 12)) * unit
        shares = largest_remainder(total, weights, unit)
        assert sum(shares) == total
        whole = sum(map(Fraction, weights))
        for share, weight in zip(shares, weights, strict=True):
            quota = Fraction(total) * Fraction(weight) / whole
            assert abs(Fraction(share) - quota) < Fraction(unit)
            assert share == 0 or weight, "who has no weight gets nothing"


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=2, max_size=6).filter(any))
def test_a_heavier_weight_never_gets_less(cents: int, weights: list[int]):
    shares = largest_remainder(D(cents) / 100, weights)
    ordered = sorted(zip(weights, shares, strict=True))
    assert all(low[1] <= high[1] for low, high in pairwise(ordered) if low[0] < high[0])


@pytest.mark.parametrize("total", ["-0.01", "0.015"])
def test_only_whole_units_are_split(total: str):
    with pytest.raises(ValueError, match="whole number of units"):
        largest_remainder(Decimal(total), [1, 1])
