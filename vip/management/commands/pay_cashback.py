"""``manage.py pay_cashback [--date DAY]``: pay the weekly cashback, as the task does."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from casino.errors import Refusal
from vip.cashback import pay_cashback


class Command(BaseCommand):
    help = "Pay the cashback of the last whole week before a day. What was paid before is not paid again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--date", type=date.fromisoformat, help="run as if it were this day (default: today)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = pay_cashback(options["date"])
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        self.stdout.write(f"Week of {run.week}: {run.paid} paid, {run.failed} failed")
        if run.failed:
            raise CommandError("Some payments failed; the log says why. They stay due.")
