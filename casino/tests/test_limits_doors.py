"""Who may knock how often: no header changes where a caller comes from, and nobody learns who has an account."""

import statistics
import time
from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from rest_framework.test import APIClient

from casino.api.throttling import connection as redis_connection
from casino.tests.listening import token_of
from casino.users.models import User
from conftest import PASSWORD

pytestmark = pytest.mark.django_db
SPOOFED = [
    {"X-Forwarded-For": "198.51.100.{n}"}, {"X-Forwarded-For": "198.51.100.{n}, 203.0.113.9"},
    {"X-Real-IP": "198.51.100.{n}"},
    {"Forwarded": "for=198.51.100.{n}"}, {"Client-IP": "198.51.100.{n}"}, {"True-Client-IP": "198.51.100.{n}"},
]  # fmt: skip


def caller(**facts: Any) -> APIClient:
    client = APIClient(REMOTE_ADDR="192.0.2.1", **facts)
    client.default_format = "json"
    return client


@pytest.mark.parametrize("spoofed", SPOOFED, ids=lambda spoofed: next(iter(spoofed)))
def test_no_header_changes_where_a_caller_comes_from(spoofed: dict[str, str]):
    statuses = []
    for number in range(12):
        headers = {name: value.format(n=number) for name, value in spoofed.items()}
        body = {"key": "1-none", "password": "correct-horse-8"}
        statuses.append(caller().post("/auth/password/reset/confirm", body, headers=headers).status_code)
    assert statuses == [400] * 10 + [429] * 2


@pytest.mark.parametrize("trusted", [1, 2])
def test_behind_proxies_only_what_they_say_counts(trusted: int, settings: Any):
    settings.TRUSTED_PROXY_COUNT = trusted
    proxies = ", ".join(["203.0.113.7", *["192.0.2.1"] * (trusted - 1)])
    body = {"key": "1-none", "password": "correct-horse-8"}

    def knock(number: int) -> int:
        said = {"X-Forwarded-For": f"198.51.100.{number}, {proxies}"}
        return caller().post("/auth/password/reset/confirm", body, headers=said).status_code

    assert [knock(number) for number in range(12)] == [400] * 10 + [429] * 2


def test_play_is_counted_in_its_headers(alice: User):
    client = caller(HTTP_AUTHORIZATION=f"Bearer {token_of(alice)}")
    left = []
    for _ in range(60):
        answer = client.post("/fairness/rotate", {})
        left.append(int(answer["RateLimit-Remaining"]))
        assert (answer["RateLimit-Limit"], 0 <= int(answer["RateLimit-Reset"]) <= 1) == ("50", True)
        if answer.status_code == 429:
            assert int(answer["Retry-After"]) >= 1
            assert answer["Content-Type"] == "application/problem+json"
    assert max(left) <= 49


def test_known_and_unknown_accounts_are_answered_alike(alice: User):
    def answers(email: str, name: str) -> list[Any]:
        told = []
        for path, body in (
            ("/auth/login", {"email": email, "password": "wrong-horse-7"}),
            ("/auth/login", {"username": name, "password": "wrong-horse-7"}),
            ("/auth/password/reset", {"email": email}),
        ):
            redis_connection().flushdb()
            answer = caller().post(path, body)
            document = answer.json() if answer.content else {}
            document.pop("request_id", None)
            headers = {key: value for key, value in answer.items() if key != "X-Request-ID"}
            told.append((answer.status_code, document, headers))
        return told

    assert answers(alice.email, "alice") == answers("nobody@aurora.test", "nobody")


@pytest.mark.slow
def test_known_and_unknown_accounts_take_the_same_time(alice: User, monkeypatch: pytest.MonkeyPatch):
    """With a password hash as dear as in production, by the medians of logins in turn, within half of either."""
    monkeypatch.setattr(Argon2PasswordHasher, "memory_cost", 102_400)
    monkeypatch.setattr(Argon2PasswordHasher, "time_cost", 2)
    alice.set_password(PASSWORD)
    alice.save()
    seconds: dict[str, list[float]] = {alice.email: [], "nobody@aurora.test": []}
    for _ in range(25):
        for email, spent in seconds.items():
            redis_connection().flushdb()
            began = time.perf_counter()
            caller().post("/auth/login", {"email": email, "password": "wrong-horse-7"})
            spent.append(time.perf_counter() - began)
    known, unknown = (statistics.median(spent) for spent in seconds.values())
    assert 2 / 3 < known / unknown < 3 / 2, (known, unknown)
