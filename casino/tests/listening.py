"""Feed servers of the tests' own, as they run in production and in the one-command stack, and clients that listen."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import websockets
from django.db import connection
from django.test import Client as HttpClient
from websockets.sync.client import connect

from casino.embedded.processes import free_port, wait_until
from casino.users.models import User

PROJECT = Path(__file__).resolve().parent.parent.parent
SUBPROTOCOL = "casino.v1"


@contextlib.contextmanager
def feed_server(kind: str, redis_url: str, application: str = "casino.asgi:application") -> Iterator[str]:
    """A ``daphne`` or ``granian`` process on the tests' database; yields its address without the scheme."""
    with asgi_server(kind, redis_url, application) as (at, _):
        yield at


@contextlib.contextmanager
def asgi_server(
    kind: str, redis_url: str, application: str = "casino.asgi:application"
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """A process of ``daphne``, ``granian`` or ``uvicorn`` on the tests' database; yields its address as well."""
    port = str(free_port())
    commands = {
        "daphne": ["daphne", "--bind", "127.0.0.1", "--port", port, "--verbosity", "0", application],
        "granian": ["granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", port, "--ws", application],
        "uvicorn": ["uvicorn", "--host", "127.0.0.1", "--port", port, "--ws", "none", application],
    }
    environment = os.environ | {
        "DATABASE_URL": _database_url(), "REDIS_URL": redis_url, "DEBUG": "1", "DATABASE_POOL_SIZE": "6"
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", *commands[kind]], cwd=PROJECT, env=environment)
    try:
        assert wait_until(lambda: _answers(int(port)), 60), f"{kind} does not answer"
        yield f"127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(20)


def _database_url() -> str:
    facts = connection.settings_dict
    password = f":{quote(facts['PASSWORD'])}" if facts["PASSWORD"] else ""
    host = quote(facts["HOST"], safe="")
    return f"postgresql://{facts['USER']}{password}@{host}:{facts['PORT']}/{facts['NAME']}"


def _answers(port: int) -> bool:
    import socket

    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def token_of(user: User) -> str:
    """A new session of the user's; its key is the token, and the cookie's value."""
    client = HttpClient()
    client.force_login(user)
    key: str = client.session.session_key
    return key


class Listener:
    """A client that reads when it is asked to; ``at`` is a server's address, ``origin`` its own page unless told."""

    def __init__(self, at: str, path: str, token: str = "", *, origin: str | None = "", cookie: str = "") -> None:
        self.heard: list[dict[str, Any]] = []
        self._opening = connect(
            f"ws://{at}{path}",
            origin=f"http://{at}" if origin == "" else origin,
            subprotocols=[SUBPROTOCOL, f"token.{token}"] if token else None,
            additional_headers={"Cookie": f"sessionid={cookie}"} if cookie else None,
        )

    def __enter__(self) -> "Listener":
        self.socket = self._opening.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._opening.__exit__(*error)

    def receive(self, timeout: float = 10) -> dict[str, Any]:
        """The next message; TimeoutError when there is none."""
        message: dict[str, Any] = json.loads(self.socket.recv(timeout))
        self.heard.append(message)
        return message

    def until(self, kind: str, timeout: float = 10) -> dict[str, Any]:
        """The next message of a type; what comes before it is only kept in ``heard``."""
        deadline = time.monotonic() + timeout
        while (message := self.receive(max(deadline - time.monotonic(), 0.01)))["type"] != kind:
            pass
        return message

    def send(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def closing_code(self, timeout: float = 10) -> int:
        """Read until the server ends the connection; answers how."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                self.receive(max(deadline - time.monotonic(), 0.01))
        except websockets.ConnectionClosed as error:
            return error.rcvd.code if error.rcvd else 1006


@dataclass
class Member:
    """One of a crowd: what it heard, in the order of the numbers, and how late."""

    token: str
    seq: int = 0
    first: int = 0
    snapshots: int = 0
    resumes: int = 0
    asked_until: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)
    figures: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[tuple[int, int]] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)


class Crowd:
    """Many clients in one thread that do what a front end does: count, ask for what they missed, connect again."""

    def __init__(self, at: str, path: str, tokens: list[str]) -> None:
        self.at, self.path = at, path
        self.members = [Member(token) for token in tokens]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._tasks: list[Any] = []

    def __enter__(self) -> "Crowd":
        self._thread.start()
        self._tasks = [asyncio.run_coroutine_threadsafe(self._listen(member), self._loop) for member in self.members]
        assert wait_until(lambda: all(member.snapshots for member in self.members), 60), "not everybody has a snapshot"
        return self

    def __exit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        time.sleep(0.2)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _listen(self, member: Member) -> None:
        while True:
            with contextlib.suppress(OSError, websockets.WebSocketException):
                async with websockets.connect(
                    f"ws://{self.at}{self.path}", origin=f"http://{self.at}", compression=None,
                    subprotocols=[SUBPROTOCOL, f"token.{member.token}"],
                ) as socket:  # fmt: skip
                    async for text in socket:
                        await self._hear(member, socket, text)
            await asyncio.sleep(0.5)

    async def _hear(self, member: Member, socket: Any, text: str) -> None:
        message = json.loads(text)
        if message["type"] == "snapshot":
            member.snapshots += 1
            if not member.first:
                member.first = member.seq = message["seq"]
            elif message["seq"] > member.seq:
                member.skipped.append((member.seq, message["seq"]))
                member.seq = message["seq"]
            return
        if message["type"] == "heartbeat":
            if message["seq"] > member.seq:
                await self._resume(member, socket)
            return
        if message["type"] == "pong" or message["seq"] <= member.seq:
            return
        if message["seq"] > member.seq + 1:
            await self._resume(member, socket)
            return
        member.seq = message["seq"]
        member.kinds[message["type"]] += 1
        if message["type"] == "figures.updated":
            member.figures.append(message)
        if message["at"]:
            member.delays.append(time.time() - datetime.fromisoformat(message["at"]).timestamp())

    async def _resume(self, member: Member, socket: Any) -> None:
        """Ask once; what comes before the answer is out of order and ignored."""
        if time.monotonic() > member.asked_until:
            member.asked_until = time.monotonic() + 1.0
            member.resumes += 1
            await socket.send(json.dumps({"type": "resume", "last_seq": member.seq}))
