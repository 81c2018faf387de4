"""The catalogue over HTTP: what each of the cast sees of it, and how its figures read."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from casino.games.jackpots import JackpotGroup, JackpotLevel
from casino.games.models import Category, Game
from casino.games.services import change_game, set_switch
from casino.games.tests.answers import faults, slugs, state
from casino.users.models import User
from operators.models import Operator

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]


def test_the_reference_slot_is_answered_with_its_exact_figures(
    api: Api, petra: User, reference_slot: dict[str, Any]
) -> None:
    answer = api(petra).post("/games", reference_slot | {"rtp": "96.00"})

    assert answer.status_code == 201, answer.data
    game = Game.objects.get()
    assert answer.data == {
        "id": str(game.pk), "slug": "reference-slot", "name": "Reference Slot", "category": "slots", "provider": "",
        "kind": "reels", "version": 1, "rtp": "96.00", "sigma": "3.376512", "hit_rate": "43.40",
        "max_multiplier": "105.2", "min_bet": "0.10", "max_bet": "100.00", "bonus_allowed": True,
        "wagering_weight": "1.00", "vip_weight": "1.00", "jackpot_group": None, "operator": None, "is_active": True,
        "paytable": reference_slot["paytable"],
    }  # fmt: skip
    assert api().get("/games/reference-slot").json() == answer.json()
    assert api().get(f"/games/{game.pk}").json() == answer.json()


def test_a_stated_rtp_that_is_off_is_answered_with_the_computed_one(
    api: Api, petra: User, reference_slot: dict[str, Any]
) -> None:
    answer = api(petra).post("/games", reference_slot | {"rtp": 96.01})

    assert faults(answer) == {"rtp": "rtp_disagrees"}
    assert "96.00" in answer.data["detail"]
    assert not Game.objects.exists()


def test_the_par_sheet_names_its_game_and_lists_its_bets(api: Api, coin: Game) -> None:
    sheet = api().get("/games/coin/par").json()

    assert sheet["game"] == {"id": str(coin.pk), "slug": "coin", "name": "Coin", "version": 1}
    assert (sheet["kind"], sheet["rtp"], sheet["exact"]["rtp"], len(sheet["bets"])) == ("weighted", "96.00", "24/25", 1)


def test_the_par_sheet_counts_the_jackpot_by_its_terms_of_today(api: Api, coin: Game) -> None:
    house = JackpotGroup.objects.create(slug="house", name="House", currency="USD")
    JackpotLevel.objects.create(
        group=house, name="mini", rate=Decimal("0.004"), seed=Decimal(10), odds=Decimal("0.0001")
    )
    change_game(coin.pk, {"jackpot_group": "house"})

    def told() -> tuple[str, str, list[str]]:
        sheet = api().get("/games/coin/par").json()
        return sheet["rtp"], sheet["rtp_with_jackpot"], [part["rtp"] for part in sheet["parts"]]

    before = told()
    jackpot = before[2][-1]
    assert before[0] == "96.00"
    assert Decimal(before[1]) == Decimal("96.00") + Decimal(jackpot)

    JackpotLevel.objects.update(seed=Decimal(5), rate=Decimal("0.002"))
    after = told()
    assert Decimal(after[2][-1]) == Decimal(jackpot) / 2
    assert Decimal(after[1]) == Decimal("96.00") + Decimal(jackpot) / 2
    assert after[2][:-1] == before[2][:-1]

    JackpotLevel.objects.all().delete()
    assert told() == ("96.00", "96.00", before[2][:-1])
    assert coin.versions.count() == 2


def test_what_is_not_exact_in_two_decimals_has_six(api: Api, petra: User, coin: Game) -> None:
    outcomes = [{"label": "a", "weight": 1, "multiplier": "0.5"}, {"label": "b", "weight": 2, "multiplier": "1.2"}]

    game = api(petra).patch("/games/coin", {"paytable": {"outcomes": outcomes}, "vip_weight": "0.125"}).json()

    assert (game["rtp"], game["version"], game["vip_weight"]) == ("96.666667", 2, "0.1250")


def test_anonymous_readers_see_active_shared_games_newest_first(
    api: Api, coin: Game, aurora_own: Game, make_coin: Callable[..., Game]
) -> None:
    make_coin("newer")
    make_coin("inactive", is_active=False)

    assert slugs(api().get("/games")) == ["newer", "coin"]
    for slug in ("inactive", "aurora-own", "unheard-of", str(aurora_own.pk), "0198b2c4-0000-7000-8000-000000000000"):
        assert api().get(f"/games/{slug}").status_code == 404
        assert api().get(f"/games/{slug}/par").status_code == 404


def test_an_operators_offer_is_its_own_and_shared_games_that_are_on_with_its_limits(
    api: Api, coin: Game, aurora_own: Game, make_coin: Callable[..., Game], aurora: Operator, borealis: Operator
) -> None:
    off = make_coin("switched-off")
    set_switch(off.pk, aurora.pk, {"is_enabled": False})
    set_switch(coin.pk, aurora.pk, {"min_bet": 1, "max_bet": 5})

    at_aurora = api().get("/games?operator=aurora")
    assert slugs(at_aurora) == ["aurora-own", "coin"]
    assert [(game["min_bet"], game["max_bet"]) for game in at_aurora.data["results"]] == [
        ("0.10", "100.00"), ("1.00", "5.00"),
    ]  # fmt: skip
    assert api().get("/games/coin?operator=aurora").data["max_bet"] == "5.00"
    assert api().get("/games/switched-off?operator=aurora").status_code == 404
    assert slugs(api().get("/games?operator=borealis")) == ["switched-off", "coin"]
    assert api().get("/games/coin?operator=borealis").data["max_bet"] == "100.00"


def test_players_see_what_is_playable_where_they_are(
    api: Api, alice: User, boris: User, coin: Game, aurora_own: Game
) -> None:
    set_switch(coin.pk, boris.operator_id, {"is_enabled": False})
    set_switch(coin.pk, alice.operator_id, {"max_bet": 5})

    assert slugs(api(alice).get("/games")) == ["aurora-own", "coin"]
    assert api(alice).get("/games/coin").data["max_bet"] == "5.00"
    assert slugs(api(boris).get("/games")) == []
    assert api(boris).get("/games/coin").status_code == 404


def test_staff_see_shared_games_and_their_own_and_the_platform_sees_all(
    api: Api, olga: User, bruno: User, petra: User, coin: Game, aurora_own: Game, make_coin: Callable[..., Game]
) -> None:
    make_coin("inactive", is_active=False)

    assert slugs(api(olga).get("/games")) == ["inactive", "aurora-own", "coin"]
    assert slugs(api(bruno).get("/games")) == ["inactive", "coin"]
    assert slugs(api(petra).get("/games")) == ["inactive", "aurora-own", "coin"]


def test_bruno_never_meets_auroras_own_game(api: Api, bruno: User, aurora_own: Game, reference_slot: Any) -> None:
    before = state()
    client = api(bruno)

    assert slugs(client.get("/games?operator=aurora")) == []
    for name in ("aurora-own", aurora_own.pk):
        assert client.get(f"/games/{name}").status_code == 404
        assert client.get(f"/games/{name}?operator=aurora").status_code == 404
        assert client.get(f"/games/{name}/par?operator=aurora").status_code == 404
        assert client.put(f"/games/{name}", reference_slot).status_code == 404
        assert client.patch(f"/games/{name}", {"name": "Mine"}).status_code == 404
        assert client.delete(f"/games/{name}").status_code == 404
        assert client.put(f"/admin/games/{name}", {"is_enabled": False}).status_code == 404
    assert state() == before


def test_a_retired_game_is_listed_to_nobody_and_found_by_staff_only(
    api: Api, alice: User, olga: User, petra: User, coin: Game
) -> None:
    Game.objects.filter(pk=coin.pk).update(is_active=False, retired_at=coin.created_at)

    for person in (None, alice, olga, petra):
        assert slugs(api(person).get("/games")) == []
    assert api(alice).get("/games/coin").status_code == api().get("/games/coin").status_code == 404
    assert api(olga).get("/games/coin").data["is_active"] is False
    refused = api(petra).patch("/games/coin", {"is_active": True})
    assert (refused.status_code, refused.data["code"]) == (409, "game_retired")


def test_filters_narrow_and_empty_ones_do_not(
    api: Api, coin: Game, make_coin: Callable[..., Game], slots: Category
) -> None:
    change_game(make_coin("dragon", studio="Fire & Co").pk, {"category": "slots"})

    assert slugs(api().get("/games?category=slots")) == ["dragon"]
    assert slugs(api().get("/games?search=DRAG")) == slugs(api().get("/games?search=fire %26")) == ["dragon"]
    assert slugs(api().get("/games?search=%25")) == slugs(api().get("/games?search=_")) == []
    assert slugs(api().get("/games?jackpot=true")) == []
    assert slugs(api().get("/games?jackpot=false")) == ["dragon", "coin"]
    assert slugs(api().get("/games?category=&search=&jackpot=&operator=")) == ["dragon", "coin"]


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("category=unheard-of", {"category": "unknown_category"}),
        ("category=%00", {"category": "null_characters_not_allowed"}),
        ("operator=unheard-of", {"operator": "unknown_operator"}),
        ("operator=closed", {"operator": "unknown_operator"}),
        ("search=%00", {"search": "null_characters_not_allowed"}),
        (f"search={'a' * 101}", {"search": "max_length"}),
        ("jackpot=unheard-of", {"jackpot": "unknown_jackpot_group"}),
        ("limit=0", {"limit": "invalid"}),
        ("limit=101", {"limit": "invalid"}),
        ("cursor=nonsense", {"cursor": "invalid"}),
    ],
)
def test_a_faulty_filter_is_named(api: Api, coin: Game, query: str, fault: dict[str, str]) -> None:
    Operator.objects.create(slug="closed", name="Closed", is_open=False)

    assert faults(api().get(f"/games?{query}")) == fault


def test_pages_follow_each_other(api: Api, make_coin: Callable[..., Game]) -> None:
    for number in range(5):
        make_coin(f"coin-{number}")

    first = api().get("/games?limit=3")
    second = api().get(first.data["next"])

    assert slugs(first) + slugs(second) == [f"coin-{number}" for number in (4, 3, 2, 1, 0)]
    assert second.data["next"] is None


@pytest.mark.parametrize("query", ["", "?operator=aurora&category=instant&search=coin"])
def test_a_page_takes_the_same_few_statements_whatever_its_length(
    api: Api, alice: User, make_coin: Callable[..., Game], query: str
) -> None:
    counts = []
    for size in (1, 9):
        while Game.objects.count() < size:
            game = make_coin(f"coin-{Game.objects.count()}", alice.operator if Game.objects.count() % 2 else None)
            set_switch(game.pk, alice.operator_id, {"max_bet": 5})
        with CaptureQueriesContext(
            connection,
        ) as statements:
            assert len(slugs(api(alice).get(f"/games{query}"))) == size
        counts.append(len(statements))

    assert counts[0] == counts[1] <= 5


def test_categories_come_in_the_order_of_their_shelves(api: Api, instant: Category, slots: Category) -> None:
    answer = api().get("/categories")

    assert answer.data["results"] == [
        {"id": str(shelf.pk), "slug": shelf.slug, "name": shelf.name} for shelf in (slots, instant)
    ]
    page = api().get("/categories?limit=1")
    assert [shelf["slug"] for shelf in api().get(page.data["next"]).data["results"]] == ["instant"]
