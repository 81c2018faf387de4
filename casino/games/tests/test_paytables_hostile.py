"""Hostile paytables and selections: each refused in one sentence, in bounded time."""

import json
import time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from casino.games.paytables import (
    KINDS,
    BetFigures,
    InvalidPaytable,
    InvalidSelections,
    Moments,
    ParSheet,
    check_payable,
    check_rules,
    check_stated,
    load,
)

SLOT: dict[str, Any] = {
    "rows": 1,
    "reels": [["A", "B", "S"], ["A", "B", "S"], ["A", "B", "S"]],
    "lines": [[0, 0, 0]],
    "pays": {"A": {"3": 12}, "B": {"3": 12}},
    "scatter": {"symbol": "S", "pays": {"3": 2}},
}
WHEEL: dict[str, Any] = {"outcomes": [{"label": "Win", "weight": 1, "multiplier": "0.9"}]}
DICE = {"faces": 100, "edge": "0.02"}
BACCARAT = {"decks": 8, "commission": "0.05", "tie": 8}
DEEP: Any = []
for _ in range(50_000):
    DEEP = [DEEP]


def slot(**changes: Any) -> dict[str, Any]:
    return {**SLOT, **changes}


def scatter(**changes: Any) -> dict[str, Any]:
    return slot(scatter={**SLOT["scatter"], **changes})


def wheel(**changes: Any) -> dict[str, Any]:
    return {"outcomes": [{**WHEEL["outcomes"][0], **changes}]}


JUNK = [
    None,
    True,
    0,
    -1,
    10**5000,
    2.5,
    "",
    "1",
    "\ud800",
    [],
    [[]],
    {},
    {"": {}},
    DEEP,
    [DEEP] * 3,
    {"a": DEEP},
    "x" * 10**6,
]
# Not numbers, or not ones that a multiplier may be.
BAD_NUMBERS = [
    None, True, "", " 1", "1 ", "+1", "-1", -1, "1e3", "1e400", 1e400, float("nan"), "NaN", "Infinity", "0x10", "1_000",
    "1,5", ".5", "5.", "00", "\u0663", "\uff11", "\u00bd", "1.0000001", 1_000_001, "1000001", 10**5000, "9" * 10**6,
    [1], {"a": 1}, Decimal("sNaN"), Decimal("1e-9"),
]  # fmt: skip

