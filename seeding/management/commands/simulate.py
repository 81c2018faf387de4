"""manage.py simulate: let bots play for a while."""

import json
from argparse import ArgumentParser
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from casino.errors import Refusal
from seeding.console import console_of, print_report, watching
from seeding.foreground import play_to_the_end
from seeding.models import Intensity
from seeding.runs import (
    RunOver,
    SimulationOrder,
    cancel_run,
    find_run,
    parse_simulation,
    run_document,
    start_simulation,
)

INTERRUPTED = 130


class Command(BaseCommand):
    help = (
        "Let bots play for DURATION minutes at an intensity (low 2, medium 10, high 50 actions a second), and report."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--duration", required=True, help="minutes; fractions are taken")
        parser.add_argument("--intensity", default=Intensity.MEDIUM.value, choices=Intensity.values)
        parser.add_argument("--seed", help="the same seed and the same outcomes give the same deeds")
        parser.add_argument("--as-fast-as-possible", action="store_true", help="keep no pace: for load")
        parser.add_argument("--json", action="store_true", help="print the run as one JSON object at the end")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be played")

    def handle(self, *args: Any, **options: Any) -> None:
        """Play a run in this process; Ctrl-C cancels it, with exit code 130."""
        if not settings.SEEDING_ENABLED:
            raise CommandError("Seeding is off: set SEEDING_ENABLED=1.")
        is_paced = not options["as_fast_as_possible"]
        try:
            order = parse_simulation(options["duration"], options["intensity"], options["seed"], is_paced=is_paced)
            if options["dry_run"]:
                self._tell_order(order, as_json=options["json"])
                return
            run = start_simulation(order, wake=lambda _: None)
        except Refusal as refusal:
            raise CommandError("; ".join(error["detail"] for error in refusal.errors) or refusal.detail) from None
        console, token, is_cancelled = console_of(self.stdout), uuid4(), False
        try:
            is_quiet = options["json"] or not options["verbosity"]
            with watching(console, f"Simulation, seed {order.seed}", is_quiet=is_quiet) as watch:
                run = play_to_the_end(run.pk, watch, token=token)
        except KeyboardInterrupt:
            is_cancelled = True
            try:
                cancel_run(run.pk, wake=lambda _: None)
            except RunOver:
                is_cancelled = False
            run = play_to_the_end(run.pk, lambda _: None, token=token)
        run = find_run(run.pk)
        if options["json"]:
            self.stdout.write(json.dumps(run_document(run)))
        elif options["verbosity"] and not is_cancelled:
            print_report(console, run)
        if is_cancelled:
            self.stderr.write(f"Cancelled after {run.actions} actions; what was done stands, and the books close.")
            raise SystemExit(INTERRUPTED)
        if run.error or not (run.report or {})["audit"]["ok"]:
            raise CommandError(run.error or "The ledger's audit found something: run audit_ledger.")

    def _tell_order(self, order: SimulationOrder, *, as_json: bool) -> None:
        """What would be played; nothing is written."""
        facts = {
            "seconds": order.seconds,
            "intensity": str(order.intensity) if order.is_paced else None,
            "actions_per_second": order.rate or None,
            "actions": order.actions,
            "bots": order.crowd,
            "seed": order.seed,
        }
        lines = (f"{name.replace('_', ' ')}: {value}" for name, value in facts.items() if value is not None)
        self.stdout.write(json.dumps(facts) if as_json else "Would play, and has written nothing: " + ", ".join(lines))
