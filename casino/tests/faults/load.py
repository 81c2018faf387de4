"""A load that remembers: players who bet at a steady rate, and what became of every request they sent.

A request is ``ok`` (acknowledged), ``refused`` (a 4xx: it must have moved nothing) or ``unknown`` (no answer, or a 5xx:
it happened or it did not, and the same key will tell). What is asked depends on the seed and the player's number alone.
"""

import contextlib
import hashlib
import json
import os
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

import requests

from casino.tests.running import Caller, fund, pay

OK, REFUSED, UNKNOWN = "ok", "refused", "unknown"
FUNDS = Decimal("4000.00")
DEPOSIT = Decimal("3.00")
DEPOSITS = 5
WITHDRAWAL = Decimal("10.00")
# What wagers a deposit in few bets and loses little of it: 97 numbers of a hundred win.
WAGERING = {"game_id": "percentile", "wager": "100.00", "selections": [{"on": "under:97", "stake": "100.00"}]}
TIMEOUT_SECONDS = 10


def seed_of_run() -> int:
    """FAULT_SEED, or a new one; printed, so that the run can be repeated."""
    seed = int(os.environ.get("FAULT_SEED") or secrets.randbelow(10**9))
    print(f"FAULT_SEED={seed}")
    return seed


@dataclass(frozen=True, slots=True)
class Sent:
    """One request and what became of it; moments are of the monotonic clock, ``gain`` is what it did to real money."""

    kind: str
    key: str
    body: Mapping[str, Any]
    sent_at: float
    ended_at: float
    outcome: str
    status: int
    code: str = ""
    bet_id: str = ""
    digest: bytes = b""
    gain: Decimal = Decimal(0)
    is_replay: bool = False


@dataclass
class Player:
    """A connection that bets one bet after the other, and remembers them in ``sent``."""

    caller: Caller
    user: Mapping[str, Any]
    number: int
    chance: random.Random
    deposits: list[dict[str, Any]]
    # The share of requests that take money out: a withdrawal, and then its cancellation, in turn.
    withdrawals: float = 0.0
    open_withdrawal: str = ""
    sent: list[Sent] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def play(self, is_over: threading.Event, pause_seconds: float) -> None:
        """Ask for something every ``pause_seconds``, or as soon as the last answer has come, until it is over."""
        due = time.monotonic()
        while not is_over.is_set():
            due = max(due + pause_seconds, time.monotonic())
            one = self.ask(*self._next())
            self.remember(one)
            is_over.wait(max(0.0, due - time.monotonic()))

    def remember(self, one: Sent) -> None:
        self.sent.append(one)
        self.counts[one.outcome] += 1
        if one.kind in ("withdrawal", "cancel") and one.outcome == OK:
            self.open_withdrawal = one.bet_id if one.kind == "withdrawal" else ""
        elif one.kind in ("withdrawal", "cancel") and one.code != "wagering_incomplete":
            # Nobody knows whether one is open now, or there may be no more today.
            self.withdrawals = 0.0

    def wager_deposit(self) -> None:
        """Bet as much as was deposited, so that money may be taken out."""
        due = FUNDS
        while due > 0:
            one = self.ask("bet", f"load-{self.number}-wagering-{due:.0f}-{self.chance.getrandbits(32):08x}", WAGERING)
            if one.status == 429:
                time.sleep(0.3)
                continue
            assert one.outcome == OK, one
            self.remember(one)
            due -= Decimal(WAGERING["wager"])

    def ask(self, kind: str, key: str, body: Mapping[str, Any]) -> Sent:
        """Send one request, the same for the same arguments."""
        began = time.monotonic()
        try:
            if kind == "deposit":
                answer = pay(self.caller, dict(body), event_id=key)
            elif kind == "cancel":
                answer = self.caller.call("POST", f"/withdrawals/{body['id']}/cancel")
            else:
                path = "/withdrawals" if kind == "withdrawal" else "/bets"
                answer = self.caller.call("POST", path, body, **{"Idempotency-Key": key})
            document = answer.json()
        except requests.RequestException:
            return Sent(kind, key, body, began, time.monotonic(), UNKNOWN, 0)
        status, ended = answer.status_code, time.monotonic()
        if status >= 300:
            outcome = REFUSED if status < 500 else UNKNOWN
            return Sent(kind, key, body, began, ended, outcome, status, document.get("code", ""))
        if kind == "deposit":
            return Sent(kind, key, body, began, ended, OK, status, gain=Decimal(body["amount"]))
        is_replay = answer.headers.get("Idempotency-Replayed") == "true"
        if kind in ("withdrawal", "cancel"):
            gain = WITHDRAWAL if kind == "cancel" else -WITHDRAWAL
            return Sent(kind, key, body, began, ended, OK, status, "", document["id"], b"", gain, is_replay)
        real = document["balances"]["real"]
        gain = Decimal(real["after"]) - Decimal(real["before"])
        return Sent(kind, key, body, began, ended, OK, status, "", document["id"], digest(document), gain, is_replay)

    def _next(self) -> tuple[str, str, Mapping[str, Any]]:
        key = f"load-{self.number}-{len(self.sent)}-{self.chance.getrandbits(32):08x}"
        fate = self.chance.random()
        if fate < 0.01 and self.deposits:
            return "deposit", f"evt_{self.user['id']}_{key}", self.deposits.pop()
        if fate < 0.03:
            return "refusable", key, _bet("percentile", "100000.00")
        if fate > 1 - self.withdrawals:
            return self._money_out(key)
        return "bet", key, _bet("orchard-sevens" if fate < 0.50 else "percentile", f"0.{self.chance.randint(1, 5)}0")

    def _money_out(self, key: str) -> tuple[str, str, Mapping[str, Any]]:
        if self.open_withdrawal:
            return "cancel", key, {"id": self.open_withdrawal}
        destination = {"account": f"people-{self.number}"}
        body = {"amount": str(WITHDRAWAL), "method": "bank_transfer", "destination": destination}
        return "withdrawal", key, {**body, "waive_bonuses": True}


