"""The audit finds and names whatever is corrupted by hand in the tables of money."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

import wallets.audit
from casino.users.models import User
from operators.audit import CHECKS, audit
from operators.models import Operator
from wallets import services
from wallets.models import Deposit, WebhookEvent
from wallets.tests import test_review_audit
from wallets.tests.conftest import SendingProvider

# What keeps such rows out in the first place; each corruption goes behind its back.
GUARDS = """
SET CONSTRAINTS ALL IMMEDIATE;
SET LOCAL session_replication_role = replica;
ALTER TABLE wallets_wallet DROP CONSTRAINT a_wallet_is_never_overdrawn;
ALTER TABLE wallets_wallet DROP CONSTRAINT a_wallet_holds_whole_minor_units;
ALTER TABLE wallets_transfer DROP CONSTRAINT only_a_wallet_has_pockets;
ALTER TABLE wallets_transfer DROP CONSTRAINT a_transfer_of_a_wallet_has_its_version;
"""


def inserted(book: str, route: str, amount: str, other: str = "NULL", reference: str = "gen_random_uuid()") -> str:
    """The statement that adds a transfer of nobody's: ``inserted("'{aurora}'", "kind source target", "1")``."""
    kind, source, target = route.split()
    return f"""
INSERT INTO wallets_transfer (id, operator_id, kind, source, target, currency, counterparty_id, amount, reference,
                              created_at)
VALUES (gen_random_uuid(), {book}, '{kind}', '{source}', '{target}', 'USD', {other}, {amount}, {reference}, now())
"""


@dataclass
class House:
    """Alice's deposits: one credited, one taken back, one in review; and money of nobody's in suspense."""

    wallet: Any
    credited: Deposit
    refunded: Deposit
    reviewed: Deposit
    aurora: Operator
    borealis: Operator

    def names(self) -> dict[str, str]:
        """What statements and expectations may name in braces."""
        events = WebhookEvent.objects.order_by("id")
        return {
            "wallet": str(self.wallet.pk),
            "credited": str(self.credited.pk),
            "refunded": str(self.refunded.pk),
            "reviewed": str(self.reviewed.pk),
            "aurora": str(self.aurora.pk),
            "borealis": str(self.borealis.pk),
            "settled_event": str(events.filter(deposit=self.credited).get().pk),
            "suspense_event": str(events.filter(deposit=self.reviewed).get().pk),
            "posting": _transfer("deposit", self.credited.pk),
            "suspense": _transfer("deposit_mismatch", events.filter(deposit=self.reviewed).get().pk),
        }


