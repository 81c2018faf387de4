"""The monitoring: what /metrics shows, at what cost, to whom; alerts and dashboard use nothing that is not there."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from betting.rollups import HourRollup
from betting.tasks import fold_rollups
from casino.users.models import User
from operators import gauges, seals
from operators.closing import AUDIT_EVENT
from operators.models import SignificantEvent
from wallets.models import WebhookEvent

PROJECT = Path(__file__).resolve().parent.parent.parent
DEPLOY = PROJECT / "deploy"


@pytest.fixture(autouse=True)
def ask_anew() -> Iterator[None]:
    gauges.forget()
    yield
    gauges.forget()


def scrape(**headers: str) -> dict[str, float]:
    """Every sample without labels, by name."""
    gauges.forget()
    answer = Client().get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.content
    families = text_string_to_metric_families(answer.content.decode())
    return {sample.name: sample.value for family in families for sample in family.samples if not sample.labels}


def test_an_empty_house_has_nothing_waiting_and_no_audit(db: None):
    found = scrape()
    waiting = {name: value for name, value in found.items() if name in gauges.MEANINGS}
    assert set(waiting.values()) == {0}
    assert set(gauges.MEANINGS) - set(waiting) == {"casino_audit_breaches", "casino_audit_age_seconds"}
    assert found["casino_gauges_up"] == 1


def test_tasks_that_no_worker_takes_show(db: None):
    assert scrape()["casino_tasks_waiting"] == 0
    for _ in range(3):
        fold_rollups.delay()
    assert scrape()["casino_tasks_waiting"] == 3


def test_a_broker_that_is_away_hides_the_queue_alone(db: None, monkeypatch: pytest.MonkeyPatch):
    nowhere = redis.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.2)
    monkeypatch.setattr(gauges, "_broker", lambda: nowhere)
    found = scrape()
    assert "casino_tasks_waiting" not in found
    assert found["casino_gauges_up"] == 1


def test_an_event_that_waits_shows_with_its_age(fund: Callable[..., Any], alice: User):
    fund(alice, "10.00")
    WebhookEvent.objects.update(verdict="stored", settled_at=None, received_at=timezone.now() - timedelta(seconds=90))
    found = scrape()
    assert found["casino_webhooks_waiting"] == 1
    assert 90 <= found["casino_webhook_lag_seconds"] < 120


def test_what_is_not_sealed_shows_and_a_seal_ends_it(fund: Callable[..., Any], alice: User, monkeypatch: Any):
    fund(alice, "10.00")
    assert 0 < scrape()["casino_seal_lag_seconds"] < 60
    # The test's own transaction has not ended, so that only the count of transactions says what a seal would cover.
    monkeypatch.setattr(seals, "ended_before", lambda: 2**62)
    assert seals.seal(timezone.now()) > 0
    assert scrape()["casino_seal_lag_seconds"] == 0


def test_the_last_audit_shows_how_many_checks_it_found_broken(db: None):
    SignificantEvent.objects.record(AUDIT_EVENT, after={"checks": 40, "breaches": ["one", "two"]})
    assert scrape()["casino_audit_breaches"] == 2
    SignificantEvent.objects.record(AUDIT_EVENT, after={"checks": 40, "breaches": []})
    assert scrape()["casino_audit_breaches"] == 0


def test_an_hour_that_nobody_folded_shows_from_its_end(db: None, alice: User, make_rollup: Callable[..., HourRollup]):
    make_rollup(alice, timezone.now() - timedelta(hours=3))
    assert 7190 <= scrape()["casino_rollup_lag_seconds"] < 7300


@pytest.fixture
def make_rollup(aurora: Any) -> Callable[..., HourRollup]:
    def make(player: User, hour: Any) -> HourRollup:
        version = "00000000-0000-0000-0000-000000000001"
        row = HourRollup(
            hour=hour, operator=aurora, player=player, game_version_id=version, money="real", is_seeded=False
        )
        row.save(force_insert=True)
        return row

    return make


def test_a_scrape_asks_one_question_that_reads_no_bets_and_the_next_one_none(db: None):
    with CaptureQueriesContext(
        connection,
    ) as asked:
        Client().get("/metrics")
        Client().get("/metrics")
    questions = [query["sql"] for query in asked if "SAVEPOINT" not in query["sql"]]
    assert [sql.strip()[:4] for sql in questions] == ["SET ", "WITH"]
    assert "betting_bet " not in questions[1]


def test_no_large_table_has_to_be_read_through_for_a_scrape(db: None):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {gauges._SQL}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    # What waits for a jackpot has no index of its own: it is counted to a limit, and gone within a second.
    assert set(re.findall(r"Seq Scan on (\w+)", plan)) <= {"betting_jackpotpending"}


def test_a_refusal_is_counted_by_its_code(db: None):
    def refused() -> float:
        text = Client().get("/metrics").content.decode()
        found = re.search(r'^casino_refusals_total\{code="not_authenticated"\} (\S+)$', text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    before = refused()
    assert Client().get("/wallets").status_code == 401
    assert refused() == before + 1


def test_methods_that_callers_make_up_are_counted_as_one(db: None):
    for number in range(3):
        Client().generic(f"MADE{number}UP", "/healthz")
    text = Client().get("/metrics").content.decode()
    assert 'method="OTHER",route="healthz"' in text
    assert "MADE" not in text


def test_without_a_token_anybody_reads_and_with_one_only_who_has_it(db: None, monkeypatch: pytest.MonkeyPatch):
    assert Client().get("/metrics").status_code == 200
    monkeypatch.setattr(settings, "METRICS_TOKEN", "a-token")
    for wrong in ({}, {"Authorization": "Bearer another"}, {"Authorization": "a-token"}, {"Authorization": "Bearer ä"}):
        refused = Client().get("/metrics", headers=wrong)
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert b"casino_" not in refused.content
    assert scrape(Authorization="Bearer a-token")["casino_gauges_up"] == 1


# --- Alerts and dashboard ---


def _expressions() -> Iterator[str]:
    """Whatever names a metric: alerts, panels, and the table of what to watch."""
    yield from re.findall(r"`(casino_\w+)`", (PROJECT / "docs/operations.md").read_text())
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"]:
        yield from (rule["expr"] for rule in group["rules"])
    for panel in json.loads((DEPLOY / "grafana/casino.json").read_text())["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def test_alerts_and_dashboard_name_only_metrics_and_labels_that_exist(db: None):
    SignificantEvent.objects.record(AUDIT_EVENT, after={"checks": 40, "breaches": []})
    Client().get("/wallets")
    families = list(text_string_to_metric_families(Client().get("/metrics").content.decode()))
    names = {family.name for family in families} | {sample.name for family in families for sample in family.samples}
    # A counter or histogram with labels has no sample before it has counted.
    names |= {f"{family.name}_total" for family in families if family.type == "counter"} | {
        f"{family.name}_{part}"
        for family in families
        if family.type == "histogram"
        for part in ("bucket", "sum", "count")
    }
    used = {name for text in _expressions() for name in re.findall(r"\bcasino_\w+", text)}
    assert len(used) > 25
    assert used - names == set()
    # And nothing of the gauges is served that no panel, alert or sentence tells of.
    assert {*gauges.MEANINGS, gauges.TASKS} - used == set()
    own = {"operator", "bet_type", "code", "status", "route", "method", "le", "job", "instance"}
    labels = {
        name
        for text in _expressions()
        for part in re.findall(r"\{([^}]*)\}", text)
        for name in re.findall(r"(\w+)=", part)
    }
    grouped = {
        name.strip()
        for text in _expressions()
        for part in re.findall(r"by \(([^)]*)\)", text)
        for name in part.split(",")
    }
    assert (labels | grouped) - own == set()


def test_every_alert_says_how_urgent_it_is_and_what_it_means():
    (group,) = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"]
    for rule in group["rules"]:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]
    assert len({rule["alert"] for rule in group["rules"]}) == len(group["rules"])


def test_every_metric_of_ours_is_named_by_the_convention(db: None):
    families = text_string_to_metric_families(Client().get("/metrics").content.decode())
    ours = {family.name: family for family in families if re.match(r"casino_(?!.*_created$)", family.name)}
    assert len(ours) > 15
    assert [
        name for name, family in ours.items() if not re.fullmatch(r"casino_[a-z_]+", name) or not family.documentation
    ] == []
    timed = [name for name in ours if re.search(r"(lag|age|duration|timestamp)", name)]
    assert [name for name in timed if not name.endswith("_seconds")] == []
