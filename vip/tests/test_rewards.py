"""Level-up rewards: granted exactly once for each level reached, where it was earned."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from casino.users.models import User
from operators.models import Operator
from vip import rewards, tasks
from vip.models import LevelReached, VipLevel
from vip.programme import VipCost, VipCostKind
from vip.tests.scenes import a_game, bet_at, give_xp, legs, open_the_limits, pay_in
from wallets.models import Transfer, Wallet
from wallets.promotions import Bonus, FreeSpins

pytestmark = pytest.mark.usefixtures("books_close")
D = Decimal


def granted(player: User) -> list[tuple[str, Decimal]]:
    rows = Bonus.objects.filter(player=player, source="level_up").order_by("id").select_related("operator")
    return [(row.operator.slug, row.granted) for row in rows]


def test_the_default_rewards_are_rows(db: None):
    assert [(row.number, row.reward_bonus) for row in VipLevel.objects.order_by("number")] == [
        (0, D(0)), (1, D(5)), (2, D(25)), (3, D(100)), (4, D(500)),
    ]  # fmt: skip


def test_a_level_brings_its_bonus_as_a_shared_cost(alice: User, aurora: Operator):
    give_xp(alice, "1000", aurora)
    assert rewards.grant_due_rewards() == 1
    bonus = Bonus.objects.get()
    assert (bonus.granted, bonus.wagering_multiple, bonus.required, bonus.max_stake) == (D(5), D(10), D(50), D(1))
    cost = VipCost.objects.get(pk=bonus.pk)
    assert (cost.kind, cost.amount, cost.operator) == (VipCostKind.LEVEL_UP, D(5), aurora)
    assert legs(bonus.pk)["platform: vip_cost → intercompany (aurora)"] == D("1.00")
    reached = LevelReached.objects.get()
    assert (reached.bonus, reached.rewarded_at) == (bonus, bonus.created_at)
    assert Wallet.objects.get(player=alice).bonus == D(5)


def test_several_levels_at_once_bring_a_reward_each_and_no_second_one(alice: User, aurora: Operator):
    give_xp(alice, "20000", aurora)
    assert [tasks.grant_rewards() for _ in range(3)] == [3, 0, 0]
    assert granted(alice) == [("aurora", D(5)), ("aurora", D(25)), ("aurora", D(100))]
    give_xp(alice, "-19999", aurora)
    give_xp(alice, "19999", aurora)
    assert tasks.grant_rewards() == 0, "a level once earned is not earned again"


def test_it_is_paid_where_the_level_was_earned_or_at_the_active_operator(
    alice: User, aurora: Operator, borealis: Operator, provider_account: Any
):
    pay_in(alice, borealis, "10.00")
    give_xp(alice, "1000", borealis)
    give_xp(alice, "4000")
    assert rewards.grant_rewards_of([alice.pk]) == 2
    assert granted(alice) == [("borealis", D(5)), ("aurora", D(25))]


def test_a_level_may_bring_free_spins_too(alice: User, aurora: Operator, provider_account: Any):
    game = a_game("gift", "3")
    VipLevel.objects.filter(number=1).update(
        reward_bonus=0, reward_free_spins=10, reward_free_spin_value=D("0.50"), reward_free_spin_game=game
    )
    give_xp(alice, "1000", aurora)
    assert rewards.grant_due_rewards() == 1
    spins = FreeSpins.objects.get()
    assert (spins.count, spins.remaining, spins.value, spins.game, spins.source) == (
        10,
        10,
        D("0.50"),
        game,
        "level_up",
    )
    assert LevelReached.objects.get().free_spins == spins
    assert not VipCost.objects.exists()
    bet = bet_at(alice, aurora, "gift", "0.50", free_spin=str(spins.pk))
    assert (bet.win, Wallet.objects.get(player=alice).bonus) == (D("1.50"), D("1.50"))


def test_a_level_that_brings_nothing_is_done_with(alice: User):
    VipLevel.objects.update(reward_bonus=0)
    give_xp(alice, "1000")
    assert [rewards.grant_due_rewards() for _ in range(2)] == [1, 0]
    assert not Bonus.objects.exists()
    assert not Transfer.objects.exists()


def test_one_that_fails_stays_due_and_holds_nobody_up(
    alice: User, boris: User, aurora: Operator, borealis: Operator, monkeypatch: pytest.MonkeyPatch
):
    give_xp(alice, "1000", aurora)
    give_xp(boris, "1000", borealis)
    whole = rewards.costs.pay_bonus

    def fail_for_alice(journal: Any, wallet: Any, grant: Any) -> Any:
        cost = whole(journal, wallet, grant)
        if wallet.player_id == alice.pk:
            raise RuntimeError("in the middle")
        return cost

    monkeypatch.setattr(rewards.costs, "pay_bonus", fail_for_alice)
    assert rewards.grant_due_rewards() == 1
    assert (granted(alice), granted(boris)) == ([], [("borealis", D(5))])
    monkeypatch.undo()
    assert [rewards.grant_due_rewards() for _ in range(2)] == [1, 0]
    assert granted(alice) == [("aurora", D(5))]


@pytest.mark.django_db(transaction=True)
def test_a_bet_that_reaches_levels_is_rewarded_as_soon_as_it_is_settled(
    alice: User, aurora: Operator, provider_account: Any
):
    a_game("even", "1")
    open_the_limits()
    pay_in(alice, aurora, "6000.00")
    bet = bet_at(alice, aurora, "even", "6000.00")
    assert bet.vip["level"] == 2
    assert bet.bonus_after == 0, "the bet itself is settled before"
    assert granted(alice) == [("aurora", D(5)), ("aurora", D(25))]
    assert Wallet.objects.get(player=alice).bonus == D(30)


@pytest.mark.django_db(transaction=True)
def test_a_fault_of_the_reward_never_reaches_the_bet(
    alice: User, aurora: Operator, provider_account: Any, monkeypatch: pytest.MonkeyPatch
):
    a_game("even", "1")
    open_the_limits()
    pay_in(alice, aurora, "1000.00")

    def fail(*_: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr(rewards.costs, "pay_bonus", fail)
    assert bet_at(alice, aurora, "even", "1000.00").vip["level"] == 1
    assert LevelReached.objects.unrewarded().count() == 1
    monkeypatch.undo()
    assert [tasks.grant_rewards() for _ in range(2)] == [1, 0]


@pytest.mark.django_db(transaction=True)
def test_sweepers_at_the_same_moment_grant_once(alice: User, aurora: Operator, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        patch.setattr(rewards, "grant_reward", lambda _: False)
        give_xp(alice, "20000", aurora)

    def sweep(_: int) -> int:
        try:
            return rewards.grant_due_rewards()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(sweep, range(8))) == 3
    assert granted(alice) == [("aurora", D(5)), ("aurora", D(25)), ("aurora", D(100))]
