"""Facts about the processes and ports of this machine, and how a process is ended."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

# Below the ephemeral range: a client that retries a dead server's port there could be given that very port as its own
# source port, connect to itself, and keep the server from coming back.
PORTS = range(20000, 32000)
HAS_PROC = Path("/proc/self/stat").exists()


def free_port() -> int:
    """A loopback port nobody listens on."""
    for _ in range(100):
        # Not the global generator: test tools seed it alike in processes that run side by side.
        port = secrets.choice(PORTS)
        if is_free(port):
            return port
    raise OSError(f"no free port between {PORTS.start} and {PORTS.stop}")


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def began_at(pid: int) -> str:
    """The moment process ``pid`` began, as an opaque mark, or "" where it does not run (a zombie does not).

    Kept beside a pid it tells the process from a later one with the same number.
    """
    if not HAS_PROC:
        return _ps(pid, "lstart")
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def workers_in(folder: Path, programs: frozenset[str], leader: int | None) -> set[int]:
    """The pids of ``programs`` whose working folder is ``folder``; without /proc only the leader can be told."""
    if not HAS_PROC:
        command = _ps(leader, "command") if leader else ""
        return {leader} if leader and any(program in command for program in programs) else set()
    found, room = set(), str(folder.resolve())
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (entry / "comm").read_text().strip() in programs and os.readlink(entry / "cwd") == room:
                found.add(int(entry.name))
    return found


def send(pid: int, sign: signal.Signals) -> None:
    """Signal a process that may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, sign)


def send_group(pid: int, sign: signal.Signals) -> None:
    """Signal a process group that may be gone already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, sign)


def group_members(group: int) -> set[int]:
    """The pids of the running processes of a group; zombies that nobody reaps do not run. Without /proc, a guess."""
    if not HAS_PROC:
        return {group} if _ps(group, "pid") else set()
    members = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, _, member_of = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            if int(member_of) == group and state not in "ZX":
                members.add(int(entry.name))
    return members


def end(process: subprocess.Popen[bytes], stop_signal: signal.Signals, grace_seconds: float) -> None:
    """Ask ``process`` to stop, and kill what is left of its process group after the grace."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(stop_signal)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace_seconds)
    send_group(process.pid, signal.SIGKILL)
    process.wait()


def wait_until(condition: Callable[[], bool], timeout_seconds: float) -> bool:
    """Poll until ``condition`` holds; False when the time ran out first."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def tail(log_file: Path, lines: int = 12) -> str:
    """The last lines of a log, for a message to a person."""
    with contextlib.suppress(OSError), log_file.open("rb") as log:
        log.seek(max(0, log.seek(0, os.SEEK_END) - 8192))
        return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
    return ""


def _ps(pid: int, column: str) -> str:
    answer = subprocess.run(["ps", "-o", f"{column}=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip()
