"""The embedded servers: durable, private, and back on their port whatever was killed."""

import contextlib
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from casino import embedded
from casino.embedded import processes

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
KILLED_RUN = """
import time
from casino import embedded
with embedded.throwaway() as urls:
    print(urls.database_url, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[embedded.Postgres]:
    """PostgreSQL in a folder of the test, as `make run` starts it; prepared, not running."""
    tmp_path.chmod(0o711)
    server = embedded.Postgres(tmp_path / "postgres")
    server.prepare()
    yield server
    server.evict()


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[embedded.Valkey]:
    """Valkey in a folder of the test; prepared, not running."""
    server = embedded.Valkey(tmp_path / "valkey")
    server.prepare()
    yield server
    server.evict()


def start(server: embedded.Server) -> subprocess.Popen[bytes]:
    """Start a prepared server as a supervisor does, without anybody to stop it."""
    log_file = server.folder.parent / f"{server.name}.log"
    with log_file.open("ab") as log:
        process = server.spawn(log)
    server.wait_ready(process, log_file)
    return process


def query(server: embedded.Postgres, sql: str) -> object:
    """The single value that ``sql`` gives."""
    with psycopg.connect(server.url) as connection:
        row = connection.execute(sql).fetchone()  # type: ignore[call-overload]
    return row and row[0]


@contextlib.contextmanager
def sleeping_process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with us."""
    process = subprocess.Popen(SLEEPER)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_postgres_is_durable_local_and_speaks_utf8(postgres: embedded.Postgres) -> None:
    start(postgres)
    settings = {name: query(postgres, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")}
    assert settings == {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
    assert query(postgres, "SHOW listen_addresses") == "127.0.0.1"
    assert query(postgres, "SHOW unix_socket_directories") == ""
    assert query(postgres, "SHOW timezone") == "UTC"
    assert query(postgres, "SHOW password_encryption") == "scram-sha-256"
    assert query(postgres, "SELECT lower('ÄÖÜ')") == "äöü"


def test_postgres_lets_nobody_in_without_the_password(postgres: embedded.Postgres) -> None:
    start(postgres)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(postgres.url.replace(postgres.password, "guess"))
    assert stat.S_IMODE(postgres.password_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(postgres.folder.stat().st_mode) == 0o700


def test_a_killed_postgres_comes_back_on_its_port_with_its_data(postgres: embedded.Postgres) -> None:
    process = start(postgres)
    url = postgres.url
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE bets AS SELECT 1 AS bet")
    process.kill()
    process.wait()
    postgres.evict()
    start(postgres)
    assert postgres.url == url
    assert query(postgres, "SELECT bet FROM bets") == 1


def test_a_postgres_that_a_killed_stack_left_running_is_stopped_first(postgres: embedded.Postgres) -> None:
    orphan = start(postgres)
    with psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE bets AS SELECT 1 AS bet")
    successor = embedded.Postgres(postgres.folder)
    successor.prepare()
    assert orphan.wait(5) == 0
    start(successor)
    assert query(successor, "SELECT bet FROM bets") == 1


def test_a_stale_pid_file_with_the_pid_of_somebody_else_is_in_nobodys_way(postgres: embedded.Postgres) -> None:
    with sleeping_process() as bystander:
        postgres.pid_file.write_text(f"{bystander.pid}\n{postgres.cluster}\n")
        postgres.prepare()
        start(postgres)
        assert bystander.poll() is None


def test_a_cluster_cut_short_while_it_was_made_is_made_anew(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    half_made = tmp_path / "postgres" / "cluster.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    server = embedded.Postgres(tmp_path / "postgres", throwaway=True)
    with embedded.running(server, tmp_path / "log"):
        assert query(server, "SELECT 1") == 1


def test_a_cluster_of_another_version_is_refused_in_a_sentence(postgres: embedded.Postgres) -> None:
    (postgres.cluster / "PG_VERSION").write_text("9\n")
    with pytest.raises(embedded.EmbeddedError, match="was made by PostgreSQL 9"):
        _ = embedded.Postgres(postgres.folder).command


def test_a_server_that_cannot_start_says_why(postgres: embedded.Postgres) -> None:
    (postgres.cluster / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(embedded.EmbeddedError, match="no_such_setting"):
        start(postgres)


def test_valkey_keeps_nothing_evicts_nothing_and_wants_the_password(valkey: embedded.Valkey) -> None:
    process = start(valkey)
    client = redis.Redis.from_url(valkey.url)
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert client.config_get("save") == {"save": ""}
    assert client.config_get("bind") == {"bind": "127.0.0.1"}
    assert valkey.password not in Path(f"/proc/{process.pid}/cmdline").read_text()
    valkey.password = "guess"
    assert "WRONGPASS" in valkey.refusal()


def test_a_killed_valkey_comes_back_on_its_port(valkey: embedded.Valkey) -> None:
    process, url = start(valkey), valkey.url
    process.kill()
    process.wait()
    start(valkey)
    assert valkey.url == url
    assert redis.Redis.from_url(url).ping()


def test_a_valkey_that_a_killed_stack_left_running_is_stopped_first(valkey: embedded.Valkey) -> None:
    orphan = start(valkey)
    embedded.Valkey(valkey.folder).prepare()
    assert orphan.wait(5) == 0


def test_a_running_stack_is_found_by_its_home(tmp_path: Path) -> None:
    urls = embedded.Urls("postgresql://casino@127.0.0.1:1/casino", "redis://127.0.0.1:1/0")
    assert embedded.find(tmp_path) is None
    with sleeping_process() as supervisor:
        embedded.write_state(tmp_path, urls, {"supervisor": supervisor.pid})
        assert embedded.find(tmp_path) == urls
        assert stat.S_IMODE((tmp_path / "stack.json").stat().st_mode) == 0o600
    assert embedded.find(tmp_path) is None


def test_another_process_with_the_pid_of_a_dead_supervisor_is_not_taken_for_it(tmp_path: Path) -> None:
    embedded.write_state(tmp_path, embedded.Urls("", ""), {"supervisor": os.getpid()})
    state_file = tmp_path / "stack.json"
    state_file.write_text(state_file.read_text().replace(processes.began_at(os.getpid()), "1"))
    assert embedded.find(tmp_path) is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pids": 1}'])
def test_an_unreadable_state_file_is_no_stack(tmp_path: Path, content: str) -> None:
    (tmp_path / "stack.json").write_text(content)
    assert embedded.find(tmp_path) is None


def test_throwaway_servers_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o711)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with contextlib.suppress(KeyboardInterrupt), embedded.throwaway() as urls:
        assert redis.Redis.from_url(urls.redis_url).ping()
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(urls.database_url)


def test_throwaway_servers_are_removed_even_when_their_run_is_killed(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    run = subprocess.Popen(
        [sys.executable, "-c", KILLED_RUN],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    with run.stdout as output:
        url = output.readline().strip()
    assert len(list(tmp_path.iterdir())) == 1
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert processes.wait_until(lambda: not list(tmp_path.iterdir()), 20)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
