"""Approved withdrawals and the payout provider: paid exactly once, whatever dies, fails, comes twice or late."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import count, permutations
from typing import Any

import pytest
from django.utils import timezone
from django.utils.module_loading import import_string

from casino.users.models import User
from operators.models import Alert, Operator
from wallets import payout_runs, payout_simulator, payouts, withdrawals
from wallets.models import Provider, Transfer, Wallet, WebhookEvent
from wallets.payouts import PayoutAnswer, PayoutOrder, SimulatedProvider
from wallets.providers import new_webhook_secret, open_provider_account
from wallets.tests.conftest import SendingProvider
from wallets.tests.withdrawing import Books, pockets, timeline
from wallets.withdrawal_models import SimulatedPayout, Withdrawal

SECRET = new_webhook_secret(b"payouts" * 4)
_numbers = count()

pytestmark = pytest.mark.usefixtures("books_close")


class PayoutSender(SendingProvider):
    """The payout provider: ``sender.tells("completed", withdrawal)``."""

    def tells(self, kind: str, withdrawal: Withdrawal, **data: Any) -> Any:
        facts = {
            "reference": withdrawal.reference,
            "amount": f"{withdrawal.amount:.2f}",
            "currency": withdrawal.currency,
            "provider_reference": "psp-9",
        }
        return self.sends({"type": f"payout.{kind}", "data": facts | data}, f"payout-{next(_numbers)}")


@pytest.fixture
def sender(db: None) -> PayoutSender:
    """The payout provider, through the platform's account."""
    open_provider_account(Provider.PAYOUTS, None, SECRET)
    return PayoutSender(SECRET, "/webhooks/payouts")


@pytest.fixture
def purse(alice: User, fund: Any) -> Wallet:
    wallet: Wallet = fund(alice, "200.00")
    Wallet.objects.update(wagering_required=0)
    return wallet


@pytest.fixture
def approved(alice: User, purse: Wallet, fiona: User) -> Withdrawal:
    return approve(alice, fiona)


def approve(player: User, staff: User, account: str = "DE02") -> Withdrawal:
    asked = withdrawals.request_withdrawal(player, Decimal(50), "bank_transfer", account).withdrawal
    return withdrawals.approve_withdrawal(asked.pk, staff, "Fine")


def test_while_payouts_are_off_approved_withdrawals_wait_and_then_are_paid_once(
    alice: User, purse: Wallet, fiona: User, settings: Any
):
    settings.PAYOUTS_ENABLED = False
    waiting = approve(alice, fiona)
    before = Books()
    assert payout_runs.submit_withdrawal(waiting.pk) is False
    assert payout_runs.submit_withdrawals() == 0
    waiting.refresh_from_db()
    assert (waiting.status, waiting.attempts) == ("approved", 0)
    assert before.unmoved()
    assert not SimulatedPayout.objects.exists()
    settings.PAYOUTS_ENABLED = True
    assert payout_runs.submit_withdrawals() == 1
    assert payout_runs.submit_withdrawals() == 0
    waiting.refresh_from_db()
    assert (waiting.status, waiting.attempts) == ("processing", 1)
    assert SimulatedPayout.objects.get().amount == 50


def later(**time: float) -> Any:
    return timezone.now() + timedelta(**time)


@pytest.fixture
def make_due(db: None) -> Callable[[], None]:
    """The time until the provider is asked again is over."""
    return lambda: Withdrawal.objects.filter(status="processing").update(next_attempt_at=later(seconds=-1)) and None


def status_of(withdrawal: Withdrawal) -> str:
    withdrawal.refresh_from_db()
    return withdrawal.status


def test_a_submitted_withdrawal_is_on_its_way_and_the_simulation_says_what_it_is(approved: Withdrawal, purse: Wallet):
    books = Books()
    assert payout_runs.submit_withdrawals() == 1
    assert status_of(approved) == "processing"
    assert books.moved() == {"held → payouts": Decimal(50)}
    assert pockets(purse) == (Decimal(150), Decimal(0))
    assert timeline(approved)[-1] == ("processing", "Sent to the simulated payout provider: no real money moves.")
    payout = SimulatedPayout.objects.get()
    assert (payout.key, payout.amount, payout.status, payout.account) == (approved.reference, 50, "accepted", "DE02")
    assert approved.provider_reference == f"SIM-{payout.pk.hex[-12:]}"
    assert payouts.answer_of(payout).details["simulated"] is True
    assert payout_runs.submit_withdrawals() == 0, "its outcome is not due yet"


