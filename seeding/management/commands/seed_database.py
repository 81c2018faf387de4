"""manage.py seed_database: the demo's brands, people, games and money, and a past on request."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.table import Table

from casino.errors import Refusal
from seeding.cast import logins
from seeding.console import console_of, watching
from seeding.foreground import play_history
from seeding.models import Run
from seeding.runs import new_seed, open_history, parse_history
from seeding.services import Summary, is_empty, rehearse_database, seed_database

INTERRUPTED = 130


class Command(BaseCommand):
    help = "Fill the database with demo operators, staff, players with money, and games. A second run adds nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="do nothing when anybody has moved in")
        parser.add_argument("--logins", action="store_true", help="only print the demo logins")
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be made")
        parser.add_argument("--seed", help="what the past is drawn by")
        parser.add_argument("--history-days", help="bots also play so many days of the past, once")
        parser.add_argument("--history-bets", help="how many actions the past has; 1,000 a day by default")

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed, and say what was made."""
        console, is_quiet = console_of(self.stdout), options["json"] or not options["verbosity"]
        if options["logins"]:
            _print_logins(console)
            return
        if options["if_empty"] and not is_empty():
            return
        try:
            past = parse_history(options["history_days"], options["history_bets"], options["seed"])
            summary = rehearse_database() if options["dry_run"] else seed_database()
            runs = self._play(console, past, is_quiet=is_quiet) if past and not options["dry_run"] else []
        except Refusal as refusal:
            raise CommandError("; ".join(error["detail"] for error in refusal.errors) or refusal.detail) from None
        if options["json"]:
            self.stdout.write(json.dumps(_document(summary, runs, is_rehearsal=options["dry_run"])))
        elif options["verbosity"]:
            _print_summary(console, summary, runs, is_rehearsal=options["dry_run"])
            if not options["dry_run"]:
                _print_logins(console)
                _print_next(console)

    def _play(self, console: Console, past: tuple[int, int, int | None], *, is_quiet: bool) -> list[Run]:
        """Play the past, or what is left of it; an interrupt leaves it to be taken up again."""
        days, bets, seed = past
        runs = open_history(days, bets, new_seed() if seed is None else seed, timezone.now())
        try:
            with watching(console, f"{days} days of the past", is_quiet=is_quiet) as watch:
                return play_history(runs, watch)
        except KeyboardInterrupt:
            self.stderr.write("Interrupted; the same command goes on where the past was left.")
            raise SystemExit(INTERRUPTED) from None


def _document(summary: Summary, runs: list[Run], *, is_rehearsal: bool) -> dict[str, Any]:
    document: dict[str, Any] = {"created": summary.created, "existing": summary.existing}
    if runs:
        document["history"] = [{"id": str(run.pk), "status": run.status, "report": run.report} for run in runs]
    return document | ({"dry_run": True} if is_rehearsal else {})


def _print_summary(console: Console, summary: Summary, runs: list[Run], *, is_rehearsal: bool) -> None:
    title = "Demo data: a rehearsal, nothing is kept" if is_rehearsal else "Demo data"
    table = Table("", "created", "existing", title=title)
    for kind in sorted(summary.created.keys() | summary.existing.keys()):
        table.add_row(kind, str(summary.created[kind]), str(summary.existing[kind]))
    for run in runs:
        report = run.report or {}
        table.add_row(f"past, seed {run.seed}", f"{report['bets']} bets", f"{report['deposits']} deposits")
    console.print(table)


def _print_logins(console: Console) -> None:
    table = Table("login", "e-mail", title=f"Demo logins (password: {settings.DEMO_PASSWORD})")
    for what, email in logins():
        table.add_row(what, email)
    console.print(table)


def _print_next(console: Console) -> None:
    base = f"http://127.0.0.1:{settings.PORT}"
    table = Table("", "", title="Where to go from here", show_header=False)
    table.add_row("back office", f"{base}/backoffice/")
    table.add_row("API docs", f"{base}/docs")
    table.add_row("let bots play", "manage.py simulate --duration 1 --intensity medium")
    table.add_row("give it a past", "manage.py seed_database --history-days 30")
    table.add_row("prove the books", "manage.py audit_ledger")
    console.print(table)
