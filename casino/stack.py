"""The stack of one command: which processes make up a running casino, in which order, and what they are told.

Owns CASINO_HOME: the lock that lets one stack run there, the data, the logs, the state file. No Django here.
"""

import contextlib
import fcntl
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from casino import embedded
from casino.embedded import processes
from casino.supervisor import Child, StackError, StopRequested, Supervisor, spawn

PROJECT = Path(__file__).resolve().parent.parent
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# A leftover of these is stopped by the server's own folder, with its own signal.
SERVERS = frozenset({embedded.Postgres.name, embedded.Valkey.name})


@dataclass(frozen=True)
class Plan:
    """What to start: ``environment`` is what every process gets; a server is embedded where it names no URL.

    ``jobs`` are manage.py commands, run to their end before the web process starts; ``farewell`` is one whose output
    is shown when everything is ready.
    """

    home: Path
    port: int
    environment: Mapping[str, str]
    jobs: Mapping[str, list[str]]
    farewell: list[str] | None = None

    @property
    def base_url(self) -> str:
        """Where the web process answers."""
        return f"http://127.0.0.1:{self.port}"


def run(plan: Plan, say: Callable[[str], None]) -> None:
    """Start everything, keep it running until SIGINT, SIGTERM or SIGHUP, stop everything; raises StackError."""
    plan.home.mkdir(mode=0o711, parents=True, exist_ok=True)
    with locked(plan.home, plan.base_url):
        clear_leftovers(plan.home)
        if not processes.is_free(plan.port):
            raise StackError(f"Port {plan.port} is taken by another program: choose a free one, for example PORT=8001.")
        supervisor = Supervisor(plan.home / "logs", say)
        with _handling(supervisor.request_stop):
            try:
                _start(plan, supervisor, say)
                supervisor.watch()
            except StopRequested:
                pass
            except embedded.EmbeddedError as error:
                raise StackError(str(error)) from error
            finally:
                say("stopping …")
                began = time.monotonic()
                supervisor.stop()
                embedded.forget_state(plan.home)
                say(f"stopped after {time.monotonic() - began:.1f} s, nothing is left running")


@contextlib.contextmanager
def locked(home: Path, base_url: str) -> Iterator[None]:
    """Hold the folder's lock; raises StackError when a running stack holds it. It ends with its holder."""
    with (home / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise StackError(f"The casino is already running in {home}: {lock.read().strip() or 'starting'}.") from None
        lock.truncate(0)
        lock.write(f"{base_url}, process {os.getpid()}")
        lock.flush()
        yield


def clear_leftovers(home: Path) -> None:
    """Stop the processes that a killed supervisor left running; embedded servers are left to their own folders."""
    state = embedded.read_state(home)
    if state is None:
        return
    groups = [pid for name, pid in state.pids.items() if name not in SERVERS | {"supervisor"} and state.is_ours(name)]
    for group in groups:
        processes.send_group(group, signal.SIGTERM)
    processes.wait_until(lambda: not any(map(processes.group_members, groups)), 5)
    for group in groups:
        processes.send_group(group, signal.SIGKILL)
    processes.wait_until(lambda: not any(map(processes.group_members, groups)), 5)


def _start(plan: Plan, supervisor: Supervisor, say: Callable[[str], None]) -> None:
    began = time.monotonic()
    say(f"starting in {plan.home}")
    environment = dict(plan.environment)
    servers = _servers(plan)
    environment |= {variable: server.url for variable, server in servers.items()}
    urls = embedded.Urls(environment["DATABASE_URL"], environment["REDIS_URL"])
    supervisor.publish = partial(_publish, plan.home, urls)
    supervisor.start(*(_server_child(server) for server in servers.values()))
    for name, arguments in plan.jobs.items():
        supervisor.run(name, _manage(arguments), environment, PROJECT)
    supervisor.start(_web(plan.port, environment), _worker(environment), _beat(plan.home, environment))
    say(f"ready: {plan.base_url}")
    say(f"  back office  {plan.base_url}/backoffice/\n  API docs     {plan.base_url}/docs")
    if plan.farewell:
        say(_output_of(_manage(plan.farewell), environment))
    say(f"Started in {time.monotonic() - began:.1f} s. Logs: {supervisor.logs}. Ctrl-C stops everything.")


def _output_of(command: list[str], environment: Mapping[str, str]) -> str:
    """What the command prints; the last line of its complaint where it fails. Out of reach of the terminal's Ctrl-C."""
    answer = subprocess.run(
        command, env=environment, cwd=PROJECT, capture_output=True, text=True, check=False, start_new_session=True
    )
    complaint = answer.stderr.rstrip().rpartition("\n")[2]
    return answer.stdout.rstrip() if answer.returncode == 0 else f"{command[2]}: {complaint}"


def _servers(plan: Plan) -> dict[str, embedded.Server]:
    """The embedded servers to start, prepared, by the variable that will carry their URL."""
    servers: dict[str, embedded.Server] = {}
    if not plan.environment.get("DATABASE_URL"):
        servers["DATABASE_URL"] = embedded.Postgres(plan.home / "postgres")
    if not plan.environment.get("REDIS_URL"):
        servers["REDIS_URL"] = embedded.Valkey(plan.home / "valkey")
    for server in servers.values():
        server.prepare()
    return servers


def _publish(home: Path, urls: embedded.Urls, pids: Mapping[str, int]) -> None:
    embedded.write_state(home, urls, {"supervisor": os.getpid(), **pids})


def _server_child(server: embedded.Server) -> Child:
    return Child(server.name, server.spawn, server.refusal, server.evict, server.stop_signal, stop_seconds=30)


def _web(port: int, environment: Mapping[str, str]) -> Child:
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "casino.asgi:application"]
    command += [
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
        "--ws",
        "--no-access-log",
        "--log-level",
        "warning",
    ]
    # Open WebSockets would otherwise keep a stopping worker alive for as long as their screens are open.
    command += ["--workers-kill-timeout", "5"]
    # Under ASGI requests run on short-lived threads; a pool keeps the connections that they would leak.
    pooled = {"DATABASE_POOL_SIZE": "10", **environment}
    return Child("web", partial(spawn, command, pooled, PROJECT), partial(_web_refusal, port))


