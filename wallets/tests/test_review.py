"""The inbox as staff see it, and their ways out for money in suspense: credited once, returned once, or left alone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from casino.users.models import User
from operators.models import Operator, SignificantEvent
from wallets import review, services
from wallets.models import Bonus, BonusRule, Deposit, Transfer, Wallet, WebhookEvent
from wallets.promotions import Trigger
from wallets.tests.conftest import SendingProvider
from wallets.tests.withdrawing import Books

Api = Callable[..., Any]
WalletOf = Callable[[User], Wallet]
COMPLETE, FAIL = ({"status": status, "reason": "Looked at it"} for status in ("completed", "failed"))
REASON = {"reason": "Looked at it"}

pytestmark = pytest.mark.usefixtures("books_close")


@pytest.fixture
def deposit(alice: User, provider: SendingProvider) -> Deposit:
    """Alice announced 25.00."""
    return services.open_deposit(alice, Decimal(25), "generic").deposit


@pytest.fixture
def short(deposit: Deposit, provider: SendingProvider) -> Deposit:
    """Of Alice's 25.00 only 24.00 came: the deposit is in review."""
    provider.says("completed", deposit, amount="24.00")
    deposit.refresh_from_db()
    return deposit


@pytest.fixture
def lost(auroras_provider: SendingProvider, deposit: Deposit) -> WebhookEvent:
    """30.00 that nobody announced came through Aurora's own account."""
    auroras_provider.says("completed", deposit, amount="30.00", reference="D-UNKNOWN")
    return WebhookEvent.objects.get()


def decide(api: Api, staff: User | None, deposit: Deposit, decision: dict[str, Any]) -> Any:
    return api(staff).put(f"/admin/deposits/{deposit.pk}", decision)


def act(api: Api, staff: User | None, event: WebhookEvent, verb: str, **body: Any) -> Any:
    return api(staff).post(f"/admin/webhooks/{event.pk}/{verb}", body or None)


def match(api: Api, staff: User, event: WebhookEvent, deposit: Deposit) -> Any:
    return act(api, staff, event, "match", reference=deposit.reference, **REASON)


def refused(answer: Any, status: int, code: str) -> bool:
    return (answer.status_code, answer.json()["code"]) == (status, code)


def verdicts() -> list[str]:
    return list(WebhookEvent.objects.order_by("id").values_list("verdict", flat=True))


# --- The inbox ---


def listed(api: Api, staff: User, query: str = "") -> list[Any]:
    answer = api(staff).get(f"/admin/webhooks{query}")
    assert answer.status_code == 200, answer.json()
    return list(answer.json()["results"])


def test_the_inbox_shows_each_event_newest_first(api: Api, sam: User, deposit: Deposit, provider: SendingProvider):
    provider.says("completed", deposit, "evt_1", amount="24.00")
    provider.says("completed", deposit, "evt_2", amount="oops")
    newest, oldest = listed(api, sam)
    event = WebhookEvent.objects.get(event_id="evt_1")
    assert oldest == {
        "id": str(event.pk),
        "provider": "generic",
        "operator": "aurora",
        "event_id": "evt_1",
        "type": "deposit.completed",
        "verdict": "suspense",
        "reason": "another amount than the deposit's",
        "deposit": deposit.reference,
        "amount": "24.00",
        "currency": "USD",
        "attempts": 0,
        "received_at": oldest["received_at"],
        "settled_at": oldest["settled_at"],
    }
    assert (newest["event_id"], newest["verdict"], newest["amount"]) == ("evt_2", "invalid", None)
    assert [row["event_id"] for row in listed(api, sam, "?status=suspense")] == ["evt_1"]
    assert listed(api, sam, "?status=stored") == []
    page = api(sam).get("/admin/webhooks?limit=1").json()
    assert [row["event_id"] for row in page["results"]] == ["evt_2"]
    assert [row["event_id"] for row in api(sam).get(page["next"]).json()["results"]] == ["evt_1"]


