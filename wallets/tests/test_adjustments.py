"""Manual adjustments: given or taken back once, by two people above the threshold, never more than is there."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from rest_framework.test import APIClient

from casino.users.models import User
from operators.models import Operator, SignificantEvent
from wallets import services
from wallets.adjustment_models import Adjustment
from wallets.models import Wallet
from wallets.tests.conftest import SendingProvider
from wallets.tests.withdrawing import Books

Api = Callable[..., APIClient]
APPROVE, REJECT = ({"status": status, "reason": "Looked at it"} for status in ("approved", "rejected"))

pytestmark = pytest.mark.usefixtures("books_close")


def body(player: User, amount: str, **more: Any) -> dict[str, Any]:
    return {"player_id": str(player.pk), "amount": amount, "reason": "Goodwill", **more}


def real(player: User) -> Decimal:
    return Wallet.objects.get(player=player).real


def test_a_small_adjustment_is_posted_at_once(api: Api, alice: User, fiona: User):
    books = Books()
    answer = api(fiona).post("/admin/adjustments", body(alice, "100.00"))
    assert answer.status_code == 201
    adjustment = Adjustment.objects.get()
    shown = answer.json()
    assert shown == {
        "id": str(adjustment.pk),
        "status": "approved",
        "player": {"id": str(alice.pk), "username": "alice"},
        "operator": "aurora",
        "amount": "100.00",
        "currency": "USD",
        "reason": "Goodwill",
        "needs_two_people": False,
        "made_by": "fiona",
        "checked_by": None,
        "decision_reason": None,
        "created_at": shown["created_at"],
        "decided_at": shown["created_at"],
    }
    assert books.moved() == {"adjustments → real": Decimal(100)}
    assert real(alice) == 100
    event = SignificantEvent.objects.get()
    assert (event.kind, event.actor, event.player, event.reason) == ("adjustment.made", fiona, alice, "Goodwill")


def test_money_is_taken_back_as_far_as_it_is_there(api: Api, alice: User, fiona: User, fund: Any):
    fund(alice, "30.00")
    books = Books()
    answer = api(fiona).post("/admin/adjustments", body(alice, "-30.01"))
    assert (answer.status_code, answer.json()["code"]) == (402, "insufficient_funds")
    assert (books.unmoved(), Adjustment.objects.count()) == (True, 0)
    assert api(fiona).post("/admin/adjustments", body(alice, "-30.00")).status_code == 201
    assert books.moved() == {"real → adjustments": Decimal(30)}


@pytest.mark.parametrize("amount", ["100.01", "-100.01"])
def test_a_large_one_waits_for_a_second_person(api: Api, alice: User, fiona: User, olga: User, fund: Any, amount: str):
    fund(alice, "500.00")
    books = Books()
    made = api(fiona).post("/admin/adjustments", body(alice, amount)).json()
    assert (made["status"], made["needs_two_people"], books.unmoved()) == ("pending", True, True)
    path = f"/admin/adjustments/{made['id']}"
    own = api(fiona).put(path, APPROVE)
    assert (own.status_code, own.json()["code"]) == (403, "not_permitted")
    assert api(fiona).put(path, REJECT).status_code == 403
    assert books.unmoved()
    answer = api(olga).put(path, APPROVE)
    assert (answer.status_code, answer.json()["status"], answer.json()["checked_by"]) == (200, "approved", "olga")
    assert real(alice) == 500 + Decimal(amount)
    moved = books.moved()
    assert list(moved.values()) == [Decimal("100.01")]
    again = api(olga).put(path, REJECT)
    assert (again.status_code, again.json()["code"]) == (409, "not_pending")
    assert books.moved() == moved
    assert list(SignificantEvent.objects.order_by("id").values_list("kind", flat=True)) == [
        "adjustment.made", "adjustment.approved",
    ]  # fmt: skip


def test_a_rejected_one_moves_nothing(api: Api, alice: User, fiona: User, olga: User):
    made = api(fiona).post("/admin/adjustments", body(alice, "200.00")).json()
    books = Books()
    answer = api(olga).put(f"/admin/adjustments/{made['id']}", REJECT)
    assert (answer.json()["status"], answer.json()["decision_reason"]) == ("rejected", "Looked at it")
    assert books.unmoved()


def test_what_was_spent_meanwhile_is_not_taken(api: Api, alice: User, fiona: User, olga: User, fund: Any):
    fund(alice, "150.00")
    made = api(fiona).post("/admin/adjustments", body(alice, "-150.00")).json()
    api(olga).post("/admin/adjustments", body(alice, "-1.00"))
    books = Books()
    answer = api(olga).put(f"/admin/adjustments/{made['id']}", APPROVE)
    assert (answer.status_code, answer.json()["code"], books.unmoved()) == (402, "insufficient_funds", True)
    assert Adjustment.objects.get(pk=made["id"]).status == "pending"


def test_what_is_given_repays_debt_first(api: Api, alice: User, fiona: User, provider: SendingProvider):
    deposit = services.open_deposit(alice, Decimal(50), "generic").deposit
    provider.says("completed", deposit)
    api(fiona).post("/admin/adjustments", body(alice, "-50.00"))
    provider.says("refunded", deposit)
    books = Books()
    for amount in ("20.00", "40.00"):
        api(fiona).post("/admin/adjustments", body(alice, amount))
    assert books.moved() == {"adjustments → real": Decimal(60), "real → debt": Decimal(50)}
    wallet = Wallet.objects.get(player=alice)
    assert (wallet.real, wallet.debt) == (Decimal(10), Decimal(0))


def test_the_threshold_is_the_operators_own(api: Api, alice: User, fiona: User):
    Operator.objects.update(adjustment_threshold=5)
    assert api(fiona).post("/admin/adjustments", body(alice, "5.01")).json()["status"] == "pending"
    assert api(fiona).post("/admin/adjustments", body(alice, "5.00")).json()["status"] == "approved"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "0.001"}, "amount"),
        ({"amount": "1e2"}, "amount"),
        ({"amount": None}, "amount"),
        ({"player_id": "alice"}, "player_id"),
        ({"reason": ""}, "reason"),
        ({"reason": 7}, "reason"),
        ({"status": "approved"}, "status"),
    ],
)
def test_malformed_requests_name_the_field(api: Api, alice: User, fiona: User, change: dict[str, Any], field: str):
    answer = api(fiona).post("/admin/adjustments", body(alice, "5.00") | change)
    assert answer.status_code == 400
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert not Adjustment.objects.exists()


def test_who_may_adjust_whom(
    api: Api, alice: User, boris: User, sam: User, olga: User, bruno: User, petra: User, fiona: User
):
    books = Books()
    statuses = [
        api(person).post("/admin/adjustments", body(alice, "5.00")).status_code for person in (None, alice, sam, bruno)
    ]
    assert statuses == [401, 403, 403, 404]
    assert api(fiona).post("/admin/adjustments", body(boris, "5.00")).status_code == 404
    assert api(fiona).post("/admin/adjustments?operator=borealis", body(boris, "5.00")).status_code == 403
    assert api(fiona).post("/admin/adjustments", body(olga, "5.00")).status_code == 404
    assert books.unmoved()
    assert api(petra).post("/admin/adjustments", body(alice, "5.00")).json()["operator"] == "aurora"
    assert api(petra).post("/admin/adjustments?operator=borealis", body(boris, "500.00")).status_code == 201
    theirs = Adjustment.objects.get(operator__slug="borealis")
    assert api(olga).put(f"/admin/adjustments/{theirs.pk}", APPROVE).status_code == 404
    assert api(bruno).put(f"/admin/adjustments/{theirs.pk}", APPROVE).status_code == 200


def test_the_list_is_the_operators_own(api: Api, alice: User, sam: User, fiona: User, bruno: User, petra: User):
    made = api(fiona).post("/admin/adjustments", body(alice, "500.00")).json()
    assert api(sam).get("/admin/adjustments?status=pending").json()["results"] == [made]
    assert api(sam).get("/admin/adjustments?status=approved").json()["results"] == []
    assert api(bruno).get("/admin/adjustments").json()["results"] == []
    assert api(petra).get("/admin/adjustments?operator=aurora").json()["results"] == [made]
    assert api(alice).get("/admin/adjustments").status_code == 403


def test_the_same_key_adjusts_once(api: Api, alice: User, fiona: User, olga: User):
    headers = {"Idempotency-Key": "adjust-01"}
    first = api(fiona).post("/admin/adjustments", body(alice, "10.00"), headers=headers)
    again = api(fiona).post("/admin/adjustments", body(alice, "10"), headers=headers)
    assert (again.status_code, again["Idempotency-Replayed"], again.json()) == (201, "true", first.json())
    other = api(fiona).post("/admin/adjustments", body(alice, "11.00"), headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert real(alice) == 10
    assert api(olga).post("/admin/adjustments", body(alice, "10.00"), headers=headers).status_code == 201


def test_the_database_refuses_a_maker_who_checks(alice: User, fiona: User, api: Api):
    api(fiona).post("/admin/adjustments", body(alice, "500.00"))
    for change in ({"checker": fiona}, {"status": "approved"}, {"amount": 0}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Adjustment.objects.update(**change)


@pytest.mark.django_db(transaction=True)
def test_twenty_decisions_at_once_post_once(api: Api, alice: User, fiona: User, olga: User, petra: User):
    made = api(fiona).post("/admin/adjustments", body(alice, "500.00")).json()

    def decide(number: int) -> int:
        try:
            staff = (olga, petra)[number % 2]
            return api(staff).put(f"/admin/adjustments/{made['id']}", APPROVE).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(decide, range(20))) == [200] + [409] * 19
    assert real(alice) == 500
