"""After a fault: every acknowledged request is there once as it was answered, no refused one moved money, every unknown
one happened once or not at all and, sent again with its key, has happened once; the money adds up, the books close."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import psycopg

from casino.tests.faults.load import FUNDS, OK, REFUSED, UNKNOWN, WITHDRAWAL, Load, Player, Sent, digest
from casino.tests.running import Stack

REPLAY_SECONDS = 60
# Webhooks that were stored and not settled at once are settled by a task that runs every 30 s.
SWEEP_SECONDS = 45


@dataclass(frozen=True)
class Verdict:
    """How many requests ended how, and how many of the unknown ones had happened before they were sent again."""

    ok: int
    refused: int
    unknown: int
    had_happened: int

    def __str__(self) -> str:
        return (
            f"{self.ok} ok, {self.refused} refused, {self.unknown} unknown ({self.had_happened} of them had happened)"
        )


def prove(load: Load, stack: Stack, database_url: str, due_refusals: Callable[[Sent], bool]) -> Verdict:
    """Replay what is unknown and check everything that this module's first lines say; AssertionError where not.

    ``due_refusals`` says which refusals are as they should be.
    """
    undue = [one for one in load.sent if one.outcome == REFUSED and not due_refusals(one)]
    assert not undue, undue[:5]
    unknown = [(player, one) for player in load.players for one in player.sent if one.outcome == UNKNOWN]
    with psycopg.connect(database_url, autocommit=True) as database:
        before = _happened(database, load)
        assert max(before.values(), default=0) <= 1, [key for key, times in before.items() if times > 1]
        replayed = [(player, _replay(player, one, before)) for player, one in unknown]
        settled = [(player, one) for player in load.players for one in player.sent if one.outcome == OK] + [
            (player, one) for player, one in replayed if one.outcome == OK
        ]
        _await_settled(database, [one for _, one in settled])
        happened = _happened(database, load)
    # A cancellation has no key; what it did stands in the withdrawal that it names.
    keys = {one.key: 1 for _, one in settled if one.kind != "cancel"}
    assert happened == keys, _differences(happened, keys)
    for player in load.players:
        _check_player(player, [one for owner, one in settled if owner is player])
    audit = stack.manage("audit_ledger")
    assert audit.returncode == 0, audit.stdout + audit.stderr
    counts = load.counts
    return Verdict(counts[OK], counts[REFUSED], counts[UNKNOWN], sum(one.key in before for _, one in unknown))


def _happened(database: psycopg.Connection[Any], load: Load) -> Counter[str]:
    """How often each key of the players' requests moved money: rows of bets and withdrawals, credits of deposits by
    event."""
    people = [player.user["id"] for player in load.players]
    rows = database.execute(
        "SELECT idempotency_key, count(*) FROM betting_bet WHERE player_id = ANY(%s::uuid[])"
        " AND idempotency_key LIKE 'load-%%' GROUP BY 1",
        [people],
    ).fetchall()
    rows += database.execute(
        "SELECT w.idempotency_key, count(*) FROM wallets_withdrawal w"
        "  JOIN wallets_transfer t ON t.reference = w.id AND t.source = 'real' AND t.target = 'held'"
        " WHERE w.player_id = ANY(%s::uuid[]) GROUP BY 1",
        [people],
    ).fetchall()
    rows += database.execute(
        "SELECT e.event_id, count(*) FROM wallets_webhookevent e JOIN wallets_deposit d ON d.id = e.deposit_id"
        "  JOIN wallets_transfer t ON t.reference = d.id AND t.kind = 'deposit'"
        " WHERE d.player_id = ANY(%s::uuid[]) AND strpos(e.event_id, '_load-') > 0 GROUP BY 1",
        [people],
    ).fetchall()
    return Counter(dict(rows))


def _replay(player: Player, unknown: Sent, before: Counter[str]) -> Sent:
    """Send it again until it is known; what had happened answers as a replay."""
    deadline = time.monotonic() + REPLAY_SECONDS
    while (again := player.ask(unknown.kind, unknown.key, unknown.body)).outcome == UNKNOWN or again.status == 429:
        assert time.monotonic() < deadline, again
        time.sleep(0.2)
    if unknown.kind == "cancel" and again.code == "not_pending":
        return replace(again, outcome=OK, gain=WITHDRAWAL, bet_id=unknown.body["id"])
    if unknown.kind in ("bet", "cancel") or unknown.key in before:
        assert again.outcome == OK, again
    if unknown.kind in ("bet", "withdrawal"):
        assert again.is_replay or unknown.key not in before, again
    return again


def _await_settled(database: psycopg.Connection[Any], settled: Iterable[Sent]) -> None:
    """Give the sweeper its time with the acknowledged webhooks that were only stored."""
    events = [one.key for one in settled if one.kind == "deposit"]
    deadline = time.monotonic() + SWEEP_SECONDS
    waiting = "SELECT count(*) FROM wallets_webhookevent WHERE event_id = ANY(%s) AND verdict = 'stored'"
    while (row := database.execute(waiting, [events]).fetchone()) and row[0]:
        assert time.monotonic() < deadline, f"{row[0]} acknowledged webhooks are not settled"
        time.sleep(0.5)


def _check_player(player: Player, settled: list[Sent]) -> None:
    """The player's own history holds every answer to the last letter and nothing else; their money adds up."""
    answered = {one.bet_id: one.digest for one in settled if one.kind == "bet"}
    stored = {bet["id"]: digest(bet) for bet in _pages(player, "/bets?limit=100")}
    assert stored == answered, _differences(stored, answered)
    asked, cancelled = ({one.bet_id for one in settled if one.kind == kind} for kind in ("withdrawal", "cancel"))
    stands = {one["id"]: one["status"] for one in _pages(player, "/withdrawals?limit=100")}
    assert stands == {key: "cancelled" if key in cancelled else "pending" for key in asked}, player.user
    wallet = player.caller.call("GET", "/auth/user").json()["wallets"][0]
    assert Decimal(wallet["real"]) == FUNDS + sum(one.gain for one in settled), player.user


def _pages(player: Player, path: str) -> Iterable[dict[str, Any]]:
    """Every row of a list, page by page."""
    while path:
        answer = player.caller.call("GET", path)
        if answer.status_code == 429:
            time.sleep(0.5)
            continue
        page = answer.json()
        yield from page["results"]
        path = (page["next"] or "").removeprefix(player.caller.url)


def _differences(stored: Iterable[str], answered: Iterable[str]) -> str:
    return f"stored only: {sorted({*stored} - {*answered})[:5]}; answered only: {sorted({*answered} - {*stored})[:5]}"
