"""The audit finds and names whatever is corrupted by hand in the tables of promotions."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import connection

from casino.users.models import User
from operators.audit import audit
from operators.models import Operator
from wallets import services
from wallets.endings import waive_bonus
from wallets.grants import BonusTerms, grant_bonus
from wallets.models import Deposit, Transfer
from wallets.promotion_audit import CHECKS
from wallets.promotions import Bonus, BonusRule, FreeSpins, RuleUse
from wallets.tests.conftest import SendingProvider
from wallets.tests.playing import make_game, play

# What keeps such rows out in the first place; each corruption goes behind its back.
GUARDS = """
SET CONSTRAINTS ALL IMMEDIATE;
SET LOCAL session_replication_role = replica;
ALTER TABLE wallets_bonus DROP CONSTRAINT an_ended_bonus_is_empty;
ALTER TABLE wallets_ruleuse DROP CONSTRAINT a_deposit_uses_a_rule_once;
"""


@dataclass
class House:
    """Alice's promotions: a match and free spins of her first deposit, a bonus by hand, one waived, one converted."""

    names: dict[str, str]


@pytest.fixture
def house(alice: User, aurora: Operator, borealis: Operator, olga: User, provider: SendingProvider) -> House:
    game = make_game()
    rule = BonusRule.objects.create(
        operator=aurora, name="Welcome", trigger="first_deposit", match_percent=100, free_spins=3, free_spin_game=game,
        is_once_per_player=True,
    )  # fmt: skip
    first, second = (services.open_deposit(alice, D(amount), "generic").deposit for amount in (20, 30))
    provider.says("completed", first)
    provider.says("completed", second)
    pending = services.open_deposit(alice, D(1), "generic").deposit

    def give(amount: str, multiple: str = "35") -> Bonus:
        terms = BonusTerms(D(amount), D(multiple))
        return grant_bonus(olga, aurora, alice.pk, terms, reason="Birthday").row

    spins = FreeSpins.objects.get()
    play(alice, free_spin=str(spins.pk))
    play(alice, free_spin=str(spins.pk))
    manual, waived, converted = give("5.00"), give("6.00"), give("7.00", "0")
    waive_bonus(waived.pk)
    assert audit() == []
    return House(
        {
            "wallet": str(manual.wallet_id),
            "match": str(Bonus.objects.get(source="first_deposit").pk),
            "gathered": str(Bonus.objects.get(source="free_spins").pk),
            "manual": str(manual.pk),
            "waived": str(waived.pk),
            "converted": str(converted.pk),
            "spins": str(spins.pk),
            "rule": str(rule.pk),
            "use": str(RuleUse.objects.get().pk),
            "first": str(first.pk),
            "second": str(second.pk),
            "pending": str(pending.pk),
            "aurora": str(aurora.pk),
            "borealis": str(borealis.pk),
            "olga": str(olga.pk),
            "alice": str(alice.pk),
            "new": "01890000-0000-7000-8000-000000000001",
            "later": "ffffffff-ffff-7fff-bfff-ffffffffffff",
        }
    )


POCKET = "a wallet's bonus pocket is the sum of its active bonuses' balances"
ENDED = "an ended bonus is empty and says when it ended, and no other says so"
GRANTED = "a bonus was granted by its transfers, or won by its free spins"
LEFT = "what a bonus converted and what it forfeited are its transfers"
EARNED = "a bonus converts only once its requirement is met, and no more than its cap"
NAMED = "what a rule granted for a deposit names the rule's use, once for each rule and deposit"
USED = "a rule is used by a completed deposit or a level reached, and once per player where it says so"
TOGETHER = "a grant, its wallet, its player, its operator and its deposit belong together"

