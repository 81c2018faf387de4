"""Affiliates over REST: managers make them, finance pays them, another operator's staff find nothing."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from casino.users.models import User
from operators.affiliate_models import AffiliatePayout
from operators.affiliates import accrue_affiliates
from operators.models import Affiliate, Operator, SignificantEvent
from vip.tests.scenes import a_game, bet_at, in_last_week, open_the_limits, pay_in, the_last_week
from wallets.models import Transfer

pytestmark = pytest.mark.usefixtures("books_close")
Api = Callable[[User | None], APIClient]
D = Decimal
BODY = {"code": "SUMMER-26", "name": "Summer Partners", "rate": "0.10", "carries_negative": True}


@pytest.fixture
def owed(alice: User, aurora: Operator, partner: Affiliate, provider_account: Any) -> Affiliate:
    """The partner, whose last week earned 50.00."""
    alice.affiliate = partner
    alice.save()
    a_game("lose", "0")
    open_the_limits()
    pay_in(alice, aurora, "1000.00")
    bet_at(alice, aurora, "lose", "1000.00", in_last_week())
    assert accrue_affiliates().accrued == 1
    return partner


def test_a_manager_makes_an_affiliate(api: Api, olga: User, aurora: Operator):
    answer = api(olga).post("/admin/affiliates", BODY)
    assert answer.status_code == 201
    made = Affiliate.objects.get()
    assert answer.json() == {
        "id": str(made.pk),
        "operator": "aurora",
        "code": "SUMMER-26",
        "name": "Summer Partners",
        "rate": "0.10",
        "carries_negative": True,
        "is_active": True,
        "currency": "USD",
        "accrued": "0.00",
        "paid": "0.00",
        "payable": "0.00",
        "created_at": answer.json()["created_at"],
    }
    event = SignificantEvent.objects.get()
    assert (event.kind, event.actor, event.operator, event.after["rate"]) == ("affiliate.created", olga, aurora, "0.10")


def test_its_code_is_what_players_register_with(api: Api, olga: User):
    api(olga).post("/admin/affiliates", BODY)
    details = {"email": "dora@aurora.test", "username": "dora", "password": "correct-horse-7", "operator": "aurora"}
    answer = api(None).post("/auth/register", details | {"referral": "summer-26"})
    assert (answer.status_code, answer.json()["user"]["affiliate_code"]) == (201, "SUMMER-26")


def test_what_is_left_out_is_the_operators_default(api: Api, olga: User):
    Operator.objects.update(affiliate_rate=D("0.075"))
    olga.refresh_from_db()
    made = api(olga).post("/admin/affiliates", {"code": "PLAIN", "name": "Plain"}).json()
    assert (made["rate"], made["carries_negative"]) == ("0.0750", False)


@pytest.mark.parametrize(
    "change",
    [
        {"code": ""},
        {"code": "two words"},
        {"code": "x" * 41},
        {"code": 7},
        {"name": ""},
        {"rate": "1.01"},
        {"rate": "-0.05"},
        {"rate": "0.00001"},
        {"rate": "NaN"},
        {"carries_negative": "yes"},
        {"operator_id": "x"},
    ],
)
def test_what_makes_no_sense_is_refused(api: Api, olga: User, change: dict[str, Any]):
    assert api(olga).post("/admin/affiliates", BODY | change).status_code == 400
    assert not Affiliate.objects.exists()


def test_a_code_is_taken_at_its_operator_only(api: Api, olga: User, bruno: User):
    assert api(olga).post("/admin/affiliates", BODY).status_code == 201
    answer = api(olga).post("/admin/affiliates", BODY | {"code": "summer-26"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "code")
    assert api(bruno).post("/admin/affiliates", BODY).status_code == 201
    assert SignificantEvent.objects.count() == 2


def test_only_managers_and_the_platform_make_them(
    api: Api, alice: User, fiona: User, sam: User, petra: User, borealis: Operator
):
    statuses = [api(who).post("/admin/affiliates", BODY).status_code for who in (None, alice, fiona, sam)]
    assert statuses == [401, 403, 403, 403]
    assert api(petra).post("/admin/affiliates", BODY).status_code == 400, "the platform names the operator"
    answer = api(petra).post("/admin/affiliates?operator=borealis", BODY)
    assert (answer.status_code, answer.json()["operator"]) == (201, "borealis")
    assert Affiliate.objects.count() == 1


def test_a_manager_makes_none_elsewhere(api: Api, olga: User, borealis: Operator):
    assert api(olga).post("/admin/affiliates?operator=borealis", BODY).status_code in (403, 404)
    assert not Affiliate.objects.exists()


def test_the_list_shows_ones_own_with_what_is_owed(api: Api, owed: Affiliate, sam: User, bruno: User, petra: User):
    Affiliate.objects.create(operator=bruno.operator, name="Other", code="OTHER")
    (row,) = api(sam).get("/admin/affiliates").json()["results"]
    assert (row["code"], row["accrued"], row["paid"], row["payable"]) == ("PARTNER1", "50.00", "0.00", "50.00")
    assert [row["code"] for row in api(bruno).get("/admin/affiliates").json()["results"]] == ["OTHER"]
    assert [row["code"] for row in api(petra).get("/admin/affiliates").json()["results"]] == ["OTHER", "PARTNER1"]
    only = api(petra).get("/admin/affiliates?operator=aurora").json()["results"]
    assert [row["code"] for row in only] == ["PARTNER1"]


def test_players_see_no_affiliates(api: Api, owed: Affiliate, alice: User):
    for who, status in ((None, 401), (alice, 403)):
        assert api(who).get("/admin/affiliates").status_code == status
        assert api(who).get(f"/admin/affiliates/{owed.pk}/statements").status_code == status
        assert api(who).post(f"/admin/affiliates/{owed.pk}/payouts", {"reason": "Mine"}).status_code == status


def test_statements_line_by_line(api: Api, owed: Affiliate, sam: User, petra: User):
    for staff in (sam, petra):
        page = api(staff).get(f"/admin/affiliates/{owed.pk}/statements").json()
        (row,) = page["results"]
        assert (row["week"], row["ggr"], row["net"], row["rate"], row["amount"], row["currency"]) == (
            the_last_week().isoformat(), "1000.00", "1000.00", "0.05", "50.00", "USD",
        )  # fmt: skip
        assert row["lines"][-1] == {"line": "Commission", "formula": "1000.00 × 5 % = 50.00", "amount": "50.00"}


def test_another_operators_affiliates_do_not_exist(api: Api, owed: Affiliate, bruno: User):
    assert api(bruno).get(f"/admin/affiliates/{owed.pk}/statements").status_code == 404
    assert api(bruno).post(f"/admin/affiliates/{owed.pk}/payouts", {"reason": "Not mine"}).status_code == 404
    assert not AffiliatePayout.objects.exists()


def pay(api: Api, who: User, affiliate: Affiliate, key: str | None = None, **body: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return api(who).post(f"/admin/affiliates/{affiliate.pk}/payouts", {"reason": "June"} | body, headers=headers)


def test_finance_pays_what_is_payable(api: Api, owed: Affiliate, fiona: User):
    answer = pay(api, fiona, owed, amount="20.00")
    payout = AffiliatePayout.objects.get()
    assert (answer.status_code, answer.json()) == (201, {
        "id": str(payout.pk), "affiliate_id": str(owed.pk), "amount": "20.00", "currency": "USD", "reason": "June",
        "payable": "30.00", "created_at": answer.json()["created_at"],
    })  # fmt: skip
    event = SignificantEvent.objects.get(kind="affiliate.paid")
    assert (event.actor, event.reason, event.after["amount"]) == (fiona, "June", "20.00")
    assert pay(api, fiona, owed).json()["amount"] == "30.00"
    shown = api(fiona).get("/admin/affiliates").json()["results"][0]
    assert (shown["paid"], shown["payable"]) == ("50.00", "0.00")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"amount": "50.01"}, 422, "payable_exceeded"),
        ({"amount": "0"}, 400, "invalid"),
        ({"amount": "-1"}, 400, "invalid"),
        ({"amount": "0.001"}, 400, "invalid"),
        ({"reason": ""}, 400, "invalid"),
        ({"to": "me"}, 400, "invalid"),
    ],
)
def test_a_refused_payout_moves_nothing(
    api: Api, owed: Affiliate, fiona: User, body: dict[str, Any], status: int, code: str
):
    before = Transfer.objects.count()
    answer = pay(api, fiona, owed, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (Transfer.objects.count(), AffiliatePayout.objects.count()) == (before, 0)


def test_support_pays_nobody(api: Api, owed: Affiliate, sam: User, olga: User, petra: User):
    assert pay(api, sam, owed).status_code == 403
    assert [pay(api, who, owed, amount="1.00").status_code for who in (olga, petra)] == [201, 201]


def test_a_key_pays_once(api: Api, owed: Affiliate, fiona: User):
    first = pay(api, fiona, owed, "payout-0001", amount="20.00")
    again = pay(api, fiona, owed, "payout-0001", amount=20)
    assert (again.status_code, again["Idempotency-Replayed"], again.json()) == (201, "true", first.json())
    other = pay(api, fiona, owed, "payout-0001", amount="21.00")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert AffiliatePayout.objects.count() == 1


def test_the_back_office_shows_ones_own(client: Any, owed: Affiliate, olga: User, bruno: User, petra: User):
    path = f"/backoffice/operators/affiliate/{owed.pk}/change/"
    client.force_login(olga)
    assert b"PARTNER1" in client.get("/backoffice/operators/affiliate/").content
    assert client.post(path, {"rate": "1", "name": "Mine"}).status_code == 403
    client.force_login(bruno)
    assert b"PARTNER1" not in client.get("/backoffice/operators/affiliate/").content
    client.force_login(petra)
    answer = client.post(path, {"rate": "0.0600", "name": "Partner", "is_active": "on", "reason": "Agreed"})
    assert answer.status_code == 302, answer.content
    owed.refresh_from_db()
    assert owed.rate == D("0.06")
    event = SignificantEvent.objects.get(kind="affiliate.changed")
    assert (event.before, event.after["rate"]) == ({"rate": "0.0500"}, "0.0600")
