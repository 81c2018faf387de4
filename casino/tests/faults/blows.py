"""The faults: what is done to a running stack, each over when its function returns."""

import os
import random
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis

from casino import embedded
from casino.embedded.processes import wait_until, workers_in
from casino.tests.running import Stack

RESTART_SECONDS = 60


@dataclass(frozen=True)
class Target:
    """A stack, and where its servers are when nothing stands between."""

    stack: Stack
    database_url: str
    redis_url: str
    cluster: Path
    chance: random.Random


def target_of(stack: Stack, seed: int, database_url: str = "") -> Target:
    """The running stack with its embedded servers; ``database_url`` where the stack's own leads through a proxy."""
    state = stack.state
    cluster = embedded.Postgres(stack.home / "postgres").cluster
    chance = random.Random(f"{seed}:faults")
    return Target(stack, database_url or state["database_url"], state["redis_url"], cluster, chance)


def kill(name: str) -> Callable[[Target], None]:
    """``kill -9`` of a process; the supervisor starts another."""

    def blow(target: Target) -> None:
        killed = target.stack.pids[name]
        os.kill(killed, signal.SIGKILL)
        assert wait_until(lambda: target.stack.pids.get(name) not in (killed, None), RESTART_SECONDS)

    return blow


def flush_redis(target: Target) -> None:
    """Forget every session, counter, feed and queue that Redis holds."""
    with redis.Redis.from_url(target.redis_url) as server:
        server.flushall()


def terminate_backends(target: Target) -> None:
    """End every other session of PostgreSQL, twenty times within four seconds, whatever they are in the middle of."""
    with psycopg.connect(target.database_url, autocommit=True) as database:
        for _ in range(20):
            database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                             " AND pid <> pg_backend_pid()")  # fmt: skip
            time.sleep(target.chance.uniform(0.05, 0.35))


def terminate_in_commit(target: Target) -> None:
    """End sessions of PostgreSQL that are just committing, as soon as one is seen, for four seconds."""
    committing = (
        "state = 'active' AND datname = current_database() AND pid <> pg_backend_pid() AND query ILIKE 'commit%'"
    )
    hits = 0
    with psycopg.connect(target.database_url, autocommit=True) as database:
        until = time.monotonic() + 4
        while time.monotonic() < until:
            hit = database.execute(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {committing}"
            ).rowcount
            hits += hit
            time.sleep(0.3 if hit else 0.001)
    print(f"{hits} sessions ended in their commit", end="; ")
    assert hits, "no session was seen committing"


def pause_postgres(seconds: float) -> Callable[[Target], None]:
    """Stop every process of PostgreSQL, and let them go on."""

    def blow(target: Target) -> None:
        stopped = workers_in(target.cluster, frozenset({"postgres"}), None)
        assert stopped, target.cluster
        _pause(stopped, seconds)

    return blow


def pause_valkey(seconds: float) -> Callable[[Target], None]:
    """Stop Valkey, and let it go on."""
    return lambda target: _pause({target.stack.pids["valkey"]}, seconds)


def _pause(pids: set[int], seconds: float) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


FAULTS: Mapping[str, Callable[[Target], None]] = {
    "web killed": kill("web"),
    "worker killed": kill("worker"),
    "beat killed": kill("beat"),
    "PostgreSQL killed": kill("postgres"),
    "Valkey killed": kill("valkey"),
    "Redis flushed": flush_redis,
    "backends terminated": terminate_backends,
    "backends terminated in commit": terminate_in_commit,
    "PostgreSQL paused 20 s": pause_postgres(20),
    "Valkey paused 5 s": pause_valkey(5),
}
