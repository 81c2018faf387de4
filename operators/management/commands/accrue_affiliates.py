"""``manage.py accrue_affiliates [--date DAY]``: accrue the affiliates' weeks, as the task does."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from casino.errors import Refusal
from operators.affiliates import accrue_affiliates


class Command(BaseCommand):
    help = "Accrue every affiliate up to the last whole week before a day. No week is accrued twice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--date", type=date.fromisoformat, help="run as if it were this day (default: today)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = accrue_affiliates(options["date"])
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        self.stdout.write(f"Up to the week of {run.week}: {run.accrued} statements written, {run.failed} failed")
        if run.failed:
            raise CommandError("Some affiliates failed; the log says why. They stay due.")
