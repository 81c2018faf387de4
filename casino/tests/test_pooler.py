"""Past one machine: several processes settle bets of the same players, through a pooler in transaction mode."""

import contextlib
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import requests

from bench.stack import PROJECT, bench_servers
from casino.embedded import processes

pytestmark = pytest.mark.slow
PLAYERS, BETS = 6, 30

# Runs in a process of its own, so that the settings are those of this database.
MAKE_PLAYERS = """
import django; django.setup()
from bench.crowd import Crowd
print("\\n".join(gambler.token for gambler in Crowd(%d).gamblers))
"""


@contextlib.contextmanager
def pooler(folder: Path, database_url: str) -> Iterator[str]:
    """PgBouncer in front of the database, in transaction mode; yields the URL that goes through it."""
    parts, port = urlsplit(database_url), processes.free_port()
    folder.mkdir()
    config = folder / "pgbouncer.ini"
    config.write_text(
        "[databases]\n"
        f"casino = host={parts.hostname} port={parts.port} dbname=casino user=casino password={parts.password}\n"
        "[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n"
        "default_pool_size = 4\nmax_client_conn = 200\nignore_startup_parameters = extra_float_digits\n"
    )
    account = ["--user", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen(
        ["pgbouncer", "--quiet", *account, str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        assert processes.wait_until(lambda: not processes.is_free(port), 10), "PgBouncer does not listen"
        yield f"postgresql://casino@127.0.0.1:{port}/casino"
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def desk(environment: dict[str, str], log: Path) -> Iterator[str]:
    """A process that settles bets; yields its base URL."""
    port = processes.free_port()
    command = ["-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port), "--ws", "none", "--log-level", "error"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command, "casino.asgi:application"], cwd=PROJECT, env=environment, stdout=output,
            stderr=output,
        )  # fmt: skip
        try:
            assert processes.wait_until(lambda: not processes.is_free(port), 60), processes.tail(log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def test_two_processes_behind_a_pooler_settle_the_bets_of_the_same_players(tmp_path: Path):
    if shutil.which("pgbouncer") is None:
        if os.geteuid() == 0 and shutil.which("apt-get"):
            subprocess.run(["apt-get", "install", "-y", "-qq", "pgbouncer"], capture_output=True, check=False)
        if shutil.which("pgbouncer") is None:
            warnings.warn("NO PGBOUNCER: the pooler is NOT tested (apt-get install pgbouncer)", stacklevel=1)
            pytest.skip("pgbouncer is missing")
    with bench_servers() as servers, pooler(tmp_path / "pooler", servers.environment["DATABASE_URL"]) as url:
        environment = dict(servers.environment) | {"DATABASE_URL": url, "PGBOUNCER": "1", "DATABASE_POOL_SIZE": "4"}
        command = [sys.executable, "-c", MAKE_PLAYERS % PLAYERS]
        made = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stderr
        tokens = made.stdout.split()[-PLAYERS:]
        with desk(environment, tmp_path / "a.log") as first, desk(environment, tmp_path / "b.log") as second:

            def bet(number: int) -> tuple[int, str]:
                """The same key goes to both processes: whoever is second answers with the first's bet."""
                key, token = uuid4().hex, tokens[number % PLAYERS]
                answers = [
                    requests.post(
                        f"{base}/bets",
                        json={"game_id": "salon-roulette", "wager": "1.00", "selections": [{"on": "red", "stake": 1}]},
                        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key},
                        timeout=30,
                    )
                    for base in (first, second)
                ]
                assert [answer.status_code for answer in answers] == [201, 201], [answer.text for answer in answers]
                assert answers[0].json() == answers[1].json()
                return number, answers[0].json()["id"]

            with ThreadPoolExecutor(8) as threads:
                settled = dict(threads.map(bet, range(PLAYERS * BETS)))
        assert len(set(settled.values())) == PLAYERS * BETS
        audit = subprocess.run(
            [sys.executable, "manage.py", "audit_ledger"], cwd=PROJECT, env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert audit.returncode == 0, audit.stdout + audit.stderr
