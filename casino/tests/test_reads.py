"""Reads by token skip what only cookies need; nothing else about them is different."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore
from django.test import Client
from django.urls import get_resolver
from rest_framework.test import APIClient

from casino.api.answers import Answer, KeptAnswers
from casino.api.routing import KnownFirst
from casino.users.models import User

READS = ("/wallets", "/bets", "/games", "/jackpots", "/vip/user", "/bonuses", "/session", "/auth/user")
CHANGING = ("X-Request-ID",)


@pytest.fixture
def token() -> Callable[[User], str]:
    """A new login's token, which is its session's key."""

    def begin(user: User) -> str:
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        return str(session.session_key)

    return begin


def ask(path: str, **headers: str) -> Any:
    return Client(headers=headers).get(path)


def by_cookie(path: str, key: str) -> Any:
    client = Client()
    client.cookies["sessionid"] = key
    return client.get(path)


@pytest.mark.parametrize("path", READS)
def test_a_token_and_a_cookie_read_the_same(alice: User, token: Callable[[User], str], path: str) -> None:
    key = token(alice)
    shown, again = ask(path, authorization=f"Bearer {key}"), by_cookie(path, key)
    assert (shown.status_code, again.status_code) == (200, 200)
    assert without_clock(shown.json()) == without_clock(again.json())
    assert not shown.cookies
    mine, theirs = ({**answer.headers} for answer in (shown, again))
    assert (mine.pop("Vary"), theirs.pop("Vary")) == ("origin", "Cookie, origin")
    for changing in (*CHANGING, "Content-Length"):
        assert mine.pop(changing)
        assert theirs.pop(changing)
    assert mine == theirs


def without_clock(body: Any) -> Any:
    return {name: value for name, value in body.items() if name not in ("seconds", "started_at")} if isinstance(
        body, dict
    ) else body  # fmt: skip


@pytest.mark.parametrize("path", READS)
def test_a_token_is_dead_as_soon_as_its_session_its_person_or_its_password_is(
    alice: User, token: Callable[[User], str], path: str
) -> None:
    first, second, third = (token(alice) for _ in range(3))
    assert ask(path, authorization=f"Bearer {first}").status_code == 200
    SessionStore(first).delete()
    assert ask(path, authorization=f"Bearer {first}").json()["code"] == "invalid_token"
    alice.set_password("another-horse-8")
    alice.save()
    assert ask(path, authorization=f"Bearer {second}").json()["code"] == "invalid_token"
    fresh = token(alice)
    assert ask(path, authorization=f"Bearer {fresh}").status_code == 200
    User.objects.filter(pk=alice.pk).update(is_active=False)
    for key in (fresh, third):
        refused = ask(path, authorization=f"Bearer {key}")
        assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")


def test_a_dead_token_is_refused_beside_a_live_cookie(alice: User, token: Callable[[User], str]) -> None:
    client = Client(headers={"authorization": "Bearer nonsense"})
    client.cookies["sessionid"] = token(alice)
    assert client.get("/wallets").status_code == 401


def test_the_back_office_knows_no_tokens(petra: User, token: Callable[[User], str]) -> None:
    for path in ("/backoffice/", "/", "/docs/problems"):
        by_token, by_nobody = ask(path, authorization=f"Bearer {token(petra)}"), ask(path)
        assert (by_token.status_code, by_token.headers.get("Location")) == (
            by_nobody.status_code,
            by_nobody.headers.get("Location"),
        )
    assert ask("/backoffice/", authorization=f"Bearer {token(petra)}").status_code == 302


@pytest.mark.parametrize(
    ("accepted", "status"),
    [("application/json", 200), ("*/*", 200), ("application/json;q=0.9, text/html", 200), ("text/html", 406)],
)
def test_callers_get_json_or_nothing(db: None, accepted: str, status: int) -> None:
    answer = ask("/games", accept=accepted)
    assert (answer.status_code, ask("/games?format=html").status_code) == (status, 404)


def test_an_address_is_looked_for_once_and_means_the_same_for_ever(api: Callable[..., APIClient], alice: User) -> None:
    first, second = (get_resolver().resolve("/wallets") for _ in range(2))
    assert (first.func, first.route, first.kwargs) == (second.func, second.route, second.kwargs)
    known = next(pattern for pattern in get_resolver().url_patterns if isinstance(pattern, KnownFirst))
    assert "wallets" in known._known
    api(alice).get("/games/no-such-game")
    api(alice).get("/nowhere")
    assert not {"games/no-such-game", "nowhere"} & set(known._known)


def test_answers_are_kept_for_a_revision_and_the_least_used_go_first() -> None:
    made: list[str] = []

    def make(name: str) -> Callable[[], Answer]:
        return lambda: Answer(made.append(name) or {"name": name})

    kept = KeptAnswers(2)
    assert kept.answer("a", 1, make("first")).content == b'{"name":"first"}'
    assert kept.answer("a", 1, make("again")).content == b'{"name":"first"}'
    assert kept.answer("a", 2, make("newer")).content == b'{"name":"newer"}'
    kept.answer("b", 2, make("b"))
    kept.answer("a", 2, make("unasked"))
    kept.answer("c", 2, make("c"))
    assert kept.answer("a", 2, make("unasked")).content == b'{"name":"newer"}'
    assert kept.answer("b", 2, make("b again")).content == b'{"name":"b again"}'
    assert made == ["first", "newer", "b", "c", "b again"]
    for _ in range(2):
        kept.answer("d", None, make("without a revision"))
    assert made[5:] == ["without a revision"] * 2
