"""The supervisor: starts children in order, brings dead ones back, stops all of them in reverse order.

Knows processes, not what they do: which children make up the casino is said in casino.stack. No Django here.
"""

import contextlib
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from casino.embedded import processes

READY_SECONDS = 60.0
POLL_SECONDS = 0.1
DEATHS_ALLOWED = 5
DEATHS_WITHIN_SECONDS = 30.0
FIRST_DELAY_SECONDS = 0.5
LOG_BYTES = 5_000_000


class StackError(RuntimeError):
    """The stack cannot start or go on; the message is for a person."""


class StopRequested(Exception):
    """Somebody asked for a stop while the stack was still starting."""


@dataclass(frozen=True)
class Child:
    """A process to keep running.

    ``refusal`` says why it is not ready yet ("" when it is); ``clean`` removes what a killed one leaves behind.
    """

    name: str
    spawn: Callable[[IO[bytes]], subprocess.Popen[bytes]]
    refusal: Callable[[], str]
    clean: Callable[[], object] = lambda: None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0


@dataclass
class Watched:
    """A child and what became of it; ``process`` is None between a death and the next start."""

    child: Child
    log_file: Path
    process: subprocess.Popen[bytes] | None = None
    is_ready: bool = False
    began_at: float = 0.0
    restart_at: float = 0.0
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=DEATHS_ALLOWED))

    def spawn(self) -> None:
        """Start the process, its output at the end of the log."""
        self.began_at, self.is_ready = time.monotonic(), False
        with open_log(self.log_file) as log:
            self.process = self.child.spawn(log)

    @property
    def age_seconds(self) -> float:
        """Since the last start."""
        return time.monotonic() - self.began_at

    def end(self) -> None:
        """Stop the process with its whole group."""
        if self.process is not None:
            processes.end(self.process, self.child.stop_signal, self.child.stop_seconds)
            self.process = None
        self.child.clean()


class Supervisor:
    """Runs children; ``report`` gets lines for a person, ``publish`` the pids by name after each change."""

    def __init__(self, logs: Path, report: Callable[[str], None]) -> None:
        self.logs = logs
        self.publish: Callable[[Mapping[str, int]], None] = lambda _pids: None
        self.watched: list[Watched] = []
        self._report = report
        self._is_stopping = False

    def request_stop(self, *_: object) -> None:
        """Make ``start``, ``run`` and ``watch`` give up soon; fit to be a signal handler."""
        self._is_stopping = True

    def start(self, *children: Child) -> None:
        """Start the children in this order and return when all of them are ready; raises StackError, StopRequested."""
        newcomers = [Watched(child, self.logs / f"{child.name}.log") for child in children]
        for one in newcomers:
            self.watched.append(one)
            one.spawn()
            self._publish_pids()
        while waiting := [one for one in newcomers if not one.is_ready]:
            self._pause()
            for one in waiting:
                self._await_first(one)

    def run(self, name: str, command: list[str], environment: Mapping[str, str], folder: Path) -> None:
        """Run a command to its end; raises StackError with the tail of its log when it fails, StopRequested."""
        began, log_file = time.monotonic(), self.logs / f"{name}.log"
        with open_log(log_file) as log:
            process = spawn(command, environment, folder, log)
        try:
            while process.poll() is None:
                self._pause()
        finally:
            processes.end(process, signal.SIGTERM, 5)
        if process.returncode != 0:
            raise StackError(f"{name} failed, see {log_file}:\n{processes.tail(log_file)}")
        self._report(f"  {name:<9} done   {time.monotonic() - began:5.1f} s")

    def watch(self) -> None:
        """Keep the children running until a stop is asked for; raises StackError when one keeps dying."""
        with contextlib.suppress(StopRequested):
            while True:
                for one in self.watched:
                    self._look_after(one)
                self._pause()

    def stop(self) -> None:
        """Stop all children, the last started first."""
        for one in reversed(self.watched):
            one.end()
        self.watched.clear()

    def _await_first(self, one: Watched) -> None:
        child, process = one.child, one.process
        refusal = child.refusal()
        if process is None or process.poll() is not None:
            raise StackError(
                f"{child.name} stopped while starting, see {one.log_file}:\n{processes.tail(one.log_file)}"
            )
        if refusal and one.age_seconds > READY_SECONDS:
            raise StackError(f"{child.name} was not ready after {READY_SECONDS:.0f} s ({refusal}), see {one.log_file}")
        if not refusal:
            one.is_ready = True
            self._report(f"  {child.name:<9} ready  {one.age_seconds:5.1f} s")

    def _look_after(self, one: Watched) -> None:
        """One look at one child: note its death, start it again when its time has come, note that it is back."""
        if one.process is None:
            if time.monotonic() >= one.restart_at:
                one.spawn()
                self._publish_pids()
        elif one.process.poll() is not None:
            self._bury(one, _cause(one.process.returncode))
        elif not one.is_ready:
            if not one.child.refusal():
                one.is_ready = True
                self._report(f"{one.child.name} is back after {one.age_seconds:.1f} s")
            elif one.age_seconds > READY_SECONDS:
                self._bury(one, f"was not ready after {READY_SECONDS:.0f} s")

    def _bury(self, one: Watched, cause: str) -> None:
        one.end()
        self._publish_pids()
        now = time.monotonic()
        one.deaths.append(now)
        recent = sum(death > now - DEATHS_WITHIN_SECONDS for death in one.deaths)
        if recent >= DEATHS_ALLOWED:
            raise StackError(
                f"{one.child.name} {cause}, for the {DEATHS_ALLOWED}th time in {DEATHS_WITHIN_SECONDS:.0f} s; "
                f"the stack stops. The end of {one.log_file}:\n{processes.tail(one.log_file)}"
            )
        # At once the first time, then after 0.5, 1 and 2 s: a child that fails at its start must not spin.
        delay_seconds = 0.0 if recent == 1 else FIRST_DELAY_SECONDS * 2 ** (recent - 2)
        one.restart_at = now + delay_seconds
        self._report(
            f"{one.child.name} {cause}; it is started again" + (f" in {delay_seconds:g} s" if delay_seconds else "")
        )

    def _publish_pids(self) -> None:
        self.publish({one.child.name: one.process.pid for one in self.watched if one.process is not None})

    def _pause(self) -> None:
        if self._is_stopping:
            raise StopRequested
        time.sleep(POLL_SECONDS)


def spawn(command: list[str], environment: Mapping[str, str], folder: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a command in a process group of its own: the terminal's Ctrl-C reaches the supervisor alone."""
    return subprocess.Popen(
        command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
    )


@contextlib.contextmanager
def open_log(log_file: Path) -> Iterator[IO[bytes]]:
    """A log to append to; a long one is put aside first, so that two are kept at most."""
    log_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if log_file.exists() and log_file.stat().st_size > LOG_BYTES:
        log_file.replace(log_file.with_suffix(".log.1"))
    with log_file.open("ab") as log:
        yield log


def _cause(return_code: int) -> str:
    if return_code < 0:
        return f"was killed by {signal.Signals(-return_code).name}"
    return f"stopped by itself (exit code {return_code})"
