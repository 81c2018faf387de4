"""``manage.py audit_ledger``: prove the books, or say which rows break which invariant."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from casino.audit import Check
from operators import seals
from operators.audit import CHECKS, audit

SHOWN_IDS = 20


class Command(BaseCommand):
    help = "Check every invariant of the ledger in one snapshot. Exit code 0: all hold; 1: at least one is broken."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object with every offending id")
        parser.add_argument("--head", metavar="NUMBER:HASH", help="a head of the seals that was kept elsewhere")

    def handle(self, *args: Any, **options: Any) -> None:
        checks = [*CHECKS, *_also(options["head"])]
        broken = {breach.check: breach.ids for breach in audit(checks[len(CHECKS) :])}
        newest = seals.head()
        if options["json"]:
            rows = [{"number": c.number, "sentence": c.sentence, "breaches": broken.get(c, [])} for c in checks]
            self.stdout.write(json.dumps({"ok": not broken, "head": newest and str(newest), "checks": rows}, indent=1))
        else:
            for check in checks:
                self._tell(check.number, check.sentence, broken.get(check, []))
            if newest is not None:
                self.stdout.write(f"Head of the seals, to be kept elsewhere: {newest}")
            self.stdout.write(f"{len(checks)} checks, {len(broken)} broken")
        if broken:
            raise SystemExit(1)

    def _tell(self, number: int, sentence: str, ids: list[str]) -> None:
        if not ids:
            self.stdout.write(f"{number:>3}  ok      {sentence}")
            return
        more = f" and {len(ids) - SHOWN_IDS} more" if len(ids) > SHOWN_IDS else ""
        self.stdout.write(f"{number:>3}  BROKEN  {sentence}: {', '.join(ids[:SHOWN_IDS])}{more}")


def _also(head: str | None) -> list[Check]:
    """The check of a head that was given."""
    try:
        return [seals.kept_head(head)] if head else []
    except ValueError as error:
        raise CommandError(f"--head: {error}") from None
