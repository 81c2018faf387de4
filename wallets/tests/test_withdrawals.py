"""POST /withdrawals and what players may do with one: every condition with its reason, replays, cancelling."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from rest_framework.test import APIClient

from casino.users import exclusions
from casino.users.models import User
from operators.models import Operator, SignificantEvent
from vip.models import Standing, VipLevel
from wallets import ledger, services
from wallets.models import Account, TransferKind, Wallet
from wallets.promotions import Bonus, BonusSource, BonusStatus
from wallets.tests.conftest import SendingProvider
from wallets.tests.withdrawing import BODY, Books, pockets
from wallets.withdrawal_models import Withdrawal

Api = Callable[..., APIClient]

pytestmark = pytest.mark.usefixtures("books_close")


@pytest.fixture
def purse(alice: User, fund: Any) -> Wallet:
    """Alice has 200.00 that nothing binds any more."""
    wallet: Wallet = fund(alice, "200.00")
    Wallet.objects.update(wagering_required=0)
    return wallet


@pytest.fixture
def bonus(purse: Wallet) -> Bonus:
    """Alice has an active bonus of 10.00."""
    with transaction.atomic():
        journal = ledger.lock([purse.pk])
        wallet = journal.wallets[purse.pk]
        made = Bonus.objects.create(
            operator=wallet.operator, player=wallet.player, wallet=wallet, source=BonusSource.MANUAL, granted=10,
            balance=10, wagering_multiple=35, required=350, max_stake=5, created_at=journal.at,
            expires_at=journal.at + timedelta(days=30),
        )  # fmt: skip
        journal.move(
            TransferKind.BONUS_GRANT, Account.PROMOTIONS, Account.BONUS, Decimal(10), reference=made.pk, wallet=wallet
        )
        journal.post()
    return made


def test_a_withdrawal_is_held_at_once(api: Api, alice: User, purse: Wallet):
    books = Books()
    answer = api(alice).post("/withdrawals", BODY)
    assert answer.status_code == 201
    withdrawal = Withdrawal.objects.get()
    body = answer.json()
    assert body == {
        "id": str(withdrawal.pk),
        "reference": withdrawal.reference,
        "status": "pending",
        "amount": "50.00",
        "currency": "USD",
        "method": "bank_transfer",
        "timeline": [{"status": "pending", "at": body["created_at"]}],
        "created_at": body["created_at"],
    }
    assert withdrawal.reference.startswith("W-")
    assert (withdrawal.destination, withdrawal.needs_two_people) == (BODY["destination"], False)
    assert pockets(purse) == (Decimal(150), Decimal(50))
    assert books.moved() == {"real → held": Decimal(50)}
    assert len(answer["Idempotency-Key"]) >= 8


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"amount": "1e2"}, "amount"),
        ({"method": "generic"}, "method"),
        ({"method": None}, "method"),
        ({"destination": {}}, "destination.account"),
        ({"destination": "x"}, "destination"),
        ({"destination": {"account": ""}}, "destination.account"),
        ({"destination": {"account": 7}}, "destination.account"),
        ({"destination": {"account": "x" * 101}}, "destination.account"),
        ({"destination": {"account": "x", "bank": "y"}}, "destination.bank"),
        ({"waive_bonuses": "perhaps"}, "waive_bonuses"),
        ({"operator": 7}, "operator"),
        ({"status": "approved"}, "status"),
    ],
)
def test_malformed_requests_name_the_field(api: Api, alice: User, purse: Wallet, change: dict[str, Any], field: str):
    books = Books()
    answer = api(alice).post("/withdrawals", BODY | change)
    assert answer.status_code == 400
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert books.unmoved()


def test_only_players_withdraw(api: Api, olga: User, petra: User):
    assert api(None).post("/withdrawals", BODY).status_code == 401
    for staff in (olga, petra):
        answer = api(staff).post("/withdrawals", BODY)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")


# --- Conditions ---


def refused(answer: Any, status: int, code: str, **extra: Any) -> None:
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    assert body | extra == body
    assert not Withdrawal.objects.exists()


def test_more_than_there_is_is_refused(api: Api, alice: User, purse: Wallet):
    books = Books()
    refused(api(alice).post("/withdrawals", BODY | {"amount": "200.01"}), 402, "insufficient_funds")
    assert books.unmoved()
    assert api(alice).post("/withdrawals", BODY | {"amount": "200.00"}).status_code == 201


def test_deposits_are_wagered_first(api: Api, alice: User, fund: Any):
    fund(alice, "200.00")
    books = Books()
    refused(
        api(alice).post("/withdrawals", BODY),
        422,
        "wagering_incomplete",
        required="200.00",
        wagered="0.00",
        remaining="200.00",
    )
    assert books.unmoved()


def test_an_active_bonus_is_waived_in_the_same_request_or_stands_in_the_way(
    api: Api, alice: User, purse: Wallet, bonus: Bonus
):
    books = Books()
    refused(
        api(alice).post("/withdrawals", BODY),
        422,
        "active_bonus",
        bonuses=[{"id": str(bonus.pk), "balance": "10.00"}],
    )
    assert books.unmoved()
    assert api(alice).post("/withdrawals", BODY | {"waive_bonuses": True}).status_code == 201
    bonus.refresh_from_db()
    assert (bonus.status, bonus.balance, bonus.forfeited) == (BonusStatus.WAIVED, 0, 10)
    assert books.moved() == {"bonus → forfeits": Decimal(10), "real → held": Decimal(50)}


def test_a_refused_withdrawal_waives_nothing(api: Api, alice: User, purse: Wallet, bonus: Bonus):
    books = Books()
    body = BODY | {"waive_bonuses": True, "amount": "500.00"}
    refused(api(alice).post("/withdrawals", body), 402, "insufficient_funds")
    bonus.refresh_from_db()
    assert (bonus.status, books.unmoved()) == (BonusStatus.ACTIVE, True)


def test_a_bonus_whose_time_is_over_stands_in_nobodys_way(api: Api, alice: User, purse: Wallet, bonus: Bonus):
    Bonus.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert api(alice).post("/withdrawals", BODY).status_code == 201


@pytest.mark.parametrize(("amount", "status"), [("9.99", 422), ("10.00", 201)])
def test_a_withdrawal_is_ten_at_least(api: Api, alice: User, purse: Wallet, amount: str, status: int):
    answer = api(alice).post("/withdrawals", BODY | {"amount": amount})
    assert answer.status_code == status
    if status == 422:
        refused(answer, 422, "limit_exceeded", min="10.00", max="5000.00")


@pytest.mark.parametrize(("amount", "status"), [("5000.01", 422), ("5000.00", 201)])
def test_five_thousand_at_most(api: Api, alice: User, fund: Any, amount: str, status: int):
    for _ in range(2):
        fund(alice, "3000.00")
    Wallet.objects.update(wagering_required=0)
    answer = api(alice).post("/withdrawals", BODY | {"amount": amount})
    assert answer.status_code == status
    if status == 422:
        refused(answer, 422, "limit_exceeded", max="5000.00")


def test_the_limits_are_the_operators_own_rows_and_the_vip_levels(api: Api, alice: User, purse: Wallet):
    Operator.objects.update(withdrawal_min=20, withdrawal_daily_max=100)
    refused(api(alice).post("/withdrawals", BODY | {"amount": "19.00"}), 422, "limit_exceeded", min="20.00")
    refused(api(alice).post("/withdrawals", BODY | {"amount": "101.00"}), 422, "limit_exceeded", max="100.00")
    # Silver's own limit is twice bronze's, and so the operator's maximum is twice as high.
    Standing.objects.update(level=1)
    answer = api(alice).post("/withdrawals", BODY | {"amount": "200.01"})
    refused(answer, 402, "insufficient_funds")
    assert [reason["code"] for reason in answer.json()["missing"]] == ["insufficient_funds", "limit_exceeded"]
    assert answer.json()["missing"][1]["max"] == "200.00"
    assert api(alice).post("/withdrawals", BODY | {"amount": "101.00"}).status_code == 201
    # Nobody earned silver in truth, and the audit knows.
    Standing.objects.update(level=0)


def test_a_vip_levels_limit_counts_where_it_is_the_tighter(api: Api, alice: User, purse: Wallet):
    before = VipLevel.objects.get(number=0).withdrawal_limit
    VipLevel.objects.filter(number=0).update(withdrawal_limit=60)
    try:
        refused(api(alice).post("/withdrawals", BODY | {"amount": "60.01"}), 422, "limit_exceeded", max="60.00")
    finally:
        VipLevel.objects.filter(number=0).update(withdrawal_limit=before)


def test_the_last_day_counts_together(api: Api, alice: User, purse: Wallet):
    Operator.objects.update(withdrawal_daily_max=100)
    client = api(alice)
    first = client.post("/withdrawals", BODY | {"amount": "60.00"}).json()
    client.post(f"/withdrawals/{first['id']}/cancel")
    assert client.post("/withdrawals", BODY | {"amount": "60.00"}).status_code == 201, "what came back makes room"
    # As if the provider had completed it: it is not open any more and still counts.
    second = Withdrawal.objects.get(status="pending")
    Withdrawal.objects.filter(pk=second.pk).update(status="completed", approver=alice, ended_at=timezone.now())
    books = Books()
    answer = client.post("/withdrawals", BODY | {"amount": "40.01"})
    assert (answer.status_code, answer.json()["code"], answer.json()["remaining"]) == (
        422,
        "velocity_exceeded",
        "40.00",
    )
    assert books.unmoved()
    Withdrawal.objects.filter(pk=second.pk).update(status="pending", approver=None, ended_at=None)


def test_one_open_withdrawal_at_a_time(api: Api, alice: User, purse: Wallet):
    client = api(alice)
    first = client.post("/withdrawals", BODY).json()
    books = Books()
    answer = client.post("/withdrawals", BODY)
    assert (answer.status_code, answer.json()["code"], answer.json()["withdrawal"]) == (
        422,
        "withdrawal_open",
        first["id"],
    )
    assert books.unmoved()
    client.post(f"/withdrawals/{first['id']}/cancel")
    assert client.post("/withdrawals", BODY).status_code == 201


def test_only_so_many_are_taken_in_a_day(api: Api, alice: User, purse: Wallet):
    Operator.objects.update(withdrawals_per_day=2)
    client = api(alice)
    for _ in range(2):
        opened = client.post("/withdrawals", BODY).json()
        client.post(f"/withdrawals/{opened['id']}/cancel")
    assert client.post("/withdrawals", BODY).json()["code"] == "velocity_exceeded"
    Withdrawal.objects.update(created_at=timezone.now() - timedelta(days=1, seconds=1))
    assert client.post("/withdrawals", BODY).status_code == 201


@pytest.mark.parametrize("where", ["here", "everywhere"])
def test_a_blocked_account_withdraws_nothing(api: Api, alice: User, purse: Wallet, where: str):
    if where == "here":
        Wallet.objects.update(is_blocked=True)
    else:
        User.objects.filter(pk=alice.pk).update(is_blocked=True)
        alice.refresh_from_db()
    books = Books()
    refused(api(alice).post("/withdrawals", BODY), 403, "blocked")
    assert books.unmoved()


def test_what_is_released_repays_debt_first(api: Api, alice: User, provider: SendingProvider):
    deposit = services.open_deposit(alice, Decimal(100), "generic").deposit
    provider.says("completed", deposit)
    Wallet.objects.update(wagering_required=0)
    opened = api(alice).post("/withdrawals", BODY | {"amount": "30.00"}).json()
    provider.says("refunded", deposit)
    books = Books()
    api(alice).post(f"/withdrawals/{opened['id']}/cancel")
    assert books.moved() == {"held → real": Decimal(30), "real → debt": Decimal(30)}
    wallet = Wallet.objects.get(player=alice)
    assert (wallet.real, wallet.held, wallet.debt) == (0, 0, 0)


def test_an_account_in_debt_is_told_so(api: Api, alice: User, provider: SendingProvider, fund: Any):
    deposit = services.open_deposit(alice, Decimal(100), "generic").deposit
    provider.says("completed", deposit)
    Wallet.objects.update(wagering_required=0)
    opened = api(alice).post("/withdrawals", BODY | {"amount": "80.00"}).json()
    provider.says("refunded", deposit)
    wallet = Wallet.objects.get(player=alice)
    assert (wallet.real, wallet.held, wallet.debt) == (0, 80, 80)
    answer = api(alice).post("/withdrawals", BODY)
    assert (answer.status_code, answer.json()["code"], answer.json()["debt"]) == (422, "account_in_debt", "80.00")
    assert [reason["code"] for reason in answer.json()["missing"]] == [
        "account_in_debt", "insufficient_funds", "withdrawal_open",
    ]  # fmt: skip
    api(alice).post(f"/withdrawals/{opened['id']}/cancel")
    assert Wallet.objects.get(player=alice).debt == 0


def test_self_exclusion_leaves_withdrawals_open_though_wagering_is_closed(api: Api, alice: User, fund: Any):
    fund(alice, "200.00")
    exclusions.exclude(alice, "time_out", "24h")
    answer = api(alice).post("/withdrawals", BODY)
    refused(answer, 422, "wagering_incomplete")
    exclusions.exclude(alice, "self_exclusion", "6m")
    assert api(alice).post("/withdrawals", BODY).status_code == 201


def test_a_brand_that_closed_still_pays_out(api: Api, alice: User, purse: Wallet):
    Operator.objects.update(is_open=False)
    assert api(alice).post("/withdrawals", BODY).status_code == 201


def test_the_operator_is_the_active_one_unless_named(api: Api, alice: User, purse: Wallet, borealis: Operator):
    for slug in ("borealis", "nowhere"):
        answer = api(alice).post("/withdrawals", BODY | {"operator": slug})
        assert (answer.status_code, answer.json()["code"]) == (404, "no_wallet")
    assert api(alice).post("/withdrawals", BODY | {"operator": "aurora"}).status_code == 201


# --- Replays ---


def test_the_same_key_answers_the_row_as_it_stands_now(api: Api, alice: User, purse: Wallet):
    client, headers = api(alice), {"Idempotency-Key": "withdrawal-1"}
    first = client.post("/withdrawals", BODY, headers=headers)
    client.post(f"/withdrawals/{first.json()['id']}/cancel")
    books = Books()
    again = client.post("/withdrawals", BODY | {"amount": 50}, headers=headers)
    assert (again.status_code, again["Idempotency-Replayed"]) == (201, "true")
    assert (again.json()["id"], again.json()["status"]) == (first.json()["id"], "cancelled")
    assert books.unmoved()


def test_the_same_key_for_something_else_is_refused(api: Api, alice: User, purse: Wallet):
    client, headers = api(alice), {"Idempotency-Key": "withdrawal-1"}
    client.post("/withdrawals", BODY, headers=headers)
    books = Books()
    for change in ({"amount": "51.00"}, {"destination": {"account": "other"}}, {"waive_bonuses": True}):
        answer = client.post("/withdrawals", BODY | change, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert books.unmoved()


def test_a_refusal_is_not_remembered(api: Api, alice: User, purse: Wallet):
    client, headers = api(alice), {"Idempotency-Key": "withdrawal-1"}
    Wallet.objects.update(is_blocked=True)
    assert client.post("/withdrawals", BODY, headers=headers).status_code == 403
    Wallet.objects.update(is_blocked=False)
    assert client.post("/withdrawals", BODY, headers=headers).status_code == 201


# --- Looking and cancelling ---


def test_everybody_sees_their_own_and_staff_their_operators(
    api: Api, alice: User, boris: User, olga: User, bruno: User, petra: User, purse: Wallet
):
    mine = api(alice).post("/withdrawals", BODY).json()
    path = f"/withdrawals/{mine['id']}"
    assert api(alice).get(path).json() == mine
    assert api(alice).get("/withdrawals").json() == {"next": None, "previous": None, "results": [mine]}
    assert api(boris).get("/withdrawals").json()["results"] == []
    assert [api(person).get(path).status_code for person in (boris, bruno, olga, petra)] == [404, 404, 200, 200]
    assert api(None).get(path).status_code == 401


def test_a_list_costs_the_same_statements_for_any_length(
    api: Api, alice: User, purse: Wallet, django_assert_num_queries: Any
):
    for _ in range(4):
        opened = api(alice).post("/withdrawals", BODY).json()
        api(alice).post(f"/withdrawals/{opened['id']}/cancel")
    with django_assert_num_queries(2):
        assert len(api(alice).get("/withdrawals").json()["results"]) == 4


def test_a_pending_withdrawal_is_cancelled_once_by_its_player(
    api: Api, alice: User, boris: User, olga: User, purse: Wallet
):
    path = f"/withdrawals/{api(alice).post('/withdrawals', BODY).json()['id']}/cancel"
    books = Books()
    assert [api(person).post(path).status_code for person in (boris, olga, None)] == [404, 403, 401]
    assert books.unmoved()
    answer = api(alice).post(path)
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert [step["status"] for step in answer.json()["timeline"]] == ["pending", "cancelled"]
    assert books.moved() == {"held → real": Decimal(50)}
    assert pockets(purse) == (Decimal(200), Decimal(0))
    again = api(alice).post(path)
    assert (again.status_code, again.json()["code"]) == (409, "not_pending")
    assert books.moved() == {"held → real": Decimal(50)}
    assert not SignificantEvent.objects.filter(kind__startswith="withdrawal").exists()
