"""Who bears a VIP cost: the worked example to the unit, every leg in every book, the statement that explains it."""

import random
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from django.db import transaction

from betting import rollups
from casino.ids import uuid7
from casino.users.models import User
from casino.weeks import WEEK, last_week
from operators.models import Operator
from operators.platform import PlatformSettings
from vip import costs
from vip.programme import Cashback, VipCost, VipCostKind, VipCostShare
from vip.tests.scenes import a_game, bet_at, books, legs, open_the_limits, pay_in, this_month
from wallets import ledger
from wallets.ledger import database_clock
from wallets.models import Wallet
from wallets.promotions import Bonus

D = Decimal
Pay = Callable[..., VipCost]


@pytest.fixture
def pay(books_close: None) -> Pay:
    """Pay a VIP cost to a player at an operator: ``pay(alice, aurora, "5.00")``."""

    def grant(player: User, operator: Operator, amount: str) -> VipCost:
        with transaction.atomic():
            journal = ledger.lock_accounts([(player.pk, operator.pk)])
            (wallet,) = journal.wallets.values()
            # The audit knows no cost without its cause; a level's reward may come by an operator's own rule as well.
            cost = costs.pay_bonus(journal, wallet, costs.Grant(VipCostKind.CASHBACK, D(amount), D(1)))
            explain(cost)
            journal.post()
        return cost

    return grant


def explain(cost: VipCost) -> None:
    """The cashback that such a cost belongs to, each of a week of its own."""
    week = last_week(cost.created_at.date()) - Cashback.objects.count() * WEEK
    Cashback.objects.create(
        operator=cost.operator, player=cost.player, week=week, wagers=cost.amount, wins=0, level_id=0, rate=1,
        amount=cost.amount, cost=cost, created_at=cost.created_at,
    )  # fmt: skip


@pytest.fixture
def both(alice: User, aurora: Operator, borealis: Operator, provider_account: object) -> None:
    """Alice's real wagers this month: 300 at Aurora, 100 at Borealis."""
    a_game("even", "1")
    open_the_limits()
    pay_in(alice, aurora, "300.00")
    pay_in(alice, borealis, "100.00")
    bet_at(alice, aurora, "even", "300.00")
    bet_at(alice, borealis, "even", "100.00")


def shares(cost: VipCost) -> dict[str, tuple[Decimal | None, Decimal]]:
    """The statement: by book, the wagers and the share."""
    rows = VipCostShare.objects.filter(cost=cost).select_related("operator")
    return {row.operator.slug if row.operator else "platform": (row.wagers, row.amount) for row in rows}


@pytest.mark.usefixtures("both")
def test_five_with_wagers_of_300_and_100_is_one_three_and_one(pay: Pay, alice: User, aurora: Operator):
    cost = pay(alice, aurora, "5.00")
    assert shares(cost) == {
        "platform": (None, D("1.00")), "aurora": (D(300), D("3.00")), "borealis": (D(100), D("1.00")),
    }  # fmt: skip
    assert legs(cost.pk) == {
        "aurora: vip_cost → bonus": D("3.00"),
        "aurora: intercompany → bonus": D("2.00"),
        "platform: vip_cost → intercompany (aurora)": D("1.00"),
        "borealis: vip_cost → intercompany": D("1.00"),
        "platform: intercompany → vip_clearing (borealis)": D("1.00"),
        "platform: vip_clearing → intercompany (aurora)": D("1.00"),
    }
    assert books() == {
        ("operator", "aurora"): D("-2.00"), ("platform", "aurora"): D("2.00"),
        ("operator", "borealis"): D("1.00"), ("platform", "borealis"): D("-1.00"),
    }  # fmt: skip
    assert Wallet.objects.get(player=alice, operator=aurora).bonus == D("5.00")
    assert Wallet.objects.get(player=alice, operator__slug="borealis").bonus == 0
    assert Bonus.objects.get(pk=cost.pk).granted == D("5.00")


@pytest.mark.usefixtures("both")
def test_the_operator_that_pays_it_out_may_bear_the_smaller_part(pay: Pay, alice: User, borealis: Operator):
    cost = pay(alice, borealis, "5.00")
    assert shares(cost)["aurora"][1] == D("3.00")
    assert legs(cost.pk)["borealis: intercompany → bonus"] == D("4.00")
    assert legs(cost.pk)["platform: vip_clearing → intercompany (borealis)"] == D("3.00")


