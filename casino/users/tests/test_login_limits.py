"""How many wrong passwords an account and an address may try, however parallel."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from allauth.account.adapter import DefaultAccountAdapter
from django.db import connections
from django.http import HttpRequest
from django.test import RequestFactory
from rest_framework.test import APIClient

from casino.api.throttling import TooManyRequests
from casino.errors import Refusal
from casino.users import services
from casino.users.models import User
from casino.users.services import InvalidCredentials, counted_attempt
from conftest import PASSWORD
from operators.models import SignificantEvent


def request_from(address: str = "192.0.2.1") -> HttpRequest:
    return RequestFactory().post("/auth/login", REMOTE_ADDR=address)


class Door:
    """Tries passwords and counts how many were looked at."""

    def __init__(self) -> None:
        self.looked_at = 0
        self._lock = threading.Lock()

    def try_one(self, account: str, address: str = "192.0.2.1", *, right: bool = False, seconds: float = 0) -> str:
        """What became of one attempt: ``in``, or the refusal's code."""
        try:
            with counted_attempt(request_from(address), account):
                with self._lock:
                    self.looked_at += 1
                time.sleep(seconds)
                if not right:
                    raise InvalidCredentials
        except Refusal as refusal:
            return refusal.code
        return "in"


def test_two_hundred_parallel_wrong_passwords_are_looked_at_five_times() -> None:
    door = Door()
    with ThreadPoolExecutor(200) as threads:
        outcomes = list(threads.map(lambda n: door.try_one("alice", f"192.0.2.{n}", seconds=0.02), range(200)))
    assert door.looked_at == 5
    assert outcomes.count("invalid_credentials") == 5
    assert outcomes.count("too_many_requests") == 195


def test_two_hundred_parallel_accounts_of_one_address_are_looked_at_thirty_times() -> None:
    door = Door()
    with ThreadPoolExecutor(200) as threads:
        list(threads.map(lambda n: door.try_one(f"player-{n}", seconds=0.02), range(200)))
    assert door.looked_at == 30


def test_right_passwords_are_never_refused_for_others_under_way() -> None:
    door = Door()
    with ThreadPoolExecutor(40) as threads:
        outcomes = list(threads.map(lambda _: door.try_one("alice", right=True, seconds=0.03), range(40)))
    assert outcomes == ["in"] * 40


def test_a_right_password_gets_in_beside_four_failures() -> None:
    door = Door()
    assert [door.try_one("alice") for _ in range(4)] == ["invalid_credentials"] * 4
    with ThreadPoolExecutor(10) as threads:
        outcomes = list(threads.map(lambda _: door.try_one("alice", right=True, seconds=0.01), range(10)))
    assert outcomes == ["in"] * 10


def test_waiting_for_others_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "PATIENCE_SECONDS", 0.1)
    door = Door()
    with ThreadPoolExecutor(5) as threads:
        slow = [threads.submit(door.try_one, "alice", right=True, seconds=0.5) for _ in range(5)]
        time.sleep(0.1)
        assert door.try_one("alice", right=True) == "too_many_requests"
        assert [attempt.result() for attempt in slow] == ["in"] * 5


def test_an_attempt_whose_process_died_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "LEASE_SECONDS", 1)
    monkeypatch.setattr(services, "_END", "return {0, 0}")
    door = Door()
    assert [door.try_one("alice", right=True) for _ in range(5)] == ["in"] * 5
    began = time.monotonic()
    assert door.try_one("alice", right=True) == "in"
    assert time.monotonic() - began > 0.1


def test_failures_are_forgotten_one_by_one_after_their_window(monkeypatch: pytest.MonkeyPatch) -> None:
    brief = services.Limit("login_account", 2, 1, fails_closed=True)
    monkeypatch.setattr(services, "ACCOUNT_FAILURES", brief)
    door = Door()
    assert door.try_one("alice") == "invalid_credentials"
    time.sleep(0.5)
    assert [door.try_one("alice") for _ in range(2)] == ["invalid_credentials", "too_many_requests"]
    time.sleep(0.6)
    assert [door.try_one("alice") for _ in range(2)] == ["invalid_credentials", "too_many_requests"]


def test_the_refusal_says_how_long_to_wait() -> None:
    door = Door()
    for _ in range(5):
        door.try_one("alice")
    request = request_from()
    with pytest.raises(TooManyRequests) as refused, counted_attempt(request, "alice"):
        pytest.fail("the door was open")
    assert 295 <= (refused.value.retry_after_seconds or 0) <= 300
    assert request.rate_limit[:2] == (5, 0)


