"""``manage.py migrate``: Django's own, one at a time for a database, and never in the way of play for long."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

# The same number in every release: two that are rolled out at once wait for each other.
MIGRATION_LOCK = 7_264_551
# A change of a table that waits for its lock makes every bet wait behind it; rather give up and be run again.
LOCK_TIMEOUT = "5s"


class Command(migrate.Command):
    """Waits until no other migration runs, then migrates; a lock on a table is awaited for five seconds at most."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate under the lock, on one session: behind a pooler of transactions, connect to PostgreSQL itself."""
        with connections[options["database"]].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
            cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        try:
            super().handle(*args, **options)
        finally:
            with connections[options["database"]].cursor() as cursor:
                cursor.execute("RESET lock_timeout")
                cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])