@pytest.mark.usefixtures("both")
def test_folded_hours_count_as_open_ones_do(pay: Pay, alice: User, aurora: Operator):
    assert rollups.fold(database_clock() + timedelta(hours=2)) == 2
    bet_at(alice, aurora, "even", "100.00")
    assert {book: row[0] for book, row in shares(pay(alice, aurora, "5.00")).items()} == {
        "platform": None, "aurora": D(400), "borealis": D(100),
    }  # fmt: skip


def test_without_wagers_this_month_who_pays_it_out_bears_the_rest(
    pay: Pay, alice: User, aurora: Operator, borealis: Operator, provider_account: object
):
    a_game("even", "1")
    pay_in(alice, borealis, "100.00")
    bet_at(alice, borealis, "even", "100.00", this_month() - timedelta(seconds=2))
    cost = pay(alice, aurora, "5.00")
    assert shares(cost) == {"platform": (None, D("1.00")), "aurora": (D(0), D("4.00"))}
    assert legs(cost.pk) == {
        "aurora: vip_cost → bonus": D("4.00"),
        "aurora: intercompany → bonus": D("1.00"),
        "platform: vip_cost → intercompany (aurora)": D("1.00"),
    }


@pytest.mark.usefixtures("both")
def test_only_operators_of_its_currency_and_only_this_player_and_only_real_money(
    pay: Pay, alice: User, boris: User, aurora: Operator, cascade: Operator, borealis: Operator
):
    pay_in(alice, cascade, "900.00")
    bet_at(alice, cascade, "even", "900.00")
    pay_in(boris, borealis, "700.00")
    bet_at(boris, borealis, "even", "700.00")
    assert shares(pay(alice, aurora, "5.00"))["borealis"] == (D(100), D("1.00"))
    bet_at(alice, aurora, "even", "300.00")
    assert "cascade" not in shares(pay(alice, aurora, "5.00"))


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize(
    ("fraction", "expected"),
    [
        ("0", {"platform": "0.00", "aurora": "3.75", "borealis": "1.25"}),
        ("1", {"platform": "5.00", "aurora": "0.00", "borealis": "0.00"}),
        ("0.3333", {"platform": "1.67", "aurora": "2.50", "borealis": "0.83"}),
    ],
)
def test_the_platforms_part_is_a_row_that_an_admin_edits(
    pay: Pay, alice: User, aurora: Operator, fraction: str, expected: dict[str, str]
):
    PlatformSettings.objects.create(vip_platform_share=D(fraction))
    cost = pay(alice, aurora, "5.00")
    assert {book: f"{row[1]:.2f}" for book, row in shares(cost).items()} == expected
    assert cost.platform_share == D(fraction)


@pytest.mark.usefixtures("both")
def test_a_single_cent_goes_to_the_largest_remainder_and_the_others_get_no_leg(pay: Pay, alice: User, aurora: Operator):
    cost = pay(alice, aurora, "0.01")
    assert {book: row[1] for book, row in shares(cost).items()} == {
        "platform": D(0), "aurora": D("0.01"), "borealis": D(0),
    }  # fmt: skip
    assert legs(cost.pk) == {"aurora: vip_cost → bonus": D("0.01")}


def test_ten_thousand_random_splits_sum_to_their_cost():
    chance = random.Random(7)
    operators = [uuid7() for _ in range(6)]
    for _ in range(10_000):
        amount = D(chance.randint(1, 10 ** chance.randint(1, 9))) / 100
        fraction = D(chance.randint(0, 10_000)) / 10_000
        some = chance.sample(operators, chance.randint(0, 6))
        wagers = {key: D(chance.randint(0, 10 ** chance.randint(1, 12))) / 100 for key in some}
        payer = chance.choice(operators)
        parts = costs.split(amount, payer, wagers, fraction)
        assert sum(part.amount for part in parts) == amount
        assert_within_a_unit(parts, amount, fraction, {key: won for key, won in wagers.items() if won}, payer)


def assert_within_a_unit(
    parts: list[costs.Share], amount: Decimal, fraction: Decimal, wagers: dict[UUID, Decimal], payer: UUID
) -> None:
    """No share is a minor unit away from the exact fraction, none is negative, none is finer than a minor unit."""
    rest, total = 1 - Fraction(fraction), Fraction(sum(wagers.values()))
    for part in parts:
        if part.operator_id is None:
            exact = Fraction(fraction)
        else:
            exact = rest * (Fraction(wagers[part.operator_id]) / total if total else 1)
            assert part.operator_id in (wagers or {payer})
        assert abs(Fraction(part.amount) - exact * Fraction(amount)) < Fraction(1, 100)
        assert part.amount >= 0
        assert part.amount == part.amount.quantize(D("0.01"))
