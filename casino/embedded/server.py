"""What the embedded servers have in common: prepared, spawned in the foreground, awaited, evicted, stopped."""

import contextlib
import importlib.util
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import IO, ClassVar

from casino.embedded.processes import end, free_port, send, tail, wait_until, workers_in

READY_SECONDS = 60.0
STOP_SECONDS = 30.0


class EmbeddedError(RuntimeError):
    """A server cannot be prepared or started; the message is for a person."""


class Server(ABC):
    """A server with a folder of its own; its port and password stay the same for as long as this object lives."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    programs: ClassVar[frozenset[str]]

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.port = free_port()

    @property
    @abstractmethod
    def url(self) -> str:
        """How a client reaches the server, password included."""

    @property
    @abstractmethod
    def pid_file(self) -> Path:
        """In the server's working folder; its first line is the pid of the server."""

    @property
    @abstractmethod
    def command(self) -> list[str]:
        """The command line that runs the server in the foreground."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the folder ready for a start, and stop a server that a killed stack left running in it."""

    @abstractmethod
    def spawn(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start the server in the foreground and in its own process group, writing to ``log``."""

    @abstractmethod
    def refusal(self) -> str:
        """Why a client with the password gets no answer yet, or "" when it does."""

    def wait_ready(self, process: subprocess.Popen[bytes], log_file: Path) -> None:
        """Return when the server answers; raise EmbeddedError when it stops or stays silent."""
        deadline = time.monotonic() + READY_SECONDS
        while refusal := self.refusal():
            if process.poll() is not None:
                raise EmbeddedError(f"{self.name} stopped while starting, see {log_file}:\n{tail(log_file)}")
            if time.monotonic() > deadline:
                raise EmbeddedError(f"{self.name} did not answer in {READY_SECONDS:.0f} s ({refusal}), see {log_file}")
            time.sleep(0.02)

    def evict(self) -> bool:
        """Stop what still runs in the folder: an unwatched server, or the children of a killed one; True if any."""
        leader, crowd = _first_number(self.pid_file), self._inhabitants()
        if leader in crowd:
            send(leader, self.stop_signal)
            wait_until(lambda: not self._inhabitants(), STOP_SECONDS)
        for pid in self._inhabitants():
            send(pid, signal.SIGKILL)
        wait_until(lambda: not self._inhabitants(), STOP_SECONDS)
        # The number in a stale file may by now be somebody else's, and PostgreSQL would refuse to start over it.
        self.pid_file.unlink(missing_ok=True)
        return bool(crowd)

    def _inhabitants(self) -> set[int]:
        return workers_in(self.pid_file.parent, self.programs, _first_number(self.pid_file))


@contextlib.contextmanager
def running(server: Server, log_file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Prepare and start ``server``, wait until it answers, and stop it at the end."""
    server.prepare()
    with log_file.open("ab") as log:
        process = server.spawn(log)
    try:
        server.wait_ready(process, log_file)
        yield process
    finally:
        end(process, server.stop_signal, STOP_SECONDS)


def package_folder(name: str) -> Path | None:
    """Where an installed package lies, without importing it."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _first_number(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