def test_staff_see_their_accounts_events_and_those_about_their_deposits(
    api: Api,
    olga: User,
    bruno: User,
    petra: User,
    boris: User,
    lost: WebhookEvent,
    deposit: Deposit,
    provider: SendingProvider,
):
    theirs = services.open_deposit(boris, Decimal(9), "generic").deposit
    provider.says("completed", deposit, "evt_alices")
    provider.says("completed", theirs, "evt_boris")
    provider.says("completed", deposit, "evt_nobodys", reference="D-NOBODY")
    own = [lost.event_id, "evt_alices"]

    def seen(staff: User, query: str = "") -> list[str]:
        return [row["event_id"] for row in reversed(listed(api, staff, query))]

    assert seen(olga) == seen(olga, "?operator=aurora") == own
    assert seen(bruno) == ["evt_boris"]
    assert seen(petra) == [*own, "evt_boris", "evt_nobodys"]
    assert seen(petra, "?operator=aurora") == own
    assert seen(petra, "?operator=borealis&status=settled") == ["evt_boris"]
    assert [row["operator"] for row in listed(api, petra)] == [None, "borealis", "aurora", "aurora"]
    assert refused(api(bruno).get("/admin/webhooks?operator=aurora"), 403, "not_permitted")


def test_who_may_look(api: Api, alice: User, olga: User, petra: User):
    assert [api(person).get("/admin/webhooks").status_code for person in (None, alice, olga)] == [401, 403, 200]
    for query in ("?status=lost", "?operator=nowhere", "?limit=0", "?cursor=x"):
        assert api(petra).get(f"/admin/webhooks{query}").status_code == 400, query


# --- Replaying ---


def test_a_stored_event_is_settled_by_hand(
    api: Api, fiona: User, alice: User, deposit: Deposit, auroras_provider: SendingProvider, wallet_of: WalletOf,
    monkeypatch: Any,
):  # fmt: skip
    with monkeypatch.context() as broken:
        broken.setattr("wallets.deposits.complete", lambda *_: 1 / 0)
        auroras_provider.says("completed", deposit)
        event = WebhookEvent.objects.get()
        answer = act(api, fiona, event, "replay")
        assert (answer.status_code, answer.json()["verdict"], answer.json()["attempts"]) == (200, "stored", 2)
        assert wallet_of(alice).real == 0
    answer = act(api, fiona, event, "replay")
    assert (answer.status_code, answer.json()["verdict"]) == (200, "settled")
    assert wallet_of(alice).real == Decimal(25)
    books = Books()
    assert refused(act(api, fiona, event, "replay"), 409, "not_stored")
    assert books.unmoved()


def test_what_is_not_stored_is_not_replayed(api: Api, petra: User, short: Deposit, provider: SendingProvider):
    books = Books()
    assert refused(act(api, petra, WebhookEvent.objects.get(), "replay"), 409, "not_stored")
    assert books.unmoved()


# --- Deciding on a deposit ---


def test_a_matched_deposit_is_credited_with_what_came(
    api: Api, fiona: User, alice: User, short: Deposit, wallet_of: WalletOf
):
    books = Books()
    answer = decide(api, fiona, short, COMPLETE)
    assert answer.status_code == 200
    assert answer.json() | {"instructions": {}} == answer.json() | {
        "id": str(short.pk),
        "status": "completed",
        "amount": "24.00",
        "operator": "aurora",
        "player": {"id": str(alice.pk), "username": "alice"},
        "instructions": {},
    }
    assert books.moved() == {"suspense → real": Decimal(24)}
    wallet = wallet_of(alice)
    assert (wallet.real, wallet.wagering_required) == (Decimal(24), Decimal(24))
    short.refresh_from_db()
    assert (short.amount, short.provider_reference, short.completed_at is not None) == (Decimal(24), "psp-1", True)
    event = WebhookEvent.objects.get()
    matched = f"another amount than the deposit's; matched to {short.reference}"
    assert (event.verdict, event.reason) == ("settled", matched)
    assert api(alice).get(f"/deposits/{short.pk}").json()["amount"] == "24.00"