@pytest.mark.parametrize(
    ("account", "status", "route"),
    [("DE02", "completed", "payouts → psp"), ("fail-01", "failed", "payouts → real")],
)
def test_the_simulated_providers_event_comes_by_the_signed_path(
    alice: User, fiona: User, purse: Wallet, account: str, status: str, route: str
):
    withdrawal = approve(alice, fiona, account)
    payout_runs.submit_withdrawals()
    books = Books()
    assert payout_simulator.send_due_events() == 0, "it takes a little while"
    assert payout_simulator.send_due_events(later(seconds=6)) == 1
    assert status_of(withdrawal) == status
    assert books.moved() == {route: Decimal(50)}
    assert WebhookEvent.objects.get(account__provider="payouts").withdrawal == withdrawal
    assert payout_simulator.send_due_events(later(seconds=6)) == 0


def test_a_completed_payout_leaves_the_house(sender: PayoutSender, approved: Withdrawal, purse: Wallet):
    payout_runs.submit_withdrawals()
    books = Books()
    assert sender.tells("completed", approved).status_code == 200
    assert status_of(approved) == "completed"
    assert (approved.ended_at is not None, approved.provider_reference) == (True, "psp-9")
    assert books.moved() == {"payouts → psp": Decimal(50)}
    assert pockets(purse) == (Decimal(150), Decimal(0))


def test_a_failed_payout_is_playable_again_and_says_why(sender: PayoutSender, approved: Withdrawal, purse: Wallet):
    payout_runs.submit_withdrawals()
    books = Books()
    sender.tells("failed", approved)
    assert status_of(approved) == "failed"
    assert books.moved() == {"payouts → real": Decimal(50)}
    assert pockets(purse) == (Decimal(200), Decimal(0))
    assert timeline(approved)[-1] == ("failed", "The payout provider could not pay; the money is back in your balance.")


@pytest.mark.parametrize("order", sorted(set(permutations(["completed", "completed", "failed", "failed"]))))
def test_whatever_order_events_come_in_there_is_one_outcome(
    sender: PayoutSender, approved: Withdrawal, order: tuple[str, ...]
):
    payout_runs.submit_withdrawals()
    books = Books()
    for kind in order:
        assert sender.tells(kind, approved).status_code == 200
    assert status_of(approved) == order[0]
    assert books.moved() == {"payouts → psp" if order[0] == "completed" else "payouts → real": Decimal(50)}
    verdicts = list(WebhookEvent.objects.filter(withdrawal=approved).order_by("id").values_list("verdict", flat=True))
    assert verdicts == ["settled"] + ["ignored" if kind == order[0] else "review" for kind in order[1:]]
    assert Alert.objects.filter(kind="payout_unclear").count() == 2


@pytest.mark.parametrize("kind", ["completed", "failed"])
def test_an_event_before_the_money_is_on_its_way_is_put_before_staff(
    sender: PayoutSender, approved: Withdrawal, kind: str
):
    books = Books()
    sender.tells(kind, approved)
    assert (status_of(approved), books.unmoved()) == ("approved", True)
    assert Alert.objects.get().operator == approved.operator


@pytest.mark.parametrize("difference", [{"amount": "49.99"}, {"currency": "EUR"}, {"amount": None}])
def test_another_amount_than_the_withdrawals_settles_nothing(
    sender: PayoutSender, approved: Withdrawal, difference: dict[str, Any]
):
    payout_runs.submit_withdrawals()
    books = Books()
    sender.tells("completed", approved, **difference)
    assert (status_of(approved), books.unmoved(), Alert.objects.count()) == ("processing", True, 1)


