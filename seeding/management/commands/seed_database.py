"""manage.py seed_database: the demo's brands, people, games and money."""

import json
from argparse import ArgumentParser
from typing import IO, Any, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from casino.errors import Refusal
from seeding.cast import logins
from seeding.services import Summary, is_empty, seed_database


class Command(BaseCommand):
    help = "Fill the database with demo operators, staff, players with money, and games. A second run adds nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="do nothing when anybody has moved in")
        parser.add_argument("--logins", action="store_true", help="only print the demo logins")
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(file=cast(IO[str], self.stdout))
        if options["logins"]:
            _print_logins(console)
            return
        if options["if_empty"] and not is_empty():
            return
        try:
            summary = seed_database()
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        if options["json"]:
            self.stdout.write(json.dumps({"created": summary.created, "existing": summary.existing}))
        else:
            _print_summary(console, summary)


def _print_summary(console: Console, summary: Summary) -> None:
    table = Table("", "created", "existing", title="Demo data")
    for kind in sorted(summary.created.keys() | summary.existing.keys()):
        table.add_row(kind, str(summary.created[kind]), str(summary.existing[kind]))
    console.print(table)


def _print_logins(console: Console) -> None:
    table = Table("login", "e-mail", title=f"Demo logins (password: {settings.DEMO_PASSWORD})")
    for what, email in logins():
        table.add_row(what, email)
    console.print(table)