def test_a_returned_deposit_fails_and_all_its_money_goes_back(
    api: Api, olga: User, alice: User, short: Deposit, provider: SendingProvider, wallet_of: WalletOf
):
    provider.says("completed", short, amount="1.00", currency="EUR")
    provider.says("completed", short, amount="oops")
    provider.says("refunded", short)
    books = Books()
    answer = decide(api, olga, short, FAIL)
    assert (answer.status_code, answer.json()["status"], answer.json()["amount"]) == (200, "failed", "25.00")
    assert books.moved() == {"suspense → psp": Decimal(25)}
    assert wallet_of(alice).real == 0
    assert verdicts() == ["settled", "settled", "ignored", "ignored"]


@pytest.mark.parametrize(
    ("decision", "kind", "status", "amount"),
    [(COMPLETE, "deposit.matched", "completed", "24.00"), (FAIL, "deposit.returned", "failed", "25.00")],
)
def test_a_decision_is_on_record(
    api: Api, petra: User, short: Deposit, decision: Any, kind: str, status: str, amount: str
):
    event = WebhookEvent.objects.get()
    decide(api, petra, short, decision)
    record = SignificantEvent.objects.get()
    assert (record.kind, record.actor, record.player, record.operator, record.reason) == (
        kind, petra, short.player, short.operator, "Looked at it",
    )  # fmt: skip
    facts = {"deposit": str(short.pk), "webhook_events": [str(event.pk)]}
    assert record.before == facts | {"status": "review", "amount": "25.00"}
    assert record.after == facts | {"status": status, "amount": amount}


def test_bonuses_and_debt_follow_what_was_credited(
    api: Api, fiona: User, alice: User, aurora: Operator, fund: Any, provider: SendingProvider, wallet_of: WalletOf
):
    fund(alice, "10.00")
    taken = Deposit.objects.get()
    BonusRule.objects.create(operator=aurora, name="Match", trigger=Trigger.ANY_DEPOSIT, match_percent=50, cap=100)
    deposit = services.open_deposit(alice, Decimal(25), "generic").deposit
    provider.says("completed", deposit, amount="24.00")
    Wallet.objects.update(wagering_wagered=13)
    decide(api, fiona, deposit, COMPLETE)
    wallet = wallet_of(alice)
    assert (wallet.real, wallet.bonus, wallet.wagering_required) == (Decimal(34), Decimal(12), Decimal(37))
    assert Bonus.objects.get().deposit == deposit
    Wallet.objects.update(wagering_wagered=0)
    provider.says("refunded", taken)
    provider.says("refunded", deposit, amount="24.00")
    wallet = wallet_of(alice)
    assert (wallet.real, wallet.bonus, wallet.debt) == (Decimal(0), Decimal(0), Decimal(0))


def test_a_matched_deposit_is_like_any_other_for_what_comes_later(
    api: Api, fiona: User, alice: User, short: Deposit, provider: SendingProvider, wallet_of: WalletOf
):
    decide(api, fiona, short, COMPLETE)
    provider.says("completed", short, amount="24.00")
    provider.says("failed", short)
    assert verdicts() == ["settled", "ignored", "ignored"]
    assert wallet_of(alice).real == Decimal(24)
    provider.says("refunded", short, amount="24.00")
    assert wallet_of(alice).real == 0


def test_money_that_comes_after_a_return_is_credited(
    api: Api, fiona: User, alice: User, short: Deposit, provider: SendingProvider, wallet_of: WalletOf
):
    decide(api, fiona, short, FAIL)
    provider.says("completed", short)
    assert wallet_of(alice).real == Decimal(25)


