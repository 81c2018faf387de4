"""POST /deposits and what follows: limits, velocity, replays, who may see and cancel."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from casino.users.models import User
from operators.models import Operator
from wallets import services
from wallets.models import Deposit, DepositStatus, Transfer, Wallet
from wallets.providers import open_provider_account

Api = Callable[..., APIClient]
BODY = {"amount": "25.00", "method": "generic"}

pytestmark = pytest.mark.usefixtures("provider_account")


@pytest.fixture(autouse=True)
def nothing_moves(db: None) -> Iterator[None]:
    """Announcing, refusing, cancelling and expiring deposits moves no money."""
    yield
    assert not Transfer.objects.exists()


def test_a_deposit_is_announced_and_told_how_to_pay(api: Api, alice: User):
    answer = api(alice).post("/deposits", BODY)
    assert answer.status_code == 201
    deposit = Deposit.objects.get()
    assert answer.json() == {
        "id": str(deposit.pk),
        "reference": deposit.reference,
        "status": "pending",
        "amount": "25.00",
        "currency": "USD",
        "method": "generic",
        "instructions": {"reference": deposit.reference, "webhook": "/webhooks/generic"},
        "expires_at": answer.json()["expires_at"],
        "created_at": answer.json()["created_at"],
    }
    assert deposit.expires_at - deposit.created_at == timedelta(hours=24)
    assert len(answer["Idempotency-Key"]) >= 8
    assert "Idempotency-Replayed" not in answer


def test_each_method_tells_what_it_needs(api: Api, alice: User, aurora: Operator):
    secret = "whsec_" + "A" * 32
    assert api(alice).post("/deposits", BODY | {"method": "cashapp"}).json()["errors"][0]["field"] == "method"
    open_provider_account("cashapp", None, secret)
    assert api(alice).post("/deposits", BODY | {"method": "cashapp"}).status_code == 400, "no cashtag is set"
    open_provider_account("cashapp", aurora, secret, {"cashtag": "$aurora"})
    open_provider_account("instore_cash", None, secret)
    by_app = api(alice).post("/deposits", BODY | {"method": "cashapp"}).json()
    in_store = api(alice).post("/deposits", BODY | {"method": "instore_cash"}).json()
    assert by_app["instructions"] == {
        "cashtag": "$aurora",
        "amount": "25.00",
        "currency": "USD",
        "reference": by_app["reference"],
    }
    assert in_store["instructions"]["code"] == in_store["reference"]
    barcode = in_store["instructions"]["barcode"]
    assert (barcode["symbology"], barcode["text"]) == ("code128", in_store["reference"])
    assert barcode["svg"].startswith("<svg ")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"amount": "1e2"}, "amount"),
        ({"amount": "1,00"}, "amount"),
        ({"amount": None}, "amount"),
        ({"amount": True}, "amount"),
        ({"method": "payouts"}, "method"),
        ({"method": "gold"}, "method"),
        ({"method": ["generic"]}, "method"),
        ({"promo_code": "x" * 41}, "promo_code"),
        ({"promo_code": 7}, "promo_code"),
        ({"operator": 7}, "operator"),
        ({"player": "boris"}, "player"),
    ],
)
def test_malformed_requests_name_the_field(api: Api, alice: User, change: dict[str, Any], field: str):
    answer = api(alice).post("/deposits", BODY | change)
    assert answer.status_code == 400
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert not Deposit.objects.exists()


@pytest.mark.parametrize("code", [r"a\ud800", r"a\u0000"])
def test_text_that_no_column_can_hold_is_refused(api: Api, alice: User, code: str):
    raw = f'{{"amount": "25.00", "method": "generic", "promo_code": "{code}"}}'
    assert api(alice).post("/deposits", raw, content_type="application/json").status_code == 400


@pytest.mark.parametrize("missing", ["amount", "method"])
def test_amount_and_method_are_due(api: Api, alice: User, missing: str):
    body = {name: value for name, value in BODY.items() if name != missing}
    assert api(alice).post("/deposits", body).status_code == 400


def test_only_players_deposit(api: Api, olga: User, petra: User):
    assert api(None).post("/deposits", BODY).status_code == 401
    for staff in (olga, petra):
        answer = api(staff).post("/deposits", BODY)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")


def test_the_operator_is_the_active_one_unless_named(
    api: Api, alice: User, aurora: Operator, borealis: Operator, cascade: Operator
):
    assert api(alice).post("/deposits", BODY | {"operator": "aurora"}).status_code == 201
    answer = api(alice).post("/deposits", BODY | {"operator": "borealis"})
    assert (answer.status_code, answer.json()["code"]) == (404, "no_wallet")
    answer = api(alice).post("/deposits", BODY | {"operator": "nowhere"})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_operator")


def test_a_blocked_player_deposits_nothing(api: Api, alice: User, wallet_of: Callable[[User], Wallet]):
    Wallet.objects.update(is_blocked=True)
    assert api(alice).post("/deposits", BODY).json()["code"] == "blocked"
    Wallet.objects.update(is_blocked=False)
    User.objects.filter(pk=alice.pk).update(is_blocked=True)
    alice.refresh_from_db()
    answer = api(alice).post("/deposits", BODY)
    assert (answer.status_code, answer.json()["code"]) == (403, "blocked")
    assert not Deposit.objects.exists()


@pytest.mark.parametrize(("amount", "status"), [("0.99", 422), ("1.00", 201), ("5000.00", 201), ("5000.01", 422)])
def test_each_deposit_is_between_one_and_five_thousand(api: Api, alice: User, amount: str, status: int):
    answer = api(alice).post("/deposits", BODY | {"amount": amount})
    assert answer.status_code == status
    if status == 422:
        assert answer.json() | {"code": "limit_exceeded", "min": "1.00", "max": "5000.00"} == answer.json()


def test_the_limits_are_the_operators_own_rows(api: Api, alice: User, aurora: Operator):
    Operator.objects.update(deposit_min=10, deposit_max=20, deposit_daily_max=45, deposits_per_hour=3)
    assert api(alice).post("/deposits", BODY | {"amount": 9}).json()["code"] == "limit_exceeded"
    assert api(alice).post("/deposits", BODY | {"amount": 21}).json()["code"] == "limit_exceeded"
    assert [api(alice).post("/deposits", BODY | {"amount": 20}).status_code for _ in range(3)] == [201, 201, 422]
    assert api(alice).post("/deposits", BODY | {"amount": 5}).json()["code"] == "limit_exceeded"


def test_ten_thousand_in_a_day(api: Api, alice: User):
    for amount in ("5000.00", "4000.00"):
        assert api(alice).post("/deposits", BODY | {"amount": amount}).status_code == 201
    answer = api(alice).post("/deposits", BODY | {"amount": "1000.01"})
    assert (answer.status_code, answer.json()["code"]) == (422, "velocity_exceeded")
    assert answer.json()["remaining"] == "1000.00"
    assert api(alice).post("/deposits", BODY | {"amount": "1000.00"}).status_code == 201
    assert api(alice).post("/deposits", BODY | {"amount": "1.00"}).json()["code"] == "velocity_exceeded"


def test_what_ended_without_money_makes_room_and_so_does_the_next_day(api: Api, alice: User):
    first = api(alice).post("/deposits", BODY | {"amount": "5000.00"}).json()
    api(alice).post("/deposits", BODY | {"amount": "5000.00"})
    api(alice).post(f"/deposits/{first['id']}/cancel")
    assert api(alice).post("/deposits", BODY | {"amount": "5000.00"}).status_code == 201
    assert api(alice).post("/deposits", BODY).status_code == 422
    day_ago = timezone.now() - timedelta(days=1, seconds=1)
    Deposit.objects.update(created_at=day_ago)
    assert api(alice).post("/deposits", BODY).status_code == 201


def test_twenty_in_an_hour(api: Api, alice: User):
    statuses = [api(alice).post("/deposits", BODY | {"amount": "1.00"}).status_code for _ in range(21)]
    assert statuses == [201] * 20 + [422]
    Deposit.objects.update(created_at=timezone.now() - timedelta(hours=1, seconds=1))
    assert api(alice).post("/deposits", BODY).status_code == 201


def test_the_same_key_answers_the_row_as_it_stands_now(api: Api, alice: User):
    client = api(alice)
    first = client.post("/deposits", BODY, headers={"Idempotency-Key": "deposit-0001"})
    assert (first.status_code, first["Idempotency-Key"]) == (201, "deposit-0001")
    client.post(f"/deposits/{first.json()['id']}/cancel")
    again = client.post("/deposits", {"amount": 25, "method": "generic"}, headers={"Idempotency-Key": '"deposit-0001"'})
    assert (again.status_code, again["Idempotency-Replayed"], again["Idempotency-Key"]) == (201, "true", "deposit-0001")
    assert again.json() == first.json() | {"status": "cancelled"}
    assert Deposit.objects.count() == 1


def test_a_replay_of_a_pending_deposit_answers_the_same_bytes(api: Api, alice: User):
    open_provider_account("instore_cash", None, "whsec_" + "A" * 32)
    answers = [
        api(alice).post("/deposits", BODY | {"method": "instore_cash"}, headers={"Idempotency-Key": "deposit-0001"})
        for _ in range(2)
    ]
    assert answers[0].content == answers[1].content


def test_the_same_key_for_something_else_is_refused(api: Api, alice: User, boris: User):
    headers = {"Idempotency-Key": "deposit-0001"}
    assert api(alice).post("/deposits", BODY, headers=headers).status_code == 201
    for change in ({"amount": "26.00"}, {"promo_code": "X"}, {"operator": "aurora"}):
        answer = api(alice).post("/deposits", BODY | change, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert api(boris).post("/deposits", BODY, headers=headers).status_code == 201, "keys are each player's own"


@pytest.mark.parametrize("key", ["short", "x" * 65, "with space 1", "ünïcödé-key"])
def test_a_malformed_key_is_refused(api: Api, alice: User, key: str):
    assert api(alice).post("/deposits", BODY, headers={"Idempotency-Key": key}).status_code == 400


def test_a_refusal_is_not_remembered(api: Api, alice: User):
    headers = {"Idempotency-Key": "deposit-0001"}
    Operator.objects.update(deposit_max=20)
    assert api(alice).post("/deposits", BODY, headers=headers).status_code == 422
    Operator.objects.update(deposit_max=5000)
    assert api(alice).post("/deposits", BODY, headers=headers).status_code == 201


def test_a_replay_is_answered_even_to_a_player_who_was_blocked_since(api: Api, alice: User):
    headers = {"Idempotency-Key": "deposit-0001"}
    first = api(alice).post("/deposits", BODY, headers=headers)
    Wallet.objects.update(is_blocked=True)
    assert api(alice).post("/deposits", BODY, headers=headers).json() == first.json()


def test_a_player_sees_their_own_deposits_and_staff_their_operators(
    api: Api, alice: User, boris: User, olga: User, bruno: User, petra: User
):
    mine = api(alice).post("/deposits", BODY).json()
    other = api(boris).post("/deposits", BODY).json()
    assert api(alice).get("/deposits").json() == {"next": None, "previous": None, "results": [mine]}
    assert api(alice).get(f"/deposits/{mine['id']}").json() == mine
    assert api(alice).get(f"/deposits/{other['id']}").status_code == 404
    assert api(olga).get(f"/deposits/{mine['id']}").status_code == 200
    assert api(bruno).get(f"/deposits/{mine['id']}").status_code == 404
    assert [row["id"] for row in api(petra).get("/deposits").json()["results"]] == [other["id"], mine["id"]]
    assert api(None).get("/deposits").status_code == 401
    assert api(alice).get("/deposits/nonsense").status_code == 404


def test_a_list_costs_the_same_statements_for_any_length(api: Api, alice: User, django_assert_num_queries: Any):
    for _ in range(5):
        api(alice).post("/deposits", BODY)
    with django_assert_num_queries(1):
        assert len(api(alice).get("/deposits?limit=5").json()["results"]) == 5


def test_a_pending_deposit_can_be_cancelled_once(api: Api, alice: User, boris: User, olga: User):
    deposit = api(alice).post("/deposits", BODY).json()
    path = f"/deposits/{deposit['id']}/cancel"
    assert api(boris).post(path).status_code == 404
    assert api(olga).post(path).status_code == 403
    assert api(alice).post(path).json()["status"] == "cancelled"
    answer = api(alice).post(path)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_pending")


def test_pending_deposits_expire_and_no_others(api: Api, alice: User):
    cancelled, pending = (api(alice).post("/deposits", BODY).json()["id"] for _ in range(2))
    api(alice).post(f"/deposits/{cancelled}/cancel")
    assert services.expire_deposits() == 0
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert services.expire_deposits() == 1
        assert services.expire_deposits() == 0
    assert Deposit.objects.get(pk=pending).status == DepositStatus.EXPIRED
    assert Deposit.objects.get(pk=cancelled).status == DepositStatus.CANCELLED


def test_the_database_keeps_one_row_for_a_key_and_a_sensible_amount(api: Api, alice: User):
    deposit = services.open_deposit(alice, Decimal(5), "generic").deposit
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'wallets_deposit'::regclass"
            " UNION SELECT indexname FROM pg_indexes WHERE tablename = 'wallets_deposit'"
        )
        names = {row[0] for row in cursor.fetchall()}
    assert {"a_key_opens_one_deposit", "a_deposit_has_an_amount", "a_completed_deposit_has_its_moment"} <= names
    assert deposit.currency == "USD"


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_the_same_moment_opens_one_deposit(api: Api, alice: User):
    def post(_: int) -> tuple[int, str]:
        try:
            answer = api(alice).post("/deposits", BODY, headers={"Idempotency-Key": "deposit-0001"})
            return answer.status_code, answer.json()["id"]
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        answers = set(pool.map(post, range(32)))
    assert len(answers) == 1
    assert {status for status, _ in answers} == {201}
    assert Deposit.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_two_operators_at_once_opens_one_deposit(api: Api, alice: User, borealis: Operator):
    from betting.services import open_account

    open_account(alice, borealis)

    def post(number: int) -> int:
        try:
            body = BODY | {"operator": ("aurora", "borealis")[number % 2]}
            return api(alice).post("/deposits", body, headers={"Idempotency-Key": "deposit-0001"}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(post, range(16)))
    assert sorted(set(statuses)) == [201, 422]
    assert Deposit.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_deposits_at_the_same_moment_stay_within_the_days_sum(api: Api, alice: User):
    def post(_: int) -> int:
        try:
            return api(alice).post("/deposits", BODY | {"amount": "3000.00"}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        statuses = sorted(pool.map(post, range(10)))
    assert statuses == [201] * 3 + [422] * 7
