"""The audit finds and names whatever is corrupted by hand in the tables of money out and of adjustments."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

import wallets.withdrawal_audit
from casino.users.models import User
from operators.audit import audit
from operators.models import Operator
from wallets import adjustments, payout_runs, payout_simulator, services, withdrawals
from wallets.models import Transfer, Wallet, WebhookEvent
from wallets.tests.conftest import SendingProvider
from wallets.withdrawal_models import SimulatedPayout, Withdrawal

GUARDS = """
SET CONSTRAINTS ALL IMMEDIATE;
SET LOCAL session_replication_role = replica;
ALTER TABLE wallets_withdrawal DROP CONSTRAINT two_people_approve_a_large_withdrawal;
ALTER TABLE wallets_withdrawal DROP CONSTRAINT a_withdrawal_leaves_by_somebodys_decision;
ALTER TABLE wallets_withdrawal DROP CONSTRAINT an_ended_withdrawal_has_its_moment;
ALTER TABLE wallets_withdrawal DROP CONSTRAINT a_withdrawal_in_processing_is_asked_about;
ALTER TABLE wallets_adjustment DROP CONSTRAINT nobody_checks_their_own_adjustment;
ALTER TABLE wallets_adjustment DROP CONSTRAINT two_people_approve_a_large_adjustment;
ALTER TABLE wallets_adjustment DROP CONSTRAINT a_decided_adjustment_has_its_moment;
DROP INDEX a_wallet_has_one_open_withdrawal;
"""


@dataclass
class House:
    """Withdrawals of every status, an adjustment posted, one pending, and a debt repaid."""

    rows: dict[str, Any]

    def names(self) -> dict[str, str]:
        return {name: str(getattr(row, "pk", row)) for name, row in self.rows.items()}


@pytest.fixture
def house(
    aurora: Operator,
    borealis: Operator,
    make_player: Any,
    fund: Any,
    olga: User,
    fiona: User,
    provider: SendingProvider,
) -> House:
    def asked(name: str, amount: int, account: str = "DE02") -> Withdrawal:
        player = make_player(name, aurora)
        fund(player, "2000.00")
        Wallet.objects.update(wagering_required=0)
        return withdrawals.request_withdrawal(player, Decimal(amount), "bank_transfer", account).withdrawal

    pending, cancelled, large = asked("paula", 20), asked("carl", 30), asked("lara", 1500)
    completed, failed, processing = asked("cora", 40), asked("fay", 50, "fail"), asked("pia", 60)
    withdrawals.cancel_withdrawal(cancelled.pk)
    for row in (completed, failed):
        withdrawals.approve_withdrawal(row.pk, olga, "Fine")
    for person in (fiona, olga):
        withdrawals.approve_withdrawal(large.pk, person, "Fine")
    payout_runs.submit_withdrawals()
    payout_simulator.send_due_events(timezone.now() + timedelta(minutes=1))
    withdrawals.approve_withdrawal(processing.pk, olga, "Fine")
    payout_runs.submit_withdrawals()

    debtor = make_player("dora", aurora)
    deposit = services.open_deposit(debtor, Decimal(30), "generic").deposit
    provider.says("completed", deposit)
    adjustments.make_adjustment(fiona, aurora, debtor.pk, Decimal(-10), "Mistake")
    provider.says("refunded", deposit)
    given = adjustments.make_adjustment(fiona, aurora, debtor.pk, Decimal(25), "Goodwill").adjustment
    waiting = adjustments.make_adjustment(fiona, aurora, debtor.pk, Decimal(500), "Goodwill").adjustment
    assert audit() == []
    rows = {
        "pending": pending, "pending_wallet": pending.wallet_id, "cancelled": cancelled, "large": large,
        "completed": completed, "failed": failed, "processing": processing, "given": given, "waiting": waiting,
        "aurora": aurora, "borealis": borealis, "olga": olga, "fiona": fiona,
        "event": WebhookEvent.objects.get(withdrawal=completed),
        "payout": SimulatedPayout.objects.get(key=completed.reference),
        "hold": Transfer.objects.get(reference=pending.pk),
        "repaid": Transfer.objects.get(kind="debt_repaid"),
    }  # fmt: skip
    return House(rows)


HELD = "what a wallet holds is its pending and approved withdrawals"
CHAIN = "each withdrawal has exactly its status's chain of transfers, of its amount and in its book"
ORPHAN = "no transfer of a withdrawal lacks its withdrawal"
ON_ITS_WAY = "money on its way to players is that of the withdrawals in processing"
TIMELINE = "a withdrawal's timeline ends with its status"
SIMULATED = "the simulated provider pays only withdrawals that were sent to it, each its amount"
POSTED = "an approved adjustment was posted once, as it says, and no other was"
FUTURE = "no withdrawal or adjustment is dated in the future"
TOGETHER = "a withdrawal or adjustment, its wallet, its player and its operator belong together"
REPAID = "debt is repaid from a credit to its own wallet"
MAY_SETTLE = "a settled payout event names a withdrawal that its account may settle"
APPROVED = "a withdrawal that left was approved by a person, a large one by two, or is a seeded player's"
CHECKED = "maker and checker of an adjustment differ, and a large one has both"

CORRUPTIONS = [
    (2, HELD, "UPDATE wallets_withdrawal SET amount = 21 WHERE id = '{pending}'", "{pending_wallet}"),
    (2, HELD, "UPDATE wallets_withdrawal SET status = 'processing' WHERE id = '{pending}'", "{pending_wallet}"),
    (2, HELD, "UPDATE wallets_wallet SET held = held + 1 WHERE id = '{pending_wallet}'", "{pending_wallet}"),
    (6, CHAIN, "UPDATE wallets_withdrawal SET amount = 21 WHERE id = '{pending}'", "{pending}"),
    (6, CHAIN, "UPDATE wallets_withdrawal SET status = 'rejected' WHERE id = '{pending}'", "{pending}"),
    (6, CHAIN, "UPDATE wallets_withdrawal SET status = 'completed' WHERE id = '{failed}'", "{failed}"),
    (6, CHAIN, "UPDATE wallets_withdrawal SET status = 'completed' WHERE id = '{processing}'", "{processing}"),
    (6, CHAIN, "UPDATE wallets_transfer SET amount = 41 WHERE reference = '{completed}'", "{completed}"),
    (
        6,
        CHAIN,
        "DELETE FROM wallets_transfer WHERE reference = '{cancelled}' AND kind = 'withdrawal_release'",
        "{cancelled}",
    ),
    (6, CHAIN, "UPDATE wallets_transfer SET operator_id = '{borealis}' WHERE id = '{hold}'", "{pending}"),
    (6, ORPHAN, "UPDATE wallets_transfer SET reference = '{aurora}' WHERE id = '{hold}'", "{hold}"),
    (6, ON_ITS_WAY, "UPDATE wallets_withdrawal SET amount = 61 WHERE id = '{processing}'", "{aurora} USD"),
    (
        6,
        ON_ITS_WAY,
        "DELETE FROM wallets_transfer WHERE kind = 'withdrawal_payout' AND reference = '{completed}'",
        "{aurora} USD",
    ),
    (6, TIMELINE, "DELETE FROM wallets_withdrawalstep WHERE withdrawal_id = '{pending}'", "{pending}"),
    (6, TIMELINE, "UPDATE wallets_withdrawal SET status = 'rejected' WHERE id = '{cancelled}'", "{cancelled}"),
    (6, SIMULATED, "UPDATE wallets_simulatedpayout SET amount = 41 WHERE id = '{payout}'", "{payout}"),
    (6, SIMULATED, "UPDATE wallets_simulatedpayout SET key = 'W-OTHER' WHERE id = '{payout}'", "{payout}"),
    (6, SIMULATED, "UPDATE wallets_withdrawal SET status = 'approved' WHERE id = '{completed}'", "{payout}"),
    (6, POSTED, "UPDATE wallets_adjustment SET amount = 26 WHERE id = '{given}'", "{given}"),
    (6, POSTED, "UPDATE wallets_adjustment SET status = 'rejected' WHERE id = '{given}'", "{given}"),
    (6, POSTED, "UPDATE wallets_adjustment SET status = 'approved' WHERE id = '{waiting}'", "{waiting}"),
    (6, POSTED, "DELETE FROM wallets_adjustment WHERE id = '{given}'", "{given}"),
    (
        12,
        FUTURE,
        "UPDATE wallets_withdrawal SET created_at = now() + interval '1 day' WHERE id = '{pending}'",
        "{pending}",
    ),
    (
        12,
        FUTURE,
        "UPDATE wallets_withdrawalstep SET at = now() + interval '1 day' WHERE withdrawal_id = '{pending}'",
        "{pending}",
    ),
    (
        12,
        FUTURE,
        "UPDATE wallets_adjustment SET decided_at = now() + interval '1 day' WHERE id = '{given}'",
        "{given}",
    ),
    (13, TOGETHER, "UPDATE wallets_withdrawal SET operator_id = '{borealis}' WHERE id = '{pending}'", "{pending}"),
    (13, TOGETHER, "UPDATE wallets_adjustment SET player_id = '{olga}' WHERE id = '{given}'", "{given}"),
    (13, REPAID, "UPDATE wallets_transfer SET reference = '{aurora}' WHERE id = '{repaid}'", "{repaid}"),
    (13, REPAID, "UPDATE wallets_transfer SET amount = 26 WHERE id = '{repaid}'", "{repaid}"),
    (13, MAY_SETTLE, "UPDATE wallets_webhookevent SET withdrawal_id = NULL WHERE id = '{event}'", "{event}"),
    (13, MAY_SETTLE, "UPDATE wallets_webhookevent SET type = 'payout.failed' WHERE id = '{event}'", "{event}"),
    (
        13,
        MAY_SETTLE,
        "UPDATE wallets_provideraccount SET operator_id = '{borealis}' WHERE provider = 'payouts'",
        "{event}",
    ),
    (14, APPROVED, "UPDATE wallets_withdrawal SET approver_id = NULL WHERE id = '{completed}'", "{completed}"),
    (14, APPROVED, "UPDATE wallets_withdrawal SET first_approver_id = NULL WHERE id = '{large}'", "{large}"),
    (14, APPROVED, "UPDATE wallets_withdrawal SET first_approver_id = approver_id WHERE id = '{large}'", "{large}"),
    (14, APPROVED, "UPDATE wallets_withdrawal SET is_automatic = true WHERE id = '{completed}'", "{completed}"),
    (14, CHECKED, "UPDATE wallets_adjustment SET checker_id = maker_id WHERE id = '{given}'", "{given}"),
    (14, CHECKED, "UPDATE wallets_adjustment SET status = 'approved' WHERE id = '{waiting}'", "{waiting}"),
]  # fmt: skip


def test_every_row_corrupted_by_hand_is_found_and_named(house: House):
    """One house for all: each corruption is taken back before the next."""
    names = house.names()
    for number, sentence, statement, offender in CORRUPTIONS:
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT corruption")
            cursor.execute(GUARDS)
            cursor.execute(statement.format(**names))
            assert cursor.rowcount >= 1, statement
            found = {(breach.check.number, breach.check.sentence): breach.ids for breach in audit()}
            assert offender.format(**names) in found.get((number, sentence), []), statement
            cursor.execute("ROLLBACK TO SAVEPOINT corruption")
    assert audit() == []


def test_every_check_of_money_out_is_proved_by_a_corruption():
    proved = {(number, sentence) for number, sentence, _, _ in CORRUPTIONS}
    assert proved == {(check.number, check.sentence) for check in wallets.withdrawal_audit.CHECKS}
