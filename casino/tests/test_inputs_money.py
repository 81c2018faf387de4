"""What people send where an amount is due: anything but a plain one is refused, and no row of any table changes."""

import json
from typing import Any

import pytest
from django.test import Client

from casino.tests.access import Caller, address_of, fingerprint, things_of
from casino.tests.test_access_matrix import (
    TABLE,
    Cast,
    bodies_of,
    callers,
    coin,
    ever_lose,
    make_game,
    make_jackpot,
    order_of,
    play,
    world,
)  # fmt: skip
from operators.tests.backoffice_world import World

__all__ = ["callers", "coin", "ever_lose", "make_game", "make_jackpot", "order_of", "play", "world"]
pytestmark = pytest.mark.django_db

# Where an amount is read: by whom, the route, and the names that lead to the amount.
ROUTES: list[tuple[str, str, tuple[str | int, ...]]] = [
    ("alice", "POST bets", ("wager",)),
    ("alice", "POST deposits", ("amount",)),
    ("alice", "POST withdrawals", ("amount",)),
    ("alice", "POST vip/redeem", ("points",)),
    ("alice", "PUT limits", ("deposit", "day")),
    ("alice", "PUT limits", ("loss", "week")),
    ("olga", "POST admin/bonuses", ("amount",)),
    ("olga", "POST admin/bonuses", ("max_stake",)),
    ("olga", "POST admin/free-spins", ("value",)),
    ("fiona", "POST admin/adjustments", ("amount",)),
    ("fiona", "POST admin/affiliates/<uuid:pk>/payouts", ("amount",)),
    ("olga", "PATCH admin/settings", ("limits", "deposit_max")),
    ("olga", "PATCH admin/settings", ("limits", "withdrawal_approval_threshold")),
    ("olga", "PUT admin/games/<slug:name>", ("max_bet",)),
    ("olga", "POST games", ("min_bet",)),
    ("petra", "POST vip/add-xp", ("amount",)),
]
# As they stand in the JSON text.
NO_AMOUNTS = [
    "0.001", "1.005", "1e30", "1E2", "1e-2", "9223372036854775808", "340282366920938463463374607431768211456",
    "NaN", "Infinity", "-Infinity", "true", "false", "[]", "{}", "[1]", '{"amount": 1}', "01", "+1", ".5", "0x10",
    '""', '" "', '"-0.001"', '"NaN"', '"sNaN"', '"Infinity"', '"-inf"',
    '"1,00"', '"1.000,00"', '"1_000"', '"1e3"',
    '"\uff11\uff12.00"', '"١٢"', '" 1.00"', '"1.00 "', '"1.00\\n"', '"0x10"', '"1.00 USD"', '"$1"',
    '"++1"', '"--1"', '"1."',
    '"1/2"', '"99999999999999999999"', '"1' + "0" * 400 + '"', "1" + "0" * 5000, '"\\ud800"', '"1.00\\u0000"', "'1'",
    '"1.00" "2.00"', "undefined",
]  # fmt: skip
# An adjustment and a change of XP may take away.
NOT_POSITIVE = ["-1", '"-1.00"', "0", "-0", '"-0"', '"-0.00"', "-0.0", '"0.00"']
# Null says "no limit" or "none" where one may be taken back.
MAY_BE_NULL = {"limits", "admin/bonuses", "admin/games/<slug:name>"}
MAY_BE_NEGATIVE = {"admin/adjustments", "vip/add-xp"}


def text_with(body: dict[str, Any], names: tuple[str | int, ...], value: str) -> bytes:
    """The JSON text of ``body`` with ``value`` as it stands where ``names`` lead."""
    changed = json.loads(json.dumps(body))
    place = changed
    for name in names[:-1]:
        place = place.setdefault(name, {})
    place[names[-1]] = "@here@"
    return json.dumps(changed).replace('"@here@"', value).encode()


def refused(answer: Any, *statuses: int) -> bool:
    """Whether it is a problem document with one of these statuses."""
    if answer.status_code not in statuses or answer["Content-Type"] != "application/problem+json":
        return False
    problem = json.loads(answer.content)
    return problem["status"] == answer.status_code and {"code", "title", "detail", "request_id"} <= set(problem)


def test_nothing_but_a_plain_amount_moves_anything(callers: Cast, world: World):
    things, bodies, tried = things_of(world), bodies_of(world), 0
    for role, line, names in ROUTES:
        method, route = line.split(" ", 1)
        hostile = list(NO_AMOUNTS)
        if route not in MAY_BE_NULL:
            hostile.append("null")
        hostile += [] if route in MAY_BE_NEGATIVE else NOT_POSITIVE
        before = fingerprint()
        for value in hostile:
            answer = callers[role].send(method, address_of(route, things), text_with(bodies[line], names, value))
            assert refused(answer, 400, 422), (line, names, value[:50], answer.status_code, answer.content)
            tried += 1
        assert fingerprint() == before, line
    assert tried > 800


