"""The audit of the whole house: every app's checks, in one snapshot of the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

import betting.audit
import vip.audit
import wallets.audit
from casino.audit import Breach, find_breaches

CHECKS = sorted([*wallets.audit.CHECKS, *vip.audit.CHECKS, *betting.audit.CHECKS], key=lambda check: check.number)


def audit() -> list[Breach]:
    """What does not hold, by number of the invariant; nothing when the books are sound."""
    with _snapshot():
        return find_breaches(CHECKS)


@contextmanager
def _snapshot() -> Iterator[None]:
    """One REPEATABLE READ view for all checks; inside a transaction of the caller's, that one's view."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield
