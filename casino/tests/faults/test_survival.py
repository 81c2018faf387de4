"""One fault at a time, under a steady load: nothing acknowledged is lost, nothing moves twice, play goes on.

`make test-faults` runs it; FAULT_SEED repeats what was asked and when.
"""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from casino.tests.faults.blows import FAULTS, Target, target_of
from casino.tests.faults.load import Load, seed_of_run
from casino.tests.faults.surviving import is_due, survive
from casino.tests.faults.verdict import prove
from casino.tests.running import Stack, running_stack

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def seed() -> int:
    return seed_of_run()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("faults")
    home.chmod(0o711)
    with running_stack(home) as running:
        yield running


@pytest.fixture(scope="module")
def target(stack: Stack, seed: int) -> Target:
    return target_of(stack, seed)


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_lost_and_play_goes_on(target: Target, seed: int, fault: str):
    survive(target, seed, FAULTS[fault])


def test_the_proof_notices_what_is_missing_changed_or_too_much(target: Target, seed: int):
    load = Load(target.stack.url, seed, connections=1, per_second=20)
    with load.running():
        time.sleep(2)
    sent = load.players[0].sent
    whole, bet = list(sent), next(one for one in sent if one.kind == "bet")
    prove(load, target.stack, target.database_url, is_due)
    wrong = {
        "lost": [*whole, replace(bet, key="load-0-nobody-has-this", bet_id="0")],
        "unasked": [one for one in whole if one is not bet],
        "changed": [replace(one, digest=b"other") if one is bet else one for one in whole],
        "refused and yet played": [replace(one, outcome="refused", status=422) if one is bet else one for one in whole],
    }
    for told in wrong.values():
        sent[:] = told
        with pytest.raises(AssertionError):
            prove(load, target.stack, target.database_url, lambda refused: True)