HOSTILE_REELS = [
    slot(reels=[]), slot(reels=[["A"]]), slot(reels=[["A", "B", "S"], [], ["A"]]), slot(reels=[["A"] * 257] * 3),
    slot(reels=[["A"]] * 8), slot(reels="ABS"), slot(reels=[["A", "B", 7]] * 3), slot(reels=[["A", "B", ""]] * 3),
    slot(reels=[["A", "B", "x" * 25]] * 3), slot(reels=[["A", "B", "\x00"]] * 3), slot(reels=[["A", "B", " S"]] * 3),
    slot(reels=[["A", "B", "S", "?"]] * 3), slot(reels=[["A", "B", "\ud800"]] * 3), slot(rows=0), slot(rows=7),
    slot(rows=True), slot(rows="1"), slot(rows=1.0), slot(lines=[[3, 3, 3]]), slot(lines=[]),
    slot(lines=[[0, 0]]),
    slot(lines=[[0, 0, 0, 0]]), slot(lines=[[0, 0, 1]]), slot(lines=[[0, 0, -1]]), slot(lines=[[0, 0, True]]),
    slot(lines=[[0, 0, 0], [0, 0, 0]]), slot(lines=[[0, 0, 0]] * 100_000), slot(lines=None), slot(pays={}),
    slot(pays={"A": {}, "B": {}}), slot(pays={"A": {"3": 1}}), slot(pays={"A": {"3": 1}, "B": {}, "Q": {"3": 1}}),
    slot(pays={"A": {"0": 1}, "B": {}}), slot(pays={"A": {"4": 1}, "B": {}}), slot(pays={"A": {"03": 1}, "B": {}}),
    slot(pays={"A": {"\u0663": 1}, "B": {}}), slot(pays={"A": {"3": 0}, "B": {}}), slot(pays={"A": [1], "B": {}}),
    slot(pays={str(number): {"3": 1} for number in range(100_000)}), slot(wild="Q"), slot(wild=["A"]), slot(wild="S"),
    slot(extra=1), slot(scatter={}), slot(scatter="S"), scatter(symbol="Q"), scatter(pays={"3": -1}), scatter(more=1),
    scatter(pays={"3": 0}), scatter(free_spins={"3": 0}), scatter(free_spins={"3": 201}),
    scatter(free_spins={"3": "9"}),
    scatter(free_spins={"3": True}), scatter(multiplier=0), scatter(multiplier=101), scatter(free_spins={"3": 20}),
    {key: value for key, value in SLOT.items() if key != "rows"},
]  # fmt: skip
HOSTILE = [
    *[("reels", data) for data in HOSTILE_REELS],
    *[("reels", slot(pays={"A": {"3": number}, "B": {"3": 1}})) for number in BAD_NUMBERS],
    *[("weighted", wheel(multiplier=number)) for number in BAD_NUMBERS],
    *[
        ("weighted", wheel(weight=weight))
        for weight in (0, -1, True, "1", 1.5, 10**9 + 1, 10**5000, None, float("inf"))
    ],
    *[("weighted", wheel(label=label)) for label in (None, 1, "", " ", "x" * 65, "\n", "\ud800")],
    *[
        ("weighted", {"outcomes": rows})
        for rows in ([], {}, WHEEL["outcomes"] * 1001, WHEEL["outcomes"] * 10**5, [None])
    ],
    ("weighted", wheel(multiplier=0)),
    ("weighted", {**WHEEL, "more": 1}),
    *[("roulette", {"zeros": zeros}) for zeros in (0, 3, True, "1", None, 1.0)],
    ("roulette", {"zeros": 1, "la_partage": 1}),
    ("roulette", {"zeros": 1, "basket": 35}),
    *[("dice", {**DICE, "faces": faces}) for faces in (0, 1, -5, 100_001, True, "100", 10**5000)],
    *[("dice", {**DICE, "edge": edge}) for edge in ("-0.1", "1.1", None, True, "nan", 1e400)],
    *[("baccarat", {**BACCARAT, "decks": decks}) for decks in (0, 9, True, "8", 10**9)],
    *[("baccarat", {**BACCARAT, "tie": tie}) for tie in (0, -1, 101, None, "8:1")],
    ("baccarat", {**BACCARAT, "commission": "1.01"}),
    ("baccarat", {"decks": 8}),
    *[("keno", {"pays": pays}) for pays in ({}, [], {"0": {"0": 1}}, {"16": {"1": 1}}, {"3": {}}, {"3": {"4": 1}})],
    *[("keno", {"pays": {"3": {"3": number}}}) for number in (0, -1, "x", 1_000_001)],
    ("keno", {"pays": {"\u00b2": {"1": 1}}}),
    *[(kind, junk) for kind in KINDS for junk in JUNK],
    *[(kind, {}) for kind in ("", "slots", "Reels", "__class__")],
]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_paytable_is_refused_in_one_sentence_at_once(number: int) -> None:
    kind, data = HOSTILE[number]
    started = time.process_time()
    with pytest.raises(InvalidPaytable) as refusal:
        load(kind, data)
    assert time.process_time() - started < 0.5
    detail = refusal.value.detail
    assert detail.endswith(".")
    assert detail.count(". ") == 0
    assert len(detail) < 200
    assert refusal.value.code == "invalid_paytable"
    assert refusal.value.status == 400
    json.dumps(refusal.value.errors).encode()


@pytest.mark.parametrize("kind", [None, 1, [], {}, DEEP, True])
def test_a_kind_that_is_no_name_is_refused(kind: Any) -> None:
    with pytest.raises(InvalidPaytable, match="kind is one of"):
        load(kind, {})


