"""The processes of production, each by itself: bets, the rest of REST, a worker and beat, kept running by a supervisor.

They are started with the commands of production on servers of their own. There is no proxy: callers send bets to one
port and all else to the other.
"""

import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.stack import PROJECT, bench_servers
from casino.embedded.processes import free_port
from casino.supervisor import Child, Supervisor, spawn

READY_SECONDS = 60


@dataclass(frozen=True)
class Apart:
    """What runs; it is called, killed and managed as the one-command stack is."""

    home: Path
    url: str
    bets_url: str
    environment: Mapping[str, str]
    pids: dict[str, int] = field(default_factory=dict)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command on the same servers."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=PROJECT, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )


@contextmanager
def running_apart() -> Iterator[Apart]:
    """The servers and the processes, ready to be called; what dies is started again. Stopped and removed at the end."""
    with bench_servers() as servers:
        rest, bets = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        stack = Apart(servers.home, rest, bets, servers.environment)
        supervisor = Supervisor(servers.home / "logs", lambda line: None)

        def publish(pids: Mapping[str, int]) -> None:
            for gone in stack.pids.keys() - pids.keys():
                del stack.pids[gone]
            stack.pids.update(pids)

        supervisor.publish = publish
        watch = threading.Thread(target=supervisor.watch, daemon=True)
        try:
            supervisor.start(*_children(stack))
            watch.start()
            yield stack
        finally:
            supervisor.request_stop()
            if watch.ident is not None:
                watch.join(READY_SECONDS)
            supervisor.stop()


def _children(stack: Apart) -> Iterator[Child]:
    lean = ["uvicorn", "casino.asgi:application", "--ws", "none"]
    yield _web("bets", stack, stack.bets_url, lean, DATABASE_POOL_SIZE="4")
    rest = ["granian", "--interface", "wsgi", "casino.wsgi:application", "--blocking-threads", "4"]
    yield _web("rest", stack, stack.url, rest, DATABASE_CONN_MAX_AGE="600")
    celery = [sys.executable, "-m", "celery", "-A", "casino"]
    schedule = ["--schedule", str(stack.home / "beat"), "--pidfile", ""]
    for name, more in (("worker", ["--concurrency", "1"]), ("beat", schedule)):
        command = [*celery, name, "--loglevel", "WARNING", *more]
        yield Child(name, partial(spawn, command, stack.environment, PROJECT), lambda: "")


def _web(name: str, stack: Apart, url: str, server: Sequence[str], **environment: str) -> Child:
    command = [sys.executable, "-m", *server, "--host", "127.0.0.1", "--port", url.rpartition(":")[2]]
    command += ["--workers", "1", "--no-access-log", "--log-level", "warning"]
    return Child(name, partial(spawn, command, {**stack.environment, **environment}, PROJECT), partial(_refusal, url))


def _refusal(url: str) -> str:
    with suppress(OSError), urllib.request.urlopen(f"{url}/readyz", timeout=5):
        return ""
    return "/readyz does not answer"
