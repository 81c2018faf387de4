"""``manage.py verify_bet <id>``: draw a stored bet anew from its seeds, revealed or not, and compare."""

import json
from argparse import ArgumentParser
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from betting.fairness import NotProvable, prove_bet
from betting.models import Bet


class Command(BaseCommand):
    help = "Recompute a bet from its seeds. Exit code 0: it agrees; 1: it differs; 2: it cannot be recomputed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("bet", type=UUID, help="the bet's id")

    def handle(self, *args: Any, **options: Any) -> None:
        verifier = load_verifier()
        bet = Bet.objects.with_proof().filter(pk=options["bet"]).first()
        if bet is None:
            raise CommandError(f"There is no bet {options['bet']}.", returncode=verifier.UNVERIFIABLE)
        try:
            proof = json.dumps(prove_bet(bet, for_the_house=True))
        except NotProvable as refusal:
            raise CommandError(refusal.detail, returncode=verifier.UNVERIFIABLE) from None
        code, sentence = verifier.judge(proof)
        if code != verifier.AGREES:
            raise CommandError(sentence, returncode=code)
        self.stdout.write(sentence)


@cache
def load_verifier() -> Any:
    """The program that players check their bets with; a file of its own, which knows nothing of this project."""
    spec = spec_from_file_location("verify_bet", settings.BASE_DIR / "tools" / "verify_bet.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
