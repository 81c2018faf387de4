"""Alerts seen to, and settings changed: who may, what it leaves behind, and what is refused."""

from decimal import Decimal
from typing import Any

import pytest

from betting.models import JackpotPool
from casino.games.jackpots import JackpotLevel
from casino.users.models import User
from operators.models import Alert, Operator, SignificantEvent
from operators.platform import PlatformSettings
from vip.models import VipLevel
from wallets.promotions import BonusRule, Trigger


def test_the_first_who_sees_to_an_alert_stays(aurora: Operator, olga: User, sam: User, api: Any):
    alert = Alert.objects.record("velocity", "Too many deposits", operator_id=aurora.pk, details={"count": 21})
    shown = api(sam).get("/admin/alerts").data["results"]
    assert [(row["id"], row["acknowledged_at"], row["details"]) for row in shown] == [
        (str(alert.pk), None, {"count": 21})
    ]
    first = api(sam).post(f"/admin/alerts/{alert.pk}/acknowledge")
    second = api(olga).post(f"/admin/alerts/{alert.pk}/acknowledge")
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.data["acknowledged_at"] == second.data["acknowledged_at"]
    alert.refresh_from_db()
    assert alert.acknowledged_by == sam
    assert api(sam).get("/admin/alerts?acknowledged=false").data["results"] == []
    assert len(api(sam).get("/admin/alerts?acknowledged=true&kind=velocity").data["results"]) == 1
    assert api(sam).get("/admin/alerts?acknowledged=maybe").status_code == 400


def test_the_platform_sees_its_own_alerts_and_everybodys(aurora: Operator, olga: User, petra: User, api: Any):
    Alert.objects.record("audit", "The books do not close")
    Alert.objects.record("rtp", "Amber", operator_id=aurora.pk)
    assert [row["operator"] for row in api(petra).get("/admin/alerts").data["results"]] == ["aurora", None]
    assert [row["kind"] for row in api(olga).get("/admin/alerts").data["results"]] == ["rtp"]
    assert [row["kind"] for row in api(petra).get("/admin/alerts?operator=aurora").data["results"]] == ["rtp"]


def test_a_manager_changes_limits_and_rates_with_a_reason(aurora: Operator, olga: User, api: Any):
    body = {
        "reason": "Regulator's letter",
        "limits": {"max_bet": "250.00", "deposits_per_hour": 5},
        "affiliate_rate": "0.07",
    }
    answer = api(olga).patch("/admin/settings", body)
    assert answer.status_code == 200, answer.data
    assert answer.data["limits"]["max_bet"] == "250.00"
    assert (answer.data["limits"]["deposits_per_hour"], answer.data["affiliate_rate"]) == (5, "0.07")
    aurora.refresh_from_db()
    assert (aurora.max_bet, aurora.deposits_per_hour, aurora.affiliate_rate) == (250, 5, Decimal("0.07"))
    event = SignificantEvent.objects.get(kind="settings.changed")
    assert (event.actor, event.operator, event.reason) == (olga, aurora, "Regulator's letter")
    assert event.before == {
        "operator": "aurora",
        "max_bet": "1000.00",
        "deposits_per_hour": 20,
        "affiliate_rate": "0.05",
    }
    assert event.after == {"operator": "aurora", "max_bet": "250.00", "deposits_per_hour": 5, "affiliate_rate": "0.07"}
    api(olga).patch("/admin/settings", body)
    assert SignificantEvent.objects.filter(kind="settings.changed").count() == 1


def test_a_manager_changes_a_bonus_rule_of_their_own(
    aurora: Operator, borealis: Operator, olga: User, bruno: User, api: Any
):
    rule = BonusRule.objects.create(
        operator=aurora, name="Welcome", trigger=Trigger.FIRST_DEPOSIT, match_percent=100, cap=100
    )
    assert api(olga).get("/admin/settings").data["bonus_rules"][0]["cap"] == "100.00"
    assert api(bruno).get("/admin/settings").data["bonus_rules"] == []
    body = {"reason": "Budget", "bonus_rules": [{"id": str(rule.pk), "cap": "50.00", "is_active": False}]}
    assert api(bruno).patch("/admin/settings", body).status_code == 404
    assert api(olga).patch("/admin/settings", body).data["bonus_rules"][0]["cap"] == "50.00"
    event = SignificantEvent.objects.get(kind="settings.changed")
    assert event.before == {"bonus_rule": str(rule.pk), "cap": "100.00", "is_active": True}


