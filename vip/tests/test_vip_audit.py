"""The audit finds and names whatever is corrupted by hand in the tables of the VIP programme."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

import vip.audit
from casino.users.models import User
from operators.audit import audit
from operators.models import Operator
from vip import rewards
from vip.cashback import pay_cashback
from vip.models import LevelReached, PointsMovement, Standing
from vip.programme import Cashback, VipCost
from vip.services import redeem_points
from vip.tests.scenes import a_game, bet_at, give_xp, in_last_week, open_the_limits, pay_in

# What keeps such rows out in the first place; each corruption goes behind its back.
GUARDS = """
SET CONSTRAINTS ALL IMMEDIATE;
SET LOCAL session_replication_role = replica;
ALTER TABLE vip_levelreached DROP CONSTRAINT a_reward_has_its_moment;
"""
INSERT = """
INSERT INTO wallets_transfer (id, operator_id, kind, source, target, currency, counterparty_id, amount, reference,
                              created_at) VALUES
"""


@pytest.fixture
def names(
    alice: User, aurora: Operator, borealis: Operator, cascade: Operator, provider_account: Any
) -> dict[str, Any]:
    """Alice's silver reward, a redemption and a cashback, shared with Borealis; what statements may name in braces."""
    a_game("lose", "0")
    open_the_limits()
    pay_in(alice, aurora, "300.00")
    pay_in(alice, borealis, "100.00")
    give_xp(alice, "1000.00", aurora, in_last_week(-30))
    bet_at(alice, aurora, "lose", "200.00", in_last_week())
    bet_at(alice, aurora, "lose", "100.00")
    bet_at(alice, borealis, "lose", "100.00")
    assert rewards.grant_due_rewards() == 1
    redeem_points(alice, Decimal(500))
    assert pay_cashback().paid == 1
    assert audit() == []
    costs = {row.kind: str(row.pk) for row in VipCost.objects.all()}
    return {
        **costs,
        "alice": str(alice.pk),
        "standing": str(Standing.objects.get(player=alice).pk),
        "aurora": str(aurora.pk),
        "borealis": str(borealis.pk),
        "cascade": str(cascade.pk),
        "reached": str(LevelReached.objects.get().pk),
        "cashed": str(Cashback.objects.get().pk),
        "redeemed": str(PointsMovement.objects.get(kind="redemption").pk),
    }


MOVEMENTS = "XP and spendable points are the sums of their movements"
HIGHEST = "the level is the highest ever earned"
SUMS = "a VIP cost's shares sum to it, the platform's among them"
BORNE = "every book bears its share of each VIP cost, and no other"
REACHED = "a VIP cost reached its player's wallet whole, and what others bear came between the books"
CURRENCY = "a share of a VIP cost falls on an operator of the currency it is paid in"
GRANTS = "what the VIP programme granted has its cost, and a cost is its bonus's grant"
CASHBACK = "cashback is the rate of the week's net real loss, and has its bonus"
ONCE = "a level's reward is granted once, for a level that was reached"
REDEEMED = "points redeemed became a bonus of the same player, and no bonus came without them"