@pytest.mark.parametrize(
    ("kind", "data", "computed"),
    [
        ("weighted", wheel(multiplier="1.01"), "101.00 %"),
        ("weighted", wheel(multiplier="0.74"), "74.00 %"),
        ("reels", slot(pays={"A": {"3": 26}, "B": {"3": 26}}, scatter=None) | {"reels": [["A", "B"]] * 3}, "650.00 %"),
        ("reels", slot(pays={"A": {"3": 1}, "B": {"3": 1}}), "14.814815 %"),
        ("dice", {"faces": 100, "edge": "0.3"}, "70.00 %"),
        ("baccarat", {**BACCARAT, "tie": 6}, "'tie' is 66.609178 %"),
        ("baccarat", {**BACCARAT, "tie": 10}, "'tie' is 104.671565 %"),
        ("keno", {"pays": {"1": {"1": "3.8"}, "2": {"2": 9}}}, "'pick:2' is 54.113924 %"),
    ],
)
def test_a_bet_above_a_hundred_or_below_seventy_five_percent_is_refused_with_its_figure(
    kind: str, data: Any, computed: str
) -> None:
    with pytest.raises(InvalidPaytable) as refusal:
        check_rules(load(kind, data).par())
    assert computed in refusal.value.detail


def test_the_jackpots_part_counts_towards_a_hundred_percent_and_not_towards_seventy_five() -> None:
    table = load("weighted", wheel(multiplier="0.98"))
    check_rules(table.par(Fraction(2, 100)))
    with pytest.raises(InvalidPaytable, match=r"with the jackpot's 2\.01 % is 100\.01 %"):
        check_rules(table.par(Fraction(201, 10_000)))
    with pytest.raises(InvalidPaytable, match=r"74\.00 %"):
        check_rules(load("weighted", wheel(multiplier="0.74")).par(Fraction(5, 100)))


def test_retriggers_above_one_half_are_refused_with_their_mean() -> None:
    # One reel of three shows S on each of three reels: all three in 1 of 27 spins.
    load("reels", scatter(free_spins={"3": 13}))
    with pytest.raises(InvalidPaytable, match=r"0\.518519 free spins"):
        load("reels", scatter(free_spins={"3": 14}))


def test_a_stated_rtp_must_agree_within_five_thousandths_of_a_point() -> None:
    par = load("roulette", {"zeros": 1}).par()
    for stated in ("97.297297", "97.30", "97.2923"):
        check_stated(Decimal(stated), par)
    for stated in ("97.31", "97.2922", "97", "0.97", "NaN", "Infinity", "-97.3"):
        with pytest.raises(InvalidPaytable, match=r"97\.297297 %"):
            check_stated(Decimal(stated), par)


def test_a_top_win_that_no_account_could_hold_is_refused() -> None:
    moments = Moments(Fraction(9, 10), Fraction(1))
    par = ParSheet((BetFigures("play", moments, Fraction(1), Fraction(1_000_000), Fraction(1, 9)),))
    check_payable(par, Decimal("999999.99"))
    with pytest.raises(InvalidPaytable, match="could win 1000000 times"):
        check_payable(par, Decimal("1000000.00"))


