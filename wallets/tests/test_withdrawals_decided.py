"""Staff and withdrawals: who may decide what, two people above the threshold, and where the money goes."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from casino.errors import NotPermitted
from casino.users.models import User
from operators.models import Operator, SignificantEvent
from wallets import services, withdrawals
from wallets.models import Wallet
from wallets.tests.conftest import SendingProvider
from wallets.tests.withdrawing import Books, pockets, timeline
from wallets.withdrawal_models import Withdrawal

Api = Callable[..., APIClient]
APPROVE, REJECT = ({"status": status, "reason": "Looked at it"} for status in ("approved", "rejected"))

pytestmark = pytest.mark.usefixtures("books_close")


@pytest.fixture
def purse(alice: User, fund: Any) -> Wallet:
    wallet: Wallet = fund(alice, "2000.00")
    Wallet.objects.update(wagering_required=0)
    return wallet


@pytest.fixture
def small(alice: User, purse: Wallet) -> Withdrawal:
    """50.00: one person decides."""
    return withdrawals.request_withdrawal(alice, Decimal(50), "bank_transfer", "DE02").withdrawal


@pytest.fixture
def large(alice: User, purse: Wallet) -> Withdrawal:
    """1,000.01: two people decide."""
    return withdrawals.request_withdrawal(alice, Decimal("1000.01"), "bank_transfer", "DE02").withdrawal


def decide(api: Api, staff: User | None, withdrawal: Withdrawal, decision: dict[str, str]) -> Any:
    return api(staff).put(f"/admin/withdrawals/{withdrawal.pk}", decision)


def test_finance_approves_and_the_money_stays_held_until_it_is_sent(api: Api, fiona: User, small: Withdrawal):
    books = Books()
    answer = decide(api, fiona, small, APPROVE)
    assert (answer.status_code, answer.json()["status"]) == (200, "approved")
    assert answer.json()["approved_by"] == [{"id": str(fiona.pk), "username": "fiona"}]
    assert books.unmoved()
    assert timeline(small) == [("pending", ""), ("approved", "Looked at it")]
    event = SignificantEvent.objects.get()
    assert (event.kind, event.actor, event.player, event.operator, event.reason) == (
        "withdrawal.approved", fiona, small.player, small.operator, "Looked at it",
    )  # fmt: skip


def test_a_rejected_withdrawal_is_playable_again(api: Api, olga: User, small: Withdrawal, purse: Wallet):
    books = Books()
    answer = decide(api, olga, small, REJECT)
    assert (answer.status_code, answer.json()["status"]) == (200, "rejected")
    assert books.moved() == {"held → real": Decimal(50)}
    assert pockets(purse) == (Decimal(2000), Decimal(0))
    assert timeline(small) == [("pending", ""), ("rejected", "Looked at it")]
    assert SignificantEvent.objects.get().kind == "withdrawal.rejected"


def test_the_player_reads_the_reason_and_nobodys_name(api: Api, alice: User, fiona: User, small: Withdrawal):
    decide(api, fiona, small, REJECT)
    answer = api(alice).get(f"/withdrawals/{small.pk}")
    assert answer.json()["timeline"][-1]["reason"] == "Looked at it"
    assert "fiona" not in answer.content.decode()


def test_who_may_decide(api: Api, alice: User, sam: User, bruno: User, olga: User, petra: User, small: Withdrawal):
    books = Books()
    statuses = [decide(api, person, small, APPROVE).status_code for person in (None, alice, sam, bruno)]
    assert statuses == [401, 403, 403, 404]
    assert Withdrawal.objects.get().status == "pending"
    assert decide(api, petra, small, APPROVE).status_code == 200
    assert books.unmoved()


@pytest.mark.parametrize(
    "body",
    [
        {"status": "approved"},
        {"reason": "x"},
        {"status": "completed", "reason": "x"},
        {"status": "approved", "reason": ""},
        {"status": "approved", "reason": "x", "amount": "1.00"},
    ],
)
def test_a_decision_is_one_of_two_with_a_reason(api: Api, fiona: User, small: Withdrawal, body: dict[str, str]):
    assert decide(api, fiona, small, body).status_code == 400
    assert Withdrawal.objects.get().status == "pending"


@pytest.mark.parametrize("second", [APPROVE, REJECT])
@pytest.mark.parametrize("first", [APPROVE, REJECT])
def test_what_has_moved_on_is_a_conflict(
    api: Api, fiona: User, olga: User, small: Withdrawal, first: dict[str, str], second: dict[str, str]
):
    decide(api, fiona, small, first)
    books = Books()
    answer = decide(api, olga, small, second)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_pending")
    assert Withdrawal.objects.get().status == first["status"]
    assert books.unmoved()


def test_two_people_approve_a_large_one(api: Api, alice: User, fiona: User, olga: User, large: Withdrawal):
    first = decide(api, fiona, large, APPROVE)
    assert (first.status_code, first.json()["status"]) == (200, "pending")
    assert [step["status"] for step in first.json()["timeline"]] == ["pending", "pending"]
    again = decide(api, fiona, large, APPROVE)
    assert (again.status_code, again.json()["code"]) == (403, "not_permitted")
    assert decide(api, fiona, large, REJECT).status_code == 403, "nobody decides twice on one matter"
    second = decide(api, olga, large, APPROVE)
    assert (second.status_code, second.json()["status"]) == (200, "approved")
    assert [person["username"] for person in second.json()["approved_by"]] == ["fiona", "olga"]
    assert timeline(large) == [("pending", ""), ("pending", "Looked at it"), ("approved", "Looked at it")]
    assert SignificantEvent.objects.filter(kind="withdrawal.approved").count() == 2


def test_the_second_person_may_reject_and_the_player_may_still_cancel(
    api: Api, alice: User, fiona: User, olga: User, large: Withdrawal, purse: Wallet
):
    decide(api, fiona, large, APPROVE)
    assert decide(api, olga, large, REJECT).json()["status"] == "rejected"
    other = withdrawals.request_withdrawal(alice, Decimal(1500), "cashapp", "$alice").withdrawal
    decide(api, fiona, other, APPROVE)
    assert api(alice).post(f"/withdrawals/{other.pk}/cancel").json()["status"] == "cancelled"
    assert pockets(purse) == (Decimal(2000), Decimal(0))


def test_the_threshold_is_the_operators_and_is_fixed_when_it_is_asked_for(
    api: Api, alice: User, fiona: User, purse: Wallet
):
    exact = withdrawals.request_withdrawal(alice, Decimal(1000), "bank_transfer", "DE02").withdrawal
    assert not exact.needs_two_people
    withdrawals.cancel_withdrawal(exact.pk)
    Operator.objects.update(withdrawal_approval_threshold=20)
    above = withdrawals.request_withdrawal(alice, Decimal("20.01"), "bank_transfer", "DE02").withdrawal
    Operator.objects.update(withdrawal_approval_threshold=1000)
    assert decide(api, fiona, above, APPROVE).json()["status"] == "pending"


def test_the_queue_is_the_operators_own(
    api: Api, alice: User, boris: User, sam: User, bruno: User, petra: User, small: Withdrawal
):
    assert [row["id"] for row in api(sam).get("/admin/withdrawals?status=pending").json()["results"]] == [str(small.pk)]
    row = api(sam).get("/admin/withdrawals").json()["results"][0]
    assert row["player"] == {"id": str(alice.pk), "username": "alice"}
    assert (row["destination"], row["operator"], row["needs_two_people"]) == ({"account": "DE02"}, "aurora", False)
    assert api(sam).get("/admin/withdrawals?status=approved").json()["results"] == []
    assert api(bruno).get("/admin/withdrawals").json()["results"] == []
    assert len(api(petra).get("/admin/withdrawals?operator=aurora").json()["results"]) == 1
    assert api(petra).get("/admin/withdrawals?operator=borealis").json()["results"] == []
    assert api(sam).get("/admin/withdrawals?status=open").status_code == 400
    assert api(sam).get("/admin/withdrawals?operator=borealis").status_code == 403
    assert [api(person).get("/admin/withdrawals").status_code for person in (alice, None)] == [403, 401]


def test_the_queue_costs_the_same_statements_for_any_length(
    api: Api, aurora: Operator, make_player: Any, fund: Any, sam: User, django_assert_num_queries: Any
):
    for number in range(3):
        player = make_player(f"player{number}", aurora)
        fund(player, "50.00")
        Wallet.objects.update(wagering_required=0)
        withdrawals.request_withdrawal(player, Decimal(50), "bank_transfer", "DE02")
    with django_assert_num_queries(2):
        assert len(api(sam).get("/admin/withdrawals").json()["results"]) == 3


def test_debt_that_came_up_meanwhile_stops_an_approval(api: Api, alice: User, fiona: User, provider: SendingProvider):
    deposit = services.open_deposit(alice, Decimal(100), "generic").deposit
    provider.says("completed", deposit)
    Wallet.objects.update(wagering_required=0)
    withdrawal = withdrawals.request_withdrawal(alice, Decimal(80), "bank_transfer", "DE02").withdrawal
    provider.says("refunded", deposit)
    answer = decide(api, fiona, withdrawal, APPROVE)
    assert (answer.status_code, answer.json()["code"]) == (409, "account_in_debt")
    assert decide(api, fiona, withdrawal, REJECT).status_code == 200
    wallet = Wallet.objects.get(player=alice)
    assert (wallet.real, wallet.held, wallet.debt) == (0, 0, 0)


def test_only_seeded_players_withdrawals_are_approved_by_nobody(alice: User, large: Withdrawal):
    with pytest.raises(NotPermitted):
        withdrawals.approve_automatically(large.pk)
    assert Withdrawal.objects.get().status == "pending"
    User.objects.filter(pk=alice.pk).update(is_seeded=True)
    approved = withdrawals.approve_automatically(large.pk)
    assert (approved.status, approved.is_automatic, approved.approver) == ("approved", True, None)
