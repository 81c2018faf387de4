"""Bonus money's decisions, without a database: who pays, what a win feeds, how a bonus ends."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casino.errors import Refusal
from wallets import bonuses
from wallets.bonuses import ActiveBonus, BonusMaxStake, BonusNotAllowed, Share
from wallets.ledger import InsufficientFunds
from wallets.promotions import BonusStatus

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
D = Decimal


def bonus(balance: str, number: int = 1, **terms: Any) -> ActiveBonus:
    """A bonus of 20× with a maximum stake of 10.00, in force for a day."""
    granted = D(terms.pop("granted", balance))
    facts = {
        "granted": granted,
        "balance": D(balance),
        "wagering_multiple": D(20),
        "required": granted * 20,
        "wagered": D(0),
        "max_stake": D(10),
        "expires_at": NOON + timedelta(days=1),
    }
    return ActiveBonus(id=UUID(int=number), **facts | terms)


def payers(held: list[ActiveBonus], wager: str, *, takes: bool = True) -> list[tuple[int, str]]:
    """Who pays, as (number of the bonus, what it stakes)."""
    shares = bonuses.choose_payers(held, D(wager), NOON, game_takes_bonus=takes)
    return [(share.bonus.id.int, f"{share.staked:.2f}") for share in shares]


def refused(held: list[ActiveBonus], wager: str, *, takes: bool = True) -> Refusal:
    before = [item.balance for item in held]
    with pytest.raises(Refusal) as caught:
        payers(held, wager, takes=takes)
    assert [item.balance for item in held] == before, "a refusal moves nothing"
    return caught.value


@pytest.mark.parametrize(
    ("balances", "wager", "expected"),
    [
        (["10"], "10.00", [(1, "10.00")]),
        (["10", "10"], "4.00", [(1, "4.00")]),
        (["3", "10"], "4.00", [(2, "4.00")]),
        (["3", "3.99", "4"], "4.00", [(3, "4.00")]),
        (["6", "5"], "10.00", [(1, "6.00"), (2, "4.00")]),
        (["1", "2", "3"], "6.00", [(1, "1.00"), (2, "2.00"), (3, "3.00")]),
        (["1", "2", "3"], "3.50", [(1, "1.00"), (2, "2.00"), (3, "0.50")]),
        (["5", "0", "5"], "9.00", [(1, "5.00"), (3, "4.00")]),
    ],
)
def test_the_oldest_that_covers_it_alone_pays_else_several_oldest_first(
    balances: list[str], wager: str, expected: list[tuple[int, str]]
):
    assert payers([bonus(balance, number) for number, balance in enumerate(balances, 1)], wager) == expected


def test_what_has_expired_or_ended_does_not_pay():
    late = bonus("10", 1, expires_at=NOON)
    waived = bonus("10", 2, status=BonusStatus.WAIVED)
    assert payers([late, waived, bonus("2", 3)], "2.00") == [(3, "2.00")]
    assert type(refused([late, waived, bonus("2", 3)], "2.01")) is InsufficientFunds


def test_a_bonus_pays_until_the_moment_it_expires():
    assert payers([bonus("10", expires_at=NOON + timedelta(microseconds=1))], "1.00") == [(1, "1.00")]


@pytest.mark.parametrize(
    ("balances", "limits", "wager", "takes", "refusal"),
    [
        ([], [], "0.01", True, InsufficientFunds),
        (["5"], ["5"], "5.01", True, InsufficientFunds),
        (["5", "5"], ["5", "5"], "10.01", True, InsufficientFunds),
        (["5"], ["5"], "5.01", False, InsufficientFunds),
        (["5"], ["5"], "5.00", False, BonusNotAllowed),
        (["50"], ["5"], "5.01", False, BonusNotAllowed),
        (["50"], ["5"], "5.01", True, BonusMaxStake),
        (["4", "4"], ["10", "5"], "6.00", True, BonusMaxStake),
        (["4", "4"], ["5", "10"], "6.00", True, BonusMaxStake),
    ],
)
def test_each_refusal_has_its_name(balances: list[str], limits: list[str], wager: str, takes: bool, refusal: type):
    pairs = enumerate(zip(balances, limits, strict=True), 1)
    held = [bonus(balance, number, max_stake=D(limit)) for number, (balance, limit) in pairs]
    assert type(refused(held, wager, takes=takes)) is refusal


def test_a_bet_paid_by_several_obeys_the_smallest_maximum_of_those_that_pay_and_of_no_other():
    held = [bonus("4", 1, max_stake=D(8)), bonus("4", 2, max_stake=D(7)), bonus("4", 3, max_stake=D(1))]
    assert payers(held, "7.00") == [(1, "4.00"), (2, "3.00")]
    held[2].balance = D(0)
    assert refused(held, "7.01").extra == {"max_stake": "7.00"}


def test_the_oldest_that_covers_it_is_the_one_that_is_asked_even_where_a_younger_one_allows_more():
    held = [bonus("20", 1, max_stake=D(2)), bonus("20", 2, max_stake=D(10))]
    assert refused(held, "5.00").extra == {"max_stake": "2.00"}


def test_mixed_bonuses_share_the_win_in_proportion_to_what_they_staked():
    first, second = bonus("6", 1), bonus("10", 2)
    shares = [Share(first, D(6)), Share(second, D(4))]
    bonuses.stake(shares, D(1))
    assert bonuses.credit(shares, D("25.01")) == [D("15.01"), D("10.00")]
    assert (first.balance, second.balance) == (D("15.01"), D("16.00"))


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=6),
    st.integers(0, 10**9),
)
def test_a_win_is_shared_to_the_cent_and_nobody_is_more_than_a_cent_off(stakes: list[int], win: int):
    shares = [Share(bonus("0", number), D(cents) / 100) for number, cents in enumerate(stakes)]
    parts = bonuses.credit(shares, D(win) / 100)
    assert sum(parts) == D(win) / 100
    for part, cents in zip(parts, stakes, strict=True):
        assert abs(part - D(win) / 100 * cents / sum(stakes)) < D("0.01")


@pytest.mark.parametrize(("weight", "advanced"), [("1", "3.00"), ("0.10", "0.30"), ("0", "0"), ("0.0001", "0.0003")])
def test_a_stake_advances_its_bonus_by_its_share_times_the_weight(weight: str, advanced: str):
    paying, resting = bonus("10", 1), bonus("10", 2)
    bonuses.stake([Share(paying, D(3))], D(weight))
    assert (paying.balance, paying.wagered) == (D(7), D(advanced))
    assert (resting.balance, resting.wagered) == (D(10), D(0))


def ended(item: ActiveBonus, smallest: str = "0.10") -> tuple[str, str, str] | None:
    """How it ended: status, converted, forfeited."""
    ending = bonuses.end_if_due(item, D(smallest), NOON)
    if ending is None:
        return None
    assert (item.balance, item.ended_at) == (D(0), NOON)
    assert (item.converted, item.forfeited) == (ending.converted, ending.forfeited)
    return str(item.status), f"{ending.converted:.2f}", f"{ending.forfeited:.2f}"


@pytest.mark.parametrize(
    ("wagered", "balance", "cap", "expected"),
    [
        ("199.99", "12.34", None, None),
        ("200.00", "12.34", None, ("converted", "12.34", "0.00")),
        ("200.00", "12.34", "50", ("converted", "12.34", "0.00")),
        ("200.00", "12.34", "12.34", ("converted", "12.34", "0.00")),
        ("205.00", "12.34", "10", ("converted", "10.00", "2.34")),
        ("200.00", "0.05", None, ("converted", "0.05", "0.00")),
        ("200.00", "0.00", None, ("converted", "0.00", "0.00")),
        ("199.99", "0.10", None, None),
        ("199.99", "0.09", None, ("exhausted", "0.00", "0.09")),
        ("199.99", "0.00", None, ("exhausted", "0.00", "0.00")),
    ],
)
def test_ten_at_twenty_times_needs_two_hundred_and_then_converts_up_to_its_cap(
    wagered: str, balance: str, cap: str | None, expected: tuple[str, str, str] | None
):
    item = bonus(balance, granted="10", wagered=D(wagered), conversion_cap=D(cap) if cap else None)
    assert item.required == D(200)
    assert ended(item) == expected


def test_what_has_ended_does_not_end_again():
    item = bonus("5")
    assert bonuses.end(item, BonusStatus.WAIVED, NOON).forfeited == D(5)
    assert (item.status, ended(item)) == (BonusStatus.WAIVED, None)


@pytest.mark.parametrize(
    ("granted", "most"),
    [("0.01", "1.00"), ("9.99", "1.00"), ("10.00", "1.00"), ("10.09", "1.00"), ("10.10", "1.01"), ("49.99", "4.99"),
     ("50.00", "5.00"), ("100.00", "5.00"), ("5000.00", "5.00")],
)  # fmt: skip
def test_the_maximum_stake_is_a_tenth_of_the_grant_between_one_and_five(granted: str, most: str):
    assert bonuses.default_max_stake(D(granted)) == D(most)


def test_a_free_spins_bonus_grows_with_its_requirement_and_its_maximum_stake():
    item = bonus("0", granted="0", max_stake=D(0))
    for win in ("8.00", "12.00", "100.00"):
        bonuses.grow(item, D(win))
    assert (item.granted, item.balance, item.required, item.max_stake) == (D(120), D(120), D(2400), D(5))


def _shares(held: Iterable[ActiveBonus], wager: int) -> list[Share]:
    return bonuses.choose_payers(list(held), D(wager) / 100, NOON, game_takes_bonus=True)


@given(st.lists(st.integers(0, 500), max_size=6), st.integers(1, 1000))
def test_whoever_pays_covers_the_wager_exactly_and_pays_only_what_it_has(balances: list[int], wager: int):
    held = [bonus(str(D(cents) / 100), number, max_stake=D(1000)) for number, cents in enumerate(balances)]
    if sum(balances) < wager:
        assert type(refused(held, str(D(wager) / 100))) is InsufficientFunds
        return
    shares = _shares(held, wager)
    assert sum(share.staked for share in shares) == D(wager) / 100
    assert all(0 < share.staked <= share.bonus.balance for share in shares)
    alone = [number for number, cents in enumerate(balances) if cents >= wager]
    if alone:
        assert [share.bonus.id.int for share in shares] == [alone[0]]
    else:
        assert all(share.staked == share.bonus.balance for share in shares[:-1]), "each is emptied before the next"
