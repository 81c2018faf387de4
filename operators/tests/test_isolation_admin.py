"""Every address under /admin, as found in the URLconf, asked by a neighbour's staff, by players and by nobody."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from betting.models import Bet
from casino.users.models import User
from operators.models import Alert
from operators.tests.conftest import Cast
from wallets.models import Deposit

METHODS = ("get", "post", "put", "patch", "delete")


def admin_routes() -> dict[str, Any]:
    """Every REST route under /admin with its view class."""

    def walk(patterns: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            elif isinstance(pattern, URLPattern) and route.startswith("admin/") and hasattr(pattern.callback, "cls"):
                yield route, pattern.callback.cls

    return dict(walk(get_resolver().url_patterns))


ROUTES = admin_routes()
# Which of Aurora's things each converter stands for.
Things = dict[str, str]


def address_of(route: str, things: Things) -> str:
    """The route's address with Aurora's things in it."""
    kind = route.split("/")[1]
    thing = things.get(kind, str(uuid4()))
    return "/" + route.replace("<uuid:pk>", thing).replace("<slug:name>", thing).replace("<str:name>", thing)


@pytest.fixture
def things(history: Cast, make_game: Callable[..., Any], aurora: Any) -> Things:
    """Aurora's own: a player, an alert, a game."""
    game = make_game("auroras-own", operator_id=aurora.pk)
    alert = Alert.objects.record("velocity", "Only Aurora's", operator_id=aurora.pk)
    return {
        "players": str(history.players["alice"].pk),
        "alerts": str(alert.pk),
        "games": game.slug,
        "deposits": str(Deposit.objects.filter(operator=aurora).latest("id").pk),
    }


def test_the_table_of_routes_is_that_of_the_contract():
    ours = {
        "admin/transactions", "admin/financials", "admin/rtp", "admin/games/<slug:name>/performance", "admin/players",
        "admin/players/<uuid:pk>", "admin/alerts", "admin/alerts/<uuid:pk>/acknowledge", "admin/settings",
        "admin/games/<slug:name>",
    }  # fmt: skip
    assert ours <= set(ROUTES)


def secrets_of(history: Cast) -> set[str]:
    """What nobody of Borealis may read: ids and names of Aurora's and Cascade's people, bets and deposits."""
    of = [history.operators["aurora"], history.operators["cascade"]]
    people = User.objects.filter(operator__in=of)
    rows = [str(row.pk) for model in (Bet, Deposit) for row in model.objects.filter(operator__in=of)]
    return {*(str(person.pk) for person in people), *(person.email for person in people), *rows, "Only Aurora's"}


def body_of(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(content.decode())


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_a_neighbours_staff_get_nothing_of_ours(route: str, things: Things, history: Cast, bruno: User, api: Any):
    """404, or a list without any of it; in JSON and CSV; and nothing of ours is changed by asking."""
    secrets, address = secrets_of(history), address_of(route, things)
    extra = [{}, {"format": "csv"}, {"playerId": things["players"]}, {"gameId": "auroras-own"}, {"seeded": "only"}]
    for method in METHODS:
        for asked in extra if method == "get" else [{}]:
            call = getattr(api(bruno), method)
            answer = call(address, asked) if method == "get" else call(address, {"reason": "Mine"})
            assert answer.status_code < 500, (method, address, asked)
            if "<" in route and answer.status_code not in (400, 405):
                assert answer.status_code == 404, (method, address, answer.content)
            text = body_of(answer)
            found = [secret for secret in secrets if secret in text]
            assert not found or answer.status_code in (400, 404), (method, address, asked, found)
    assert Alert.objects.get(pk=things["alerts"]).acknowledged_at is None


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_asking_for_another_operator_is_not_permitted(route: str, things: Things, bruno: User, api: Any):
    address = address_of(route, things)
    for asked in ({"operator": "aurora"}, {"operator": "aurora", "format": "csv"}):
        answer = api(bruno).get(address, asked)
        if answer.status_code == 200:
            assert "aurora" not in body_of(answer).replace("operator=aurora", "")
        else:
            assert answer.status_code in (403, 404, 405), answer.content


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_players_and_strangers_are_kept_out(route: str, things: Things, history: Cast, api: Any):
    address = address_of(route, things)
    for user, code in ((history.players["alice"], 403), (None, 401)):
        for method in METHODS:
            answer = getattr(api(user), method)(address)
            assert answer.status_code in (code, 405), (method, address)
        assert api(user).get(address, {"format": "csv"}).status_code in (code, 404, 405)


def test_the_neighbours_own_rows_are_all_there(history: Cast, bruno: User, api: Any):
    rows = api(bruno).get("/admin/transactions", {"limit": 100}).data["results"]
    assert len(rows) == sum(model.objects.filter(operator=bruno.operator).count() for model in (Bet, Deposit))
    assert [player["username"] for player in api(bruno).get("/admin/players").data["results"]] == ["boris"]
    assert len(api(bruno).get("/admin/transactions?format=csv").getvalue().splitlines()) == len(rows) + 5


def test_a_player_of_two_brands_shows_each_its_own(
    history: Cast, bruno: User, olga: User, petra: User, api: Any, partner: Any
):
    from betting.services import open_account

    alice = history.players["alice"]
    User.objects.filter(pk=alice.pk).update(affiliate=partner)
    open_account(alice, bruno.operator)
    there, here = (api(staff).get(f"/admin/players/{alice.pk}").data for staff in (bruno, olga))
    assert [wallet["operator"]["slug"] for wallet in there["wallets"]] == ["borealis"]
    assert (there["affiliate_code"], there["totals"]["bets"], there["totals"]["deposits"]["count"]) == (None, 0, 0)
    assert [wallet["operator"]["slug"] for wallet in here["wallets"]] == ["aurora"]
    assert (here["affiliate_code"], here["totals"]["deposits"]) == ("PARTNER1", {"count": 1, "sum": "3000.00"})
    both = api(petra).get(f"/admin/players/{alice.pk}").data
    assert {wallet["operator"]["slug"] for wallet in both["wallets"]} == {"aurora", "borealis"}
    assert api(petra).get(f"/admin/players/{alice.pk}?operator=cascade").status_code == 404


def test_players_are_found_by_part_of_their_name(history: Cast, olga: User, petra: User, api: Any):
    def named(staff: User, **asked: str) -> list[str]:
        return [player["username"] for player in api(staff).get("/admin/players", asked).data["results"]]

    assert named(olga) == ["bella", "sonia", "alice"]
    assert named(olga, search="LI") == ["alice"]
    assert named(olga, search="boris") == named(olga, search="olga") == []
    assert named(petra, search="cascade.test") == ["carla"]
    assert named(petra, search=str(history.players["boris"].pk)) == ["boris"]
    assert named(petra, operator="borealis") == ["boris"]
    assert api(olga).get(f"/admin/players/{olga.pk}").status_code == 404
    assert api(olga).get("/admin/players", {"search": "\x00"}).status_code == 400
