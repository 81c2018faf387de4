"""A database whose host is gone sends no reset: the client has to notice by itself."""

import re
import subprocess
import sys

import pytest

from casino.tests.running import PROJECT

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults"), pytest.mark.timeout(180)]
APART = ["unshare", "--net", "--map-root-user"]


def can_live_apart() -> bool:
    """Whether this machine lets us have a network of our own and switch it off."""
    try:
        return subprocess.run([*APART, "ip", "link", "set", "lo", "up"], capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not can_live_apart(), reason="no network namespaces here")
def test_a_query_to_a_vanished_host_fails_within_half_a_minute():
    command = [*APART, sys.executable, "-m", "casino.tests.faults.vanishing"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120)
    told = re.search(r"failed after ([\d.]+) s", done.stdout)
    assert told, done.stdout + done.stderr
    assert 5 < float(told[1]) < 30
