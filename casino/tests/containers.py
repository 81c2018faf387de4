"""The containers of compose.yaml without Docker: what the image holds, and its processes on the tests' own servers."""

import os
import re
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import yaml

from casino.embedded.processes import free_port, tail, wait_until

PROJECT = Path(__file__).resolve().parent.parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
START_SECONDS = 120
SECRETS = {
    "SECRET_KEY": "a-key-for-one-test-only-thrown-away-with-its-database-0123",
    "FIELD_ENCRYPTION_KEYS": "A" * 43 + "=",
}


def is_left_out(path: str, ignored: list[str]) -> bool:
    """Whether a path of the build context is kept out of the image: .dockerignore, as far as ours goes (no ``!``)."""
    return any(_pattern(line).match(path) for line in ignored)


def ignored_patterns() -> list[str]:
    lines = (PROJECT / ".dockerignore").read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _pattern(line: str) -> re.Pattern[str]:
    """A pattern, from the context's root; what lies below a match is left out with it."""
    text = re.escape(line).replace(r"\[", "[").replace(r"\]", "]")
    text = text.replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
    return re.compile(f"{text}(?:/|$)")


def copy_of_the_image(folder: Path) -> Path:
    """``/app`` as ``COPY . .`` makes it, in ``folder``."""
    ignored = ignored_patterns()

    def leave_out(directory: str, names: list[str]) -> list[str]:
        below = Path(directory).relative_to(PROJECT)
        return [name for name in names if is_left_out((below / name).as_posix(), ignored)]

    return Path(shutil.copytree(PROJECT, folder / "app", ignore=leave_out))


@dataclass
class Containers:
    """Processes of compose.yaml, started by hand: ``ports`` by service."""

    app: Path
    environment: Mapping[str, str]
    ports: dict[str, int] = field(default_factory=dict)
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def run(self, service: str) -> None:
        """Run a service that ends by itself; it has to succeed."""
        done = subprocess.run(
            self._command(service), cwd=self.app, env=self._environment(service), capture_output=True, text=True,
            timeout=START_SECONDS, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self, service: str) -> None:
        """Start a service, and wait until its health check is content."""
        self.ports[service] = free_port()
        with self.log(service).open("wb") as log:
            self.processes[service] = subprocess.Popen(
                self._command(service), cwd=self.app, env=self._environment(service), stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def await_health(self, service: str) -> None:
        def is_well() -> bool:
            assert self.processes[service].poll() is None, f"{service} ended: {tail(self.log(service))}"
            return self.health(service).returncode == 0

        assert wait_until(is_well, START_SECONDS), f"{self.health(service).stderr} {tail(self.log(service))}"

    def health(self, service: str) -> "subprocess.CompletedProcess[str]":
        """Run the service's own health check."""
        test = SERVICES[service]["healthcheck"]["test"]
        assert test[0] == "CMD"
        where = {"worker": f"{service}@here", "beat": str(self.app.parent / "beat-schedule")}
        command = [*self._in_venv(test[1:]), where.get(service, str(self.ports[service]))]
        return subprocess.run(
            command,
            cwd=self.app,
            env=self._environment(service),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def stop(self, service: str) -> int:
        """SIGTERM, as ``docker stop`` does; answers the exit code."""
        process = self.processes.pop(service)
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(30)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)

    def log(self, service: str) -> Path:
        return self.app.parent / f"{service}.log"

    def _environment(self, service: str) -> dict[str, str]:
        """The service's own settings on top of what all have; what names another container is replaced."""
        own = {name: str(value) for name, value in SERVICES[service].get("environment", {}).items()}
        return {**{name: value for name, value in own.items() if "$" not in value}, **self.environment}

    def _command(self, service: str) -> list[str]:
        replaced = {
            "8000": str(self.ports.get(service, 8000)), "0.0.0.0": "127.0.0.1", "worker@%h": "worker@here",
            "/tmp/beat-schedule": str(self.app.parent / "beat-schedule"),
        }  # fmt: skip
        return self._in_venv([replaced.get(word, word) for word in SERVICES[service]["command"]])

    @staticmethod
    def _in_venv(command: list[str]) -> list[str]:
        return [str(Path(sys.executable).parent / command[0]), *command[1:]]


@contextmanager
def containers(folder: Path) -> Iterator[Containers]:
    """The image's files in ``folder`` and a database of their own on the run's servers; all is stopped at the end."""
    database = f"containers_{uuid.uuid4().hex[:8]}"
    server, broker = os.environ["DATABASE_URL"], os.environ["REDIS_URL"]
    parts = urlsplit(server)
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "DEBUG": "1", "SEEDING_ENABLED": "1",
        "ALLOWED_HOSTS": "casino.test,localhost,127.0.0.1", "PYTHONUNBUFFERED": "1", "TRUSTED_PROXY_COUNT": "1",
        "DATABASE_URL": urlunsplit(parts._replace(path=f"/{database}")),
        "REDIS_URL": urlunsplit(urlsplit(broker)._replace(path="/15")), **SECRETS,
    }  # fmt: skip
    with ExitStack() as stack:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {database}")
        stack.callback(_drop, server, database)
        made = Containers(copy_of_the_image(folder), environment)
        stack.callback(lambda: [made.stop(service) for service in list(made.processes)])
        yield made


def _drop(server: str, database: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {database} WITH (FORCE)")