def _web_refusal(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return "" if answer.status == http.HTTPStatus.OK else f"/readyz answers {answer.status}"
    except (OSError, http.client.HTTPException) as error:
        return f"/readyz: {error}"
    finally:
        connection.close()


def _worker(environment: Mapping[str, str]) -> Child:
    command = [sys.executable, "-m", "celery", "-A", "casino", "worker", "--loglevel", "WARNING", "--concurrency", "1"]
    # Both are for clusters of workers; without them it starts a second sooner and is silent when idle.
    command += ["--without-mingle", "--without-gossip"]
    # Without a retry of its own: the supervisor has other children to look after meanwhile.
    broker = redis.Redis.from_url(environment["REDIS_URL"], socket_timeout=2, retry=Retry(NoBackoff(), 0))
    return Child("worker", partial(spawn, command, environment, PROJECT), partial(_worker_refusal, broker))


def _worker_refusal(broker: redis.Redis) -> str:
    """A worker that consumes tasks listens to its remote control too, and is the only one to subscribe by pattern."""
    try:
        return "" if broker.pubsub_numpat() else "does not listen to the broker"
    except redis.RedisError as error:
        return str(error)


def _beat(home: Path, environment: Mapping[str, str]) -> Child:
    pid_file = home / "beat.pid"
    command = [sys.executable, "-m", "celery", "-A", "casino", "beat", "--loglevel", "WARNING"]
    command += ["--schedule", str(home / "beat-schedule"), "--pidfile", str(pid_file)]

    def spawn_beat(log: IO[bytes]) -> subprocess.Popen[bytes]:
        # Beat writes it once its schedule is open; a killed one's would be taken for that of a beat still running.
        pid_file.unlink(missing_ok=True)
        return spawn(command, environment, PROJECT, log)

    return Child("beat", spawn_beat, lambda: "" if pid_file.exists() else "has not opened its schedule")


def _manage(arguments: list[str]) -> list[str]:
    return [sys.executable, str(PROJECT / "manage.py"), *arguments]


@contextlib.contextmanager
def _handling(request_stop: Callable[..., None]) -> Iterator[None]:
    """Turn the signals that ask for a stop into a request, until the stop is complete."""
    before = {sign: signal.signal(sign, request_stop) for sign in STOP_SIGNALS}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