def test_several_payments_are_credited_together(
    api: Api, fiona: User, alice: User, short: Deposit, provider: SendingProvider, wallet_of: WalletOf
):
    provider.says("completed", short, amount="2.00", provider_reference="psp-2")
    assert decide(api, fiona, short, COMPLETE).json()["amount"] == "26.00"
    assert wallet_of(alice).real == Decimal(26)


def test_one_payment_told_of_twice_is_not_credited_twice(
    api: Api, fiona: User, alice: User, short: Deposit, provider: SendingProvider, wallet_of: WalletOf
):
    provider.says("completed", short, amount="24.00")
    books = Books()
    assert refused(decide(api, fiona, short, COMPLETE), 422, "same_payment_twice")
    assert books.unmoved()
    assert act(api, fiona, WebhookEvent.objects.earliest("id"), "return", **REASON).status_code == 200
    assert decide(api, fiona, short, COMPLETE).json()["amount"] == "24.00"
    assert books.moved() == {"suspense → psp": Decimal(24), "suspense → real": Decimal(24)}


@pytest.mark.parametrize(
    ("says", "code"),
    [
        ([("completed", {"currency": "EUR"})], "currency_differs"),
        ([("completed", {"amount": "oops"})], "nothing_in_suspense"),
        ([("completed", {"amount": "24.00"}), ("refunded", {})], "taken_back"),
        ([("refunded", {}), ("completed", {"amount": "24.00"})], "taken_back"),
    ],
)
def test_what_cannot_be_credited_is_refused_and_can_be_failed(
    api: Api, fiona: User, alice: User, deposit: Deposit, provider: SendingProvider, wallet_of: WalletOf,
    says: list[Any], code: str,
):  # fmt: skip
    for kind, data in says:
        provider.says(kind, deposit, **data)
    before, books = verdicts(), Books()
    assert refused(decide(api, fiona, deposit, COMPLETE), 422, code)
    assert books.unmoved()
    deposit.refresh_from_db()
    assert (deposit.status, verdicts(), wallet_of(alice).real) == ("review", before, 0)
    assert not SignificantEvent.objects.filter(kind__startswith="deposit.").exists()
    assert decide(api, fiona, deposit, FAIL).json()["status"] == "failed"
    assert set(books.moved()) <= {"suspense → psp"}


def test_who_may_decide(
    api: Api, alice: User, sam: User, bruno: User, fiona: User, short: Deposit, wallet_of: WalletOf
):
    books, event = Books(), WebhookEvent.objects.get()
    for decision in (COMPLETE, FAIL):
        people = (None, alice, sam, bruno)
        assert [decide(api, person, short, decision).status_code for person in people] == [401, 403, 403, 404]
    for verb, body in (("replay", {}), ("return", REASON), ("match", REASON | {"reference": short.reference})):
        answers = [act(api, person, event, verb, **body) for person in (None, alice, sam, bruno)]
        assert [answer.status_code for answer in answers] == [401, 403, 403, 404], verb
    assert (books.unmoved(), verdicts(), wallet_of(alice).real) == (True, ["suspense"], 0)


@pytest.mark.parametrize(
    "body",
    [
        {"status": "completed"},
        {"status": "completed", "reason": " "},
        {"status": "completed", "reason": "x" * 501},
        {"status": "cancelled", "reason": "x"},
        {"reason": "x"},
        COMPLETE | {"amount": "25.00"},
    ],
)
def test_a_decision_without_sense_is_refused(api: Api, fiona: User, short: Deposit, body: Any):
    books = Books()
    assert decide(api, fiona, short, body).status_code == 400
    assert books.unmoved()


