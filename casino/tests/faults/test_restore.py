"""The restore drill: a backup taken while bets run, an archive of the log, a copy as of a moment, audited."""

import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from casino import embedded
from casino.embedded.processes import wait_until
from casino.tests.faults.load import Load, seed_of_run
from casino.tests.running import PROJECT, Stack, running_stack

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults"), pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Archived:
    """A stack whose PostgreSQL archives its log, a base backup of it, and what was so at the moment ``until``."""

    stack: Stack
    folder: Path
    until: datetime
    bets_then: int
    head_then: str
    head_later: str

    def drill(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        places = ("--backup", str(self.folder / "base"), "--archive", str(self.folder / "wal"))
        return self.stack.manage("restore_drill", *places, *arguments)


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archived]:
    folder = tmp_path_factory.mktemp("archived")
    folder.chmod(0o711)
    postgres = embedded.Postgres(folder / "postgres")
    (folder / "wal").mkdir(mode=0o777)
    with embedded.running(postgres, folder / "postgres.log"):
        _archive(postgres.url, folder / "wal")
    with (
        embedded.running(postgres, folder / "postgres.log"),
        psycopg.connect(postgres.url, autocommit=True) as database,
        running_stack(folder, {"DATABASE_URL": postgres.url}) as stack,
    ):
        load = Load(stack.url, seed_of_run(), connections=4, per_second=40)
        with load.running():
            time.sleep(2)
            _back_up(postgres, folder / "base")
            time.sleep(2)
        head_then = _seal(stack)
        row = database.execute("SELECT count(*) FROM betting_bet").fetchone()
        time.sleep(1)
        until = datetime.now(UTC)
        time.sleep(1)
        with load.running():
            time.sleep(3)
        head_later = _seal(stack)
        _finish_archive(database)
        yield Archived(stack, folder, until, row[0] if row else 0, head_then, head_later)


def _archive(url: str, wal: Path) -> None:
    """Archive as the operations manual says, into a folder of the test's."""
    manual = (PROJECT / "docs" / "operations.md").read_text()
    command = re.findall(r"^archive_command = '(.*)'$", manual, re.MULTILINE)[0].replace("/archive/", f"{wal}/")
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("ALTER SYSTEM SET archive_mode = 'on'")
        database.execute(f"ALTER SYSTEM SET archive_command = '{command}'")


def _back_up(postgres: embedded.Postgres, base: Path) -> None:
    command = postgres.launch.command("pg_basebackup", "-D", str(base), "-d", postgres.url, "--checkpoint=fast")
    answer = subprocess.run(command, cwd=postgres.folder, capture_output=True, text=True, **postgres.launch.account)
    assert answer.returncode == 0, answer.stderr


def _seal(stack: Stack) -> str:
    sealed = stack.manage("seal_ledger")
    assert sealed.returncode == 0, sealed.stderr
    return sealed.stdout.strip().rpartition(" ")[2]


def _finish_archive(database: psycopg.Connection) -> None:
    """What is written so far reaches the archive."""
    row = database.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
    assert row
    last = "SELECT last_archived_wal >= %s FROM pg_stat_archiver"
    assert wait_until(lambda: database.execute(last, row).fetchone() == (True,), 30)


def test_a_copy_as_of_a_moment_is_sound_and_holds_what_was_there_then(archived: Archived):
    drill = archived.drill("--until", archived.until.isoformat(), "--head", archived.head_then)
    assert drill.returncode == 0, drill.stdout + drill.stderr
    assert f"\n{archived.bets_then} bets, the last at " in drill.stdout
    assert " 0 broken" in drill.stdout


def test_a_copy_of_all_there_is_holds_the_latest_head(archived: Archived):
    drill = archived.drill("--head", archived.head_later)
    assert drill.returncode == 0, drill.stdout + drill.stderr
    assert f"\n{archived.bets_then} bets, the last at " not in drill.stdout


def test_a_head_from_after_the_moment_is_missed(archived: Archived):
    drill = archived.drill("--until", archived.until.isoformat(), "--head", archived.head_later)
    assert drill.returncode == 1
    assert "BROKEN  the chain of seals contains the head that was kept elsewhere" in drill.stdout


def test_a_moment_that_the_archive_does_not_reach_is_no_restore(archived: Archived):
    drill = archived.drill("--until", "2999-01-01T00:00:00Z")
    assert drill.returncode == 1
    assert "recovery ended before configured recovery target was reached" in drill.stderr


def test_a_damaged_backup_is_refused(archived: Archived):
    victim = next(
        path for path in (archived.folder / "base" / "base").rglob("*") if path.is_file() and path.stat().st_size
    )
    content = victim.read_bytes()
    victim.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    try:
        drill = archived.drill()
    finally:
        victim.write_bytes(content)
    assert drill.returncode == 1
    assert "The backup is damaged" in drill.stderr
