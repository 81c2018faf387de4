"""POST /auth/login and /auth/logout, tokens and cookies."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from rest_framework.test import APIClient

from casino.users.models import User
from casino.users.tests.conftest import code_now, faults_of
from conftest import PASSWORD
from operators.models import Operator, SignificantEvent

pytestmark = pytest.mark.django_db


def problem_of(answer: Any) -> dict[str, Any]:
    """The problem document without what differs from request to request."""
    return {name: value for name, value in answer.json().items() if name != "request_id"}


@pytest.mark.parametrize(
    "names",
    [
        {"email": "alice@aurora.test"},
        {"email": " Alice@AURORA.test"},
        {"username": "alice"},
        {"username": "ALICE"},
        {"email": "alice"},
    ],
)
def test_a_person_logs_in_by_email_or_name_whatever_its_case(
    stranger: Callable[..., APIClient], alice: User, names: dict[str, str]
) -> None:
    client = stranger()
    answer = client.post("/auth/login", names | {"password": PASSWORD})

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"token", "expires_at", "user"}
    expires_at = parse_datetime(body["expires_at"])
    assert expires_at is not None
    assert 13 <= (expires_at - timezone.now()).days <= 14
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {body['token']}")
    assert client.get("/auth/user").json() == body["user"]


def test_staff_and_the_platform_log_in_too(stranger: Callable[..., APIClient], olga: User, petra: User) -> None:
    for person, role in ((olga, "operator"), (petra, "platform")):
        answer = stranger().post("/auth/login", {"email": person.email, "password": PASSWORD})
        assert answer.json()["user"]["role"] == role


def test_wrong_anything_is_answered_alike(
    stranger: Callable[..., APIClient], alice: User, make_player: Callable[..., User], aurora: Operator
) -> None:
    make_player("gone", aurora, is_active=False)
    client = stranger()
    answers = [
        client.post("/auth/login", body)
        for body in (
            {"email": "alice@aurora.test", "password": "wrong-horse-7"},
            {"username": "alice", "password": "wrong-horse-7"},
            {"email": "nobody@aurora.test", "password": PASSWORD},
            {"username": "nobody", "password": PASSWORD},
            {"email": "gone@aurora.test", "password": PASSWORD},
        )
    ]
    assert {answer.status_code for answer in answers} == {401}
    first = problem_of(answers[0])
    assert first["code"] == "invalid_credentials"
    assert all(problem_of(answer) == first for answer in answers)
    assert all(answer["WWW-Authenticate"] == 'Bearer realm="casino"' for answer in answers)
    # Counted alike, too: nothing says that the first two are one person's.
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["4", "4", "4", "4", "4"]
    assert not Session.objects.exists()


@pytest.mark.parametrize("name", ["alice@aurora.test", "nobody@aurora.test", "alice", "nobody"])
def test_every_attempt_hashes_one_password(
    stranger: Callable[..., APIClient], alice: User, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    hashed: list[str] = []
    encode, verify = Argon2PasswordHasher.encode, Argon2PasswordHasher.verify
    monkeypatch.setattr(
        Argon2PasswordHasher, "encode", lambda self, *args: hashed.append("encode") or encode(self, *args)
    )
    monkeypatch.setattr(
        Argon2PasswordHasher, "verify", lambda self, *args: hashed.append("verify") or verify(self, *args)
    )
    stranger().post("/auth/login", {"email": name, "password": "wrong-horse-7"})
    assert len(hashed) == 1


def test_a_failed_login_is_recorded_without_personal_data(stranger: Callable[..., APIClient], alice: User) -> None:
    client = stranger()
    client.post("/auth/login", {"email": "alice@aurora.test", "password": "wrong-horse-7"})
    client.post("/auth/login", {"email": "nobody@aurora.test", "password": "wrong-horse-7"})

    event = SignificantEvent.objects.get()
    assert (event.kind, event.player, event.operator) == ("login_failed", alice, alice.operator)
    assert (event.actor, event.reason, event.before, event.after) == (None, "", None, None)


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"password": PASSWORD}, [("email", "required")]),
        ({"email": "alice@aurora.test"}, [("password", "required")]),
        ({"email": "alice@aurora.test", "username": "alice", "password": PASSWORD}, [("email", "required")]),
        ({"email": ["alice@aurora.test"], "password": PASSWORD}, [("email", "invalid")]),
        ({"email": "alice@aurora.test", "password": 7}, [("password", "invalid")]),
        ({"email": "alice@aurora.test", "password": PASSWORD, "otp": "123456"}, [("otp", "unknown_field")]),
    ],
)
def test_a_malformed_login_is_refused(
    stranger: Callable[..., APIClient], alice: User, body: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    answer = stranger().post("/auth/login", body)
    assert answer.status_code == 400
    assert faults_of(answer) == faults
    assert not Session.objects.exists()


def test_duplicate_keys_are_refused(stranger: Callable[..., APIClient], alice: User) -> None:
    raw = f'{{"email": "alice@aurora.test", "password": "x", "password": "{PASSWORD}"}}'
    answer = stranger().post("/auth/login", raw, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert not Session.objects.exists()


def test_a_second_factor_is_asked_for_and_checked(
    stranger: Callable[..., APIClient], alice: User, second_factor: Callable[[User], None]
) -> None:
    second_factor(alice)
    credentials = {"email": alice.email, "password": PASSWORD}
    client = stranger()

    asked = client.post("/auth/login", credentials)
    assert (asked.status_code, asked.json()["code"]) == (401, "mfa_required")
    wrong = client.post("/auth/login", credentials | {"code": code_now(steps=50)})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")
    # Without the password, a code tells nothing.
    blind = client.post("/auth/login", credentials | {"password": "wrong-horse-7", "code": code_now()})
    assert problem_of(blind) == problem_of(wrong)
    assert not Session.objects.exists()
    # What was asked for is no failure; the two others are.
    assert [answer["RateLimit-Remaining"] for answer in (asked, wrong, blind)] == ["5", "4", "3"]

    code = code_now()
    assert client.post("/auth/login", credentials | {"code": code}).status_code == 200
    again = client.post("/auth/login", credentials | {"code": code})
    assert again.json()["code"] == "invalid_credentials"


def test_a_code_that_nobody_asked_for_does_no_harm(stranger: Callable[..., APIClient], alice: User) -> None:
    body = {"email": alice.email, "password": PASSWORD, "code": "000000"}
    assert stranger().post("/auth/login", body).status_code == 200


def test_a_dead_token_is_told_how_to_log_in(stranger: Callable[..., APIClient], alice: User) -> None:
    for token in ("x" * 32, "", "ä" * 8, "a b"):
        answer = stranger().get("/auth/user", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == 'Bearer realm="casino"'
        assert answer["Content-Type"] == "application/problem+json"
    assert stranger().get("/auth/user").json()["code"] == "not_authenticated"


def test_a_dead_token_does_not_stand_in_the_way_of_a_login(stranger: Callable[..., APIClient], alice: User) -> None:
    client = stranger()
    client.credentials(HTTP_AUTHORIZATION="Bearer dead")
    assert client.post("/auth/login", {"email": alice.email, "password": PASSWORD}).status_code == 200


def test_logging_out_kills_the_token_at_once_and_no_other(log_in: Callable[..., APIClient], alice: User) -> None:
    here, there = log_in(alice), log_in(alice)

    assert here.post("/auth/logout").status_code == 204
    assert here.get("/auth/user").status_code == 401
    assert here.post("/auth/logout").status_code == 401
    assert there.get("/auth/user").status_code == 200
    assert Session.objects.count() == 1


def test_nobody_is_told_that_a_token_is_dead_while_its_copy_cannot_be_removed(
    log_in: Callable[..., APIClient], alice: User, redis_away: None
) -> None:
    client = APIClient()
    client.force_login(alice)
    assert client.post("/auth/logout").status_code == 503
    assert Session.objects.count() == 1


def test_a_token_dies_of_age(log_in: Callable[..., APIClient], alice: User) -> None:
    client = log_in(alice)
    with time_machine.travel(timezone.now() + timezone.timedelta(days=15)):
        Session.objects.update(expire_date=timezone.now())
        from django.core.cache import cache

        cache.clear()
        assert client.get("/auth/user").status_code == 401


def test_a_person_who_is_switched_off_is_out_at_once(log_in: Callable[..., APIClient], alice: User) -> None:
    client = log_in(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert client.get("/auth/user").status_code == 401


def test_a_browser_gets_the_cookie_of_the_same_session(browser: APIClient, alice: User) -> None:
    answer = browser.post("/auth/login", {"email": alice.email, "password": PASSWORD})

    cookie = answer.cookies["sessionid"]
    assert cookie.value == answer.json()["token"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert Session.objects.count() == 1
    assert browser.get("/auth/user").json()["username"] == "alice"


def test_a_cookie_changes_things_only_with_the_csrf_token(browser: APIClient, alice: User) -> None:
    browser.post("/auth/login", {"email": alice.email, "password": PASSWORD})

    browser.credentials()
    answer = browser.patch("/auth/user", {"username": "mallory"})
    assert answer.status_code == 403
    assert browser.post("/auth/logout").status_code == 403
    assert browser.get("/auth/user").json()["username"] == "alice"

    browser.credentials(HTTP_X_CSRFTOKEN=browser.cookies["csrftoken"].value)
    assert browser.patch("/auth/user", {"username": "alicia"}).status_code == 200
    token = browser.cookies["sessionid"].value
    assert browser.post("/auth/logout").status_code == 204
    assert browser.cookies["sessionid"].value == ""
    answer = browser.get("/auth/user", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def test_a_browser_registers_with_a_cookie(browser: APIClient, aurora: Operator) -> None:
    details = {"email": "alice@aurora.test", "username": "alice", "password": PASSWORD}
    answer = browser.post("/auth/register", details)
    assert answer.cookies["sessionid"].value == answer.json()["token"]


@pytest.mark.parametrize("forged", ["", "x" * 32, "y" * 64])
def test_a_forged_csrf_token_gets_no_cookie(browser: APIClient, alice: User, forged: str) -> None:
    browser.credentials(HTTP_X_CSRFTOKEN=forged)
    answer = browser.post("/auth/login", {"email": alice.email, "password": PASSWORD})
    assert answer.status_code == 200
    assert "sessionid" not in answer.cookies


def test_logging_in_as_somebody_else_leaves_nothing_of_the_first(
    browser: APIClient, alice: User, boris: User, stranger: Callable[..., APIClient]
) -> None:
    first = browser.post("/auth/login", {"email": alice.email, "password": PASSWORD}).json()["token"]
    browser.credentials(HTTP_X_CSRFTOKEN=browser.cookies["csrftoken"].value)
    second = browser.post("/auth/login", {"email": boris.email, "password": PASSWORD}).json()["token"]

    assert first != second
    assert browser.get("/auth/user").json()["username"] == "boris"
    assert stranger().get("/auth/user", headers={"Authorization": f"Bearer {first}"}).status_code == 401


def test_logs_hold_no_secret(
    stranger: Callable[..., APIClient], log_in: Callable[..., APIClient], alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        client = stranger()
        token = client.post("/auth/login", {"email": alice.email, "password": PASSWORD}).json()["token"]
        client.post("/auth/login", {"email": alice.email, "password": "wrong-horse-7"})
        client.post("/auth/password/reset", {"email": alice.email})
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        client.post("/auth/password", {"current": PASSWORD, "new": "battery-staple-8"})
        client.post("/auth/logout")
    written = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("django.db"))
    assert "/auth/login 200" in written
    for secret in (alice.email, PASSWORD, "wrong-horse-7", "battery-staple-8", token):
        assert secret not in written