def test_an_unknown_reference_is_put_before_the_platforms_staff(sender: PayoutSender, approved: Withdrawal):
    books = Books()
    sender.tells("completed", approved, reference="W-UNKNOWN")
    event, alert = WebhookEvent.objects.get(account__provider="payouts"), Alert.objects.get()
    assert (event.verdict, event.reason, alert.operator, books.unmoved()) == ("review", "unknown reference", None, True)


def test_strangers_settle_nothing(sender: PayoutSender, approved: Withdrawal, borealis: Operator, provider: Any):
    payout_runs.submit_withdrawals()
    boreals = new_webhook_secret(b"borealis" * 4)
    open_provider_account(Provider.PAYOUTS, borealis, boreals)
    books = Books()
    assert PayoutSender(boreals, "/webhooks/payouts").tells("completed", approved).status_code == 401
    assert PayoutSender(boreals, "/webhooks/payouts/borealis").tells("completed", approved).status_code == 200
    through_deposits = PayoutSender(provider.secret, "/webhooks/generic")
    assert through_deposits.tells("completed", approved).status_code == 200
    assert (status_of(approved), books.unmoved()) == ("processing", True)


def test_an_operators_own_account_settles_its_own(aurora: Operator, approved: Withdrawal):
    open_provider_account(Provider.PAYOUTS, aurora, SECRET)
    payout_runs.submit_withdrawals()
    assert PayoutSender(SECRET, "/webhooks/payouts/aurora").tells("completed", approved).status_code == 200
    assert status_of(approved) == "completed"


# --- What dies or does not answer ---


class Killed(BaseException):
    """The process ends here."""


