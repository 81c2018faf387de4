"""Faults that a stack must be built for: PostgreSQL behind a proxy that cuts, a web process whose clock can be moved,
a feed server of its own, and releases under load."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from casino import embedded
from casino.embedded.processes import free_port, wait_until
from casino.tests.faults.blows import Target, target_of
from casino.tests.faults.cutter import Cutter
from casino.tests.faults.load import Sent, seed_of_run
from casino.tests.faults.surviving import is_due, survive
from casino.tests.listening import Listener
from casino.tests.running import PROJECT, Caller, fund, running_stack

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults"), pytest.mark.timeout(300)]
CLOCK = Path(__file__).parent / "clock"
HOUR = 3600
DICE = {"game_id": "percentile", "wager": "0.50", "selections": [{"on": "under:50", "stake": "0.50"}]}


@dataclass(frozen=True)
class Arena:
    """A stack, the proxy between it and PostgreSQL, and the file that moves its web process's clock."""

    target: Target
    cutter: Cutter
    clock: Path


@pytest.fixture(scope="module")
def seed() -> int:
    return seed_of_run()


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory, seed: int) -> Iterator[Arena]:
    home = tmp_path_factory.mktemp("arena")
    home.chmod(0o711)
    postgres, clock = embedded.Postgres(home / "postgres"), home / "clock"
    clock.write_text("0")
    with embedded.running(postgres, home / "postgres.log"), Cutter(postgres.port, seed).running() as cutter:
        through = postgres.url.replace(f":{postgres.port}/", f":{cutter.port}/")
        environment = {"DATABASE_URL": through, "PYTHONPATH": str(CLOCK), "FAULT_CLOCK": str(clock)}
        with running_stack(home, environment) as stack:
            yield Arena(target_of(stack, seed, postgres.url), cutter, clock)


def test_connections_cut_in_the_middle_of_what_they_carry(arena: Arena, seed: int):
    def cut(_: Target) -> int:
        before = arena.cutter.cuts
        arena.cutter.is_cutting = True
        time.sleep(8)
        arena.cutter.is_cutting = False
        return arena.cutter.cuts - before

    assert survive(arena.target, seed, cut) >= 10


@pytest.mark.parametrize("hours", [1, -1])
def test_the_clock_of_the_web_process_moves_by_an_hour(arena: Arena, seed: int, hours: int):
    """Bets are dated by the database and go on. Webhooks seem to be from another time, and wait for a right clock."""

    def is_due_at_this_hour(refused: Sent) -> bool:
        return is_due(refused) or (refused.kind, refused.status) == ("deposit", 401)

    def move(_: Target) -> None:
        arena.clock.write_text(str(hours * HOUR))
        time.sleep(8)
        assert f"the clock is moved by {hours * HOUR} s" in (arena.target.stack.home / "logs" / "web.log").read_text()
        arena.clock.write_text("0")

    survive(arena.target, seed, move, is_due_at_this_hour)
    with psycopg.connect(arena.target.database_url) as database:
        farthest = database.execute("SELECT max(created_at) - now(), now() - max(created_at) FROM betting_bet")
        assert max(abs(distance.total_seconds()) for distance in farthest.fetchone() or ()) < 120


def test_two_releases_migrate_at_once_under_load(arena: Arena, seed: int):
    """The newest migration of the people is taken back, then applied by two who know nothing of each other."""

    def release(target: Target) -> None:
        back = target.stack.manage("migrate", "users", "0003")
        assert back.returncode == 0, back.stderr
        command = [sys.executable, "manage.py", "migrate"]
        environment = os.environ | {"DATABASE_URL": target.database_url, "REDIS_URL": target.redis_url, "DEBUG": "1"}
        both = [
            subprocess.Popen(
                command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            for _ in range(2)
        ]
        outputs = [one.communicate(timeout=120)[0] for one in both]
        assert [one.returncode for one in both] == [0, 0], outputs
        assert sum("Applying users.0004" in output for output in outputs) == 1, outputs

    survive(arena.target, seed, release)


def test_a_column_is_added_behind_a_long_reader_without_holding_up_play(arena: Arena, seed: int):
    """With a lock timeout the change gives up and comes again, instead of making every bet wait behind it."""

    def alter(target: Target) -> int:
        tries = 0
        with psycopg.connect(target.database_url) as reader, psycopg.connect(target.database_url) as writer:
            reader.execute("SELECT count(*) FROM betting_bet")
            ends = time.monotonic() + 6
            while True:
                tries += 1
                try:
                    writer.execute("SET lock_timeout = '500ms'")
                    writer.execute("ALTER TABLE betting_bet ADD COLUMN fault_note text")
                except psycopg.errors.LockNotAvailable:
                    writer.rollback()
                    time.sleep(1)
                    if time.monotonic() > ends:
                        reader.rollback()
                    continue
                writer.commit()
                break
            writer.execute("ALTER TABLE betting_bet DROP COLUMN fault_note")
        return tries

    assert survive(arena.target, seed, alter) > 1


def test_a_killed_feed_server_costs_a_listener_nothing(arena: Arena):
    """Daphne dies between two bets; whoever connects again asks for what they missed, and gets it."""
    player = Caller(arena.target.stack.url)
    user = player.register("aurora")
    fund(player, "50.00")
    token = str(player.session.headers["Authorization"]).removeprefix("Bearer ")
    port = free_port()
    daphne = _daphne(arena.target, port)
    with Listener(f"127.0.0.1:{port}", "/ws/player", token) as listener:
        first = listener.until("snapshot")["seq"]
        assert player.call("POST", "/bets", DICE).status_code == 201
        seen = listener.until("bet.settled")["seq"]
        daphne.kill()
        daphne.wait(10)
    missed = [player.call("POST", "/bets", DICE).json()["id"] for _ in range(5)]
    daphne = _daphne(arena.target, port)
    try:
        with Listener(f"127.0.0.1:{port}", "/ws/player", token) as listener:
            listener.until("snapshot")
            listener.send(type="resume", last_seq=seen)
            heard = [listener.until("bet.settled")["data"]["id"] for _ in range(5)]
    finally:
        daphne.terminate()
        daphne.wait(20)
    assert first < seen
    assert heard == missed, user


def _daphne(target: Target, port: int) -> subprocess.Popen[bytes]:
    environment = os.environ | {"DATABASE_URL": target.database_url, "REDIS_URL": target.redis_url, "DEBUG": "1"}
    command = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "-v", "0", "casino.asgi:application"]
    process = subprocess.Popen(command, cwd=PROJECT, env=environment)
    assert wait_until(lambda: _listens(port), 60)
    return process


def _listens(port: int) -> bool:
    try:
        return Caller(f"http://127.0.0.1:{port}").call("GET", "/healthz").status_code == 200
    except OSError:
        return False
