"""Callers over HTTP: strangers, and people who really logged in."""

import base64
import hmac
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from allauth.mfa.models import Authenticator
from rest_framework.test import APIClient

from betting.tests.conftest import (  # noqa: F401 - the games that limits and exclusions keep people from
    coin,
    ever_lose,
    give_bonus,
    give_spins,
    make_game,
    order_of,
    sure_game,
)
from casino.api import throttling
from casino.encryption import encrypt
from casino.users import registration, services
from casino.users.models import User
from conftest import PASSWORD

SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture
def stranger() -> Callable[..., APIClient]:
    """A client without credentials, from an address of its own if one is named; CSRF is enforced."""

    def make(address: str = "192.0.2.1") -> APIClient:
        client = APIClient(enforce_csrf_checks=True, REMOTE_ADDR=address)
        client.default_format = "json"
        return client

    return make


@pytest.fixture
def log_in(stranger: Callable[..., APIClient]) -> Callable[..., APIClient]:
    """A client with the Bearer token of a fresh login."""

    def make(user: User, password: str = PASSWORD) -> APIClient:
        client = stranger()
        answer = client.post("/auth/login", {"email": user.email, "password": password})
        assert answer.status_code == 200, answer.json()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['token']}")
        return client

    return make


@pytest.fixture
def browser(stranger: Callable[..., APIClient]) -> APIClient:
    """A client that has visited the landing page and sends its CSRF token."""
    client = stranger()
    client.get("/")
    client.credentials(HTTP_X_CSRFTOKEN=client.cookies["csrftoken"].value)
    return client


@pytest.fixture
def second_factor() -> Callable[[User], None]:
    def set_up(user: User) -> None:
        Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": encrypt(SECRET)})

    return set_up


def code_now(steps: int = 0) -> str:
    """The code that an authenticator app shows (RFC 6238), ``steps`` periods from now.

    One that would run out under way is waited out, as people do.
    """
    if (left := 30 - time.time() % 30) < 3:
        time.sleep(left)
    counter = int(time.time()) // 30 + steps
    digest = hmac.digest(base64.b32decode(SECRET), counter.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def faults_of(answer: Any) -> list[tuple[str, str]]:
    """The faulty fields of a problem document with their codes."""
    assert answer["Content-Type"] == "application/problem+json"
    return [(fault["field"], fault["code"]) for fault in answer.json()["errors"]]


@pytest.fixture
def redis_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counters whose server does not answer."""
    nowhere = redis.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.2)
    for module in (throttling, services, registration):
        monkeypatch.setattr(module, "connection", lambda: nowhere)