STEPS = {
    "before the money moves": ("wallets.payout_runs.advance", "before"),
    "after the money moved, before commit": ("wallets.payout_runs.advance", "after"),
    "after commit, before the provider is asked": ("wallets.payout_runs._ask", "before"),
    "before the provider's row": ("wallets.payouts.SimulatedProvider.pay", "before"),
    "after the provider's row": ("wallets.payouts.SimulatedProvider.pay", "after"),
    "before its answer is noted": ("wallets.payout_runs._take_answer", "before"),
    "after its answer was noted": ("wallets.payout_runs._take_answer", "after"),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_at_any_step_leads_to_exactly_one_payout(
    step: str,
    sender: PayoutSender,
    alice: User,
    purse: Wallet,
    fiona: User,
    make_due: Any,
    monkeypatch: pytest.MonkeyPatch,
):
    asked = withdrawals.request_withdrawal(alice, Decimal(50), "bank_transfer", "DE02").withdrawal
    target, when = STEPS[step]
    original = _resolve(target)

    def dying(*args: Any, **kwargs: Any) -> None:
        if when == "after":
            original(*args, **kwargs)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(target, dying)
        # The attempt that follows the approval's commit at once is the one that dies.
        with pytest.raises(Killed):
            withdrawals.approve_withdrawal(asked.pk, fiona, "Fine")
    for _ in range(3):
        make_due()
        payout_runs.submit_withdrawals()
    assert status_of(asked) == "processing"
    payout = SimulatedPayout.objects.get()
    assert (payout.key, payout.amount) == (asked.reference, Decimal(50))
    for _ in range(2):
        payout_simulator.send_due_events(later(minutes=1))
    assert status_of(asked) == "completed"
    assert Transfer.objects.filter(reference=asked.pk).count() == 3


def _resolve(target: str) -> Any:
    try:
        return import_string(target)
    except ImportError:
        owner, _, name = target.rpartition(".")
        return getattr(import_string(owner), name)


def test_an_unknown_answer_releases_nothing_and_is_asked_about_again(
    sender: PayoutSender, approved: Withdrawal, make_due: Any, monkeypatch: pytest.MonkeyPatch
):
    answers = iter([PayoutAnswer(payouts.UNKNOWN), PayoutAnswer(payouts.UNKNOWN), PayoutAnswer(payouts.COMPLETED)])
    asked: list[str] = []

    class Doubtful:
        def pay(self, order: PayoutOrder, at: Any = None) -> PayoutAnswer:
            asked.append(order.key)
            return next(answers)

    monkeypatch.setattr(payouts, "PROVIDER", Doubtful())
    for _ in range(2):
        payout_runs.submit_withdrawals()
        assert status_of(approved) == "processing"
        assert payout_runs.submit_withdrawals() == 0, "not at once"
        make_due()
    payout_runs.submit_withdrawals()
    assert status_of(approved) == "completed"
    assert asked == [approved.reference] * 3
    assert timeline(approved)[2] == ("processing", "Sent to the payout provider.")


@pytest.mark.parametrize("fault", [TimeoutError, ConnectionError, ValueError])
def test_a_provider_that_does_not_answer_is_an_unknown_answer(
    approved: Withdrawal, make_due: Any, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
):
    def fail(*_: Any) -> PayoutAnswer:
        raise fault

    monkeypatch.setattr(SimulatedProvider, "pay", fail)
    for _ in range(payout_runs.ATTEMPTS_BEFORE_ALERT + 1):
        assert payout_runs.submit_withdrawals() == 1
        make_due()
    assert status_of(approved) == "processing"
    assert Alert.objects.get().kind == "payout_stuck"


@pytest.mark.parametrize(
    ("status", "route"), [(payouts.COMPLETED, "payouts → psp"), (payouts.FAILED, "payouts → real")]
)
def test_a_clear_answer_settles_at_once(
    sender: PayoutSender, approved: Withdrawal, monkeypatch: pytest.MonkeyPatch, status: str, route: str
):
    monkeypatch.setattr(SimulatedProvider, "pay", lambda *_: PayoutAnswer(status, "psp-1", "closed account"))
    books = Books()
    payout_runs.submit_withdrawals()
    assert status_of(approved) == status
    assert books.moved() == {"held → payouts": Decimal(50), route: Decimal(50)}
    sender.tells(status, approved)
    assert books.moved() == {"held → payouts": Decimal(50), route: Decimal(50)}


def test_an_event_that_overtakes_the_answer_wins(
    sender: PayoutSender, approved: Withdrawal, monkeypatch: pytest.MonkeyPatch
):
    def pay(provider: Any, order: PayoutOrder, at: Any) -> PayoutAnswer:
        sender.tells("completed", approved)
        return PayoutAnswer(payouts.FAILED, reason="late")

    monkeypatch.setattr(SimulatedProvider, "pay", pay)
    payout_runs.submit_withdrawals()
    assert status_of(approved) == "completed"


def test_a_lost_event_is_asked_for(approved: Withdrawal, make_due: Any, sender: PayoutSender):
    payout_runs.submit_withdrawals()
    SimulatedPayout.objects.update(status="completed")
    make_due()
    assert payout_runs.submit_withdrawals() == 1
    assert status_of(approved) == "completed"


def test_a_key_stands_for_one_payout_for_ever(approved: Withdrawal):
    order = PayoutOrder(approved.reference, approved.operator_id, Decimal(50), "USD", "bank_transfer", "DE02")
    provider = SimulatedProvider()
    first = provider.pay(order)
    assert provider.pay(order) == first
    other = PayoutOrder(approved.reference, approved.operator_id, Decimal(51), "USD", "bank_transfer", "DE02")
    assert provider.pay(other).status == payouts.UNKNOWN
    assert SimulatedPayout.objects.get().amount == 50
    SimulatedPayout.objects.all().delete()


def test_one_that_fails_holds_up_no_other(
    aurora: Operator, make_player: Any, fund: Any, fiona: User, monkeypatch: pytest.MonkeyPatch
):
    rows = []
    for name in ("first", "second"):
        player = make_player(name, aurora)
        fund(player, "50.00")
        Wallet.objects.update(wagering_required=0)
        rows.append(approve(player, fiona))
    claim = payout_runs._claim
    monkeypatch.setattr(payout_runs, "_claim", lambda pk, at: json.loads("{") if pk == rows[0].pk else claim(pk, at))
    assert payout_runs.submit_withdrawals() == 1
    assert [status_of(row) for row in rows] == ["approved", "processing"]


@pytest.mark.django_db(transaction=True)
def test_an_approval_submits_after_its_commit(alice: User, fiona: User, purse: Wallet):
    withdrawal = approve(alice, fiona)
    assert withdrawal.status == "approved"
    assert status_of(withdrawal) == "processing"
    assert SimulatedPayout.objects.get().key == withdrawal.reference
