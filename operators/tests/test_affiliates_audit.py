"""The audit finds and names whatever is corrupted by hand in the tables of affiliates."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

import operators.affiliate_audit
from casino.users.models import User
from operators.affiliate_models import AffiliatePayout, AffiliateStatement
from operators.affiliates import accrue_affiliates, pay_affiliate
from operators.audit import audit
from operators.models import Affiliate, Operator
from vip.tests.scenes import a_game, bet_at, in_last_week, open_the_limits, pay_in

GUARDS = "SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL session_replication_role = replica;"
INSERT = """
INSERT INTO wallets_transfer (id, operator_id, kind, source, target, currency, amount, reference, created_at) VALUES
"""


@pytest.fixture
def names(
    alice: User, aurora: Operator, borealis: Operator, partner: Affiliate, fiona: User, provider_account: Any
) -> dict[str, Any]:
    """A week that earned 50.00, of which 20.00 were paid; what statements may name in braces."""
    alice.affiliate = partner
    alice.save()
    a_game("lose", "0")
    open_the_limits()
    pay_in(alice, aurora, "1000.00")
    bet_at(alice, aurora, "lose", "1000.00", in_last_week())
    accrue_affiliates()
    pay_affiliate(fiona, partner.pk, "June", amount=Decimal(20))
    assert audit() == []
    return {
        "statement": str(AffiliateStatement.objects.get().pk),
        "payout": str(AffiliatePayout.objects.get().pk),
        "partner": str(partner.pk),
        "aurora": str(aurora.pk),
        "borealis": str(borealis.pk),
    }


FOLLOWS = "an affiliate statement follows from its figures"
ACCRUED = "what a statement earned was accrued in its operator's book, and nothing else was"
LEGS = "what was paid to an affiliate left its operator's book by both legs, and nothing else did"
MORE = "no affiliate was paid more than was accrued"
OWED = "what a book owes its affiliates is what was accrued less what was paid"
TOGETHER = "an affiliate's statements and payouts are at its operator, in its currency"
ACCRUAL = "UPDATE wallets_transfer SET {} WHERE kind = 'affiliate_accrual'"
STATEMENT, PAYOUT = "UPDATE operators_affiliatestatement SET ", "UPDATE operators_affiliatepayout SET "

CORRUPTIONS = [
    (10, FOLLOWS, STATEMENT + "wagers = wagers + 20", "{statement}"),
    (10, FOLLOWS, STATEMENT + "amount = 51", "{statement}"),
    (10, FOLLOWS, STATEMENT + "rate = 0.06", "{statement}"),
    (10, FOLLOWS, STATEMENT + "carried_out = -1", "{statement}"),
    (10, ACCRUED, ACCRUAL.format("amount = 49"), "{statement}"),
    (10, ACCRUED, ACCRUAL.format("operator_id = '{borealis}'"), "{statement}"),
    (10, ACCRUED, "DELETE FROM wallets_transfer WHERE kind = 'affiliate_accrual'", "{statement}"),
    (10, ACCRUED, ACCRUAL.format("reference = '{partner}'"), "{partner}"),
    (10, LEGS, "DELETE FROM wallets_transfer WHERE kind = 'affiliate_payment' AND target = 'psp'", "{payout}"),
    (10, LEGS, "UPDATE wallets_transfer SET amount = 21 WHERE kind = 'affiliate_payment'", "{payout}"),
    (10, LEGS, "DELETE FROM operators_affiliatepayout", "{payout}"),
    (10, LEGS, PAYOUT + "amount = 19", "{payout}"),
    (10, MORE, PAYOUT + "amount = 50.01", "{partner}"),
    (10, MORE, "DELETE FROM operators_affiliatestatement", "{partner}"),
    (10, OWED, PAYOUT + "amount = 19", "{aurora}"),
    (10, OWED, ACCRUAL.format("amount = 51"), "{aurora}"),
    (
        10,
        OWED,
        INSERT + "(gen_random_uuid(), '{borealis}', 'affiliate_accrual', 'affiliate_cost', 'affiliate_payable',"
        " 'USD', 1, '{partner}', now())",
        "{borealis}",
    ),
    (13, TOGETHER, STATEMENT + "operator_id = '{borealis}'", "{statement}"),
    (13, TOGETHER, PAYOUT + "currency = 'EUR'", "{payout}"),
]


@pytest.mark.parametrize(("number", "sentence", "statement", "offender"), CORRUPTIONS)
def test_a_row_corrupted_by_hand_is_found_and_named(
    names: dict[str, str], number: int, sentence: str, statement: str, offender: str
):
    with connection.cursor() as cursor:
        cursor.execute(GUARDS)
        cursor.execute("ALTER TABLE operators_affiliatestatement DROP CONSTRAINT a_week_that_earns_carries_nothing")
        cursor.execute(statement.format(**names))
        assert cursor.rowcount >= 1
    found = {(breach.check.number, breach.check.sentence): breach.ids for breach in audit()}
    assert offender.format(**names) in found[number, sentence]


def test_every_check_of_affiliates_is_proved_by_a_corruption():
    proved = {(number, sentence) for number, sentence, _, _ in CORRUPTIONS}
    assert proved == {(check.number, check.sentence) for check in operators.affiliate_audit.CHECKS}
