"""Points that bets earn: exact to two decimals, half for bonus money, levels reached at once."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from betting.services import open_account, place_bets
from casino.games.models import Game
from casino.users.models import User
from operators.audit import audit
from operators.models import Operator
from vip import points
from vip.models import LevelReached, PointsKind, Standing, VipLevel
from wallets.ledger import database_clock

pytestmark = pytest.mark.usefixtures("books_close")
D = Decimal


@pytest.fixture(autouse=True)
def even(sure_game: Any) -> Game:
    """Gives every stake back."""
    return sure_game("even", "1", max_bet=D(1000))


def standing(player: User) -> tuple[Decimal, Decimal, int]:
    row = Standing.objects.get(player=player)
    return row.xp, row.points, row.level_id


def put_at(player: User, xp: str) -> None:
    """Move the player to this much XP, with the movement that explains it."""
    with transaction.atomic():
        rows = points.lock_standings([player.pk])
        points.move_points(
            rows[player.pk], points.ladder(), kind=PointsKind.ADJUSTMENT, reference=uuid4(), xp=D(xp), points=D(xp),
            at=database_clock(), operator_id=None,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("per_unit", "weight", "level_xp", "wager", "earned"),
    [
        ("1", "1", "0", "7.77", "7.77"),
        ("1", "1", "1000", "10.00", "11.00"),
        ("1", "1", "5000", "0.11", "0.13"),
        ("1", "1", "20000", "0.11", "0.16"),
        ("1", "1", "100000", "0.11", "0.22"),
        ("1", "0.25", "0", "0.11", "0.02"),
        ("0.5", "0.5", "5000", "9.99", "3.12"),
        ("2.5", "0.0001", "0", "10.00", "0.00"),
        ("0.3333", "1", "1000", "10.00", "3.66"),
        ("1", "0", "0", "500.00", "0.00"),
        ("0", "1", "0", "500.00", "0.00"),
        ("1", "2", "0", "5.55", "11.10"),
    ],
)
def test_points_are_wager_times_rate_times_weight_times_multiplier_cut_to_two_decimals(
    per_unit: str, weight: str, level_xp: str, wager: str, earned: str,
    alice: User, sure_game: Any, fund: Any, play: Any,
):  # fmt: skip
    sure_game("weighty", "1", vip_weight=D(weight), max_bet=D(1000))
    Operator.objects.update(points_per_unit=D(per_unit))
    put_at(alice, level_xp)
    fund(alice, "500.00")
    bet = play(alice, "weighty", wager)
    total = D(level_xp) + D(earned)
    assert bet.points == D(earned)
    assert standing(alice)[:2] == (total, total)
    assert bet.vip["xp"] == f"{total:.2f}"


@pytest.mark.parametrize(("factor", "wager", "earned"), [("0.5", "10.00", "5.00"), ("0.5", "0.11", "0.05"),
                                                         ("0", "10.00", "0.00"), ("1", "9.99", "9.99")])  # fmt: skip
def test_bonus_money_earns_its_factor_half_by_default(
    factor: str, wager: str, earned: str, alice: User, aurora: Operator, give_bonus: Any, play: Any
):
    assert Operator.objects.get(pk=aurora.pk).bonus_points_factor == D("0.5")
    Operator.objects.update(bonus_points_factor=D(factor))
    give_bonus(alice, "10.00")
    assert play(alice, "even", wager).points == D(earned)


def test_everything_is_multiplied_before_it_is_cut(alice: User, give_bonus: Any, sure_game: Any, play: Any):
    sure_game("weighty", "1", vip_weight=D("0.5"))
    put_at(alice, "20000")
    give_bonus(alice, "10.00")
    assert play(alice, "weighty", "0.15").points == D("0.05"), "0.15 × 0.5 × 1.5 × 0.5 = 0.05625"


def test_a_level_is_reached_by_the_very_bet_that_earns_it(alice: User, fund: Any, play: Any):
    fund(alice, "2000.00")
    put_at(alice, "989.99")
    bet = play(alice, "even", "10.00")
    assert (bet.vip, standing(alice)) == (
        {"xp": "999.99", "level": 0, "leveled_up": False}, (D("999.99"), D("999.99"), 0),
    )  # fmt: skip
    bet = play(alice, "even", "0.10")
    assert bet.vip == {"xp": "1000.09", "level": 1, "leveled_up": True}
    bet = play(alice, "even", "0.10")
    assert (bet.vip, bet.points) == ({"xp": "1000.20", "level": 1, "leveled_up": False}, D("0.11"))
    reached = LevelReached.objects.get()
    assert (reached.level_id, reached.player, reached.operator) == (1, alice, alice.operator)


def test_exactly_the_threshold_is_enough(alice: User, fund: Any, play: Any):
    put_at(alice, "999.00")
    fund(alice, "1.00")
    assert play(alice, "even", "1.00").vip == {"xp": "1000.00", "level": 1, "leveled_up": True}


def test_several_levels_are_reached_at_once_each_recorded(alice: User, fund: Any, play: Any):
    Operator.objects.update(points_per_unit=D(100))
    fund(alice, "1000.00")
    bet = play(alice, "even", "250.00")
    assert (bet.points, bet.vip) == (D(25000), {"xp": "25000.00", "level": 3, "leveled_up": True})
    assert [row.level_id for row in LevelReached.objects.order_by("level")] == [1, 2, 3]
    assert standing(alice) == (D(25000), D(25000), 3)


def test_the_next_bet_of_the_same_batch_has_the_new_levels_multiplier_and_limit(alice: User, fund: Any, order_of: Any):
    Operator.objects.update(points_per_unit=D(10), max_bet=D(100))
    VipLevel.objects.filter(number=1).update(max_bet_factor=D("1.5"))
    fund(alice, "1000.00")
    answers = place_bets([order_of(alice, "even", wager) for wager in ("150.00", "100.00", "150.00", "150.01")])
    assert [getattr(answer, "code", "settled") for answer in answers] == [
        "limit_exceeded", "settled", "settled", "limit_exceeded",
    ]  # fmt: skip
    assert [answers[1].bet.points, answers[2].bet.points] == [D(1000), D(1650)]


def test_a_level_once_earned_is_kept_when_xp_is_taken_away(alice: User, fund: Any, play: Any):
    put_at(alice, "1500")
    put_at(alice, "-1000")
    fund(alice, "600.00")
    bet = play(alice, "even", "500.00")
    assert (bet.points, bet.vip) == (D(550), {"xp": "1050.00", "level": 1, "leveled_up": False})
    assert LevelReached.objects.count() == 1


def test_one_person_has_one_standing_over_all_operators(
    alice: User, aurora: Operator, borealis: Operator, fund: Any, play: Any
):
    open_account(alice, borealis)
    Operator.objects.filter(pk=borealis.pk).update(points_per_unit=D(2))
    fund(alice, "10.00")
    play(alice, "even", "10.00")
    alice.operator = borealis
    alice.save()
    fund(alice, "10.00")
    play(alice, "even", "10.00")
    assert standing(alice) == (D(30), D(30), 0)


def test_xp_that_nothing_explains_is_found(alice: User, fund: Any, play: Any):
    fund(alice, "10.00")
    play(alice, "even", "10.00")
    row = Standing.objects.get(player=alice)
    for change in ({"xp": D("10.01")}, {"points": D("9.99")}, {"level_id": 1}):
        Standing.objects.filter(pk=row.pk).update(**change)
        assert [(breach.check.number, breach.ids) for breach in audit()] == [(8, [str(row.pk)])], change
        row.save()
