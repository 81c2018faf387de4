"""Who may do what: every address of the site, with every method, for every kind of person, against a written table."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as site_settings

from betting.tests import conftest as betting_tests
from casino.tests.access import METHODS, ROLES, Caller, address_of, fingerprint, routes, things_of
from casino.users.models import User
from operators.tests.backoffice_world import World, world

__all__ = ["world"]
coin, ever_lose, make_game = betting_tests.coin, betting_tests.ever_lose, betting_tests.make_game
make_jackpot, play = betting_tests.make_jackpot, betting_tests.play
order_of = betting_tests.order_of
pytestmark = pytest.mark.django_db

# One letter for each of ROLES: nobody, alice, boris, sam, fiona, olga, bruno, petra.
# 2 done · 1 is 401 · 3 is 403 · 4 is 404 · > sent elsewhere · x let in, and then refused for what was sent or stands.
TABLE = {
    "GET ": "22222222",
    "GET healthz": "22222222",
    "GET readyz": "22222222",
    "GET metrics": "22222222",
    "GET schema": "22222222",
    "GET docs": "22222222",
    "GET docs/problems": "22222222",
    "GET admin/": ">>>>>>>>",
    "GET backoffice": ">>>>>>>>",
    "POST auth/register": "22222222",
    "POST auth/login": "11111111",
    "POST auth/logout": "12222222",
    "GET auth/user": "12222222",
    "PATCH auth/user": "12222222",
    "POST auth/password": "1xxxxxxx",
    "POST auth/password/reset": "22222222",
    "POST auth/password/reset/confirm": "xxxxxxxx",
    "GET auth/mfa": "12222222",
    "POST auth/mfa/enrol": "12222222",
    "POST auth/mfa/confirm": "1xxxxxxx",
    "POST auth/mfa/recovery-codes": "1xxxxxxx",
    "POST auth/mfa/remove": "1xxxxxxx",
    "GET wallets": "12222222",
    "GET session": "12222222",
    "GET limits": "12233333",
    "PUT limits": "12233333",
    "POST exclusions": "12233333",
    "POST admin/players/<uuid:pk>/block": "13333242",
    "POST admin/players/<uuid:pk>/unblock": "13333242",
    "GET operators": "22222222",
    "GET transactions": "12233333",
    "GET admin/transactions": "13322222",
    "GET admin/financials": "13322222",
    "GET admin/rtp": "13322222",
    "GET admin/games/<slug:name>/performance": "13322242",
    "GET admin/players": "13322222",
    "GET admin/players/<uuid:pk>": "13322242",
    "GET admin/alerts": "13322222",
    "POST admin/alerts/<uuid:pk>/acknowledge": "13322242",
    "GET admin/settings": "13322222",
    "PATCH admin/settings": "13333222",
    "GET admin/affiliates": "13322222",
    "POST admin/affiliates": "1333322x",
    "GET admin/affiliates/<uuid:pk>/statements": "13322242",
    "POST admin/affiliates/<uuid:pk>/payouts": "1333xx4x",
    "GET games": "22222222",
    "POST games": "13333222",
    "GET games/<slug:name>": "42422242",
    "PUT games/<slug:name>": "13333242",
    "PATCH games/<slug:name>": "13333242",
    "DELETE games/<slug:name>": "13333242",
    "GET games/<slug:name>/par": "42422242",
    "GET categories": "22222222",
    "PUT admin/games/<slug:name>": "1333324x",
    "GET deposits": "12222222",
    "POST deposits": "12233333",
    "GET deposits/<uuid:pk>": "12422242",
    "POST deposits/<uuid:pk>/cancel": "1x433333",
    "GET withdrawals": "12222222",
    "POST withdrawals": "1xx33333",
    "GET withdrawals/<uuid:pk>": "12422242",
    "POST withdrawals/<uuid:pk>/cancel": "12433333",
    "GET admin/withdrawals": "13322222",
    "PUT admin/withdrawals/<uuid:pk>": "13332242",
    "GET admin/adjustments": "13322222",
    "POST admin/adjustments": "13332242",
    "PUT admin/adjustments/<uuid:pk>": "13332342",
    "PUT admin/deposits/<uuid:pk>": "13332242",
    "GET admin/webhooks": "13322222",
    "POST admin/webhooks/<uuid:pk>/replay": "1333xx4x",
    "POST admin/webhooks/<uuid:pk>/return": "1333xx4x",
    "POST admin/webhooks/<uuid:pk>/match": "13332242",
    "POST webhooks/<str:provider>": "11111111",
    "POST webhooks/<str:provider>/<str:operator>": "11111111",
    "GET bonuses": "12222222",
    "GET bonuses/<uuid:pk>": "12422242",
    "DELETE bonuses/<uuid:pk>": "12433333",
    "GET free-spins": "12222222",
    "GET offers": "12233333",
    "POST admin/bonuses": "1333324x",
    "POST admin/free-spins": "1333324x",
    "GET vip/levels": "12222222",
    "GET vip/user": "12233333",
    "POST vip/redeem": "12x33333",
    "POST vip/add-xp": "13333332",
    "GET jackpots": "22222222",
    "GET bets": "12222222",
    "POST bets": "12233333",
    "GET bets/<uuid:pk>": "12422242",
    "GET bets/<uuid:pk>/proof": "12422242",
    "GET fairness": "12233333",
    "POST fairness/rotate": "12233333",
    "POST seed/database": "13333332",
    "POST seed/bots": "1333333x",
    "POST seed/simulate": "1333333x",
    "GET seed/runs": "13333332",
    "GET seed/runs/<uuid:pk>": "13333332",
    "POST seed/runs/<uuid:pk>/cancel": "13333332",
}
# Pages that no view of the API answers; the last is the one that takes every unknown address.
PLAIN_PAGES = {"", "healthz", "readyz", "metrics", "docs/problems", "admin/", "backoffice"}
# What an attacker would like to write along with what a route takes.
PRIVILEGES: dict[str, Any] = {
    "role": "platform", "duty": "manager", "is_staff": True, "is_superuser": True, "is_platform_admin": True,
    "is_seeded": True, "is_blocked": False, "operator_id": str(uuid4()), "player": str(uuid4()), "user": str(uuid4()),
    "balance": "1000.00", "real": "1000.00", "held": "0.00", "balances": {"real": "1.00"}, "wagering_required": "0.00",
    "level": 4, "level_id": 4, "xp": "100000.00", "approved_by": str(uuid4()), "needs_two_people": False, "ggr": "0",
    "id": str(uuid4()), "created_at": "2020-01-01T00:00:00Z",
}  # fmt: skip
_OWN_FIELDS = {"PATCH admin/settings": {"level"}}
_SPIN = {
    "outcomes": [{"label": "lose", "weight": 1, "multiplier": "0"}, {"label": "win", "weight": 1, "multiplier": "1.9"}]
}


def bodies_of(world: World) -> dict[str, Any]:
    """For each route that reads one, a body with which whoever is let in gets somewhere."""
    anna, why = str(User.objects.get(username="anna").pk), {"reason": "Because"}
    game = {"name": "Fresh", "category": "instant", "kind": "weighted", "paytable": _SPIN}
    return {
        "POST auth/register": {
            "email": "new@aurora.test", "username": "newcomer", "password": "correct-horse-7", "operator": "aurora"
        },
        "POST auth/login": {"email": "alice@players.test", "password": "wrong-horse-7"},
        "POST auth/password": {"current": "wrong-horse-7", "new": "correct-horse-8"},
        "POST auth/password/reset": {"email": "alice@players.test"},
        "POST auth/password/reset/confirm": {"key": "1-none", "password": "correct-horse-8"},
        "PATCH auth/user": {},
        "POST auth/mfa/enrol": {"password": "correct-horse-7"},
        "POST auth/mfa/confirm": {"code": "123456"},
        "POST auth/mfa/recovery-codes": {"password": "correct-horse-7"},
        "POST auth/mfa/remove": {"password": "correct-horse-7"},
        "PUT limits": {"deposit": {"day": "10.00"}},
        "POST exclusions": {"kind": "time_out", "duration": "24h"},
        "POST admin/players/<uuid:pk>/block": why,
        "POST admin/players/<uuid:pk>/unblock": why,
        "PATCH admin/settings": why,
        "POST admin/affiliates": {"name": "New", "code": "BRANDNEW"},
        "POST admin/affiliates/<uuid:pk>/payouts": why,
        "POST games": game,
        "PUT games/<slug:name>": game,
        "PATCH games/<slug:name>": {"bonus_allowed": False},
        "PUT admin/games/<slug:name>": {"is_enabled": False},
        "POST deposits": {"amount": "10.00", "method": "generic"},
        "POST withdrawals": {"amount": "10.00", "method": "cashapp", "destination": {"account": "$me"}},
        "PUT admin/withdrawals/<uuid:pk>": {"status": "approved"} | why,
        "POST admin/adjustments": {"player_id": anna, "amount": "1.00"} | why,
        "PUT admin/adjustments/<uuid:pk>": {"status": "approved"} | why,
        "PUT admin/deposits/<uuid:pk>": {"status": "failed"} | why,
        "POST admin/webhooks/<uuid:pk>/return": why,
        "POST admin/webhooks/<uuid:pk>/match": {"reference": world.review.reference} | why,
        "POST admin/bonuses": {"player_id": anna, "amount": "1.00"} | why,
        "POST admin/free-spins": {"player_id": anna, "game_id": "coin", "count": 1, "value": "0.50"} | why,
        "POST vip/redeem": {"points": "100.00"},
        "POST vip/add-xp": {"player_id": anna, "amount": "1.00"} | why,
        "POST bets": {"game_id": "coin", "wager": "1.00"},
        "POST fairness/rotate": {},
    }  # fmt: skip


Cast = dict[str, Caller]


@pytest.fixture
def callers(
    world: World, alice: User, boris: User, sam: User, fiona: User, olga: User, bruno: User, petra: User,
    fund: Any, settings: Any,
) -> Cast:  # fmt: skip
    settings.SEEDING_ENABLED = True
    fund(boris, "20.00")
    return {name: Caller(user) for name, user in zip(
        ROLES, (None, alice, boris, sam, fiona, olga, bruno, petra), strict=True
    )}  # fmt: skip


def letter_of(status: int) -> str:
    if status in (401, 403, 404):
        return str(status)[-1]
    return {2: "2", 3: ">"}.get(status // 100, "x" if status in (400, 402, 409, 422) else str(status))


def test_every_route_has_its_line():
    declared = {f"{method} {route}" for route, methods in routes().items() for method in methods}
    # The last pattern takes every unknown address.
    assert declared - {"GET "} == set(TABLE) - {"GET "}
    assert {len(letters) for letters in TABLE.values()} == {len(ROLES)}


def test_every_route_answers_everybody_as_the_table_says(callers: Cast, world: World):
    things, bodies = things_of(world), bodies_of(world)
    found = {
        (role, line): letter_of(caller.call(method, address_of(route, things), bodies.get(line)).status_code)
        for role, caller in callers.items()
        for line in TABLE
        for method, route in [line.split(" ", 1)]
        # Seeding for real takes seconds; that the platform may has a test of its own.
        if (role, line) != ("petra", "POST seed/database")
    }
    expected = {(role, line): TABLE[line][ROLES.index(role)] for role, line in found}
    assert {at: letter for at, letter in found.items() if letter != expected[at]} == {}
    assert len(found) == len(ROLES) * len(TABLE) - 1


def test_what_a_route_does_not_declare_nobody_may(callers: Cast, world: World):
    things, tried = things_of(world), 0
    for route, methods in routes().items():
        for method in () if route in PLAIN_PAGES else (*METHODS, "TRACE"):
            if method in methods:
                continue
            for role in ("nobody", "alice", "olga", "petra"):
                answer = callers[role].call(method, address_of(route, things), {})
                assert answer.status_code in (401, 403, 405), (role, method, route)
                tried += 1
    assert tried > 500


@pytest.mark.parametrize("role", ["boris", "bruno"])
def test_a_neighbours_row_answers_like_one_that_never_was(role: str, callers: Cast, world: World):
    things, bodies, caller = things_of(world), bodies_of(world), callers[role]
    lines = [line for line, letters in TABLE.items() if "<" in line and letters[ROLES.index(role)] == "4"]
    assert len(lines) >= 8
    for line in lines:
        method, route = line.split(" ", 1)
        theirs, nobodys = (
            caller.call(method, address_of(route, things, is_random=is_random), bodies.get(line))
            for is_random in (False, True)
        )
        assert theirs.status_code == nobodys.status_code == 404, line
        shown, same = json.loads(theirs.content), json.loads(nobodys.content)
        assert shown.pop("request_id") != same.pop("request_id")
        assert shown == same, line


def test_no_body_carries_privileges(callers: Cast, world: World):
    """Each of them, on every route that writes, is an unknown field: 400, and no row of any table changes."""
    things, bodies, tried = things_of(world), bodies_of(world), 0
    before = fingerprint()
    for line, letters in TABLE.items():
        method, route = line.split(" ", 1)
        if method == "GET" or route.startswith("webhooks/"):
            continue
        role = next(role for role, letter in zip(ROLES, letters, strict=True) if letter in "2x" or role == "petra")
        for name, value in PRIVILEGES.items():
            if name in _OWN_FIELDS.get(line, ()):
                continue
            answer = callers[role].send(method, address_of(route, things), bodies.get(line, {}) | {name: value})
            assert answer.status_code == 400, (line, name, answer.content)
            faults = [(fault["field"], fault["code"]) for fault in answer.json()["errors"]]
            assert (name, "unknown_field") in faults, (line, name, faults)
            tried += 1
        assert fingerprint() == before, line
    assert tried > 700


def test_a_duty_that_was_taken_away_is_gone_with_the_next_call(callers: Cast, world: World, fiona: User):
    things, finance, address = things_of(world), callers["fiona"], "/admin/withdrawals"
    decision = f"{address}/{world.withdrawal.pk}"
    assert finance.call("PUT", decision, {"status": "approved", "reason": "Fine"}).status_code == 200
    before = fingerprint()
    User.objects.filter(pk=fiona.pk).update(duty="support")
    assert finance.send("PUT", decision, {"status": "approved", "reason": "Fine"}).status_code == 403
    assert finance.send("GET", address).status_code == 200
    User.objects.filter(pk=fiona.pk).update(role="player", duty=None)
    assert finance.send("GET", address).status_code == 403
    assert finance.send("GET", f"/deposits/{things['deposits']}").status_code == 404
    User.objects.filter(pk=fiona.pk).update(is_active=False)
    assert finance.send("GET", "/auth/user").status_code == 401
    User.objects.filter(pk=fiona.pk).update(is_active=True, role="operator", duty="finance")
    assert fingerprint() == before


def test_staff_who_change_house_see_the_new_one_only(callers: Cast, world: World, fiona: User):
    User.objects.filter(pk=fiona.pk).update(operator=world.borealis)
    assert callers["fiona"].call("GET", f"/deposits/{world.review.pk}").status_code == 404
    answer = callers["fiona"].call("GET", "/admin/withdrawals")
    assert {row["player"]["username"] for row in answer.json()["results"]} == {"boris", "bert"}


def test_the_back_office_shuts_for_who_lost_their_duty(client: Any, world: World, fiona: User):
    client.force_login(fiona)
    decision = f"/backoffice/wallets/withdrawal/{world.withdrawal.pk}/do/approve/"
    page = f"/backoffice/wallets/withdrawal/{world.withdrawal.pk}/change/"
    assert client.get(page).status_code == 200
    User.objects.filter(pk=fiona.pk).update(duty="support")
    before = fingerprint()
    assert client.post(decision, {"reason": "Fine", "key": uuid4().hex}).status_code in (403, 404)
    User.objects.filter(pk=fiona.pk).update(role="player", duty=None)
    answer = client.get(page)
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, site_settings.LOGIN_URL)
    User.objects.filter(pk=fiona.pk).update(role="operator", duty="support")
    assert fingerprint() == before
