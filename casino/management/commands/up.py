"""``manage.py up``: the whole casino with one command."""

import os
import sys
from typing import Any

import environ
from django.conf import settings
from django.core.management import get_commands
from django.core.management.base import BaseCommand

from casino import stack
from casino.supervisor import StackError


class Command(BaseCommand):
    """Starts PostgreSQL, Valkey, web, worker and beat, and keeps them running until Ctrl-C or SIGTERM."""

    help = (
        "Start the whole casino: PostgreSQL and Valkey (embedded, unless DATABASE_URL and REDIS_URL name servers), "
        "migrations, demo data, web, worker and beat. PORT and CASINO_HOME say where."
    )
    # The database that the checks may ask for is what this command starts.
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the stack; a refusal is one sentence and exit code 1."""
        environment = {"DEBUG": "1", "SEEDING_ENABLED": "1", "PYTHONUNBUFFERED": "1", **os.environ}
        environment |= {"CASINO_HOME": str(settings.CASINO_HOME), "PORT": str(settings.PORT)}
        seeds = environ.Env.parse_value(environment["SEEDING_ENABLED"], bool) and "seed_database" in get_commands()
        jobs = {"migrate": ["migrate", "--verbosity", "0"]}
        if seeds:
            jobs["seed"] = ["seed_database", "--if-empty"]
        farewell = ["seed_database", "--logins"] if seeds else None
        try:
            stack.run(stack.Plan(settings.CASINO_HOME, settings.PORT, environment, jobs, farewell), say)
        except StackError as error:
            sys.exit(str(error))


def say(line: str) -> None:
    """Print a line at once, and go on without a reader: a closed terminal must not keep the children from stopping."""
    try:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except OSError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 -- for the rest of the process