@pytest.mark.parametrize("status", ["pending", "completed", "failed", "cancelled"])
def test_a_deposit_that_is_not_in_review_is_not_decided_on(
    api: Api, fiona: User, deposit: Deposit, provider: SendingProvider, status: str
):
    if status == "cancelled":
        services.cancel_deposit(deposit.pk)
    elif status != "pending":
        provider.says(status, deposit)
    books = Books()
    for decision in (COMPLETE, FAIL):
        assert refused(decide(api, fiona, deposit, decision), 409, "not_in_review")
    deposit.refresh_from_db()
    assert (deposit.status, books.unmoved()) == (status, True)


# --- Deciding on an event ---


def test_the_platform_returns_what_nobody_announced(
    api: Api, petra: User, olga: User, deposit: Deposit, provider: SendingProvider
):
    provider.says("completed", deposit, reference="D-UNKNOWN")
    event, books = WebhookEvent.objects.get(), Books()
    assert act(api, olga, event, "return", **REASON).status_code == 404
    assert refused(match(api, petra, event, deposit), 422, "another_book")
    assert books.unmoved()
    answer = act(api, petra, event, "return", **REASON)
    assert (answer.status_code, answer.json()["verdict"]) == (200, "settled")
    assert answer.json()["reason"] == "unknown reference; returned to the provider"
    assert books.moved() == {"suspense → psp": Decimal(25)}
    assert Transfer.objects.latest("id").operator is None
    record = SignificantEvent.objects.get()
    assert (record.kind, record.actor, record.operator, record.player) == ("webhook.returned", petra, None, None)
    assert record.before == {"verdict": "suspense", "amount": "25.00", "currency": "USD"}
    assert record.after == record.before | {"verdict": "settled", "webhook_events": [str(event.pk)]}
    assert refused(act(api, petra, event, "return", **REASON), 409, "not_in_suspense")
    assert books.moved() == {"suspense → psp": Decimal(25)}


def test_an_operators_finance_returns_what_came_through_its_account(
    api: Api, fiona: User, bruno: User, lost: WebhookEvent, aurora: Operator
):
    books = Books()
    assert act(api, bruno, lost, "return", **REASON).status_code == 404
    assert act(api, fiona, lost, "return").status_code == 400
    assert books.unmoved()
    assert act(api, fiona, lost, "return", **REASON).json()["verdict"] == "settled"
    assert books.moved() == {"suspense → psp": Decimal(30)}
    assert Transfer.objects.latest("id").operator == aurora


def test_a_second_payment_is_returned_and_the_first_stays(
    api: Api, fiona: User, alice: User, deposit: Deposit, provider: SendingProvider, wallet_of: WalletOf
):
    provider.says("completed", deposit)
    provider.says("completed", deposit, provider_reference="psp-2")
    act(api, fiona, WebhookEvent.objects.latest("id"), "return", **REASON)
    deposit.refresh_from_db()
    assert (deposit.status, wallet_of(alice).real, verdicts()) == ("completed", Decimal(25), ["settled", "settled"])


def test_money_is_matched_to_the_deposit_it_was_meant_for(
    api: Api, fiona: User, alice: User, lost: WebhookEvent, deposit: Deposit, wallet_of: WalletOf
):
    services.cancel_deposit(deposit.pk)
    books = Books()
    answer = match(api, fiona, lost, deposit)
    assert (answer.status_code, answer.json()["verdict"], answer.json()["deposit"]) == (
        200,
        "settled",
        deposit.reference,
    )
    deposit.refresh_from_db()
    assert (deposit.status, deposit.amount, wallet_of(alice).real) == ("completed", Decimal(30), Decimal(30))
    assert books.moved() == {"suspense → real": Decimal(30)}
    assert SignificantEvent.objects.get().kind == "deposit.matched"
    assert refused(match(api, fiona, lost, deposit), 409, "not_in_suspense")
    assert books.moved() == {"suspense → real": Decimal(30)}


