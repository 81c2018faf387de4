"""manage.py seed_bots: more bots."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from casino.errors import Refusal
from seeding.console import console_of, watching
from seeding.foreground import play_to_the_end
from seeding.runs import parse_count, start_bots


class Command(BaseCommand):
    help = "Make COUNT more bots: seeded players with a temperament, spread over the operators, who cannot log in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--count", required=True, help="how many more")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be made")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the bots, and say how many."""
        if not settings.SEEDING_ENABLED:
            raise CommandError("Seeding is off: set SEEDING_ENABLED=1.")
        made = 0
        try:
            count = parse_count(options["count"])
            if not options["dry_run"]:
                made = self._make(count, is_quiet=options["json"] or not options["verbosity"])
        except Refusal as refusal:
            raise CommandError("; ".join(error["detail"] for error in refusal.errors) or refusal.detail) from None
        if options["json"]:
            self.stdout.write(json.dumps({"created": made}))
        elif options["verbosity"]:
            self.stdout.write(f"{made} bots made." if made else f"Would make {count} bots; nothing was written.")

    def _make(self, count: int, *, is_quiet: bool) -> int:
        run = start_bots(count, wake=lambda _: None)
        if run is None:
            return count
        with watching(console_of(self.stdout), "Bots", is_quiet=is_quiet) as watch:
            return play_to_the_end(run.pk, watch).actions
