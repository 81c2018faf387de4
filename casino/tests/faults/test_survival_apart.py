"""Each process of production is killed under load, withdrawals included: nothing is lost, nothing moves twice."""

import json
import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import yaml

from casino import embedded
from casino.tests.faults.apart import PROJECT, Apart, running_apart
from casino.tests.faults.blows import Target, kill
from casino.tests.faults.load import OK, UNKNOWN, Load, seed_of_run
from casino.tests.faults.surviving import survive

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def seed() -> int:
    return seed_of_run()


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with running_apart() as stack:
        yield stack


@pytest.fixture(scope="module")
def target(apart: Apart, seed: int) -> Target:
    servers = apart.environment
    cluster = embedded.Postgres(apart.home / "postgres").cluster
    chance = random.Random(f"{seed}:apart")
    return Target(apart, servers["DATABASE_URL"], servers["REDIS_URL"], cluster, chance)  # type: ignore[arg-type]


def kill_two(target: Target) -> None:
    """Bets and the rest at the same moment: nobody is left who answers anything."""
    for name in ("bets", "rest"):
        kill(name)(target)


KILLS: dict[str, Callable[[Target], Any]] = {name: kill(name) for name in ("bets", "rest", "worker", "beat")}


@pytest.mark.parametrize("fault", [*KILLS, "bets and rest"])
def test_a_killed_process_loses_no_bet_deposit_or_withdrawal(apart: Apart, target: Target, seed: int, fault: str):
    load = Load(apart.url, seed, bets_url=apart.bets_url, withdrawals=0.1)
    survive(target, seed, KILLS.get(fault, kill_two), load=load)
    done = Counter(one.kind for one in load.sent if one.outcome == OK)
    assert done["withdrawal"] >= 8, done
    assert done["cancel"] >= 4, done


def test_withdrawals_that_were_cut_off_are_asked_for_once(apart: Apart, target: Target, seed: int):
    """The process that serves them hangs and dies before it answers; sent again with its key, each happened once."""
    load = Load(apart.url, seed + 1, bets_url=apart.bets_url, withdrawals=0.2)

    def kill_in_mid_request(target: Target) -> None:
        os.kill(target.stack.pids["rest"], signal.SIGSTOP)
        time.sleep(1)
        kill("rest")(target)

    survive(target, seed + 1, kill_in_mid_request, load=load)
    cut_off = [one for one in load.sent if one.kind in ("withdrawal", "cancel") and one.outcome == UNKNOWN]
    assert cut_off, "no withdrawal was under way"


def test_every_metric_of_alerts_and_dashboard_is_served_by_some_process(apart: Apart):
    """By the processes that Prometheus scrapes, while worker and beat, which serve none, do their work unseen."""
    alerts = yaml.safe_load((PROJECT / "deploy/prometheus/alerts.yml").read_text())["groups"]
    panels = json.loads((PROJECT / "deploy/grafana/casino.json").read_text())["panels"]
    texts = [rule["expr"] for group in alerts for rule in group["rules"]]
    texts += [target["expr"] for panel in panels for target in panel["targets"]]
    wanted = {name for text in texts for name in re.findall(r"\bcasino_\w+", text)}
    for url in (apart.url, apart.bets_url):
        requests.get(f"{url}/wallets", timeout=10)
    deadline = time.monotonic() + 60
    while (missing := wanted - served(apart)) and time.monotonic() < deadline:
        time.sleep(1)
    # There has been no audit from the back office.
    assert missing <= {"casino_audit_breaches", "casino_audit_age_seconds"}, missing
    assert len(wanted) > 20


def served(apart: Apart) -> set[str]:
    texts = [requests.get(f"{url}/metrics", timeout=10).text for url in (apart.url, apart.bets_url)]
    return {name for text in texts for name in re.findall(r"^(casino_\w+)[{ ]", text, re.MULTILINE)}
