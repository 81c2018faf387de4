"""Bots on the running stack keep the pace that their intensity states."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from casino.tests.running import Stack, running_stack

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home: Path = tmp_path_factory.mktemp("home")
    with running_stack(home) as running:
        yield running


@pytest.mark.parametrize(("intensity", "rate"), [("low", 2), ("medium", 10), ("high", 50)])
def test_a_minute_of_play_reaches_its_rate_within_a_tenth(stack: Stack, intensity: str, rate: int):
    played = stack.manage("simulate", "--duration", "1", "--intensity", intensity, "--seed", "9", "--json")
    assert played.returncode == 0, played.stderr
    run = json.loads(played.stdout)
    assert (run["status"], run["actions"], run["totals"]["refused"]) == ("completed", 60 * rate, 0)
    assert 0.9 * rate <= float(run["report"]["rate"]) <= 1.1 * rate
    assert run["report"]["audit"] == {"ok": True, "breaches": []}
