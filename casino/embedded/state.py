"""The state file of a running stack: its URLs and processes, for the owner's other shells and for the next start."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from casino.embedded.processes import began_at

STATE_FILE = "stack.json"


@dataclass(frozen=True)
class Urls:
    """Where the two servers listen, passwords included."""

    database_url: str
    redis_url: str


@dataclass(frozen=True)
class State:
    """What the file says: URLs, and each process by name with the moment it began (a pid alone may be reused)."""

    urls: Urls
    pids: Mapping[str, int]
    began: Mapping[str, str]

    def is_running(self, name: str) -> bool:
        """Whether the process recorded under ``name`` runs now, and is not another one with its pid."""
        began = self.began.get(name, "")
        return began != "" and began_at(self.pids[name]) == began

    def is_ours(self, name: str) -> bool:
        """Whether the group led by ``name`` may be signalled: no other process has got the leader's pid since."""
        return began_at(self.pids[name]) in ("", self.began.get(name, ""))


def write_state(home: Path, urls: Urls, pids: Mapping[str, int]) -> None:
    """Replace the state file of ``home``; only its owner can read it."""
    content = {
        "database_url": urls.database_url,
        "redis_url": urls.redis_url,
        "pids": dict(pids),
        "began": {name: began_at(pid) for name, pid in pids.items()},
    }
    fresh = home / f"{STATE_FILE}.new"
    fresh.unlink(missing_ok=True)
    write_secret(fresh, json.dumps(content, indent=1) + "\n")
    fresh.replace(home / STATE_FILE)


def read_state(home: Path) -> State | None:
    """What the state file of ``home`` says, or None where there is none to read."""
    try:
        content = json.loads((home / STATE_FILE).read_text())
        return State(Urls(content["database_url"], content["redis_url"]), content["pids"], content["began"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget_state(home: Path) -> None:
    """The stack of ``home`` is stopped."""
    (home / STATE_FILE).unlink(missing_ok=True)


def write_secret(path: Path, text: str) -> None:
    """Write a new file that nobody but its owner could read at any moment."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
