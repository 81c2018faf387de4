"""One view of the database for everything that a report or an audit reads, however many statements that takes.

Reports may read a replica (``REPLICA_URL``), and say then as of when; audits, live figures and whatever decides about
money read the primary.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, transaction

from wallets.documents import format_moment

REPLICA = "replica"
_reading_from: ContextVar[str] = ContextVar("reading_from", default=DEFAULT_DB_ALIAS)
# Unknown (null) on a replica that has replayed nothing since it started.
_AS_OF = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_xact_replay_timestamp() ELSE clock_timestamp() END"


class ReplicaRouter:
    """Django's question where to read, answered for the reports; writes are nobody's here, and fail on a replica."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return reading_from()


def reports_database() -> str:
    """The alias of the database that reports read: the replica, where there is one."""
    return REPLICA if REPLICA in settings.DATABASES else DEFAULT_DB_ALIAS


def reading_from() -> str:
    """The alias of the database that is read in this context."""
    return _reading_from.get()


def as_of(alias: str) -> dict[str, Any]:
    """``{as_of}``: the replica's data are complete up to that commit; empty for the primary, which is always now.

    To be asked before the data are read, so that it never promises what they lack.
    """
    if alias == DEFAULT_DB_ALIAS:
        return {}
    with connections[alias].cursor() as cursor:
        cursor.execute(_AS_OF)
        (moment,) = cursor.fetchone()
    return {"as_of": moment and format_moment(moment)}


@contextmanager
def report_snapshot() -> Iterator[dict[str, Any]]:
    """``one_snapshot`` of the database that reports read, for all queries inside; answers ``as_of``."""
    alias = reports_database()
    told = as_of(alias)
    token = _reading_from.set(alias)
    try:
        with one_snapshot(alias):
            yield told
    finally:
        _reading_from.reset(token)


@contextmanager
def one_snapshot(alias: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """A read-only REPEATABLE READ transaction; inside a transaction of the caller's, that one's view."""
    connection = connections[alias]
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic(using=alias):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield
