"""The embedded PostgreSQL 18 and Valkey 9, for a machine that has no servers: from the wheels, without an account.

Owns the servers' data folders and configuration, and the state file through which another shell finds a running stack
by its CASINO_HOME. Imports nothing of the rest of the project.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from casino.embedded.postgres import Postgres
from casino.embedded.processes import end
from casino.embedded.server import EmbeddedError, Server, running
from casino.embedded.state import State, Urls, forget_state, read_state, write_state
from casino.embedded.throwaways import guarded
from casino.embedded.valkey import Valkey

__all__ = [
    "EmbeddedError",
    "Postgres",
    "Server",
    "State",
    "Urls",
    "Valkey",
    "end",
    "find",
    "forget_state",
    "read_state",
    "running",
    "throwaway",
    "write_state",
]


def find(home: Path) -> Urls | None:
    """The URLs of the stack that is running in ``home`` now, or None."""
    state = read_state(home)
    return state.urls if state is not None and state.is_running("supervisor") else None


@contextlib.contextmanager
def throwaway() -> Iterator[Urls]:
    """Both servers in a temporary folder, for one test run; nothing is left, even if this process is killed."""
    folder = Path(tempfile.mkdtemp(prefix="casino-"))
    folder.chmod(0o711)  # where root runs PostgreSQL under another account, that account must get to its own folder
    with contextlib.ExitStack() as stack:
        stack.enter_context(guarded(folder))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        postgres, valkey = Postgres(folder / "postgres", throwaway=True), Valkey(folder / "valkey")
        stack.enter_context(running(valkey, folder / "valkey.log"))
        stack.enter_context(running(postgres, folder / "postgres.log"))
        yield Urls(postgres.url, valkey.url)