WRITES = sorted({(role, line) for role, line, _ in ROUTES})


def test_nothing_but_one_strict_json_object_is_read(callers: Cast, world: World):
    things, bodies, tried = things_of(world), bodies_of(world), 0
    for role, line in WRITES:
        method, route = line.split(" ", 1)
        good = json.dumps(bodies[line]).encode()
        first = next(iter(bodies[line]))
        twice = b"{" + json.dumps({first: bodies[line][first]}).encode()[1:-1] + b"," + good[1:]
        before = fingerprint()
        for raw in (
            b"null", b"[]", b"1", b'"text"', b"{", good + good, good[:-1], good + b"\x00", b"\xff\xfe" + good,
            good.decode().encode("utf-16"), b"\xef\xbb\xbf" + good, twice, b"[" * 5000, b'{"a":' * 5000,
            good[:-1] + b', "reason": "\\ud800"}', good[:-1] + b', "\xc0\xaf": 1}', good[:-1] + b', "__proto__": {}}',
            good[:-1] + b", }", b"{'amount': 1}", b"amount=1.00",
        ):  # fmt: skip
            answer = callers[role].send(method, address_of(route, things), raw)
            assert refused(answer, 400, 422), (line, raw[:60], answer.status_code, answer.content)
            tried += 1
        for raw in (b" " * 5_000_000 + good, b'{"reason": "' + b"x" * 5_000_000 + b'"}'):
            answer = callers[role].send(method, address_of(route, things), raw)
            assert refused(answer, 413), (line, answer.status_code)
            tried += 1
        for kind in (
            "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml",
            "application/jsonp", "",
        ):  # fmt: skip
            answer = callers[role].send(method, address_of(route, things), good, kind)
            assert refused(answer, 415), (line, kind, answer.status_code, answer.content)
            tried += 1
        assert fingerprint() == before, line
    assert tried > 350


@pytest.mark.parametrize("header", ["a" * 300, "", "ключ", "a b", "tab\there"])
def test_a_malformed_idempotency_key_moves_nothing(header: str, callers: Cast, world: World):
    before = fingerprint()
    client = callers["alice"].client
    for line in ("POST bets", "POST deposits", "POST withdrawals"):
        answer = client.post(f"/{line.split()[1]}", bodies_of(world)[line], headers={"Idempotency-Key": header})
        assert refused(answer, 400), (line, answer.status_code, answer.content)
    assert fingerprint() == before


@pytest.mark.parametrize("address", [
    "/bets/not-a-uuid", "/bets/%00", "/bets/../../etc/passwd", "/games/%ff", "/games/" + "x" * 3000, "/deposits/1",
    "/bets?cursor=%00", "/bets?limit=99999999999999999999", "/bets?limit=-1", "/games?search=%00",
    "/games?category=%00",
    "/games?operator=%00", "/transactions?from=%00", "/transactions?from=0000-00-00", "/transactions?from=99999-01-01",
    "/transactions?type=%27%20OR%201=1", "/offers?operator=%00", "/wallets?format=xml", "/fairness?x=%f0%28%8c%28",
])  # fmt: skip
def test_no_address_breaks_anything(address: str, callers: Cast):
    for role in ("alice", "olga", "petra"):
        answer = callers[role].client.get(address)
        assert answer.status_code < 500, (role, answer.content)


@pytest.mark.parametrize("role", ["nobody", "petra"])
def test_no_address_that_holds_a_nul_reaches_a_query(role: str, callers: Cast, world: World):
    """On every route, under every name that some parameter has, and in the back office."""
    things, names = (
        things_of(world),
        ["operator", "search", "kind", "status", "category", "playerId", "gameId", "cursor", "who", "q", "from"],
    )
    query = "&".join(f"{name}=a%00b" for name in names)
    for line in (*TABLE, "GET backoffice/events/", "GET backoffice/users/user/"):
        method, route = line.split(" ", 1)
        answer = callers[role].call(method, f"{address_of(route, things)}?{query}", {})
        assert refused(answer, 400), (line, answer.status_code, answer.content[:200])
    assert refused(callers[role].call("GET", "/games/a%00b"), 400)


def test_a_stranger_with_a_strange_token_is_nobody(callers: Cast):
    for token in ("", "x", "a" * 5000, "' OR 1=1", "\x00", "é", "..", "None", "null"):
        answer = Client(raise_request_exception=False).get("/wallets", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, (token[:20], answer.content)
    assert Caller(None).call("GET", "/wallets").status_code == 401
