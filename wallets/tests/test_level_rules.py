"""Bonus rules for reaching a VIP level: granted once for each level, at the operator where it was earned."""

import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from casino.ids import uuid7
from casino.users.models import User
from operators.models import Operator
from vip import points
from vip.models import LevelReached, PointsKind, Standing
from wallets import ledger
from wallets.level_rules import apply_due_level_rules
from wallets.promotions import Bonus, BonusRule, RuleUse, Trigger

pytestmark = pytest.mark.usefixtures("books_close")


def rule(operator: Operator, **terms: Any) -> BonusRule:
    return BonusRule.objects.create(operator=operator, name="Level up", trigger=Trigger.LEVEL_UP, **terms)


def reach(player: User, operator: Operator, xp: str) -> None:
    """Earn so much XP at once."""
    standing = (
        points.lock_standings([player.pk])[player.pk]
        if not connection.in_atomic_block
        else (Standing.objects.get(player=player))
    )
    points.move_points(
        standing, points.ladder(), kind=PointsKind.ADJUSTMENT, reference=uuid7(), xp=Decimal(xp), points=Decimal(xp),
        at=ledger.database_clock(), operator_id=operator.pk,
    )  # fmt: skip


@pytest.mark.django_db
def test_each_level_reached_grants_its_rule_once(alice: User, aurora: Operator, wallet_of: Any):
    rule(aurora, amount=Decimal("7.50"))
    reach(alice, aurora, "5000")
    assert apply_due_level_rules() == 2
    assert apply_due_level_rules() == 0
    assert wallet_of(alice).bonus == Decimal(15)
    assert list(Bonus.objects.values_list("source", "granted")) == [("level_up", Decimal("7.50"))] * 2


@pytest.mark.django_db
def test_a_rule_once_per_player_is_granted_for_the_first_level_only(alice: User, aurora: Operator, wallet_of: Any):
    rule(aurora, amount=Decimal(5), is_once_per_player=True)
    reach(alice, aurora, "5000")
    apply_due_level_rules()
    assert wallet_of(alice).bonus == Decimal(5)


@pytest.mark.django_db
def test_another_operators_rule_gives_nothing(alice: User, aurora: Operator, borealis: Operator, wallet_of: Any):
    rule(borealis, amount=Decimal(5))
    reach(alice, aurora, "1000")
    assert apply_due_level_rules() == 1
    assert wallet_of(alice).bonus == 0
    assert not RuleUse.objects.exists()


@pytest.mark.django_db
def test_xp_of_a_rule_is_earned_once_and_may_reach_the_next_level(alice: User, aurora: Operator):
    rule(aurora, xp=Decimal(4000))
    reach(alice, aurora, "1000")
    assert apply_due_level_rules() == 1
    assert Standing.objects.get(player=alice).level_id == 2
    assert apply_due_level_rules() == 1
    assert Standing.objects.get(player=alice).xp == Decimal(9000)
    assert apply_due_level_rules() == 0


@pytest.mark.django_db(transaction=True)
def test_six_sweepers_at_once_grant_once(alice: User, aurora: Operator, wallet_of: Any):
    rule(aurora, amount=Decimal(5))
    with_level(alice, aurora)

    def sweep() -> None:
        try:
            apply_due_level_rules()
        finally:
            connection.close()

    threads = [threading.Thread(target=sweep) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Beside it stands the level's own reward of 5.00, which the programme pays at once.
    assert wallet_of(alice).bonus == Decimal(10)
    assert Bonus.objects.filter(rule__isnull=False).count() == 1
    assert LevelReached.objects.without_rules().count() == 0


def with_level(player: User, operator: Operator) -> None:
    with transaction.atomic():
        reach(player, operator, "1000")
