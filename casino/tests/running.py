"""A stack of the tests' own, started as a user starts it, and a player's calls to it over HTTP."""

import base64
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests

from casino.embedded.processes import free_port

PROJECT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 150
DEMO_SECRET = "ZGVtby13ZWJob29rLXNlY3JldC1mb3ItbG9jYWwtdXNlLW9ubHk="


@dataclass(frozen=True)
class Stack:
    """A running ``manage.py up``."""

    home: Path
    url: str
    process: subprocess.Popen[str]

    @property
    def state(self) -> dict[str, Any]:
        """What the stack says of itself: its servers' URLs, and its processes."""
        found: dict[str, Any] = json.loads((self.home / "stack.json").read_text())
        return found

    @property
    def pids(self) -> dict[str, int]:
        """The processes by name, as they run now."""
        found: dict[str, int] = self.state["pids"]
        return found

    def kill(self, name: str) -> None:
        """``kill -9`` the process of that name."""
        os.kill(self.pids[name], signal.SIGKILL)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command in another shell, which knows nothing but CASINO_HOME."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env=_environment(self.home, self.url),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@contextmanager
def running_stack(home: Path, environment: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """``manage.py up`` in ``home``, ready to be called; stopped as Ctrl-C stops it.

    ``environment`` is told to it besides, for example a DATABASE_URL.
    """
    url = f"http://127.0.0.1:{free_port()}"
    with (home / "up.log").open("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=PROJECT,
            env=_environment(home, url) | dict(environment or {}),
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            _wait_until_ready(process, home / "up.log", url)
            yield Stack(home, url, process)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0, (home / "up.log").read_text()


def _environment(home: Path, url: str) -> dict[str, str]:
    """This process's environment without its servers and settings."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "DEBUG")}
    return kept | {"CASINO_HOME": str(home), "PORT": url.rpartition(":")[2]}


def _wait_until_ready(process: subprocess.Popen[str], log: Path, url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while f"ready: {url}" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


class Caller:
    """A player's front end."""

    def __init__(self, url: str, token: str = "", timeout_seconds: float = 30, bets_url: str = "") -> None:
        self.url = url
        # Where bets are served by a process of their own.
        self.bets_url = bets_url or url
        self.timeout_seconds = timeout_seconds
        self.session = requests.Session()
        self.session.trust_env = False
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        url = self.bets_url if (method, path) == ("POST", "/bets") else self.url
        return self.session.request(method, url + path, json=body, headers=headers, timeout=self.timeout_seconds)

    def register(self, operator: str) -> dict[str, Any]:
        """A new player with a name of their own, logged in from now on."""
        name = f"p{uuid4().hex[:12]}"
        body = {"email": f"{name}@people.test", "username": name, "password": "correct-horse-7", "operator": operator}
        answer = self.call("POST", "/auth/register", body)
        assert answer.status_code == 201, answer.text
        self.session.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        user: dict[str, Any] = answer.json()["user"]
        return user


def pay(player: Caller, deposit: dict[str, Any], *, event_id: str | None = None) -> requests.Response:
    """What the provider sends when the money has come."""
    event_id, stamp = event_id or f"evt_{uuid4().hex}", str(int(time.time()))
    data = {"reference": deposit["reference"], "amount": deposit["amount"], "currency": deposit["currency"]}
    body = json.dumps({"type": "deposit.completed", "data": data | {"provider_reference": "bank-1"}})
    signed = hmac.digest(base64.b64decode(DEMO_SECRET), f"{event_id}.{stamp}.{body}".encode(), "sha256")
    headers = {
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
        "Content-Type": "application/json",
    }
    return requests.post(f"{player.url}/webhooks/generic", data=body, headers=headers, timeout=player.timeout_seconds)


def fund(player: Caller, amount: str) -> None:
    """Put real money into the player's wallet: a deposit, completed by its signed webhook."""
    deposit = player.call("POST", "/deposits", {"amount": amount, "method": "generic"})
    assert deposit.status_code == 201, deposit.text
    assert pay(player, deposit.json()).status_code == 200