@pytest.mark.django_db
def test_email_and_name_of_one_account_share_its_failures(stranger: Callable[..., APIClient], alice: User) -> None:
    client = stranger()
    names = [{"email": alice.email}, {"username": "alice"}, {"email": "ALICE@aurora.test"}]
    # The headers count each spelling alone, as for two names that nobody has.
    for attempt, left in enumerate(("4", "4", "3", "2", "3")):
        answer = client.post("/auth/login", names[attempt % 3] | {"password": "wrong-horse-7"})
        assert (answer.status_code, answer["RateLimit-Limit"], answer["RateLimit-Remaining"]) == (401, "5", left)

    for name in names:
        locked = client.post("/auth/login", name | {"password": PASSWORD})
        assert (locked.status_code, locked.json()["code"]) == (429, "too_many_requests")
        assert 295 <= int(locked["Retry-After"]) <= 300
        assert (locked["RateLimit-Limit"], locked["RateLimit-Remaining"]) == ("5", "0")
    # From another address, too; and what was refused unseen is no event.
    assert stranger("192.0.2.9").post("/auth/login", names[0] | {"password": PASSWORD}).status_code == 429
    assert SignificantEvent.objects.count() == 5


@pytest.mark.django_db
def test_headers_never_tell_that_an_email_and_a_name_belong_together(
    stranger: Callable[..., APIClient], alice: User
) -> None:
    """Whatever is tried in whatever order, short of the lock: Alice's answers are those of two who are nobody."""
    client = stranger()
    tried = ["email", "username", "email", "username"]

    def told(names: dict[str, str]) -> list[tuple[int, str, str, bool]]:
        answers = [client.post("/auth/login", {kind: names[kind], "password": "wrong-horse-7"}) for kind in tried]
        return [
            (answer.status_code, answer["RateLimit-Limit"], answer["RateLimit-Remaining"],
             int(answer["RateLimit-Reset"]) in range(295, 301))
            for answer in answers
        ]  # fmt: skip

    nobodys = told({"email": "nobody@aurora.test", "username": "somebody"})
    assert told({"email": alice.email, "username": "alice"}) == nobodys
    assert nobodys == [(401, "5", left, True) for left in ("4", "4", "3", "3")]


@pytest.mark.django_db
def test_a_new_password_forgives_every_spelling(stranger: Callable[..., APIClient], alice: User) -> None:
    client = stranger()
    for name in ({"email": alice.email}, {"username": "alice"}) * 2:
        client.post("/auth/login", name | {"password": "wrong-horse-7"})
    services.forgive(alice)
    for name in ({"email": alice.email}, {"username": "alice"}):
        assert client.post("/auth/login", name | {"password": PASSWORD})["RateLimit-Remaining"] == "5"


@pytest.mark.django_db
def test_a_name_that_nobody_has_is_locked_alike(stranger: Callable[..., APIClient], alice: User) -> None:
    client = stranger()
    body = {"email": "Nobody@aurora.test", "password": PASSWORD}
    assert [client.post("/auth/login", body).status_code for _ in range(6)] == [401] * 5 + [429]
    assert client.post("/auth/login", body | {"email": "nobody@aurora.test "}).status_code == 429


@pytest.mark.django_db
def test_a_login_neither_uses_up_nor_wipes_failures(stranger: Callable[..., APIClient], alice: User) -> None:
    client = stranger()
    right, wrong = ({"email": alice.email, "password": password} for password in (PASSWORD, "wrong-horse-7"))
    for _ in range(4):
        assert client.post("/auth/login", wrong).status_code == 401
        assert client.post("/auth/login", right).status_code == 200
    assert client.post("/auth/login", wrong).status_code == 401
    assert client.post("/auth/login", right).status_code == 429


@pytest.mark.django_db
def test_an_address_fails_thirty_times_a_minute(stranger: Callable[..., APIClient], alice: User) -> None:
    door = Door()
    for number in range(30):
        assert door.try_one(f"player-{number}") == "invalid_credentials"
    body = {"email": alice.email, "password": PASSWORD}
    locked = stranger().post("/auth/login", body)
    assert locked.status_code == 429
    assert 1 <= int(locked["Retry-After"]) <= 60
    assert stranger("192.0.2.2").post("/auth/login", body).status_code == 200


@pytest.mark.django_db
def test_nobody_logs_in_while_the_counters_are_away(
    stranger: Callable[..., APIClient], alice: User, redis_away: None
) -> None:
    answer = stranger().post("/auth/login", {"email": alice.email, "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer["Retry-After"]


@pytest.mark.django_db(transaction=True)
def test_parallel_wrong_logins_over_http_look_at_five_passwords(
    stranger: Callable[..., APIClient], alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []
    authenticate = DefaultAccountAdapter.authenticate
    monkeypatch.setattr(
        DefaultAccountAdapter,
        "authenticate",
        lambda self, request, **names: looked_at.append("once") or authenticate(self, request, **names),
    )

    def attempt(number: int) -> int:
        try:
            name = {"email": alice.email} if number % 2 else {"username": "alice"}
            client = stranger(f"192.0.2.{number}")
            return int(client.post("/auth/login", name | {"password": "wrong-horse-7"}).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as threads:
        statuses = list(threads.map(attempt, range(200)))
    assert len(looked_at) == 5
    assert sorted(statuses) == [401] * 5 + [429] * 195