KENO = {"pays": {"2": {"2": 14}}}
BAD_SELECTIONS: list[tuple[str, Any, Any]] = [
    *[("roulette", {"zeros": 1}, on) for on in (
        "", "Red", "red ", "red:", "straight", "straight:", "straight:37", "straight:00", "straight:07", "straight:-1",
        "straight:1-2", "straight:\u0967", "split:1-3", "split:1-1", "split:3-4", "split:0-00", "split:1-2-3",
        "split:36-37", "street:2-3-4", "street:1-2", "street:0-1-3", "corner:1-2-3-4", "corner:3-4-6-7",
        "corner:16-17-19", "sixline:2-7",
        "sixline:34-39", "sixline:1-2-3-4-5-6", "dozen:0", "dozen:4", "dozen", "column:0", "baskets", "x" * 65,
        "a" * 10**6, None, 1, True, [], {},
    )],
    *[("roulette", {"zeros": 2}, on) for on in ("split:0-3", "street:0-2-3", "split:1-00", "straight:000", "basket:1")],
    *[("dice", DICE, on) for on in (
        "under:0", "under:100", "over:99", "over:100", "under:-1", "under:1.5", "under:050", "under:5 ", "UNDER:50",
        "50",
        "under:", "under:1e1", "under:\u0665", "between:1", "under:999999999",
    )],
    *[("baccarat", BACCARAT, on) for on in ("Banker", "banker ", "pair", "tie:8", "")],
    *[("keno", KENO, on) for on in (
        "", "1", "1,2,3", "1,1", "0,1", "1,81", "01,2", "1, 2", "1,2,", ",1,2", "1;2", "a,b", "1,\u00b2", "-1,2",
        "1,2" * 20,
    )],
]  # fmt: skip


@pytest.mark.parametrize(("kind", "data", "on"), BAD_SELECTIONS)
def test_a_place_that_is_not_on_the_table_is_refused(kind: str, data: Any, on: Any) -> None:
    with pytest.raises(InvalidSelections) as refusal:
        load(kind, data).selections([{"on": on, "stake": "1.00"}], Decimal("1.00"))
    assert refusal.value.code == "invalid_selections"
    assert len(refusal.value.detail) < 200
    assert refusal.value.detail.endswith(".")


@pytest.mark.parametrize(
    "raw",
    [
        None, [], {}, "red", [None], ["red"], [{}], [{"on": "red"}], [{"stake": "1.00"}], [DEEP],
        {"on": "red", "stake": "1.00"},
        [{"on": "red", "stake": "1.00", "more": 1}],
        [{"on": "red", "stake": "0.50"}],
        [{"on": "red", "stake": "0.50"}, {"on": "red", "stake": "0.50"}],
        [{"on": "split:1-2", "stake": "0.50"}, {"on": "split:2-1", "stake": "0.50"}],
        [{"on": "red", "stake": "2.00"}, {"on": "black", "stake": "-1.00"}],
        [{"on": "red", "stake": "1.00"}, {"on": "black", "stake": "0.00"}],
        [{"on": "red", "stake": "1.00"}, {"on": "black", "stake": "0.001"}],
        *[[{"on": "red", "stake": stake}] for stake in
          (True, None, "", "1e0", "NaN", "Infinity", float("nan"), "1,00", "\uff11", 10**5000, [1], "9" * 10**6)],
        [{"on": "red", "stake": "0.01"}] * 10**5,
    ],
)  # fmt: skip
def test_selections_that_are_not_chips_worth_the_wager_are_refused(raw: Any) -> None:
    started = time.process_time()
    with pytest.raises(InvalidSelections):
        load("roulette", {"zeros": 1}).selections(raw, Decimal("1.00"))
    assert time.process_time() - started < 0.5


def test_a_keno_bet_has_one_ticket() -> None:
    chips = [{"on": "1,2", "stake": "0.50"}, {"on": "3,4", "stake": "0.50"}]
    with pytest.raises(InvalidSelections, match="at most one selection"):
        load("keno", KENO).selections(chips, Decimal("1.00"))


@pytest.mark.parametrize(("kind", "data"), [("reels", SLOT), ("weighted", WHEEL)])
def test_a_game_without_selections_takes_none(kind: str, data: Any) -> None:
    table = load(kind, data)
    assert table.selections(None, Decimal("1.00")) == table.selections([], Decimal("1.00")) == ()
    for raw in ([{"on": "red", "stake": "1.00"}], "red", {}, 0, True, DEEP):
        with pytest.raises(InvalidSelections, match="takes no selections"):
            table.selections(raw, Decimal("1.00"))
