"""Games and switches changed over HTTP: who may, what is refused, and what is answered."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from casino.games.models import Game, GameSwitch
from casino.games.tests.answers import faults, state
from casino.users.models import User
from operators.models import Operator, SignificantEvent

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]


def test_a_managers_game_is_of_their_operator_and_the_platform_may_name_one(
    api: Api, olga: User, petra: User, borealis: Operator, reference_slot: dict[str, Any]
) -> None:
    olgas = api(olga).post("/games", reference_slot | {"is_active": False})
    petras = api(petra).post("/games", reference_slot | {"slug": "north", "operator": "borealis"})

    assert (olgas.status_code, olgas.data["operator"], olgas.data["is_active"]) == (201, "aurora", False)
    assert (petras.status_code, petras.data["operator"]) == (201, "borealis")
    event = SignificantEvent.objects.get(kind="game.created", actor=olga)
    assert (event.operator, event.before, event.after["slug"]) == (olga.operator, None, "reference-slot")


@pytest.mark.parametrize(("person", "status"), [("alice", 403), ("fiona", 403), ("sam", 403), (None, 401)])
def test_others_write_no_games(
    api: Api, request: pytest.FixtureRequest, coin: Game, reference_slot: Any, person: str | None, status: int
) -> None:
    client = api(request.getfixturevalue(person) if person else None)
    before = state()

    assert client.post("/games", reference_slot).status_code == status
    assert client.put("/games/coin", reference_slot).status_code == status
    assert client.patch("/games/coin", {"name": "Mine"}).status_code == status
    assert client.delete("/games/coin").status_code == status
    assert client.put("/admin/games/coin", {"is_enabled": False}).status_code == status
    assert state() == before


def test_a_manager_writes_no_shared_game_and_none_for_a_neighbour(
    api: Api, olga: User, borealis: Operator, coin: Game, reference_slot: dict[str, Any]
) -> None:
    before = state()

    assert api(olga).put("/games/coin", reference_slot).status_code == 403
    assert api(olga).patch("/games/coin", {"name": "Mine"}).status_code == 403
    assert api(olga).delete("/games/coin").status_code == 403
    assert api(olga).post("/games", reference_slot | {"operator": "borealis"}).status_code == 403
    assert api(olga).put("/admin/games/coin?operator=borealis", {"is_enabled": False}).status_code == 403
    assert state() == before


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"name": None}, {"name": "null"}),
        ({"name": ""}, {"name": "blank"}),
        ({"name": 7}, {"name": "invalid"}),
        ({"wager": "1.00"}, {"wager": "unknown_field"}),
        ({"category": "unheard-of"}, {"category": "unknown_category"}),
        ({"kind": "unheard-of"}, {"kind": "unknown_kind"}),
        ({"kind": ["reels"]}, {"kind": "invalid"}),
        ({"paytable": None}, {"paytable": "null"}),
        ({"paytable": "C P L"}, {"paytable": "invalid_paytable"}),
        ({"slug": "taken"}, {"slug": "already_taken"}),
        ({"slug": "a b"}, {"slug": "invalid"}),
        ({"rtp": "NaN"}, {"rtp": "invalid"}),
        ({"rtp": True}, {"rtp": "invalid"}),
        ({"min_bet": "0.00"}, {"min_bet": "positive"}),
        ({"min_bet": "0.001"}, {"min_bet": "invalid"}),
        ({"min_bet": "2.00", "max_bet": "1.00"}, {"max_bet": "invalid"}),
        ({"max_bet": "999999999999.99"}, {"max_bet": "invalid"}),
        ({"wagering_weight": "10.01"}, {"wagering_weight": "most"}),
        ({"wagering_weight": "-1"}, {"wagering_weight": "invalid"}),
        ({"vip_weight": "1e0"}, {"vip_weight": "invalid"}),
        ({"vip_weight": "0.00001"}, {"vip_weight": "invalid"}),
        ({"is_active": "yes"}, {"is_active": "invalid"}),
        ({"bonus_allowed": 1}, {"bonus_allowed": "invalid"}),
        ({"jackpot_group": "mega"}, {"jackpot_group": "unknown_jackpot_group"}),
        ({"operator": "unheard-of"}, {"operator": "unknown_operator"}),
    ],
)
def test_a_faulty_body_is_refused_by_field_and_makes_nothing(
    api: Api, petra: User, reference_slot: Any, make_coin: Callable[..., Game], change: Any, fault: dict[str, str]
) -> None:
    make_coin("taken")
    before = state()

    assert faults(api(petra).post("/games", reference_slot | change)) == fault
    assert state() == before


@pytest.mark.parametrize(
    "raw", [b"[]", b'"x"', b"{", b'{"name": "a", "name": "b"}', b'{"rtp": NaN}', rb'{"name": "\u0000"}']
)
def test_what_is_no_object_of_strict_json_is_refused(api: Api, petra: User, raw: bytes) -> None:
    assert api(petra).post("/games", raw, content_type="application/json").status_code == 400
    assert not Game.objects.exists()


@pytest.mark.parametrize("symbol", [r"\u0000", r"\ud800"])
def test_a_symbol_that_cannot_be_stored_is_refused(
    api: Api, petra: User, reference_slot: dict[str, Any], symbol: str
) -> None:
    raw = json.dumps(reference_slot).replace('["C",', f'["{symbol}",')

    assert api(petra).post("/games", raw, content_type="application/json").status_code == 400
    assert not Game.objects.exists()


def test_putting_a_game_back_as_it_was_read_changes_nothing(api: Api, petra: User, coin: Game) -> None:
    read = api().get("/games/coin").json()
    before = state()
    computed = ("id", "version", "sigma", "hit_rate", "max_multiplier")

    answer = api(petra).put("/games/coin", {name: value for name, value in read.items() if name not in computed})

    assert (answer.status_code, answer.json()) == (200, read)
    assert state() == before


def test_put_needs_the_whole_game_and_patch_does_not(
    api: Api, petra: User, coin: Game, reference_slot: dict[str, Any]
) -> None:
    assert set(faults(api(petra).put("/games/coin", {"name": "Gold"}))) == {"category", "kind", "paytable"}
    assert api(petra).patch("/games/coin", {"max_bet": "20.00"}).data["version"] == 1

    replaced = api(petra).put("/games/coin", reference_slot).data

    assert (replaced["slug"], replaced["kind"], replaced["version"], replaced["max_bet"]) == (
        "coin", "reels", 2, "20.00",
    )  # fmt: skip


def test_a_game_stays_with_its_operator(api: Api, petra: User, coin: Game, aurora: Operator) -> None:
    before = state()

    assert faults(api(petra).patch("/games/coin", {"operator": "aurora"})) == {"operator": "immutable"}
    assert state() == before
    assert api(petra).patch("/games/coin", {"operator": None}).status_code == 200


def test_a_manager_changes_and_deletes_a_game_of_their_own(api: Api, olga: User, aurora_own: Game) -> None:
    assert api(olga).patch("/games/aurora-own", {"name": "Northern Light"}).data["name"] == "Northern Light"
    deleted = api(olga).delete("/games/aurora-own")

    assert (deleted.status_code, deleted.content) == (204, b"")
    for name in ("aurora-own", str(aurora_own.pk)):
        assert api(olga).get(f"/games/{name}").status_code == 404
        assert api(olga).patch(f"/games/{name}", {"name": "Back"}).status_code == 404
        assert api(olga).delete(f"/games/{name}").status_code == 404
    kinds = SignificantEvent.objects.filter(actor=olga, operator=olga.operator).order_by("id")
    assert list(kinds.values_list("kind", flat=True)) == ["game.changed", "game.deleted"]


def test_a_manager_narrows_and_switches_a_game_at_their_operator_only(
    api: Api, olga: User, bruno: User, coin: Game
) -> None:
    narrowed = api(olga).put("/admin/games/coin", {"min_bet": "1.00", "max_bet": 5}).data
    switched = api(olga).put(f"/admin/games/{coin.pk}?operator=aurora", {"is_enabled": False}).data

    assert (narrowed["min_bet"], narrowed["max_bet"], narrowed["is_active"]) == ("1.00", "5.00", True)
    assert (switched["min_bet"], switched["max_bet"], switched["is_active"]) == ("1.00", "5.00", False)
    assert api(olga).get("/games/coin").json() == switched
    at_bruno = api(bruno).get("/games/coin").data
    assert (at_bruno["min_bet"], at_bruno["max_bet"], at_bruno["is_active"]) == ("0.10", "100.00", True)


def test_the_platform_switches_at_the_operator_it_names(api: Api, petra: User, coin: Game, aurora: Operator) -> None:
    assert faults(api(petra).put("/admin/games/coin", {"is_enabled": False})) == {"operator": "required"}
    assert not GameSwitch.objects.exists()

    answer = api(petra).put("/admin/games/coin?operator=aurora", {"is_enabled": False})

    assert (answer.status_code, answer.data["is_active"]) == (200, False)
    assert GameSwitch.objects.get().operator == aurora


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"max_bet": "100.01"}, {"max_bet": "not_narrower"}),
        ({"min_bet": "0.09"}, {"min_bet": "not_narrower"}),
        ({"min_bet": "6.00", "max_bet": "5.00"}, {"max_bet": "invalid"}),
        ({"min_bet": "-1"}, {"min_bet": "positive"}),
        ({"is_enabled": None}, {"is_enabled": "null"}),
        ({"is_enabled": "no"}, {"is_enabled": "invalid"}),
        ({"enabled": False}, {"enabled": "unknown_field"}),
    ],
)
def test_a_faulty_switch_is_refused_and_switches_nothing(
    api: Api, olga: User, coin: Game, body: Any, fault: dict[str, str]
) -> None:
    before = state()

    assert faults(api(olga).put("/admin/games/coin", body)) == fault
    assert state() == before


def test_options_describe_a_game_to_those_who_may_write_it(api: Api, petra: User, olga: User, coin: Game) -> None:
    for person in (None, olga, petra):
        assert api(person).options("/games/coin").status_code == 200
        assert api(person).options("/games").status_code == 200
    assert api(petra).options("/admin/games/coin").status_code == 200
    assert api(petra).post("/games/coin", {}).status_code == 405
