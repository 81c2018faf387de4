"""The production processes on this machine, without a proxy, with PostgreSQL as durable as in production.

PostgreSQL, Valkey, a desk process for bets and one for the reads that front ends repeat (uvicorn), one for the rest of
REST (granian), a worker and a beat; what they use of the processors and of memory.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from casino import embedded
from casino.embedded import processes

PROJECT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class BenchStack:
    """What runs: ``bets``, ``reads`` and ``rest`` are base URLs; ``leaders`` the first process of each kind."""

    home: Path
    environment: Mapping[str, str]
    bets: str = ""
    reads: str = ""
    rest: str = ""
    leaders: dict[str, int] = field(default_factory=dict)

    def seconds(self) -> dict[str, float]:
        """CPU seconds used so far by each kind of process, with its children."""
        return {name: cpu_seconds(pid) for name, pid in self.leaders.items()}

    def memory(self) -> dict[str, int]:
        """Resident MB of each kind of process, with its children (shared pages count in each)."""
        return {name: sum(map(_resident, _family(pid))) // 1024 for name, pid in self.leaders.items()}


@dataclass(frozen=True)
class Servers:
    """PostgreSQL and Valkey with a migrated, seeded database, and what a process has to be told to use them."""

    home: Path
    postgres: embedded.Postgres
    environment: Mapping[str, str]
    leaders: Mapping[str, int]


@contextlib.contextmanager
def bench_servers() -> Iterator[Servers]:
    """Start the servers in a temporary folder, as durable as in production; stop and remove them."""
    with tempfile.TemporaryDirectory(prefix="casino-bench-") as name, contextlib.ExitStack() as stack:
        home = Path(name)
        home.chmod(0o711)
        postgres, valkey = embedded.Postgres(home / "postgres"), embedded.Valkey(home / "valkey")
        leaders = {
            server.name: stack.enter_context(embedded.running(server, home / f"{server.name}.log")).pid
            for server in (postgres, valkey)
        }
        environment = os.environ | {
            "DATABASE_URL": postgres.url, "REDIS_URL": valkey.url, "DEBUG": "0", "SEEDING_ENABLED": "1",
            "SECRET_KEY": "a-key-for-one-benchmark-only-thrown-away-with-its-database",
            "FIELD_ENCRYPTION_KEYS": "ZGV2ZWxvcG1lbnQtb25seS1rZXktbm90LXNlY3JldCE=", "ALLOWED_HOSTS": "127.0.0.1",
            "SECURE_SSL_REDIRECT": "0", "LOG_LEVEL": "WARNING", "DJANGO_SETTINGS_MODULE": "casino.settings",
        }  # fmt: skip
        demo = {**environment, "DEBUG": "1"}  # demo accounts are made while DEBUG only
        for command in ("migrate", "seed_database"):
            arguments = [sys.executable, "manage.py", command, "--verbosity", "0"]
            subprocess.run(arguments, cwd=PROJECT, env=demo, check=True, stdout=subprocess.DEVNULL)
        yield Servers(home, postgres, environment, leaders)


@contextlib.contextmanager
def bench_stack(*, desks: int = 1) -> Iterator[BenchStack]:
    """Start the servers and the production processes; stop and remove them."""
    with bench_servers() as servers, contextlib.ExitStack() as stack:
        made = BenchStack(servers.home, servers.environment, leaders=dict(servers.leaders))
        made.bets = made_at = f"http://127.0.0.1:{processes.free_port()}"
        _serve_lean(stack, made, "bets", made_at, desks)
        made.reads = made_at = f"http://127.0.0.1:{processes.free_port()}"
        _serve_lean(stack, made, "reads", made_at, 1)
        made.rest = made_at = f"http://127.0.0.1:{processes.free_port()}"
        _serve(stack, made, "rest", made_at)
        celery = ["-m", "celery", "-A", "casino"]
        _start(stack, made, "worker", [*celery, "worker", "--loglevel", "WARNING", "--concurrency", "1"])
        _start(stack, made, "beat", [*celery, "beat", "--loglevel", "WARNING", "--schedule", str(made.home / "beat")])
        for url in (made.bets, made.reads, made.rest):
            assert processes.wait_until(lambda url=url: _answers(url), 60), processes.tail(made.home / "bets.log")
        yield made


def _serve_lean(stack: contextlib.ExitStack, made: BenchStack, name: str, url: str, workers: int) -> None:
    command = ["-m", "uvicorn", "casino.asgi:application", *_at(url), "--ws", "none", "--no-proxy-headers"]
    command += ["--no-server-header", "--workers", str(workers)]
    _start(stack, made, name, command, DATABASE_POOL_SIZE="4")


def _serve(stack: contextlib.ExitStack, made: BenchStack, name: str, url: str) -> None:
    command = ["-m", "granian", "--interface", "wsgi", "casino.wsgi:application", *_at(url), "--blocking-threads", "4"]
    _start(stack, made, name, command, DATABASE_CONN_MAX_AGE="600")


def _at(url: str) -> list[str]:
    port = url.rpartition(":")[2]
    return ["--host", "127.0.0.1", "--port", port, "--no-access-log", "--log-level", "warning"]


def _start(stack: contextlib.ExitStack, made: BenchStack, name: str, command: list[str], **environment: str) -> None:
    log = stack.enter_context((made.home / f"{name}.log").open("wb"))
    process = subprocess.Popen(
        [sys.executable, *command], cwd=PROJECT, env={**made.environment, **environment}, stdout=log, stderr=log,
        start_new_session=True,
    )  # fmt: skip
    stack.callback(processes.end, process, 15, 20)
    made.leaders[name] = process.pid


def _answers(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/readyz", timeout=5):
        return True
    return False


def cpu_seconds(leader: int) -> float:
    """CPU seconds that a process and its children have used so far."""
    return sum(map(_cpu, _family(leader)))


def _family(pid: int) -> list[int]:
    found, due = [], [pid]
    while due:
        one = due.pop()
        found.append(one)
        with contextlib.suppress(OSError):
            due += map(int, Path(f"/proc/{one}/task/{one}/children").read_text().split())
    return found


def _cpu(pid: int) -> float:
    """Its own CPU seconds and those of its children that have ended."""
    with contextlib.suppress(OSError):
        parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, parts[11:15])) / TICKS
    return 0.0


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
    return 0