@pytest.mark.parametrize(
    "body",
    [
        {"limits": {"max_bet": "5"}}, {"reason": "", "limits": {"max_bet": "5"}}, {"reason": "x", "max_bet": "5"},
        {"reason": "x", "limits": {"max_bte": "5"}}, {"reason": "x", "limits": {"max_bet": "0"}},
        {"reason": "x", "limits": {"max_bet": "1.001"}}, {"reason": "x", "limits": {"deposit_min": "6000.00"}},
        {"reason": "x", "affiliate_rate": "1.01"}, {"reason": "x", "affiliate_rate": "NaN"},
        {"reason": "x", "limits": {"deposits_per_hour": 0}}, {"reason": "x", "rtp": {"amber": "2"}},
        {"reason": "x", "limits": {"deposits_per_hour": "5"}}, {"reason": "x", "limits": []},
    ],
)  # fmt: skip
def test_a_bad_change_changes_nothing(body: dict[str, Any], aurora: Operator, olga: User, api: Any):
    answer = api(olga).patch("/admin/settings", body)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    before = Operator.objects.values().get(pk=aurora.pk)
    aurora.refresh_from_db()
    assert Operator.objects.values().get(pk=aurora.pk) == before
    assert (aurora.max_bet, aurora.affiliate_rate, aurora.deposit_min) == (1000, Decimal("0.05"), 1)
    assert not SignificantEvent.objects.exists()


def test_only_managers_change_and_only_the_platform_its_own(sam: User, fiona: User, olga: User, petra: User, api: Any):
    body = {"reason": "x", "affiliate_rate": "0.10"}
    for staff in (sam, fiona):
        assert api(staff).get("/admin/settings").status_code == 200
        assert api(staff).patch("/admin/settings", body).status_code == 403
    assert api(olga).patch("/admin/settings?operator=aurora", body).status_code == 200
    assert api(petra).patch("/admin/settings", body).status_code == 400
    assert api(petra).patch("/admin/settings?operator=aurora", {**body, "affiliate_rate": "0.2"}).status_code == 200
    assert set(api(petra).get("/admin/settings").data) == {"rtp", "vip", "jackpots"}


def test_the_platform_changes_thresholds_and_vip(petra: User, api: Any):
    body = {
        "reason": "Fewer alarms", "rtp": {"amber": "3", "least_rounds": 50000, "switches_off": True},
        "vip": {"platform_share": "0.25", "levels": [{"number": 1, "cashback_rate": "0.04"}]},
    }  # fmt: skip
    answer = api(petra).patch("/admin/settings", body)
    assert answer.status_code == 200, answer.data
    assert answer.data["rtp"] == {"least_rounds": 50000, "amber": "3.00", "red": "3.89", "switches_off": True}
    assert (answer.data["vip"]["platform_share"], answer.data["vip"]["levels"][1]["cashback_rate"]) == ("0.25", "0.04")
    assert PlatformSettings.objects.current().rtp_amber == 3
    assert VipLevel.objects.get(number=1).cashback_rate == Decimal("0.04")
    events = SignificantEvent.objects.filter(kind="settings.changed", operator=None, actor=petra, reason="Fewer alarms")
    assert events.order_by("id").first().before == {
        "rtp_amber": "2.58", "rtp_least_rounds": 10000, "rtp_switches_off": False, "vip_platform_share": "0.20",
    }  # fmt: skip
    assert events.order_by("id").last().after == {"vip_level": 1, "cashback_rate": "0.04"}
    for wrong in ({"rtp": {"amber": "4"}}, {"rtp": {"amber": "0"}}, {"vip": {"platform_share": "1.5"}}):
        assert api(petra).patch("/admin/settings", {"reason": "x"} | wrong).status_code == 400
    assert api(petra).patch("/admin/settings", {"reason": "x", "vip": {"levels": [{"number": 77}]}}).status_code == 404


def test_a_jackpots_rate_changes_after_its_next_win(petra: User, api: Any, make_jackpot: Any):
    group = make_jackpot({"name": "mini", "rate": "0.004", "seed": 10})
    body = {"reason": "Better pots", "jackpots": [{"group": "house", "level": "mini", "rate": "0.005"}]}
    answer = api(petra).patch("/admin/settings", body)
    assert answer.data["jackpots"][0]["levels"][0]["rate"] == "0.005"
    assert JackpotLevel.objects.get(group=group).rate == Decimal("0.005")
    assert JackpotPool.objects.get(level__group=group).rate == Decimal("0.004"), "in force until the next win"
    event = SignificantEvent.objects.get(kind="settings.changed")
    assert (event.before, event.after) == (
        {"jackpot": "house/mini", "rate": "0.004"}, {"jackpot": "house/mini", "rate": "0.005"},
    )  # fmt: skip


def test_a_jackpot_lifts_no_game_above_a_hundred_percent(petra: User, api: Any, make_jackpot: Any, make_game: Any):
    group = make_jackpot({"name": "mini", "rate": "0.004", "seed": 10})
    make_game("pots", jackpot_group="house")
    for wrong in ({"rate": "0.05"}, {"rate": "0.2"}, {"odds": "0"}):
        body = {"reason": "x", "jackpots": [{"group": "house", "level": "mini"} | wrong]}
        assert api(petra).patch("/admin/settings", body).status_code == 400, wrong
    assert JackpotLevel.objects.get(group=group).rate == Decimal("0.004")
    assert not SignificantEvent.objects.filter(kind="settings.changed").exists()
    missing = {"reason": "x", "jackpots": [{"group": "house", "level": "grand", "rate": "0.001"}]}
    assert api(petra).patch("/admin/settings", missing).status_code == 404