def test_a_second_payment_is_matched_to_another_deposit(
    api: Api, fiona: User, alice: User, deposit: Deposit, provider: SendingProvider, wallet_of: WalletOf
):
    provider.says("completed", deposit)
    provider.says("completed", deposit, provider_reference="psp-2")
    other = services.open_deposit(alice, Decimal(40), "generic").deposit
    assert match(api, fiona, WebhookEvent.objects.latest("id"), other).json()["deposit"] == other.reference
    assert (wallet_of(alice).real, verdicts()) == (Decimal(50), ["settled", "settled"])


def test_what_cannot_be_matched_is_refused(
    api: Api, fiona: User, petra: User, alice: User, boris: User, lost: WebhookEvent, deposit: Deposit,
    provider: SendingProvider, auroras_provider: SendingProvider,
):  # fmt: skip
    theirs = services.open_deposit(boris, Decimal(30), "generic").deposit
    credited, reviewed = (services.open_deposit(alice, Decimal(5), "generic").deposit for _ in range(2))
    provider.says("completed", credited)
    provider.says("completed", reviewed, amount="4.00")
    auroras_provider.says("completed", deposit, reference="D-EUROS", currency="EUR")
    euros = WebhookEvent.objects.latest("id")
    waiting = WebhookEvent.objects.get(deposit=reviewed)
    books, before = Books(), verdicts()
    assert refused(match(api, fiona, lost, theirs), 404, "unknown_deposit")
    assert refused(match(api, petra, lost, theirs), 422, "another_book")
    assert refused(match(api, fiona, lost, credited), 409, "already_completed")
    assert refused(match(api, fiona, waiting, deposit), 422, "deposit_in_review")
    assert refused(act(api, fiona, waiting, "return", **REASON), 422, "deposit_in_review")
    assert refused(match(api, fiona, euros, deposit), 422, "currency_differs")
    assert act(api, fiona, lost, "match", reference=deposit.reference).status_code == 400
    assert (books.unmoved(), verdicts()) == (True, before)
    assert set(WebhookEvent.objects.filter(pk__in=[lost.pk, euros.pk]).values_list("deposit", flat=True)) == {None}


def test_money_matched_to_a_deposit_in_review_joins_what_waits_there(
    api: Api, fiona: User, short: Deposit, auroras_provider: SendingProvider
):
    auroras_provider.says("completed", short, amount="1.00", reference="D-UNKNOWN")
    match(api, fiona, WebhookEvent.objects.latest("id"), short)
    short.refresh_from_db()
    assert (short.status, short.amount, verdicts()) == ("completed", Decimal(25), ["settled", "settled"])


# --- What the feeds hear ---


def test_the_feeds_hear_of_decisions(api: Api, fiona: User, alice: User, short: Deposit, monkeypatch: Any):
    told: list[Any] = []
    monkeypatch.setattr("wallets.news.publish", told.extend)
    decide(api, fiona, short, COMPLETE)
    assert [message.type for message in told if message.feed == f"player:{alice.pk}"] == [
        "deposit.updated", "balance.changed",
    ]  # fmt: skip


# --- All at once ---


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_of_decisions_at_once_one_wins(fiona: User, olga: User, short: Deposit, round_: int):
    books = Books()
    event = WebhookEvent.objects.get()
    jobs = [
        lambda: review.decide_deposit(short.pk, fiona, "completed", "It is fine"),
        lambda: review.decide_deposit(short.pk, olga, "failed", "It is not"),
        lambda: review.match_event(event.pk, olga, short.reference, "It is fine"),
        lambda: review.return_event(event.pk, fiona, "It is not"),
    ] * 2

    def run(job: Callable[[], Any]) -> str:
        try:
            job()
        except (review.DepositNotInReview, review.NotInSuspense, review.DepositInReview, review.DepositCompleted):
            return "refused"
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(run, jobs)) == ["done"] + ["refused"] * 7
    assert books.moved() in ({"suspense → real": Decimal(24)}, {"suspense → psp": Decimal(24)})
    assert SignificantEvent.objects.count() == 1