CORRUPTIONS = [
    (8, MOVEMENTS, "UPDATE vip_standing SET xp = xp + 1", "{standing}"),
    (8, MOVEMENTS, "UPDATE vip_standing SET points = points + 1", "{standing}"),
    (8, MOVEMENTS, "DELETE FROM vip_pointsmovement WHERE id = '{redeemed}'", "{standing}"),
    (8, HIGHEST, "UPDATE vip_standing SET level_id = 0", "{standing}"),
    (8, HIGHEST, "UPDATE vip_standing SET level_id = 2", "{standing}"),
    (10, SUMS, "UPDATE vip_vipcost SET amount = amount + 1 WHERE bonus_id = '{cashback}'", "{cashback}"),
    (10, SUMS, "DELETE FROM vip_vipcostshare WHERE operator_id = '{borealis}'", "{cashback}"),
    (10, SUMS, "UPDATE vip_vipcostshare SET operator_id = '{cascade}' WHERE operator_id IS NULL", "{level_up}"),
    (
        10,
        BORNE,
        (
            "UPDATE vip_vipcostshare SET amount = amount + (CASE WHEN operator_id IS NULL THEN 1 ELSE -1 END) * 0.01"
            " WHERE cost_id = '{level_up}' AND operator_id IS DISTINCT FROM '{borealis}'"
        ),
        "{level_up}",
    ),
    (10, BORNE, "DELETE FROM wallets_transfer WHERE operator_id = '{borealis}' AND kind = 'vip_share'", "{cashback}"),
    (
        10,
        BORNE,
        (
            f"{INSERT} (gen_random_uuid(), '{{aurora}}', 'vip_share', 'vip_cost', 'intercompany', 'USD', NULL, 1,"
            " '{alice}', now())"
        ),
        "{alice}",
    ),
    (
        10,
        REACHED,
        "DELETE FROM wallets_transfer WHERE kind = 'vip_cost' AND source = 'intercompany' AND reference = '{cashback}'",
        "{cashback}",
    ),
    (
        10,
        REACHED,
        (
            "UPDATE wallets_transfer SET wallet_id = (SELECT id FROM wallets_wallet WHERE operator_id = '{borealis}')"
            " WHERE kind = 'vip_cost' AND wallet_id IS NOT NULL AND reference = '{redemption}'"
        ),
        "{redemption}",
    ),
    (
        10,
        REACHED,
        (
            "UPDATE wallets_transfer SET counterparty_id = '{cascade}' WHERE kind = 'vip_share'"
            " AND source = 'vip_clearing' AND reference = '{level_up}'"
        ),
        "{level_up}",
    ),
    (
        10,
        CURRENCY,
        "UPDATE vip_vipcostshare SET operator_id = '{cascade}' WHERE operator_id = '{borealis}'",
        "{level_up}",
    ),
    (7, GRANTS, "UPDATE wallets_bonus SET granted = granted + 1 WHERE id = '{cashback}'", "{cashback}"),
    (7, GRANTS, "UPDATE vip_vipcost SET kind = 'redemption' WHERE bonus_id = '{level_up}'", "{level_up}"),
    (7, GRANTS, "DELETE FROM vip_vipcost WHERE bonus_id = '{redemption}'", "{redemption}"),
    (7, GRANTS, "UPDATE vip_vipcost SET operator_id = '{borealis}' WHERE bonus_id = '{cashback}'", "{cashback}"),
    (7, CASHBACK, "UPDATE vip_cashback SET amount = amount - 0.01", "{cashed}"),
    (7, CASHBACK, "UPDATE vip_cashback SET wins = 100", "{cashed}"),
    (7, CASHBACK, "UPDATE vip_cashback SET cost_id = '{level_up}'", "{cashed}"),
    (7, CASHBACK, "DELETE FROM vip_vipcost WHERE bonus_id = '{cashback}'", "{cashed}"),
    (7, CASHBACK, "DELETE FROM vip_cashback", "{cashback}"),
    (7, ONCE, "UPDATE vip_levelreached SET rewarded_at = NULL", "{reached}"),
    (7, ONCE, "UPDATE vip_levelreached SET bonus_id = '{cashback}'", "{reached}"),
    (7, ONCE, "UPDATE vip_levelreached SET bonus_id = NULL", "{level_up}"),
    (8, REDEEMED, "DELETE FROM vip_pointsmovement WHERE id = '{redeemed}'", "{redemption}"),
    (8, REDEEMED, "UPDATE vip_pointsmovement SET xp = -500 WHERE id = '{redeemed}'", "{redeemed}"),
    (8, REDEEMED, "UPDATE vip_pointsmovement SET reference = '{cashback}' WHERE id = '{redeemed}'", "{redeemed}"),
    (8, REDEEMED, "DELETE FROM vip_vipcost WHERE bonus_id = '{redemption}'", "{redeemed}"),
]


@pytest.mark.parametrize(("number", "sentence", "statement", "offender"), CORRUPTIONS)
def test_a_row_corrupted_by_hand_is_found_and_named(
    names: dict[str, str], number: int, sentence: str, statement: str, offender: str
):
    with connection.cursor() as cursor:
        cursor.execute(GUARDS)
        cursor.execute(statement.format(**names))
        assert cursor.rowcount >= 1
    found = {(breach.check.number, breach.check.sentence): breach.ids for breach in audit()}
    assert offender.format(**names) in found[number, sentence]


def test_every_check_of_the_programme_is_proved_by_a_corruption():
    proved = {(number, sentence) for number, sentence, _, _ in CORRUPTIONS}
    assert proved == {(check.number, check.sentence) for check in vip.audit.CHECKS}
