"""The VIP programme over REST: the ladder, the caller's standing with what was unlocked, XP by the platform's hand."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from casino.users.models import User
from operators.models import Operator, SignificantEvent
from vip import rewards
from vip.models import LevelReached, PointsMovement, Standing, VipLevel
from vip.tests.scenes import a_game, give_xp
from wallets.documents import format_moment
from wallets.promotions import Bonus

pytestmark = pytest.mark.usefixtures("books_close")
Api = Callable[[User | None], APIClient]
D = Decimal


def test_the_ladder_lowest_first(api: Api, alice: User):
    game = a_game("gift", "1")
    VipLevel.objects.filter(number=1).update(reward_free_spins=5, reward_free_spin_game=game)
    page = api(alice).get("/vip/levels").json()
    assert [level["slug"] for level in page["results"]] == ["bronze", "silver", "gold", "platinum", "diamond"]
    assert page["results"][1] == {
        "number": 1,
        "slug": "silver",
        "name": "Silver",
        "xp_required": "1000.00",
        "cashback_rate": "0.03",
        "xp_multiplier": "1.1",
        "max_bet_factor": "1.5",
        "withdrawal_limit": "10000.00",
        "reward": {
            "bonus": "5.00",
            "wagering_multiple": "10.00",
            "free_spins": {"count": 5, "value": "0.10", "game": "gift"},
        },
    }
    assert page["results"][0]["reward"] == {"bonus": "0.00", "wagering_multiple": "10.00", "free_spins": None}
    assert api(None).get("/vip/levels").status_code == 401


def test_a_newcomers_standing(api: Api, alice: User):
    assert api(alice).get("/vip/user").json() == {
        "xp": "0.00",
        "points": "0.00",
        "level": {"number": 0, "slug": "bronze", "name": "Bronze"},
        "next_level": {
            "number": 1, "slug": "silver", "name": "Silver", "xp_required": "1000.00", "xp_missing": "1000.00",
        },
        "progress": 0.0,
        "benefits": {
            "cashback_rate": "0", "xp_multiplier": "1", "max_bet_factor": "1", "withdrawal_limit": "5000.00",
        },
        "unlocked": [],
    }  # fmt: skip


def test_what_was_unlocked_and_when(api: Api, alice: User, aurora: Operator):
    give_xp(alice, "2000.00", aurora)
    rewards.grant_due_rewards()
    reached, bonus = LevelReached.objects.get(), Bonus.objects.get()
    shown = api(alice).get("/vip/user").json()
    assert (shown["xp"], shown["progress"], shown["next_level"]["xp_missing"]) == ("2000.00", 0.25, "3000.00")
    at = {"level": "silver", "granted_at": format_moment(reached.reached_at)}
    assert shown["unlocked"] == [
        {"benefit": "cashback_rate", "value": "0.03", **at},
        {"benefit": "xp_multiplier", "value": "1.1", **at},
        {"benefit": "max_bet_factor", "value": "1.5", **at},
        {"benefit": "withdrawal_limit", "value": "10000.00", **at},
        {"benefit": "bonus", "value": "5.00", "level": "silver", "granted_at": format_moment(bonus.created_at),
         "bonus_id": str(bonus.pk), "operator": "aurora", "currency": "USD"},
    ]  # fmt: skip


def test_the_top_of_the_ladder(api: Api, alice: User):
    give_xp(alice, "250000.00")
    shown = api(alice).get("/vip/user").json()
    assert (shown["level"]["slug"], shown["next_level"], shown["progress"]) == ("diamond", None, 1.0)


def test_staff_have_no_standing(api: Api, olga: User, petra: User):
    assert [api(who).get("/vip/user").status_code for who in (None, olga, petra)] == [401, 403, 403]


def add(api: Api, who: User | None, player: User, amount: Any, key: str | None = None, **change: Any) -> Any:
    body = {"player_id": str(player.pk), "amount": amount, "reason": "Goodwill"} | change
    return api(who).post("/vip/add-xp", body, headers={"Idempotency-Key": key} if key else {})


def test_only_the_platform_adds_xp(api: Api, alice: User, olga: User, fiona: User):
    statuses = [add(api, who, alice, "100").status_code for who in (None, alice, olga, fiona)]
    assert statuses == [401, 403, 403, 403]
    assert Standing.objects.get(player=alice).xp == 0
    assert not PointsMovement.objects.exists()
    assert not SignificantEvent.objects.exists()


def test_xp_and_points_move_together_and_are_logged(api: Api, alice: User, petra: User):
    answer = add(api, petra, alice, "1250.50")
    assert answer.status_code == 201
    movement = PointsMovement.objects.get()
    assert answer.json() == {
        "id": str(movement.pk),
        "player_id": str(alice.pk),
        "amount": "1250.50",
        "reason": "Goodwill",
        "created_at": answer.json()["created_at"],
        "xp": "1250.50",
        "points": "1250.50",
        "level": {"number": 1, "slug": "silver", "name": "Silver"},
    }
    assert (movement.kind, movement.xp, movement.points, movement.actor) == (
        "adjustment",
        D("1250.5"),
        D("1250.5"),
        petra,
    )
    event = SignificantEvent.objects.get()
    assert (event.kind, event.actor, event.player, event.reason) == ("vip.xp_added", petra, alice, "Goodwill")
    assert event.before == {"xp": "0.00", "points": "0.00", "level": 0}
    assert event.after == {"xp": "1250.50", "points": "1250.50", "level": 1}


def test_xp_taken_away_never_takes_the_level(api: Api, alice: User, petra: User):
    add(api, petra, alice, "1000")
    answer = add(api, petra, alice, "-999.99").json()
    assert (answer["xp"], answer["points"], answer["level"]["slug"]) == ("0.01", "0.01", "silver")
    shown = api(alice).get("/vip/user").json()
    assert (shown["level"]["slug"], shown["progress"], shown["next_level"]["xp_missing"]) == ("silver", 0.0, "4999.99")
    add(api, petra, alice, "4999.99")
    assert [row.level_id for row in LevelReached.objects.order_by("level")] == [1, 2]


def test_points_never_fall_below_zero(api: Api, alice: User, petra: User):
    add(api, petra, alice, "200")
    api(alice).post("/vip/redeem", {"points": 150})
    answer = add(api, petra, alice, "-50.01")
    assert (answer.status_code, answer.json()["code"], answer.json()["points"]) == (422, "insufficient_points", "50.00")
    assert SignificantEvent.objects.filter(kind="vip.xp_added").count() == 1
    assert add(api, petra, alice, "-50.00").json()["points"] == "0.00"
    standing = Standing.objects.get(player=alice)
    assert (standing.xp, standing.points) == (D(150), D(0))


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "0"},
        {"amount": "1.001"},
        {"amount": "1000000000.01"},
        {"amount": "-1000000000.01"},
        {"amount": "NaN"},
        {"amount": None},
        {"reason": ""},
        {"reason": 5},
        {"player_id": "alice"},
        {"unknown": 1},
    ],
)
def test_what_makes_no_sense_is_refused(api: Api, alice: User, petra: User, change: dict[str, Any]):
    assert add(api, petra, alice, change.pop("amount", "1"), **change).status_code == 400
    assert not PointsMovement.objects.exists()


def test_nobody_and_staff_earn_nothing(api: Api, alice: User, olga: User, petra: User):
    assert add(api, petra, olga, "1").json()["code"] == "unknown_player"
    assert add(api, petra, alice, "1", player_id=str(uuid4())).status_code == 404


def test_a_key_adds_once(api: Api, alice: User, boris: User, petra: User):
    first = add(api, petra, alice, "100", key="add-xp-0001")
    again = add(api, petra, alice, 100, key="add-xp-0001")
    assert (again.status_code, again["Idempotency-Replayed"], again.json()) == (201, "true", first.json())
    for other in (add(api, petra, alice, "101", key="add-xp-0001"), add(api, petra, boris, "100", key="add-xp-0001")):
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert (Standing.objects.get(player=alice).xp, Standing.objects.get(player=boris).xp) == (D(100), D(0))
