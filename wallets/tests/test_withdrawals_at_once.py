"""Withdrawals under fire: everybody at the same moment, one outcome."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from casino.users.models import User
from wallets import payout_runs, payout_simulator, withdrawals
from wallets.models import Transfer, Wallet
from wallets.tests.withdrawing import BODY, pockets
from wallets.withdrawal_models import SimulatedPayout, Withdrawal

Api = Callable[..., APIClient]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("books_close")]


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """The answers of all calls, begun at the same moment on threads of their own."""
    gate = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            gate.wait()
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(run, call) for call in calls]]


@pytest.fixture
def purse(alice: User, fund: Any) -> Wallet:
    wallet: Wallet = fund(alice, "200.00")
    Wallet.objects.update(wagering_required=0)
    return wallet


def test_fifty_withdrawals_of_everything_at_once_hold_it_once(api: Api, alice: User, purse: Wallet):
    body = BODY | {"amount": "200.00"}
    answers = at_once(*[lambda: api(alice).post("/withdrawals", body)] * 50)
    assert sorted(answer.status_code for answer in answers) == [201] + [402] * 49
    assert pockets(purse) == (Decimal(0), Decimal(200))
    assert Withdrawal.objects.count() == 1


def test_one_key_sent_twenty_times_at_once_asks_once(api: Api, alice: User, purse: Wallet):
    headers = {"Idempotency-Key": "same-key-1"}
    answers = at_once(*[lambda: api(alice).post("/withdrawals", BODY, headers=headers)] * 20)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert ["Idempotency-Replayed" in answer for answer in answers].count(False) == 1
    assert pockets(purse) == (Decimal(150), Decimal(50))


@pytest.mark.parametrize("round_", range(3))
def test_approve_reject_and_cancel_at_once_have_one_winner(
    api: Api, alice: User, fiona: User, olga: User, petra: User, purse: Wallet, round_: int
):
    withdrawal = withdrawals.request_withdrawal(alice, Decimal(50), "bank_transfer", "DE02").withdrawal
    path = f"/admin/withdrawals/{withdrawal.pk}"

    def decide(staff: User, status: str) -> Callable[[], Any]:
        return lambda: api(staff).put(path, {"status": status, "reason": "At once"})

    cancel = lambda: api(alice).post(f"/withdrawals/{withdrawal.pk}/cancel")  # noqa: E731
    answers = at_once(
        decide(fiona, "approved"), decide(olga, "rejected"), cancel, decide(petra, "approved"), cancel,
        decide(olga, "approved"),
    )  # fmt: skip
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    withdrawal.refresh_from_db()
    winner = next(answer.json()["status"] for answer in answers if answer.status_code == 200)
    if winner == "approved":
        assert withdrawal.status == "processing"
        assert pockets(purse) == (Decimal(150), Decimal(0))
    else:
        assert withdrawal.status == winner
        assert pockets(purse) == (Decimal(200), Decimal(0))
    assert SimulatedPayout.objects.count() == (1 if winner == "approved" else 0)


def test_twenty_sweepers_at_once_pay_once(alice: User, fiona: User, purse: Wallet, monkeypatch: pytest.MonkeyPatch):
    withdrawal = withdrawals.request_withdrawal(alice, Decimal(50), "bank_transfer", "DE02").withdrawal
    with monkeypatch.context() as patch:
        patch.setattr(payout_runs, "submit_withdrawal", lambda *_: None)
        withdrawals.approve_withdrawal(withdrawal.pk, fiona, "Fine")
    assert sum(at_once(*[payout_runs.submit_withdrawals] * 20)) == 1
    assert SimulatedPayout.objects.count() == 1
    key = withdrawal.reference
    at_once(*[lambda: payout_simulator.send_event(key)] * 10)
    withdrawal.refresh_from_db()
    assert withdrawal.status == "completed"
    assert Transfer.objects.filter(reference=withdrawal.pk).count() == 3
