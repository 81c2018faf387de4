"""The call to a remote random number service: one signed question and answer, within its time, behind a breaker.

The platform POSTs ``{"request_id": <32 hex characters, new each time>, "count": <n>}``; the service answers 200 with
``{"seeds": [{"seed": <64 hex characters>, "signature": <64 hex characters>}, …]}``, n of them, none twice. The i-th
signature (from 0) is HMAC-SHA256 under the shared key of ``<request_id>:<i>:<seed>``, so that an answer serves one
request only and each seed can be proved without its neighbours.

After ``FAILURES_TO_OPEN`` failures in a row a process asks a service no more for ``OPEN_SECONDS``, then with one call.
"""

import hmac
import ipaddress
import json
import logging
import re
import secrets
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from time import monotonic
from typing import Any
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from django.conf import settings

from betting.models import RngService
from betting.orders import RngUnavailable
from casino.encryption import InvalidToken, decrypt

logger = logging.getLogger(__name__)

ATTEMPTS = 2
FAILURES_TO_OPEN = 3
OPEN_SECONDS = 5.0
MOST_BYTES = 64 * 1024

_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_FAULTS = (OSError, HTTPException, ValueError, RecursionError, InvalidToken)


@dataclass(frozen=True, slots=True)
class RemoteSeed:
    """One bet's seed from the service (64 hex characters) and what it signed."""

    seed: str
    evidence: dict[str, Any]


@dataclass
class Breaker:
    """Counts failures in a row; from ``FAILURES_TO_OPEN`` on, one call each ``OPEN_SECONDS`` may try. Moments are
    seconds of a clock that never goes back."""

    failures: int = 0
    open_until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def lets_through(self, now: float) -> bool:
        """Whether a call may be made now."""
        with self.lock:
            if self.failures < FAILURES_TO_OPEN:
                return True
            if now < self.open_until:
                return False
            # The others wait for what this one finds.
            self.open_until = now + OPEN_SECONDS
            return True

    def note(self, now: float, *, is_success: bool) -> None:
        """How a call ended."""
        with self.lock:
            self.failures = 0 if is_success else self.failures + 1
            self.open_until = now + OPEN_SECONDS


# One of each service in this process; a service that moves to another address starts afresh.
_breakers: dict[tuple[UUID, str], Breaker] = {}


def ask(service: RngService, count: int) -> list[RemoteSeed]:
    """``count`` fresh seeds from the service; RngUnavailable when it does not give them. Uses no database."""
    breaker = _breakers.setdefault((service.pk, service.url), Breaker())
    if not breaker.lets_through(monotonic()):
        raise RngUnavailable
    for _ in range(ATTEMPTS):
        try:
            seeds = _request(service, count)
        except _FAULTS as fault:
            logger.warning("the random number service %s failed: %s: %s", service.pk, type(fault).__name__, fault)
        else:
            breaker.note(monotonic(), is_success=True)
            return seeds
    breaker.note(monotonic(), is_success=False)
    raise RngUnavailable


def _request(service: RngService, count: int) -> list[RemoteSeed]:
    """One attempt, which ends within the service's timeout; raises one of ``_FAULTS``."""
    key, request_id = decrypt(service.key).encode(), secrets.token_hex(16)
    seconds = service.timeout_ms / 1000
    line = _Line(urlsplit(service.url), seconds)
    body = json.dumps({"request_id": request_id, "count": count})
    try:
        answer = _within(seconds, lambda: line.post(body))
    finally:
        line.hang_up()
    return _read_seeds(answer, key, request_id, count)


def _within(seconds: float, call: Callable[[], bytes]) -> bytes:
    """What ``call`` answers within ``seconds``, or TimeoutError.

    A thread of its own, because looking a name up knows no timeout, and a socket's starts anew with every byte.
    """
    answer: Future[bytes] = Future()

    def run() -> None:
        try:
            answer.set_result(call())
        except Exception as fault:
            answer.set_exception(fault)

    threading.Thread(target=run, daemon=True).start()
    return answer.result(seconds)


class _Line(HTTPConnection):
    """A connection to one of the addresses that the URL's host has, each looked at before it is called."""

    def __init__(self, url: SplitResult, seconds: float) -> None:
        self._is_over = False
        self._path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        self._tls = ssl.create_default_context() if url.scheme == "https" else None
        super().__init__(url.hostname or "", url.port or (443 if self._tls else 80), timeout=seconds)

    def post(self, body: str) -> bytes:
        """The body of a 200; anything else, a redirect too, is a fault."""
        self.request("POST", self._path, body, {"Content-Type": "application/json", "Accept": "application/json"})
        answer = self.getresponse()
        if answer.status != 200:
            raise HTTPException(f"status {answer.status}")
        return answer.read(MOST_BYTES)

    def connect(self) -> None:
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        addresses = [str(row[4][0]) for row in found]
        if not settings.ALLOW_LOOPBACK_SERVICES and any(map(_is_ours, addresses)):
            raise OSError(f"{self.host} is an address of this machine or its network")
        self.sock = self._reach(addresses)
        if self._is_over:
            raise TimeoutError("too late")
        if self._tls is not None:
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self.host)

    def _reach(self, addresses: list[str]) -> socket.socket:
        """A connection to the first address that answers."""
        fault: OSError = OSError("the host has no address")
        for address in addresses:
            if self._is_over:
                break
            try:
                return socket.create_connection((address, self.port), self.timeout)
            except OSError as error:
                fault = error
        raise fault

    def hang_up(self) -> None:
        """End whatever still goes on."""
        self._is_over = True
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)
        self.close()


def _is_ours(address: str) -> bool:
    """Whether an address leads to this machine or its own network rather than to a service out in the world."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return not ip.is_global or ip.is_multicast


def _read_seeds(answer: bytes, key: bytes, request_id: str, count: int) -> list[RemoteSeed]:
    """The answer's seeds, all of them signed for this request; ValueError else."""
    stated = json.loads(answer)
    rows = stated.get("seeds") if isinstance(stated, dict) else None
    if not isinstance(rows, list) or len(rows) != count:
        raise ValueError(f"the answer does not hold {count} seeds")
    seeds = []
    for index, row in enumerate(rows):
        seed, signature = (row.get("seed"), row.get("signature")) if isinstance(row, dict) else (None, None)
        if not (isinstance(seed, str) and _HEX.fullmatch(seed) and isinstance(signature, str)):
            raise ValueError("a seed or its signature is malformed")
        due = hmac.digest(key, f"{request_id}:{index}:{seed}".encode(), "sha256").hex()
        if not hmac.compare_digest(due.encode(), signature.encode()):
            raise ValueError("a seed is not signed for this request")
        evidence = {"request_id": request_id, "index": index, "seed": seed, "signature": signature}
        seeds.append(RemoteSeed(seed, evidence))
    if len({seed.seed for seed in seeds}) != count:
        raise ValueError("a seed is there twice")
    return seeds
