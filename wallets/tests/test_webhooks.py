"""Providers' events: authentic or refused, stored once, settled in whatever order they come."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from betting.orders import Settled, parse_order
from betting.services import place_bet
from casino.games.models import Category
from casino.games.services import GameSpec, create_game
from casino.users.models import User
from operators.models import Alert, Operator, SignificantEvent
from wallets import services, webhooks
from wallets.models import Deposit, DepositStatus, Transfer, Wallet, WebhookEvent, WebhookVerdict
from wallets.providers import find_account, new_webhook_secret, open_provider_account, rotate_provider_secret
from wallets.tests.conftest import AURORAS_SECRET, SendingProvider

Moved = Callable[[], dict[str, Decimal]]
WalletOf = Callable[[User], Wallet]

pytestmark = pytest.mark.usefixtures("books_close")


@pytest.fixture
def deposit(alice: User, provider: SendingProvider) -> Deposit:
    """Alice announced 25.00."""
    return services.open_deposit(alice, Decimal(25), "generic").deposit


def verdicts() -> list[str]:
    return list(WebhookEvent.objects.order_by("id").values_list("verdict", flat=True))


# --- Completion ---


def test_a_completed_event_credits_the_deposit(
    deposit: Deposit, provider: SendingProvider, wallet_of: WalletOf, moved: Moved, alice: User
):
    answer = provider.says("completed", deposit)
    assert (answer.status_code, answer.json()) == (200, {"status": "stored"})
    deposit.refresh_from_db()
    assert deposit.status == DepositStatus.COMPLETED
    assert deposit.completed_at is not None
    assert deposit.provider_reference == "psp-1"
    wallet = wallet_of(alice)
    assert (wallet.real, wallet.wagering_required, wallet.version) == (Decimal(25), Decimal(25), 1)
    assert moved() == {"psp → real": Decimal(25)}
    event = WebhookEvent.objects.get()
    assert (event.verdict, event.deposit, event.amount, event.currency, event.type) == (
        WebhookVerdict.SETTLED,
        deposit,
        Decimal(25),
        "USD",
        "deposit.completed",
    )
    assert not Alert.objects.exists()


def test_a_surplus_of_wagers_never_covers_a_later_deposit(alice: User, fund: Any, wallet_of: WalletOf):
    fund(alice, "10.00")
    Wallet.objects.update(wagering_wagered=35)
    assert fund(alice, "20.00").wagering_required == Decimal(55)
    Wallet.objects.update(wagering_wagered=40)
    assert fund(alice, "5.00").wagering_required == Decimal(60)
    assert wallet_of(alice).wagering_remaining == Decimal(20)
    # Nothing was wagered in truth, and the audit knows.
    Wallet.objects.update(wagering_wagered=0)


def test_the_same_event_is_stored_once_and_answered_alike(deposit: Deposit, provider: SendingProvider, moved: Moved):
    answers = [provider.says("completed", deposit, "evt_same") for _ in range(3)]
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, b'{"status":"stored"}')}
    assert verdicts() == ["settled"]
    assert moved() == {"psp → real": Decimal(25)}


def test_an_event_id_is_each_accounts_own(
    deposit: Deposit, provider: SendingProvider, auroras_provider: SendingProvider, moved: Moved
):
    provider.says("completed", deposit, "evt_same")
    auroras_provider.says("completed", deposit, "evt_same")
    assert verdicts() == ["settled", "ignored"]
    assert moved() == {"psp → real": Decimal(25)}


def test_amounts_may_be_numbers(deposit: Deposit, provider: SendingProvider, moved: Moved):
    provider.says("completed", deposit, amount=25)
    assert moved() == {"psp → real": Decimal(25)}


def test_money_is_credited_though_the_operator_closed_or_the_player_is_blocked(
    deposit: Deposit, provider: SendingProvider, alice: User, wallet_of: WalletOf
):
    Operator.objects.update(is_open=False)
    Wallet.objects.update(is_blocked=True)
    provider.says("completed", deposit)
    assert wallet_of(alice).real == Decimal(25)


# --- Who is it ---


def assert_refused_and_nothing_kept(answer: Any, status: int = 401) -> None:
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert not WebhookEvent.objects.exists()
    assert not Transfer.objects.exists()
    assert set(Deposit.objects.values_list("status", flat=True)) == {"pending"}


def event_about(deposit: Deposit, kind: str = "completed") -> webhooks.SignedEvent:
    return webhooks.sign_event(find_account("generic", None), deposit, kind, timezone.now())


def test_a_wrong_signature_is_refused(deposit: Deposit, provider: SendingProvider):
    provider.secret = new_webhook_secret(b"thief" * 6)
    assert_refused_and_nothing_kept(provider.says("completed", deposit))


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_every_header_is_due(deposit: Deposit, provider: SendingProvider, name: str):
    event = event_about(deposit)
    assert_refused_and_nothing_kept(provider.posts(event.body, {**event.headers, name: ""}))
    del event.headers[name]
    assert_refused_and_nothing_kept(provider.posts(event.body, event.headers))


def test_an_altered_byte_is_refused_wherever_it_is(deposit: Deposit, provider: SendingProvider):
    event = event_about(deposit)
    for position in range(0, len(event.body), 7):
        altered = event.body[:position] + bytes([event.body[position] ^ 1]) + event.body[position + 1 :]
        assert_refused_and_nothing_kept(provider.posts(altered, event.headers))


@pytest.mark.parametrize(("seconds", "status"), [(301, 401), (-302, 401), (295, 200), (-295, 200)])
def test_an_event_is_five_minutes_old_at_most(deposit: Deposit, provider: SendingProvider, seconds: int, status: int):
    data = {"reference": deposit.reference, "amount": "25.00", "currency": "USD"}
    answer = provider.sends({"type": "deposit.completed", "data": data}, late_seconds=seconds)
    assert answer.status_code == status
    assert Transfer.objects.count() == (1 if status == 200 else 0)


def test_another_operators_secret_is_refused(deposit: Deposit, auroras_provider: SendingProvider, borealis: Operator):
    boreals = new_webhook_secret(b"borealis" * 4)
    open_provider_account("generic", borealis, boreals)
    auroras_provider.secret = boreals
    assert_refused_and_nothing_kept(auroras_provider.says("completed", deposit))
    for path in ("/webhooks/generic", "/webhooks/generic/borealis"):
        stranger = SendingProvider(AURORAS_SECRET, path)
        assert_refused_and_nothing_kept(stranger.says("completed", deposit))


def test_an_unknown_account_is_refused_like_a_wrong_signature(deposit: Deposit, provider: SendingProvider):
    provider.secret = new_webhook_secret(b"thief" * 6)
    known = provider.says("completed", deposit)
    for path in ("/webhooks/cashapp", "/webhooks/nobody", "/webhooks/generic/aurora", "/webhooks/generic/nowhere"):
        provider.path = path
        unknown = provider.says("completed", deposit)
        assert_refused_and_nothing_kept(unknown)
        assert {**known.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}


def test_a_closed_account_is_refused(deposit: Deposit, provider: SendingProvider, provider_account: Any):
    provider_account.is_active = False
    provider_account.save()
    assert_refused_and_nothing_kept(provider.says("completed", deposit))


def test_the_previous_secret_is_accepted_while_rotating(
    deposit: Deposit, provider: SendingProvider, provider_account: Any
):
    fresh = new_webhook_secret(b"fresh" * 6)
    rotate_provider_secret(provider_account.pk, fresh)
    assert provider.says("failed", deposit).status_code == 200
    provider.secret = fresh
    assert provider.says("failed", deposit).status_code == 200
    rotate_provider_secret(provider_account.pk, new_webhook_secret(b"newer" * 6))
    assert provider.says("failed", deposit).status_code == 200
    provider.secret = AURORAS_SECRET
    assert provider.says("failed", deposit).status_code == 401


def test_large_bodies_are_refused_unread(deposit: Deposit, provider: SendingProvider):
    assert provider.sends(b" " * 65537).status_code == 413
    assert_refused_and_nothing_kept(provider.posts(b"x" * 65537, {}), 413)
    assert provider.sends(b'{"type": "x"}' + b" " * (65536 - 13)).status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b"no json", b"{", b"\xff", b'{"a": 1, "a": 2}', b'{"a": NaN}', b"[" * 60000, b'{"a": "\\u0000"}']
)
def test_what_is_signed_but_not_json_is_refused(deposit: Deposit, provider: SendingProvider, body: bytes):
    answer = provider.sends(body)
    assert_refused_and_nothing_kept(answer, 400)
    assert answer.json()["code"] == "malformed"


def test_what_is_not_signed_is_not_even_parsed(deposit: Deposit, provider: SendingProvider):
    provider.secret = new_webhook_secret(b"thief" * 6)
    assert provider.sends(b"no json").status_code == 401


def test_only_posts_are_taken(provider: SendingProvider, client: Any):
    answer = client.get("/webhooks/generic", headers={"Accept": "text/html"})
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")


# --- What does not fit ---


@pytest.mark.parametrize("content", [[], 7, None, {}, {"type": 5}, {"type": "payout.completed"}, {"type": "x" * 99}])
def test_events_that_mean_nothing_are_kept_and_ignored(provider: SendingProvider, content: Any):
    assert provider.sends(content).status_code == 200
    assert verdicts() == ["ignored"]


def in_review(deposit: Deposit, wallet: Wallet) -> None:
    deposit.refresh_from_db()
    assert deposit.status == DepositStatus.REVIEW
    assert wallet.real == 0


@pytest.mark.parametrize(
    ("difference", "reason"),
    [
        ({"amount": "24.99"}, "another amount than the deposit's"),
        ({"amount": "250.00"}, "another amount than the deposit's"),
        ({"currency": "EUR"}, "another currency than the deposit's"),
    ],
)
def test_money_that_does_not_match_goes_to_suspense_and_the_deposit_to_review(
    deposit: Deposit,
    provider: SendingProvider,
    alice: User,
    wallet_of: WalletOf,
    difference: dict[str, str],
    reason: str,
):
    assert provider.says("completed", deposit, **difference).status_code == 200
    in_review(deposit, wallet_of(alice))
    event, transfer, alert = WebhookEvent.objects.get(), Transfer.objects.get(), Alert.objects.get()
    assert (event.verdict, event.reason) == ("suspense", reason)
    assert (transfer.operator, transfer.source, transfer.target) == (deposit.operator, "psp", "suspense")
    assert (f"{transfer.amount:.2f}", transfer.currency) == (
        difference.get("amount", "25.00"),
        difference.get("currency", "USD"),
    )
    assert (alert.operator, alert.kind) == (deposit.operator, "deposit_mismatched")
    assert alert.details["webhook_event"] == str(event.pk)


@pytest.mark.parametrize("amount", ["x", "", None, "-25.00", "25.001", "1e3", []])
def test_a_completion_without_a_usable_amount_moves_nothing_and_alerts(
    deposit: Deposit, provider: SendingProvider, alice: User, wallet_of: WalletOf, amount: Any
):
    provider.says("completed", deposit, amount=amount)
    in_review(deposit, wallet_of(alice))
    assert verdicts() == ["invalid"]
    assert not Transfer.objects.exists()
    assert Alert.objects.get().kind == "deposit_unreadable"


def test_an_event_through_another_provider_puts_the_deposit_in_review(
    deposit: Deposit, alice: User, wallet_of: WalletOf, moved: Moved
):
    secret = new_webhook_secret(b"cash" * 6)
    open_provider_account("instore_cash", None, secret)
    SendingProvider(secret, "/webhooks/instore_cash").says("completed", deposit)
    in_review(deposit, wallet_of(alice))
    assert moved() == {"psp → suspense": Decimal(25)}
    assert Transfer.objects.get().operator == deposit.operator


def test_a_deposit_in_review_waits_for_staff_whatever_comes(
    deposit: Deposit, provider: SendingProvider, alice: User, wallet_of: WalletOf, moved: Moved
):
    provider.says("completed", deposit, amount="20.00")
    provider.says("completed", deposit)
    provider.says("failed", deposit)
    provider.says("refunded", deposit)
    in_review(deposit, wallet_of(alice))
    assert verdicts() == ["suspense", "suspense", "ignored", "review"]
    assert moved() == {"psp → suspense": Decimal(45)}


def test_a_mismatch_leaves_a_completed_deposit_alone(
    deposit: Deposit, provider: SendingProvider, alice: User, wallet_of: WalletOf, moved: Moved
):
    provider.says("completed", deposit)
    provider.says("completed", deposit, amount="20.00")
    deposit.refresh_from_db()
    assert deposit.status == DepositStatus.COMPLETED
    assert moved() == {"psp → real": Decimal(25), "psp → suspense": Decimal(20)}


def test_a_second_payment_is_not_a_duplicate(deposit: Deposit, provider: SendingProvider, moved: Moved):
    for payment in ("psp-1", "psp-1", "", "psp-2"):
        provider.says("completed", deposit, provider_reference=payment)
    assert verdicts() == ["settled", "ignored", "ignored", "suspense"]
    assert moved() == {"psp → real": Decimal(25), "psp → suspense": Decimal(25)}


def test_an_unknown_reference_goes_to_suspense_in_the_book_it_came_through(
    deposit: Deposit, provider: SendingProvider, auroras_provider: SendingProvider, aurora: Operator
):
    provider.says("completed", deposit, reference="D-UNKNOWN")
    auroras_provider.says("completed", deposit, reference="D-UNKNOWN")
    provider.says("completed", deposit, reference=7)
    books = list(Transfer.objects.order_by("created_at").values_list("operator__slug", "source", "target", "currency"))
    assert books == [(None, "psp", "suspense", "USD"), ("aurora", "psp", "suspense", "USD"), books[0]]
    assert list(Alert.objects.order_by("id").values_list("operator__slug", flat=True)) == [None, "aurora", None]
    deposit.refresh_from_db()
    assert deposit.status == DepositStatus.PENDING


def test_an_unknown_reference_that_failed_or_was_refunded_moves_nothing(deposit: Deposit, provider: SendingProvider):
    provider.says("failed", deposit, reference="D-UNKNOWN")
    provider.says("refunded", deposit, reference="D-UNKNOWN")
    assert verdicts() == ["ignored", "review"]
    assert not Transfer.objects.exists()
    assert Alert.objects.count() == 1


def test_an_operators_own_account_settles_its_own_deposits(
    deposit: Deposit, auroras_provider: SendingProvider, alice: User, wallet_of: WalletOf
):
    auroras_provider.says("completed", deposit)
    assert wallet_of(alice).real == Decimal(25)


def test_an_operators_own_account_settles_nobody_elses_deposit(
    boris: User, auroras_provider: SendingProvider, provider: SendingProvider, wallet_of: WalletOf, aurora: Operator
):
    theirs = services.open_deposit(boris, Decimal(25), "generic").deposit
    auroras_provider.says("completed", theirs)
    theirs.refresh_from_db()
    assert (theirs.status, wallet_of(boris).real) == (DepositStatus.PENDING, Decimal(0))
    event = WebhookEvent.objects.get()
    assert (event.verdict, event.reason, event.deposit) == ("suspense", "unknown reference", None)
    assert Transfer.objects.get().operator == aurora


# --- Orders of events ---


def outcome(events: tuple[str, ...]) -> tuple[str, Decimal, bool]:
    """What must become of a pending deposit of 25.00: its status, the balance, whether it counts as taken back."""
    is_refunded = "refunded" in events
    if "completed" in events:
        return "completed", Decimal(0 if is_refunded else 25), is_refunded
    return ("failed" if "failed" in events else "pending"), Decimal(0), is_refunded


ORDERS = [
    order
    for kinds in (
        ("completed", "failed"),
        ("completed", "refunded"),
        ("failed", "refunded"),
        ("completed", "failed", "refunded"),
        ("completed", "completed", "failed", "refunded", "refunded"),
    )
    for order in sorted(set(permutations(kinds)))
]


@pytest.mark.parametrize("events", ORDERS, ids="-".join)
def test_events_in_any_order_end_alike(
    deposit: Deposit, provider: SendingProvider, alice: User, wallet_of: WalletOf, moved: Moved, events: tuple[str, ...]
):
    for kind in events:
        assert provider.says(kind, deposit).status_code == 200
    status, balance, is_refunded = outcome(events)
    deposit.refresh_from_db()
    wallet = wallet_of(alice)
    assert (deposit.status, wallet.real, deposit.refunded_at is not None) == (status, balance, is_refunded)
    assert (wallet.debt, wallet.wagering_remaining) == (Decimal(0), balance)
    credited = {"psp → real": Decimal(25)} if status == "completed" else {}
    taken = {"real → psp": Decimal(25)} if status == "completed" and is_refunded else {}
    assert moved() == credited | taken
    assert set(verdicts()) <= {"settled", "ignored"}


@pytest.mark.parametrize("ended", ["cancelled", "expired", "failed"])
def test_money_that_comes_late_is_credited(
    deposit: Deposit, provider: SendingProvider, alice: User, wallet_of: WalletOf, ended: str
):
    if ended == "cancelled":
        services.cancel_deposit(deposit.pk)
    elif ended == "expired":
        assert services.expire_deposits(deposit.expires_at) == 1
    else:
        provider.says("failed", deposit)
    deposit.refresh_from_db()
    assert deposit.status == ended
    provider.says("completed", deposit)
    deposit.refresh_from_db()
    assert (deposit.status, wallet_of(alice).real) == (DepositStatus.COMPLETED, Decimal(25))


def test_failed_ends_a_pending_deposit_only(deposit: Deposit, provider: SendingProvider):
    services.cancel_deposit(deposit.pk)
    provider.says("failed", deposit)
    deposit.refresh_from_db()
    assert (deposit.status, verdicts()) == (DepositStatus.CANCELLED, ["ignored"])


def test_what_was_played_away_before_a_refund_becomes_debt_and_the_next_deposit_repays_it(
    deposit: Deposit, provider: SendingProvider, alice: User, wallet_of: WalletOf, moved: Moved, fund: Any
):
    provider.says("completed", deposit)
    _lose_a_fifth(alice, "25.00")
    provider.says("refunded", deposit)
    wallet = wallet_of(alice)
    assert (wallet.real, wallet.debt) == (Decimal(0), Decimal(5))
    assert Alert.objects.get().kind == "deposit_refunded"
    assert SignificantEvent.objects.get(kind="deposit_refunded").player == alice
    wallet = fund(alice, "3.00")
    assert (wallet.real, wallet.debt) == (Decimal(0), Decimal(2))
    wallet = fund(alice, "3.00")
    assert (wallet.real, wallet.debt) == (Decimal(1), Decimal(0))
    assert moved()["real → debt"] == Decimal(5)


@pytest.mark.parametrize("difference", [{"amount": "20.00"}, {"currency": "EUR"}, {"amount": None}])
def test_a_refund_that_does_not_match_moves_nothing_and_asks_staff(
    deposit: Deposit, provider: SendingProvider, alice: User, wallet_of: WalletOf, difference: dict[str, Any]
):
    provider.says("completed", deposit)
    provider.says("refunded", deposit, **difference)
    deposit.refresh_from_db()
    assert (deposit.status, deposit.refunded_at, wallet_of(alice).real) == ("completed", None, Decimal(25))
    assert verdicts() == ["settled", "review"]
    assert Alert.objects.get().kind == "webhook_unclear"


def test_a_refunded_deposit_says_so(deposit: Deposit, provider: SendingProvider, alice: User, api: Any):
    provider.says("completed", deposit)
    provider.says("refunded", deposit)
    answer = api(alice).get(f"/deposits/{deposit.pk}").json()
    assert answer["status"] == "completed"
    assert answer["refunded_at"] > answer["created_at"]


# --- What cannot be settled at once ---


def test_an_event_that_cannot_be_settled_is_kept_for_the_sweeper(
    deposit: Deposit, provider: SendingProvider, alice: User, wallet_of: WalletOf, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: Any) -> None:
        # Part of the work is done when the fault strikes.
        Wallet.objects.update(wagering_required=99)
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as broken:
        broken.setattr("wallets.deposits.complete", fail)
        assert provider.says("completed", deposit, "evt_1").json() == {"status": "stored"}
        assert provider.says("completed", deposit, "evt_1").json() == {"status": "stored"}
        assert services.settle_stored_webhooks() == 0
    event = WebhookEvent.objects.get()
    assert (event.verdict, event.attempts, event.settled_at) == (WebhookVerdict.STORED, 2, None)
    assert (wallet_of(alice).real, wallet_of(alice).wagering_required) == (Decimal(0), Decimal(0))
    assert services.settle_stored_webhooks() == 1
    assert services.settle_stored_webhooks() == 0
    assert wallet_of(alice).real == Decimal(25)
    assert verdicts() == ["settled"]


def test_an_event_that_fails_again_and_again_alerts_once(
    deposit: Deposit, provider: SendingProvider, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as broken:
        broken.setattr("wallets.deposits.complete", lambda *_: 1 / 0)
        provider.says("completed", deposit)
        for _ in range(6):
            services.settle_stored_webhooks()
    assert Alert.objects.get().kind == "webhook_stuck"
    assert WebhookEvent.objects.get().attempts == 7
    services.settle_stored_webhooks()


# --- What the feeds hear ---


def test_the_feeds_hear_of_deposits_balances_and_alerts(
    deposit: Deposit, provider: SendingProvider, alice: User, aurora: Operator, api: Any, monkeypatch: Any
):
    told: list[Any] = []
    monkeypatch.setattr("wallets.news.publish", told.extend)

    def heard(feed: str) -> dict[str, Any]:
        return {message.type: message.data for message in told if message.feed == feed}

    provider.says("completed", deposit)
    provider.says("completed", deposit, amount="1.00")
    player, operator = heard(f"player:{alice.pk}"), heard(f"operator:{aurora.pk}")
    assert list(player) == ["deposit.updated", "balance.changed"]
    assert list(operator) == ["deposit.updated", "balance.changed", "alert.raised"]
    assert player["deposit.updated"] == api(alice).get(f"/deposits/{deposit.pk}").json()
    whose = {"player": {"id": str(alice.pk), "username": "alice"}}
    assert operator["deposit.updated"] == player["deposit.updated"] | whose
    assert (player["balance.changed"]["real"], player["balance.changed"]["version"]) == ("25.00", 1)
    assert operator["alert.raised"]["kind"] == "deposit_mismatched"
    assert operator["alert.raised"]["operator"] == "aurora"
    assert heard("platform") == {"alert.raised": operator["alert.raised"]}


def test_a_deposit_of_a_past_is_no_news(
    alice: User, provider: SendingProvider, wallet_of: WalletOf, monkeypatch: pytest.MonkeyPatch
):
    told: list[Any] = []
    monkeypatch.setattr("wallets.news.publish", told.extend)
    long_ago = timezone.now() - timedelta(days=3)
    deposit = services.deposit_through_webhook(alice, Decimal(25), key="past", at=long_ago)
    assert (deposit.status, deposit.created_at, deposit.completed_at) == ("completed", long_ago, long_ago)
    assert wallet_of(alice).real == 25
    assert not told
    again = services.deposit_through_webhook(alice, Decimal(25), key="past", at=long_ago)
    assert (again, wallet_of(alice).real) == (deposit, 25)


def _lose_a_fifth(player: User, wager: str) -> None:
    """Bet on a game that gives 80 on 100 back, whatever is drawn."""
    Category.objects.create(slug="instant", name="Instant wins")
    outcomes = [{"label": "same", "weight": 1, "multiplier": "0.8"}]
    create_game(
        GameSpec(slug="fifth", name="Fifth", category="instant", kind="weighted", paytable={"outcomes": outcomes})
    )
    order = parse_order({"game_id": "fifth", "wager": wager}, player.pk, player.operator_id, "losing-bet-0001")
    assert isinstance(place_bet(order), Settled)


# --- All at once ---


def in_parallel(workers: int, jobs: list[Callable[[], Any]]) -> list[Any]:
    def run(job: Callable[[], Any]) -> Any:
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(run, jobs))


@pytest.mark.django_db(transaction=True)
def test_one_event_received_a_thousand_times_by_fifty_threads_credits_once(
    deposit: Deposit, alice: User, wallet_of: WalletOf
):
    event = event_about(deposit)
    jobs = [lambda: services.receive_webhook("generic", None, event.headers, event.body).pk] * 1000
    assert len(set(in_parallel(50, jobs))) == 1
    assert verdicts() == ["settled"]
    assert (wallet_of(alice).real, Transfer.objects.count()) == (Decimal(25), 1)


@pytest.mark.django_db(transaction=True)
def test_one_event_sent_by_twenty_clients_at_once_is_answered_alike(
    deposit: Deposit, provider: SendingProvider, alice: User, wallet_of: WalletOf
):
    jobs = [lambda: provider.says("completed", deposit, "evt_same").status_code] * 100
    assert set(in_parallel(20, jobs)) == {200}
    assert verdicts() == ["settled"]
    assert (wallet_of(alice).real, Transfer.objects.count()) == (Decimal(25), 1)


@pytest.mark.django_db(transaction=True)
def test_different_events_of_one_deposit_at_once_credit_once(
    deposit: Deposit, provider: SendingProvider, alice: User, wallet_of: WalletOf, moved: Moved
):
    kinds = ["completed", "failed", "completed", "refunded"] * 10
    jobs = [lambda kind=kind: provider.says(kind, deposit).status_code for kind in kinds]

    def cancelling() -> int:
        try:
            services.cancel_deposit(deposit.pk)
        except services.DepositNotPending:
            return 409
        return 200

    assert set(in_parallel(20, [*jobs[:8], cancelling, *jobs[8:]])) <= {200, 409}
    assert moved() == {"psp → real": Decimal(25), "real → psp": Decimal(25)}
    assert sorted(set(verdicts())) == ["ignored", "settled"]
    deposit.refresh_from_db()
    assert deposit.status == DepositStatus.COMPLETED


@pytest.mark.django_db(transaction=True)
def test_two_sweepers_settle_each_event_once(
    alice: User, provider: SendingProvider, wallet_of: WalletOf, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as broken:
        broken.setattr("wallets.deposits.complete", lambda *_: 1 / 0)
        for _ in range(15):
            provider.says("completed", services.open_deposit(alice, Decimal(2), "generic").deposit)
    settled = in_parallel(6, [services.settle_stored_webhooks] * 6)
    assert sum(settled) == 15
    assert (wallet_of(alice).real, set(verdicts())) == (Decimal(30), {"settled"})
