"""``manage.py audit_ledger``: prove the books, or say which rows break which invariant."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from operators.audit import CHECKS, audit

SHOWN_IDS = 20


class Command(BaseCommand):
    help = "Check every invariant of the ledger in one snapshot. Exit code 0: all hold; 1: at least one is broken."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object with every offending id")

    def handle(self, *args: Any, **options: Any) -> None:
        broken = {breach.check: breach.ids for breach in audit()}
        if options["json"]:
            rows = [{"number": c.number, "sentence": c.sentence, "breaches": broken.get(c, [])} for c in CHECKS]
            self.stdout.write(json.dumps({"ok": not broken, "checks": rows}, indent=1))
        else:
            for check in CHECKS:
                self._tell(check.number, check.sentence, broken.get(check, []))
            self.stdout.write(f"{len(CHECKS)} checks, {len(broken)} broken")
        if broken:
            raise SystemExit(1)

    def _tell(self, number: int, sentence: str, ids: list[str]) -> None:
        if not ids:
            self.stdout.write(f"{number:>3}  ok      {sentence}")
            return
        more = f" and {len(ids) - SHOWN_IDS} more" if len(ids) > SHOWN_IDS else ""
        self.stdout.write(f"{number:>3}  BROKEN  {sentence}: {', '.join(ids[:SHOWN_IDS])}{more}")
