"""``manage.py restore_drill``: prove that a backup can be restored, without touching the database in use."""

import os
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from casino import embedded
from casino.embedded.restore import RestoredCopy

OPEN_PAYOUTS = "SELECT reference, status FROM wallets_withdrawal WHERE status IN ('approved', 'processing') ORDER BY 1"
NEWEST = "SELECT count(*), max(created_at) FROM betting_bet"


class Command(BaseCommand):
    """Restores into a temporary folder, audits the copy, says what to compare, and throws the copy away."""

    help = (
        "Restore a base backup and its archive of WAL into a temporary copy, audit it, and remove it. "
        "Exit code 0: restored and sound. DATABASE_URL names the database and a role that the copy knows."
    )
    # Nothing is asked of the database in use, which may be gone.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--backup", type=Path, required=True, help="what pg_basebackup wrote, in plain format")
        parser.add_argument("--archive", type=Path, required=True, help="the folder that archive_command fills")
        parser.add_argument("--until", type=_moment, help="the moment to restore to (RFC 3339); else all there is")
        parser.add_argument("--head", metavar="NUMBER:HASH", help="a head of the seals that was kept elsewhere")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the drill; a restore that fails is one sentence and exit code 1."""
        with tempfile.TemporaryDirectory(prefix="casino-restore-") as name:
            home = Path(name)
            home.chmod(0o711)
            copy = RestoredCopy(
                home / "copy", options["backup"], options["archive"], settings.DATABASE_URL, options["until"]
            )
            try:
                copy.verify()
                self.stdout.write("The backup is as its manifest says.")
                began = time.monotonic()
                with embedded.running(copy, home / "copy.log"):
                    self.stdout.write(f"Restored in {time.monotonic() - began:.1f} s.")
                    self._describe(copy.url)
                    code = self._audit(copy.url, options["head"])
            except embedded.EmbeddedError as error:
                raise CommandError(str(error)) from error
        if code:
            raise SystemExit(code)

    def _describe(self, url: str) -> None:
        """What to hold against what is known elsewhere: the last bet, and the payouts that the copy believes open."""
        with psycopg.connect(url) as database:
            number, newest = database.execute(NEWEST).fetchone() or (0, None)
            payouts = database.execute(OPEN_PAYOUTS).fetchall()
        self.stdout.write(f"{number} bets, the last at {newest and newest.isoformat()}")
        self.stdout.write(f"{len(payouts)} payouts to compare with the provider before PAYOUTS_ENABLED is on again")
        for reference, status in payouts:
            self.stdout.write(f"  {reference}  {status}")

    def _audit(self, url: str, head: str | None) -> int:
        """Audit the copy in a process of its own, which knows no other database; answers its exit code."""
        command = [sys.executable, "manage.py", "audit_ledger", *(["--head", head] if head else [])]
        environment = {**os.environ, "DATABASE_URL": url, "REPLICA_URL": "", "PAYOUTS_ENABLED": "0"}
        answer = subprocess.run(
            command, env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
        )
        self.stdout.write(answer.stdout + answer.stderr)
        return answer.returncode


def _moment(text: str) -> datetime:
    moment = parse_datetime(text)
    if moment is None:
        raise ValueError(text)
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
