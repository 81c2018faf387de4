"""The audit finds and names whatever is corrupted by hand in what staff decided about money in suspense."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from casino.users.models import User
from operators.audit import audit
from wallets import review, services
from wallets.models import Transfer, WebhookEvent
from wallets.tests.conftest import SendingProvider

ONCE = "an event's money leaves suspense once and whole: returned, or matched to the event's deposit"
MATCHED = "a deposit that was matched got all that its events brought into suspense and nobody returned"
DECIDED = "somebody decided, for a reason, about all that left suspense"
POSTED = "every completed deposit has one posting of its amount, and no other deposit has one"
EXPLAINED = "an authentic event explains every deposit that was completed, failed or put in review"
SUSPENSE = "money in suspense is explained by the event it came with, to the unit and in its book"
CAUSES = "what moved because of a deposit names the deposit, in its wallet"
MAY_SETTLE = "a settled event names a deposit that its account may settle"
TRANSFER, EVENT = "UPDATE wallets_transfer SET", "UPDATE wallets_webhookevent SET"
RECORD = "UPDATE operators_significantevent SET"

CORRUPTIONS = [
    (6, ONCE, f"{TRANSFER} amount = 31 WHERE id = '{{back}}'", "{returned_arrival}"),
    (6, ONCE, f"{TRANSFER} operator_id = NULL WHERE id = '{{back}}'", "{returned_arrival}"),
    (6, ONCE, f"{TRANSFER} reference = '{{matched}}' WHERE id = '{{back}}'", "{back}"),
    (6, ONCE, "DELETE FROM wallets_transfer WHERE id = '{back}'", "{returned_arrival}"),
    (6, ONCE, "DELETE FROM wallets_transfer WHERE id = '{posting}'", "{matched_arrival}"),
    (6, ONCE, f"{EVENT} verdict = 'suspense' WHERE id = '{{returned_event}}'", "{returned_arrival}"),
    (6, ONCE, f"{EVENT} verdict = 'ignored' WHERE id = '{{matched_event}}'", "{matched_arrival}"),
    (6, MATCHED, f"{EVENT} verdict = 'suspense' WHERE id = '{{matched_event}}'", "{posting}"),
    (6, MATCHED, f"{TRANSFER} amount = 23 WHERE id = '{{posting}}'", "{posting}"),
    (6, MATCHED, f"{TRANSFER} currency = 'EUR' WHERE id = '{{matched_arrival}}'", "{posting}"),
    (6, DECIDED, f"{RECORD} reason = '' WHERE kind = 'deposit.matched'", "{posting}"),
    (6, DECIDED, f"{RECORD} actor_id = NULL WHERE kind = 'webhook.returned'", "{back}"),
    (6, DECIDED, "DELETE FROM operators_significantevent WHERE kind = 'deposit.returned'", "{failed_back}"),
    (6, POSTED, "UPDATE wallets_deposit SET amount = 25 WHERE id = '{matched}'", "{matched}"),
    (6, EXPLAINED, "DELETE FROM operators_significantevent WHERE kind = 'deposit.returned'", "{unreadable}"),
    (6, SUSPENSE, f"{TRANSFER} amount = 23 WHERE id = '{{matched_arrival}}'", "{matched_arrival}"),
    (6, SUSPENSE, "DELETE FROM wallets_webhookevent WHERE id = '{returned_event}'", "{returned_arrival}"),
    (13, CAUSES, f"{TRANSFER} reference = '{{returned_event}}' WHERE id = '{{posting}}'", "{posting}"),
    (13, MAY_SETTLE, f"{EVENT} deposit_id = '{{boris}}' WHERE id = '{{returned_event}}'", "{returned_event}"),
]


@pytest.fixture
def names(
    alice: User, boris: User, fiona: User, provider: SendingProvider, auroras_provider: SendingProvider
) -> dict[str, str]:
    """A deposit matched, one failed with its money returned, one failed without any; money returned, money waiting."""
    short, failed, unreadable = (services.open_deposit(alice, Decimal(8), "generic").deposit for _ in range(3))
    theirs = services.open_deposit(boris, Decimal(8), "generic").deposit
    provider.says("completed", short, "evt_matched", amount="24.00")
    provider.says("completed", failed, "evt_failed", amount="7.00")
    provider.says("completed", unreadable, amount="oops")
    auroras_provider.says("completed", short, "evt_returned", reference="D-UNKNOWN")
    auroras_provider.says("completed", short, "evt_waiting", reference="D-UNKNOWN")
    events = {event.event_id: event.pk for event in WebhookEvent.objects.all()}
    for deposit, status in ((short, "completed"), (failed, "failed"), (unreadable, "failed")):
        review.decide_deposit(deposit.pk, fiona, status, "Looked at it")
    review.return_event(events["evt_returned"], fiona, "Nobody's")
    assert audit() == []

    def transfer(kind: str, reference: Any) -> str:
        return str(Transfer.objects.get(kind=kind, reference=reference).pk)

    return {
        "matched": str(short.pk),
        "unreadable": str(unreadable.pk),
        "boris": str(theirs.pk),
        "matched_event": str(events["evt_matched"]),
        "returned_event": str(events["evt_returned"]),
        "waiting_event": str(events["evt_waiting"]),
        "matched_arrival": transfer("deposit_mismatch", events["evt_matched"]),
        "returned_arrival": transfer("deposit_mismatch", events["evt_returned"]),
        "posting": transfer("suspense_matched", short.pk),
        "back": transfer("suspense_returned", events["evt_returned"]),
        "failed_back": transfer("suspense_returned", events["evt_failed"]),
    }


@pytest.mark.parametrize(("number", "sentence", "statement", "offender"), CORRUPTIONS)
def test_a_decision_corrupted_by_hand_is_found_and_named(
    names: dict[str, str], number: int, sentence: str, statement: str, offender: str
):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL session_replication_role = replica")
        cursor.execute(statement.format(**names))
        assert cursor.rowcount >= 1
    found = {(breach.check.number, breach.check.sentence): breach.ids for breach in audit()}
    assert offender.format(**names) in found[number, sentence]