CORRUPTIONS = [
    (2, POCKET, "UPDATE wallets_bonus SET balance = balance + 1 WHERE id = '{manual}'", "{wallet}"),
    (2, POCKET, "UPDATE wallets_wallet SET bonus = bonus - 1 WHERE id = '{wallet}'", "{wallet}"),
    (2, POCKET, "UPDATE wallets_bonus SET status = 'expired' WHERE id = '{manual}'", "{wallet}"),
    (2, POCKET, "DELETE FROM wallets_bonus WHERE id = '{manual}'", "{wallet}"),
    (7, ENDED, "UPDATE wallets_bonus SET ended_at = NULL WHERE id = '{waived}'", "{waived}"),
    (7, ENDED, "UPDATE wallets_bonus SET balance = 1 WHERE id = '{waived}'", "{waived}"),
    (7, ENDED, "UPDATE wallets_bonus SET ended_at = now() WHERE id = '{manual}'", "{manual}"),
    (7, ENDED, "UPDATE wallets_bonus SET forfeited = 1 WHERE id = '{manual}'", "{manual}"),
    (7, GRANTED, "UPDATE wallets_bonus SET granted = 6 WHERE id = '{manual}'", "{manual}"),
    (7, GRANTED, "UPDATE wallets_transfer SET amount = 6 WHERE reference = '{manual}'", "{manual}"),
    (7, GRANTED, "DELETE FROM wallets_transfer WHERE reference = '{match}'", "{match}"),
    (7, GRANTED, "DELETE FROM wallets_bonus WHERE id = '{match}'", "{match}"),
    (7, GRANTED, "UPDATE wallets_bonus SET granted = 0.17 WHERE id = '{gathered}'", "{gathered}"),
    (7, GRANTED, "UPDATE wallets_transfer SET amount = 1 WHERE kind = 'free_spin_win'", "{gathered}"),
    (7, GRANTED, "UPDATE wallets_bonus SET source = 'level_up', granted = 6 WHERE id = '{manual}'", "{manual}"),
    (7, LEFT, "UPDATE wallets_bonus SET forfeited = 5 WHERE id = '{waived}'", "{waived}"),
    (7, LEFT, "UPDATE wallets_bonus SET converted = 8 WHERE id = '{converted}'", "{converted}"),
    (7, LEFT, "UPDATE wallets_transfer SET amount = 5 WHERE kind = 'bonus_forfeit'", "{waived}"),
    (7, LEFT, "DELETE FROM wallets_transfer WHERE kind = 'bonus_conversion'", "{converted}"),
    (7, LEFT, "UPDATE wallets_transfer SET reference = '{new}' WHERE kind = 'bonus_forfeit'", "{new}"),
    (7, EARNED, "UPDATE wallets_bonus SET required = 1 WHERE id = '{converted}'", "{converted}"),
    (7, EARNED, "UPDATE wallets_bonus SET converted = 1 WHERE id = '{waived}'", "{waived}"),
    (7, EARNED, "UPDATE wallets_bonus SET conversion_cap = 6 WHERE id = '{converted}'", "{converted}"),
    (7, NAMED, "DELETE FROM wallets_ruleuse", "{match}"),
    (7, NAMED, "DELETE FROM wallets_ruleuse", "{spins}"),
    (7, NAMED, "UPDATE wallets_bonus SET deposit_id = '{second}' WHERE id = '{match}'", "{match}"),
    (7, NAMED, "UPDATE wallets_bonus SET deposit_id = '{second}' WHERE id = '{manual}'", "{manual}"),
    (7, USED, "UPDATE wallets_ruleuse SET deposit_id = '{pending}'", "{use}"),
    (7, USED, "UPDATE wallets_ruleuse SET player_id = '{olga}'", "{use}"),
    (7, USED, "UPDATE wallets_bonusrule SET operator_id = '{borealis}'", "{use}"),
    (
        7,
        USED,
        "INSERT INTO wallets_ruleuse VALUES ('{later}', now(), '{second}', '{alice}', '{rule}')",
        "{later}",
    ),
    (13, TOGETHER, "UPDATE wallets_bonus SET operator_id = '{borealis}' WHERE id = '{manual}'", "{manual}"),
    (13, TOGETHER, "UPDATE wallets_bonus SET player_id = '{olga}' WHERE id = '{manual}'", "{manual}"),
    (13, TOGETHER, "UPDATE wallets_freespins SET wallet_id = '{new}'", "{spins}"),
    (13, TOGETHER, "UPDATE wallets_freespins SET game_id = '{new}'", "{spins}"),
    (13, TOGETHER, "UPDATE games_game SET operator_id = '{borealis}'", "{spins}"),
    (13, TOGETHER, "UPDATE wallets_bonus SET rule_id = '{new}' WHERE id = '{manual}'", "{manual}"),
    (13, TOGETHER, "UPDATE wallets_deposit SET wallet_id = '{new}' WHERE id = '{first}'", "{match}"),
]


@pytest.mark.parametrize(("number", "sentence", "statement", "offender"), CORRUPTIONS)
def test_a_row_corrupted_by_hand_is_found_and_named(
    house: House, number: int, sentence: str, statement: str, offender: str
):
    with connection.cursor() as cursor:
        cursor.execute(GUARDS)
        cursor.execute(statement.format(**house.names))
        assert cursor.rowcount >= 1
    found = {(breach.check.number, breach.check.sentence): breach.ids for breach in audit()}
    assert offender.format(**house.names) in found[number, sentence]


def test_every_check_of_promotions_is_proved_by_a_corruption():
    proved = {(number, sentence) for number, sentence, _, _ in CORRUPTIONS}
    assert proved == {(check.number, check.sentence) for check in CHECKS}


def test_the_house_has_what_the_corruptions_need(house: House, wallet_of: Callable[[User], Any], alice: User):
    assert Deposit.objects.count() == 3
    assert Transfer.objects.filter(kind="free_spin_win").count() == 2
    assert wallet_of(alice).bonus == D("25.18")