def digest(document: Mapping[str, Any]) -> bytes:
    """What tells one answer from another: SHA-256 of its canonical JSON."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).digest()


@lru_cache
def _bet(game: str, wager: str) -> Mapping[str, Any]:
    chips = {"selections": [{"on": "under:50", "stake": wager}]} if game == "percentile" else {}
    return {"game_id": game, "wager": wager, **chips}


class Load:
    """``connections`` players, each with money and deposits to come, betting ``per_second`` in all.

    ``withdrawals`` is the share of their requests that take money out; ``bets_url`` serves bets where ``url`` does not.
    """

    def __init__(
        self, url: str, seed: int, *, connections: int = 8, per_second: float = 80.0, withdrawals: float = 0.0,
        bets_url: str = "",
    ) -> None:  # fmt: skip
        self.url, self.bets_url, self.seed, self.withdrawals = url, bets_url, seed, withdrawals
        self.per_second, self.began_at = per_second, 0.0
        self.players = [self._arrive(number) for number in range(connections)]
        self._is_over = threading.Event()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """The players play until the end of the block, and have all their answers then."""
        self._is_over.clear()
        self.began_at = time.monotonic()
        pause = len(self.players) / self.per_second
        threads = [threading.Thread(target=one.play, args=(self._is_over, pause), daemon=True) for one in self.players]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            for thread in threads:
                thread.join(TIMEOUT_SECONDS + 60)

    @property
    def sent(self) -> list[Sent]:
        """All that was asked so far, by anybody."""
        return [one for player in self.players for one in list(player.sent)]

    @property
    def counts(self) -> Counter[str]:
        """How many requests had which outcome."""
        return sum((player.counts for player in self.players), Counter())

    def rate(self, since: float, until: float) -> float:
        """Acknowledged requests a second between two moments of the monotonic clock."""
        ended = (one for player in self.players for one in _since(player.sent, since) if one.outcome == OK)
        return sum(one.ended_at < until for one in ended) / (until - since)

    def recovered_after(self, moment: float, wanted: float, patience_seconds: float) -> float | None:
        """Wait until a window of two seconds that begins after ``moment`` has the ``wanted`` rate.

        Answers how many seconds after ``moment`` that window began; None when patience ended first.
        """
        start = moment
        while start - moment < patience_seconds:
            time.sleep(max(0.0, start + 2 - time.monotonic()))
            if self.rate(start, start + 2) >= wanted:
                return start - moment
            start += 0.25
        return None

    def _arrive(self, number: int) -> Player:
        caller = Caller(self.url, timeout_seconds=TIMEOUT_SECONDS, bets_url=self.bets_url)
        user = caller.register(("aurora", "borealis", "cascade")[number % 3])
        fund(caller, str(FUNDS))
        asked = [{"amount": str(DEPOSIT), "method": "generic"}] * DEPOSITS
        deposits = [caller.call("POST", "/deposits", body).json() for body in asked]
        player = Player(caller, user, number, random.Random(f"{self.seed}:{number}"), deposits, self.withdrawals)
        if self.withdrawals:
            player.wager_deposit()
        return player


def _since(sent: list[Sent], moment: float) -> Iterator[Sent]:
    """What had its answer at the moment or later: the end of the list, for a player has one request out at a time."""
    for place in range(len(sent) - 1, -1, -1):
        if sent[place].ended_at < moment:
            return
        yield sent[place]