def _transfer(kind: str, reference: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM wallets_transfer WHERE kind = %s AND reference = %s", [kind, reference])
        return str(cursor.fetchone()[0])


@pytest.fixture
def house(
    alice: User, borealis: Operator, provider: SendingProvider, wallet_of: Callable[[User], Any], fund: Any
) -> House:
    def announced(amount: int) -> Deposit:
        return services.open_deposit(alice, Decimal(amount), "generic").deposit

    credited, refunded, reviewed = announced(25), announced(30), announced(35)
    provider.says("completed", credited)
    provider.says("completed", refunded)
    provider.says("refunded", refunded)
    provider.says("completed", reviewed, amount="34.00")
    provider.says("completed", reviewed, reference="D-UNKNOWN")
    assert audit() == []
    return House(wallet_of(alice), credited, refunded, reviewed, credited.operator, borealis)


POCKETS = "a wallet's pockets are the sums of its transfers"
NEVER_NEGATIVE = "a wallet is never negative and holds whole minor units"
NUMBERED = "a wallet's transfers are numbered 1…n without a gap"
POSTED = "every completed deposit has one posting of its amount, and no other deposit has one"
TAKEN = "a credited deposit that was taken back lost exactly its amount, and no other deposit lost any"
EXPLAINED = "an authentic event explains every deposit that was completed, failed or put in review"
SUSPENSE = "money in suspense is explained by the event it came with, to the unit and in its book"
RETURNED = "no book has given back more out of suspense than came in"
MIRROR = "what an operator's book has between the books mirrors what the platform's has of it"
CLEARING = "VIP shares leave nothing behind in clearing"
ONE_WALLET = "no transfer touches a wallet of another book or currency, or a pocket without its wallet"
ROUTES = "only the declared routes exist"
FUTURE = "no transfer, deposit or event is dated in the future"
BOOKS = "the books and counterparties of transfers are operators"
CAUSES = "what moved because of a deposit names the deposit, in its wallet"
TOGETHER = "a deposit, its wallet, its player and its operator belong together"
MAY_SETTLE = "a settled event names a deposit that its account may settle"

CORRUPTIONS = [
    (1, POCKETS, "UPDATE wallets_wallet SET real = real + 1", "{wallet}"),
    (1, POCKETS, "UPDATE wallets_wallet SET bonus = 1", "{wallet}"),
    (1, POCKETS, "UPDATE wallets_wallet SET held = 1", "{wallet}"),
    (1, POCKETS, "UPDATE wallets_wallet SET debt = 1", "{wallet}"),
    (1, POCKETS, "UPDATE wallets_wallet SET real = 'NaN'", "{wallet}"),
    (1, POCKETS, "UPDATE wallets_transfer SET amount = amount + 1 WHERE id = '{posting}'", "{wallet}"),
    (1, POCKETS, "DELETE FROM wallets_transfer WHERE id = '{posting}'", "{wallet}"),
    (1, NEVER_NEGATIVE, "UPDATE wallets_wallet SET real = -1", "{wallet}"),
    (1, NEVER_NEGATIVE, "UPDATE wallets_wallet SET debt = -1", "{wallet}"),
    (1, NEVER_NEGATIVE, "UPDATE wallets_wallet SET held = 0.001", "{wallet}"),
    (5, NUMBERED, "UPDATE wallets_wallet SET version = version + 1", "{wallet}"),
    (5, NUMBERED, "UPDATE wallets_transfer SET wallet_version = 9 WHERE id = '{posting}'", "{wallet}"),
    (5, NUMBERED, "DELETE FROM wallets_transfer WHERE id = '{posting}'", "{wallet}"),
    (6, POSTED, "UPDATE wallets_deposit SET status = 'failed' WHERE id = '{credited}'", "{credited}"),
    (6, POSTED, "UPDATE wallets_deposit SET amount = 26 WHERE id = '{credited}'", "{credited}"),
    (6, POSTED, "UPDATE wallets_transfer SET amount = 24 WHERE id = '{posting}'", "{credited}"),
    (6, POSTED, "DELETE FROM wallets_transfer WHERE id = '{posting}'", "{credited}"),
    (
        6,
        POSTED,
        "UPDATE wallets_deposit SET status = 'completed', completed_at = now() WHERE id = '{reviewed}'",
        "{reviewed}",
    ),
    (6, TAKEN, "UPDATE wallets_deposit SET refunded_at = now() WHERE id = '{credited}'", "{credited}"),
    (6, TAKEN, "UPDATE wallets_deposit SET refunded_at = NULL WHERE id = '{refunded}'", "{refunded}"),
    (6, TAKEN, "UPDATE wallets_transfer SET amount = 29 WHERE kind = 'refund'", "{refunded}"),
    (6, EXPLAINED, "UPDATE wallets_webhookevent SET deposit_id = NULL WHERE id = '{settled_event}'", "{credited}"),
    (6, EXPLAINED, "UPDATE wallets_webhookevent SET verdict = 'ignored' WHERE id = '{suspense_event}'", "{reviewed}"),
    (6, SUSPENSE, "UPDATE wallets_transfer SET amount = amount + 1 WHERE id = '{suspense}'", "{suspense}"),
    (6, SUSPENSE, "UPDATE wallets_transfer SET operator_id = NULL WHERE id = '{suspense}'", "{suspense}"),
    (6, SUSPENSE, "DELETE FROM wallets_transfer WHERE id = '{suspense}'", "{suspense_event}"),
    (6, SUSPENSE, "DELETE FROM wallets_webhookevent WHERE id = '{suspense_event}'", "{suspense}"),
    (6, RETURNED, inserted("'{aurora}'", "suspense_returned suspense psp", "35"), "{aurora} USD"),
    (10, MIRROR, inserted("'{aurora}'", "jackpot_fold jackpot_clearing intercompany", "0.000001"), "{aurora} USD"),
    (10, MIRROR, inserted("NULL", "jackpot_fold intercompany jackpot_pool", "1", "'{borealis}'"), "{borealis} USD"),
    (
        10,
        CLEARING,
        inserted("NULL", "vip_share intercompany vip_clearing", "3", "'{aurora}'", "'{credited}'"),
        "{credited}",
    ),
    (12, ONE_WALLET, "UPDATE wallets_transfer SET currency = 'EUR' WHERE id = '{posting}'", "{posting}"),
    (12, ONE_WALLET, "UPDATE wallets_transfer SET operator_id = '{borealis}' WHERE id = '{posting}'", "{posting}"),
    (12, ONE_WALLET, "UPDATE wallets_transfer SET wallet_id = NULL WHERE id = '{posting}'", "{posting}"),
    (12, ONE_WALLET, "UPDATE wallets_transfer SET wallet_id = '{wallet}' WHERE id = '{suspense}'", "{suspense}"),
    (12, ROUTES, "UPDATE wallets_transfer SET kind = 'win' WHERE id = '{posting}'", "{posting}"),
    (12, ROUTES, "UPDATE wallets_transfer SET source = 'nowhere' WHERE id = '{suspense}'", "{suspense}"),
    (12, ROUTES, "UPDATE wallets_transfer SET operator_id = NULL WHERE id = '{posting}'", "{posting}"),
    (
        12,
        FUTURE,
        "UPDATE wallets_transfer SET created_at = now() + interval '1 day' WHERE id = '{posting}'",
        "{posting}",
    ),
    (
        12,
        FUTURE,
        "UPDATE wallets_deposit SET completed_at = now() + interval '1 day' WHERE id = '{credited}'",
        "{credited}",
    ),
    (
        12,
        FUTURE,
        "UPDATE wallets_webhookevent SET received_at = now() + interval '1 day' WHERE id = '{settled_event}'",
        "{settled_event}",
    ),
    (13, BOOKS, "UPDATE wallets_transfer SET operator_id = '{wallet}' WHERE id = '{suspense}'", "{suspense}"),
    (13, BOOKS, "UPDATE wallets_transfer SET counterparty_id = '{wallet}' WHERE id = '{suspense}'", "{suspense}"),
    (13, CAUSES, "UPDATE wallets_transfer SET reference = '{aurora}' WHERE id = '{posting}'", "{posting}"),
    (13, TOGETHER, "UPDATE wallets_deposit SET operator_id = '{borealis}' WHERE id = '{credited}'", "{credited}"),
    (13, TOGETHER, "UPDATE wallets_wallet SET currency = 'EUR'", "{credited}"),
    (
        13,
        MAY_SETTLE,
        "UPDATE wallets_webhookevent SET deposit_id = NULL WHERE id = '{settled_event}'",
        "{settled_event}",
    ),
    (13, MAY_SETTLE, "UPDATE wallets_provideraccount SET provider = 'cashapp'", "{settled_event}"),
]


@pytest.mark.parametrize(("number", "sentence", "statement", "offender"), CORRUPTIONS)
def test_a_row_corrupted_by_hand_is_found_and_named(
    house: House, number: int, sentence: str, statement: str, offender: str
):
    names = house.names()
    with connection.cursor() as cursor:
        cursor.execute(GUARDS)
        cursor.execute(statement.format(**names))
        assert cursor.rowcount >= 1
    found = {(breach.check.number, breach.check.sentence): breach.ids for breach in audit()}
    assert offender.format(**names) in found[number, sentence]


def test_every_check_of_money_is_proved_by_a_corruption():
    proved = {(number, sentence) for number, sentence, _, _ in [*CORRUPTIONS, *test_review_audit.CORRUPTIONS]}
    assert proved == {(check.number, check.sentence) for check in wallets.audit.CHECKS}


def run_command(*options: str) -> tuple[int, str]:
    output = StringIO()
    try:
        call_command("audit_ledger", *options, stdout=output)
    except SystemExit as end:
        return int(end.code or 0), output.getvalue()
    return 0, output.getvalue()


def test_the_command_tells_one_line_a_check_and_exits_with_one_on_a_breach(house: House):
    code, text = run_command()
    assert code == 0
    assert len(text.splitlines()) == len(CHECKS) + 1
    assert text.splitlines()[-1] == f"{len(CHECKS)} checks, 0 broken"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE wallets_wallet SET real = real + 1")
    code, text = run_command()
    assert code == 1
    assert f"  1  BROKEN  {POCKETS}: {house.wallet.pk}\n" in text


def test_the_command_speaks_json(house: House):
    code, text = run_command("--json")
    assert (code, json.loads(text)["ok"]) == (0, True)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE wallets_wallet SET held = held + 1")
    code, text = run_command("--json")
    answer = json.loads(text)
    assert (code, answer["ok"], len(answer["checks"])) == (1, False, len(CHECKS))
    assert {"number": 1, "sentence": POCKETS, "breaches": [str(house.wallet.pk)]} in answer["checks"]


@pytest.mark.django_db(transaction=True)
def test_all_checks_see_one_snapshot_and_can_change_nothing(monkeypatch: pytest.MonkeyPatch):
    seen = []

    def look(_: Any) -> list[Any]:
        with connection.cursor() as cursor:
            for setting in ("transaction_isolation", "transaction_read_only"):
                cursor.execute(f"SHOW {setting}")
                seen.append(cursor.fetchone()[0])
        return []

    monkeypatch.setattr("operators.audit.find_breaches", look)
    assert audit() == []
    assert seen == ["repeatable read", "on"]
