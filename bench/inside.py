"""A benchmark inside one process: servers of its own, a migrated and seeded database, and Django set up on them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def seeded_database(**environment: str) -> Iterator[None]:
    """Start throw-away PostgreSQL and Valkey, tell Django of them, migrate and seed; stop them."""
    from casino import embedded

    with embedded.throwaway() as urls:
        os.environ |= {
            "DATABASE_URL": urls.database_url, "REDIS_URL": urls.redis_url, "DEBUG": "1", "LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "casino.settings", "SEEDING_ENABLED": "1", **environment,
        }  # fmt: skip
        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        call_command("seed_database", verbosity=0)
        settings.DEBUG = False  # Django would keep every statement
        yield
