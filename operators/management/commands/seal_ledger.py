"""``manage.py seal_ledger``: seal now what the task seals every minute, and print the chain's head."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from operators import seals


class Command(BaseCommand):
    help = "Seal the transfers and bets that can change no more; useful before a backup, and first over a large ledger."

    def handle(self, *args: Any, **options: Any) -> None:
        sealed = seals.seal(timezone.now())
        self.stdout.write(f"{sealed} rows sealed; head: {seals.head() or 'none'}")
