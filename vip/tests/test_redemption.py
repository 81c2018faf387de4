"""Redeeming points: worth 1.00 a hundred, whole minor units, once per key, never below zero."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from casino.users.exclusions import exclude
from casino.users.models import User
from operators.models import Operator
from vip.models import PointsMovement, Standing
from vip.programme import VipCost, VipProgramme
from vip.tests.scenes import give_xp, legs, pay_in
from wallets.models import Transfer, Wallet
from wallets.promotions import Bonus

pytestmark = pytest.mark.usefixtures("books_close")
Api = Callable[[User | None], APIClient]
D = Decimal


@pytest.fixture
def rich(alice: User) -> User:
    """Alice with 500.50 points."""
    give_xp(alice, "500.50")
    return alice


def points_of(player: User) -> Decimal:
    return Standing.objects.get(player=player).points


def nothing_moved(player: User) -> bool:
    return not Bonus.objects.exists() and not Transfer.objects.exists() and points_of(player) == D("500.50")


def test_a_hundred_points_are_one_of_bonus_money_at_ten_times(api: Api, rich: User):
    answer = api(rich).post("/vip/redeem", {"points": 150})
    assert answer.status_code == 201
    bonus = Bonus.objects.get()
    body = answer.json()
    assert body["points"] == "350.50"
    assert (body["bonus"]["id"], body["bonus"]["granted"], body["bonus"]["source"]) == (
        str(bonus.pk), "1.50", "redemption",
    )  # fmt: skip
    assert (bonus.required, bonus.wagering_multiple, bonus.balance) == (D(15), D(10), D("1.50"))
    movement = PointsMovement.objects.get(kind="redemption")
    assert (movement.points, movement.xp, movement.reference, movement.actor) == (D(-150), D(0), bonus.pk, rich)
    assert (Standing.objects.get(player=rich).xp, points_of(rich)) == (D("500.50"), D("350.50"))
    assert VipCost.objects.get().kind == "redemption"
    assert legs(bonus.pk) == {
        "aurora: vip_cost → bonus": D("1.20"),
        "aurora: intercompany → bonus": D("0.30"),
        "platform: vip_cost → intercompany (aurora)": D("0.30"),
    }


def test_at_another_operator_of_the_players(api: Api, rich: User, borealis: Operator, provider_account: Any):
    answer = api(rich).post("/vip/redeem", {"points": "100", "operator": "borealis"})
    assert (answer.status_code, answer.json()["code"]) == (404, "no_wallet")
    pay_in(rich, borealis, "10.00")
    assert api(rich).post("/vip/redeem", {"points": "100", "operator": "borealis"}).status_code == 201
    assert Bonus.objects.get().operator == borealis
    assert Wallet.objects.get(player=rich, operator__slug="aurora").bonus == 0


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"points": "500.51"}, 422, "insufficient_points"),
        ({"points": "501"}, 422, "insufficient_points"),
        ({"points": "100.50"}, 400, "invalid"),
        ({"points": "0.99"}, 400, "invalid"),
        ({"points": "0.001"}, 400, "invalid"),
        ({"points": "0"}, 400, "invalid"),
        ({"points": "-100"}, 400, "invalid"),
        ({"points": "1e2"}, 400, "invalid"),
        ({"points": True}, 400, "invalid"),
        ({}, 400, "invalid"),
        ({"points": "100", "amount": "1"}, 400, "invalid"),
        ({"points": "100", "operator": "nowhere"}, 404, "unknown_operator"),
    ],
)
def test_a_refused_redemption_moves_nothing(api: Api, rich: User, body: dict[str, Any], status: int, code: str):
    answer = api(rich).post("/vip/redeem", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert nothing_moved(rich)


def test_the_blocked_redeem_nothing(api: Api, rich: User):
    Wallet.objects.update(is_blocked=True)
    assert api(rich).post("/vip/redeem", {"points": "100"}).json()["code"] == "blocked"
    assert nothing_moved(rich)


def test_only_players_redeem(api: Api, rich: User, olga: User, petra: User):
    assert [api(who).post("/vip/redeem", {"points": 100}).status_code for who in (None, olga, petra)] == [401, 403, 403]


def test_the_terms_are_rows_that_an_admin_edits(api: Api, rich: User):
    VipProgramme.objects.update_or_create(
        id=1, defaults={"points_per_unit": 250, "redemption_wagering_multiple": 3, "bonus_days": 1}
    )
    assert api(rich).post("/vip/redeem", {"points": "100"}).json()["bonus"]["granted"] == "0.40"
    bonus = Bonus.objects.get()
    assert (bonus.required, (bonus.expires_at - bonus.created_at).days) == (D("1.20"), 1)


def test_a_key_redeems_once(api: Api, rich: User, boris: User):
    headers = {"Idempotency-Key": "redeem-0001"}
    first = api(rich).post("/vip/redeem", {"points": 100}, headers=headers)
    again = api(rich).post("/vip/redeem", {"points": "100.00"}, headers=headers)
    assert (again.status_code, again["Idempotency-Replayed"], again.json()) == (201, "true", first.json())
    other = api(rich).post("/vip/redeem", {"points": 200}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert (Bonus.objects.count(), points_of(rich)) == (1, D("400.50"))
    assert api(boris).post("/vip/redeem", {"points": 100}, headers=headers).json()["code"] == "insufficient_points"


def test_a_refusal_is_not_remembered(api: Api, alice: User):
    headers = {"Idempotency-Key": "redeem-0001"}
    assert api(alice).post("/vip/redeem", {"points": 100}, headers=headers).status_code == 422
    give_xp(alice, "100")
    assert api(alice).post("/vip/redeem", {"points": 100}, headers=headers).status_code == 201


def post_at_once(api: Api, player: User, number: int, headers: Callable[[int], dict[str, str]]) -> list[Any]:
    def post(turn: int) -> Any:
        try:
            return api(player).post("/vip/redeem", {"points": 100}, headers=headers(turn))
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(post, range(number)))


@pytest.mark.django_db(transaction=True)
def test_fifty_redemptions_at_once_of_points_for_five_are_exactly_five(api: Api, rich: User):
    answers = post_at_once(api, rich, 50, lambda turn: {"Idempotency-Key": f"redeem-{turn:04d}"})
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [422] * 45
    assert (points_of(rich), Wallet.objects.get(player=rich).bonus) == (D("0.50"), D(5))
    assert sorted(answer.json()["points"] for answer in answers if answer.status_code == 201) == [
        "0.50", "100.50", "200.50", "300.50", "400.50",
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_one_key_fifty_times_at_once_redeems_once(api: Api, rich: User):
    answers = post_at_once(api, rich, 50, lambda _: {"Idempotency-Key": "redeem-0001"})
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["bonus"]["id"] for answer in answers}) == 1
    assert (Bonus.objects.count(), points_of(rich)) == (1, D("400.50"))


@pytest.mark.parametrize(
    ("kind", "duration", "code"), [("self_exclusion", "6m", "self_excluded"), ("time_out", "24h", "cooling_off")]
)
def test_who_shut_themselves_out_redeems_nothing(api: Api, rich: User, kind: str, duration: str, code: str):
    redeemed = api(rich).post("/vip/redeem", {"points": 100}, headers={"Idempotency-Key": "before-it-all"})
    exclude(rich, kind, duration)
    left = points_of(rich)
    answer = api(rich).post("/vip/redeem", {"points": 100})
    assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert (points_of(rich), Bonus.objects.count()) == (left, 1)
    # What was done before is told again.
    again = api(rich).post("/vip/redeem", {"points": 100}, headers={"Idempotency-Key": "before-it-all"})
    assert (again.status_code, again.json()) == (201, redeemed.json())
