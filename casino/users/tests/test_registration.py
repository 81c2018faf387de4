"""POST /auth/register."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.db import connections
from django.utils.dateparse import parse_datetime
from rest_framework.test import APIClient

from betting.models import SeedPair
from casino.users import registration
from casino.users.models import User
from casino.users.tests.conftest import faults_of
from operators.models import Affiliate, Operator
from vip.models import Standing
from wallets.models import Wallet

pytestmark = pytest.mark.django_db
DETAILS = {"email": "alice@aurora.test", "username": "alice", "password": "correct-horse-7", "operator": "aurora"}


def nothing_was_created() -> bool:
    tables = (User, EmailAddress, Wallet, Standing, SeedPair, Session)
    return not any(table.objects.exists() for table in tables)


def test_registering_makes_a_player_with_an_open_wallet(stranger: Callable[..., APIClient], aurora: Operator) -> None:
    answer = stranger().post("/auth/register", DETAILS)

    assert answer.status_code == 201
    body = answer.json()
    player = User.objects.get()
    wallet = Wallet.objects.get()
    assert set(body) == {"token", "expires_at", "user"}
    assert body["user"] == {
        "id": str(player.pk),
        "email": "alice@aurora.test",
        "username": "alice",
        "role": "player",
        "operator": {"id": str(aurora.pk), "slug": "aurora", "name": "Aurora", "currency": "USD"},
        "vip": {"level": 0, "name": Standing.objects.get().level.name, "xp": "0.00"},
        "wallets": body["user"]["wallets"],
        "is_seeded": False,
        "created_at": body["user"]["created_at"],
    }
    shown = body["user"]["wallets"][0]
    assert shown["id"] == str(wallet.pk)
    assert (shown["real"], shown["bonus"], shown["held"], shown["currency"]) == ("0.00", "0.00", "0.00", "USD")
    assert shown["wagering"] == {"required": "0.00", "wagered": "0.00", "remaining": "0.00"}
    assert EmailAddress.objects.get().user == player
    assert SeedPair.objects.get().player == player
    assert body["expires_at"].endswith("Z")
    assert parse_datetime(body["expires_at"]) is not None


def test_the_token_of_a_registration_logs_in(stranger: Callable[..., APIClient], aurora: Operator) -> None:
    token = stranger().post("/auth/register", DETAILS).json()["token"]
    answer = stranger().get("/auth/user", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["username"] == "alice"


def test_a_registration_without_csrf_token_sets_no_cookie(stranger: Callable[..., APIClient], aurora: Operator) -> None:
    assert not stranger().post("/auth/register", DETAILS).cookies


def test_the_operator_may_be_left_out_where_one_is_open(stranger: Callable[..., APIClient], aurora: Operator) -> None:
    Operator.objects.create(slug="closed", name="Closed", is_open=False)
    answer = stranger().post("/auth/register", {name: DETAILS[name] for name in ("email", "username", "password")})
    assert answer.json()["user"]["operator"]["slug"] == "aurora"


def test_the_operator_is_due_where_several_are_open(
    stranger: Callable[..., APIClient], aurora: Operator, borealis: Operator
) -> None:
    answer = stranger().post("/auth/register", {name: DETAILS[name] for name in ("email", "username", "password")})
    assert answer.status_code == 400
    assert faults_of(answer) == [("operator", "required")]
    assert nothing_was_created()


@pytest.mark.parametrize("slug", ["nowhere", "closed"])
def test_an_unknown_or_closed_operator_takes_nobody(
    stranger: Callable[..., APIClient], aurora: Operator, slug: str
) -> None:
    Operator.objects.create(slug="closed", name="Closed", is_open=False)
    answer = stranger().post("/auth/register", DETAILS | {"operator": slug})
    assert answer.status_code == 400
    assert faults_of(answer) == [("operator", "unknown_operator")]
    assert nothing_was_created()


def test_a_referral_ties_the_player_to_the_affiliate(
    stranger: Callable[..., APIClient], aurora: Operator, partner: Affiliate
) -> None:
    answer = stranger().post("/auth/register", DETAILS | {"referral": "partner1"})
    assert answer.json()["user"]["affiliate_code"] == "PARTNER1"
    assert User.objects.get().affiliate == partner


@pytest.mark.parametrize("code", ["NOBODY", "ELSEWHERE", "RETIRED"])
def test_a_referral_that_the_operator_does_not_know_is_refused(
    stranger: Callable[..., APIClient], aurora: Operator, borealis: Operator, code: str
) -> None:
    Affiliate.objects.create(operator=borealis, name="Elsewhere", code="ELSEWHERE")
    Affiliate.objects.create(operator=aurora, name="Retired", code="RETIRED", is_active=False)
    answer = stranger().post("/auth/register", DETAILS | {"referral": code})
    assert answer.status_code == 400
    assert faults_of(answer) == [("referral", "unknown_referral")]
    assert nothing_was_created()


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"email": "ALICE@Aurora.test", "username": "other"}, ["email"]),
        ({"email": "other@aurora.test", "username": "ALICE"}, ["username"]),
        ({}, ["email", "username"]),
    ],
)
def test_a_taken_email_or_name_is_named(
    stranger: Callable[..., APIClient], alice: User, changes: dict[str, str], fields: list[str]
) -> None:
    answer = stranger().post("/auth/register", DETAILS | changes)
    assert answer.status_code == 400
    assert faults_of(answer) == [(field, "already_registered") for field in fields]
    assert User.objects.get() == alice
    assert Wallet.objects.count() == 1


@pytest.mark.parametrize("password", ["short-1", "123456789012", "password123", "alice@aurora"])
def test_a_weak_password_is_refused_on_its_field(
    stranger: Callable[..., APIClient], aurora: Operator, password: str
) -> None:
    answer = stranger().post("/auth/register", DETAILS | {"password": password})
    assert answer.status_code == 400
    assert {field for field, _ in faults_of(answer)} == {"password"}
    assert nothing_was_created()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "al"),
        ("username", "a" * 41),
        ("username", "boris@borealis.test"),
        ("username", "two words"),
        ("username", 12345),
        ("email", "alice"),
        ("email", ["alice@aurora.test"]),
        ("email", "a" * 250 + "@b.test"),
        ("password", 12345678),
        ("password", None),
        ("password", "x" * 129),
        ("operator", None),
        ("referral", ""),
    ],
)
def test_a_malformed_field_is_refused(
    stranger: Callable[..., APIClient], aurora: Operator, field: str, value: Any
) -> None:
    answer = stranger().post("/auth/register", DETAILS | {field: value})
    assert answer.status_code == 400
    assert [name for name, _ in faults_of(answer)] == [field]
    assert nothing_was_created()


@pytest.mark.parametrize("field", ["email", "username", "password"])
def test_what_is_due_is_named(stranger: Callable[..., APIClient], aurora: Operator, field: str) -> None:
    answer = stranger().post("/auth/register", {name: value for name, value in DETAILS.items() if name != field})
    assert answer.status_code == 400
    assert faults_of(answer) == [(field, "required")]
    assert nothing_was_created()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("role", "platform"),
        ("duty", "manager"),
        ("is_seeded", True),
        ("is_staff", True),
        ("is_active", True),
        ("operator_id", "1"),
        ("affiliate", "1"),
        ("id", "1"),
    ],
)
def test_nobody_registers_with_more_rights(
    stranger: Callable[..., APIClient], aurora: Operator, field: str, value: Any
) -> None:
    answer = stranger().post("/auth/register", DETAILS | {field: value})
    assert answer.status_code == 400
    assert faults_of(answer) == [(field, "unknown_field")]
    assert nothing_was_created()


@pytest.mark.parametrize(
    "raw",
    [
        '{"email": "a@b.test", "email": "alice@aurora.test", "username": "alice", "password": "correct-horse-7"}',
        '{"email": "alice@aurora.test", "username": "ali\\u0000ce", "password": "correct-horse-7"}',
        '{"email": "alice@aurora.test", "username": "alice", "password": "correct-horse-\\ud800"}',
        "[]",
        "not json",
    ],
)
def test_a_body_that_is_not_strict_json_is_refused(
    stranger: Callable[..., APIClient], aurora: Operator, raw: str
) -> None:
    answer = stranger().post("/auth/register", raw, content_type="application/json")
    assert answer.status_code == 400
    assert nothing_was_created()


def test_a_form_is_not_json(stranger: Callable[..., APIClient], aurora: Operator) -> None:
    assert stranger().post("/auth/register", DETAILS, format="multipart").status_code == 415
    assert nothing_was_created()


def test_nothing_is_left_when_the_wallet_cannot_be_opened(
    stranger: Callable[..., APIClient], aurora: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("no wallets today")

    monkeypatch.setattr(registration, "open_account", fail)
    client = stranger()
    assert client.post("/auth/register", DETAILS).status_code == 500
    assert nothing_was_created()


def test_an_address_registers_sixty_times_a_minute(stranger: Callable[..., APIClient], aurora: Operator) -> None:
    client = stranger()
    answers = [client.post("/auth/register", {}) for _ in range(60)]
    assert {answer.status_code for answer in answers} == {400}
    assert answers[-1]["RateLimit-Remaining"] == "0"

    answer = client.post("/auth/register", DETAILS)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) in range(1, 61)
    assert nothing_was_created()
    assert stranger("192.0.2.2").post("/auth/register", DETAILS).status_code == 201


def test_nobody_registers_while_the_counters_are_away(
    stranger: Callable[..., APIClient], aurora: Operator, redis_away: None
) -> None:
    answer = stranger().post("/auth/register", DETAILS)
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert nothing_was_created()


@pytest.mark.django_db(transaction=True)
def test_registering_one_email_many_times_at_once_makes_one_player(
    stranger: Callable[..., APIClient], aurora: Operator
) -> None:
    def register(number: int) -> int:
        try:
            # Spelled in two ways, with a name of their own each.
            email = "alice@aurora.test" if number % 2 else "Alice@Aurora.test"
            return int(
                stranger().post("/auth/register", DETAILS | {"email": email, "username": f"alice{number}"}).status_code
            )
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        statuses = sorted(threads.map(register, range(8)))

    assert statuses == [201] + [400] * 7
    assert User.objects.count() == Wallet.objects.count() == EmailAddress.objects.count() == 1
