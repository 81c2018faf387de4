"""Changing and resetting passwords."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import connections
from rest_framework.test import APIClient

from casino.users.models import User
from casino.users.tests.conftest import faults_of
from conftest import PASSWORD

pytestmark = pytest.mark.django_db
NEW = "battery-staple-8"


def mailed_key() -> str:
    """The key in the newest mail."""
    found = re.search(r"/password-reset/(\S+)", mail.outbox[-1].body)
    assert found is not None
    return found[1]


def is_password(user: User, password: str) -> bool:
    return User.objects.get(pk=user.pk).check_password(password)


def test_changing_the_password_ends_every_session_but_this(log_in: Callable[..., APIClient], alice: User) -> None:
    here, there = log_in(alice), log_in(alice)

    assert here.post("/auth/password", {"current": PASSWORD, "new": NEW}).status_code == 204
    assert here.get("/auth/user").status_code == 200
    assert there.get("/auth/user").status_code == 401
    assert log_in(alice, NEW).get("/auth/user").status_code == 200


def test_a_browser_keeps_its_cookie_through_a_change(browser: APIClient, alice: User) -> None:
    token = browser.post("/auth/login", {"email": alice.email, "password": PASSWORD}).json()["token"]
    browser.credentials(HTTP_X_CSRFTOKEN=browser.cookies["csrftoken"].value)

    assert browser.post("/auth/password", {"current": PASSWORD, "new": NEW}).status_code == 204
    assert browser.get("/auth/user").status_code == 200
    assert browser.cookies["sessionid"].value == token


def test_a_wrong_current_password_changes_nothing_and_counts(log_in: Callable[..., APIClient], alice: User) -> None:
    here, there = log_in(alice), log_in(alice)
    body = {"current": "wrong-horse-7", "new": NEW}

    answers = [here.post("/auth/password", body) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [400] * 5 + [429]
    assert faults_of(answers[0]) == [("current", "wrong_password")]
    assert answers[5]["Retry-After"]
    assert is_password(alice, PASSWORD)
    assert there.get("/auth/user").status_code == 200
    assert there.post("/auth/login", {"email": alice.email, "password": PASSWORD}).status_code == 429


@pytest.mark.parametrize("new", ["short-1", "123456789012", "password123", "alice@aurora"])
def test_a_weak_new_password_is_refused_on_its_field(log_in: Callable[..., APIClient], alice: User, new: str) -> None:
    here, there = log_in(alice), log_in(alice)
    answer = here.post("/auth/password", {"current": PASSWORD, "new": new})
    assert answer.status_code == 400
    assert {field for field, _ in faults_of(answer)} == {"new"}
    assert is_password(alice, PASSWORD)
    assert there.get("/auth/user").status_code == 200


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"current": PASSWORD}, [("new", "required")]),
        ({"new": NEW}, [("current", "required")]),
        ({"current": PASSWORD, "new": NEW, "user": "boris"}, [("user", "unknown_field")]),
        ({"current": PASSWORD, "new": 12345678}, [("new", "invalid")]),
    ],
)
def test_a_malformed_change_is_refused(
    log_in: Callable[..., APIClient], alice: User, body: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    answer = log_in(alice).post("/auth/password", body)
    assert answer.status_code == 400
    assert faults_of(answer) == faults
    assert is_password(alice, PASSWORD)


def test_a_stranger_changes_no_password(stranger: Callable[..., APIClient], alice: User) -> None:
    answer = stranger().post("/auth/password", {"current": PASSWORD, "new": NEW})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"]
    assert is_password(alice, PASSWORD)


def test_a_change_writes_the_password_alone(
    log_in: Callable[..., APIClient], alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = log_in(alice)
    check = User.check_password

    def block_meanwhile(self: User, raw: str) -> bool:
        User.objects.filter(pk=self.pk).update(is_blocked=True)
        return check(self, raw)

    monkeypatch.setattr(User, "check_password", block_meanwhile)
    client.post("/auth/password", {"current": PASSWORD, "new": NEW})
    assert User.objects.get(pk=alice.pk).is_blocked


def test_a_reset_is_mailed_and_ends_every_session(
    stranger: Callable[..., APIClient], log_in: Callable[..., APIClient], alice: User
) -> None:
    elsewhere = log_in(alice)
    client = stranger()

    assert client.post("/auth/password/reset", {"email": "Alice@Aurora.test"}).status_code == 204
    assert mail.outbox[0].to == ["alice@aurora.test"]
    assert client.post("/auth/password/reset/confirm", {"key": mailed_key(), "password": NEW}).status_code == 204
    assert elsewhere.get("/auth/user").status_code == 401
    assert is_password(alice, NEW)
    assert log_in(alice, NEW).get("/auth/user").status_code == 200


def test_the_answer_to_an_unknown_address_is_the_same(stranger: Callable[..., APIClient], alice: User) -> None:
    answers = [
        stranger().post("/auth/password/reset", {"email": email}) for email in (alice.email, "nobody@aurora.test")
    ]
    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 2
    assert [message.to for message in mail.outbox] == [[alice.email], ["nobody@aurora.test"]]
    assert "/password-reset/" not in mail.outbox[1].body


def test_people_who_are_switched_off_get_no_key(
    stranger: Callable[..., APIClient], make_player: Callable[..., User], alice: User
) -> None:
    client = stranger()
    client.post("/auth/password/reset", {"email": alice.email})
    User.objects.filter(pk=alice.pk).update(is_active=False)

    answer = client.post("/auth/password/reset/confirm", {"key": mailed_key(), "password": NEW})
    assert faults_of(answer) == [("key", "invalid_key")]
    client.post("/auth/password/reset", {"email": alice.email})
    assert "/password-reset/" not in mail.outbox[-1].body
    assert is_password(alice, PASSWORD)


def test_a_key_works_once(stranger: Callable[..., APIClient], alice: User) -> None:
    client = stranger()
    client.post("/auth/password/reset", {"email": alice.email})
    body = {"key": mailed_key(), "password": NEW}
    assert client.post("/auth/password/reset/confirm", body).status_code == 204

    answer = client.post("/auth/password/reset/confirm", body | {"password": "third-password-9"})
    assert answer.status_code == 400
    assert faults_of(answer) == [("key", "invalid_key")]
    assert is_password(alice, NEW)


def test_nobody_guesses_a_key(stranger: Callable[..., APIClient], alice: User, boris: User) -> None:
    client = stranger()
    client.post("/auth/password/reset", {"email": boris.email})
    boris_token = mailed_key().partition("-")[2]
    for key in ("x", "-", f"{alice.pk.hex}-{boris_token}", f"{alice.pk.hex}-", "0" * 32 + "-" + boris_token, "ä-ü"):
        answer = client.post("/auth/password/reset/confirm", {"key": key, "password": NEW})
        assert answer.status_code == 400
        assert faults_of(answer) == [("key", "invalid_key")]
    assert is_password(alice, PASSWORD)
    assert is_password(boris, PASSWORD)


def test_a_weak_password_does_not_use_the_key_up(stranger: Callable[..., APIClient], alice: User) -> None:
    client = stranger()
    client.post("/auth/password/reset", {"email": alice.email})
    key = mailed_key()
    answer = client.post("/auth/password/reset/confirm", {"key": key, "password": "alice@aurora"})
    assert answer.status_code == 400
    assert {field for field, _ in faults_of(answer)} == {"password"}
    assert is_password(alice, PASSWORD)
    assert client.post("/auth/password/reset/confirm", {"key": key, "password": NEW}).status_code == 204


def test_a_reset_unlocks_the_account(stranger: Callable[..., APIClient], alice: User) -> None:
    client = stranger()
    for _ in range(6):
        client.post("/auth/login", {"email": alice.email, "password": "wrong-horse-7"})
    client.post("/auth/password/reset", {"email": alice.email})
    client.post("/auth/password/reset/confirm", {"key": mailed_key(), "password": NEW})
    assert client.post("/auth/login", {"username": "alice", "password": NEW}).status_code == 200


def test_a_mailbox_gets_three_mails_in_ten_minutes(stranger: Callable[..., APIClient], alice: User) -> None:
    for email in (alice.email, "nobody@aurora.test"):
        answers = [
            stranger(f"192.0.2.{n}").post("/auth/password/reset", {"email": email.upper() if n else email})
            for n in range(4)
        ]
        assert [answer.status_code for answer in answers] == [204, 204, 204, 429]
        assert answers[3]["Retry-After"]
    assert len(mail.outbox) == 6


def test_an_address_asks_ten_times_a_minute(stranger: Callable[..., APIClient], alice: User) -> None:
    client = stranger()
    assert [client.post("/auth/password/reset", {}).status_code for _ in range(11)] == [400] * 10 + [429]
    assert client.post("/auth/password/reset/confirm", {}).status_code == 429
    assert not mail.outbox


def test_no_reset_while_the_counters_are_away(
    stranger: Callable[..., APIClient], alice: User, redis_away: None
) -> None:
    assert stranger().post("/auth/password/reset", {"email": alice.email}).status_code == 503
    assert stranger().post("/auth/password/reset/confirm", {"key": "x", "password": NEW}).status_code == 503
    assert not mail.outbox


@pytest.mark.parametrize("email", ["alice@aurora.test", "nobody@aurora.test"])
def test_a_mail_server_that_is_away_is_told_alike(
    stranger: Callable[..., APIClient], alice: User, monkeypatch: pytest.MonkeyPatch, email: str
) -> None:
    def fail(self: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailMultiAlternatives, "send", fail)
    answer = stranger().post("/auth/password/reset", {"email": email})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


@pytest.mark.django_db(transaction=True)
def test_one_key_used_many_times_at_once_sets_one_password(stranger: Callable[..., APIClient], alice: User) -> None:
    stranger().post("/auth/password/reset", {"email": alice.email})
    key = mailed_key()

    def confirm(number: int) -> int:
        try:
            body = {"key": key, "password": f"battery-staple-{number}"}
            return int(stranger().post("/auth/password/reset/confirm", body).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as threads:
        statuses = list(threads.map(confirm, range(6)))
    assert sorted(statuses) == [204] + [400] * 5
    assert is_password(alice, f"battery-staple-{statuses.index(204)}")
    assert not Session.objects.exists()
