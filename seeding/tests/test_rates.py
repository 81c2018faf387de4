"""Bots on the running stack keep the pace that their intensity states, whoever asked for it and whatever else waits."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from casino.embedded.processes import wait_until
from casino.tests.running import PROJECT, Caller, Stack, running_stack

pytestmark = pytest.mark.slow
PAST = ("seed_database", "--history-days", "30", "--history-bets", "400000")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home: Path = tmp_path_factory.mktemp("home")
    with running_stack(home) as running:
        yield running


def assert_kept(run: dict[str, Any], rate: int) -> None:
    """The run did what a minute at its rate holds, within a tenth of the rate, and the books close."""
    assert (run["status"], run["actions"], run["totals"]["refused"]) == ("completed", 60 * rate, 0)
    assert 0.9 * rate <= float(run["report"]["rate"]) <= 1.1 * rate
    assert run["report"]["audit"] == {"ok": True, "breaches": []}


@pytest.mark.parametrize(("intensity", "rate"), [("low", 2), ("medium", 10), ("high", 50)])
def test_a_minute_of_play_reaches_its_rate_within_a_tenth(stack: Stack, intensity: str, rate: int):
    played = stack.manage("simulate", "--duration", "1", "--intensity", intensity, "--seed", "9", "--json")
    assert played.returncode == 0, played.stderr
    assert_kept(json.loads(played.stdout), rate)


@pytest.fixture
def petra(stack: Stack) -> Caller:
    """The platform's admin, logged in."""
    caller = Caller(stack.url)
    answer = caller.call("POST", "/auth/login", {"email": "petra@platform.test", "password": "demo-Passw0rd"})
    assert answer.status_code == 200, answer.text
    return Caller(stack.url, answer.json()["token"])


def played_over_rest(petra: Caller, intensity: str) -> dict[str, Any]:
    """A minute's run that a worker plays, once its report is written."""
    started = petra.call("POST", f"/seed/simulate?duration=1&intensity={intensity}&seed=9")
    assert started.status_code == 202, started.text
    address = f"/seed/runs/{started.json()['id']}"
    assert wait_until(lambda: petra.call("GET", address).json()["report"] is not None, 180)
    run: dict[str, Any] = petra.call("GET", address).json()
    return run


@pytest.mark.parametrize(("intensity", "rate"), [("low", 2), ("high", 50)])
def test_a_run_that_the_worker_plays_reaches_its_rate_too(petra: Caller, intensity: str, rate: int):
    assert_kept(played_over_rest(petra, intensity), rate)


def test_an_unfinished_past_leaves_a_paced_run_its_pace(stack: Stack, petra: Caller):
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "DEBUG")}
    environment = kept | {"CASINO_HOME": str(stack.home), "PORT": stack.url.rpartition(":")[2]}
    command = [sys.executable, "manage.py", *PAST]
    shell = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        assert wait_until(lambda: _actions(petra, "history") > 0, 60)
    finally:
        os.killpg(shell.pid, signal.SIGKILL)
        shell.wait()
    left = _actions(petra, "history")
    assert wait_until(lambda: _actions(petra, "history") > left, 60), "a worker takes the past over"
    assert_kept(played_over_rest(petra, "high"), 50)
    after = _actions(petra, "history")
    time.sleep(15)
    assert 400_000 > _actions(petra, "history") > after > left


def _actions(petra: Caller, kind: str) -> int:
    """How many actions the runs of a kind have played."""
    runs = petra.call("GET", "/seed/runs?limit=100").json()["results"]
    return sum(run["actions"] for run in runs if run["kind"] == kind)
