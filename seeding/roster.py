"""The bots themselves: players who are made by the hundred, flagged as seeded, with a temperament and no password."""

from datetime import datetime

from django.db import connection, transaction
from django.db.models import Max

from betting.services import open_account
from casino.errors import Conflict
from casino.users.models import User
from operators.models import Operator
from seeding.models import OPEN, Bot
from seeding.temperaments import temperament_of

# Whoever numbers new bots holds this lock of the database's until commit.
_NUMBERING = 0x626F7473
STEP_BOTS = 100


class NoOperators(Conflict):
    """Bots need a brand to play at (409)."""

    code = "no_operators"
    detail = "No operator is open: seed the database first."


def make_bots(count: int, *, is_of_history: bool = False, since: datetime | None = None) -> list[Bot]:
    """Make ``count`` new bots, spread over the open operators; ``since`` dates the accounts of a past.

    They cannot log in. One transaction; raises NoOperators.
    """
    houses = list(Operator.objects.open().order_by("slug"))
    if not houses:
        raise NoOperators
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NUMBERING])
        last: int | None = Bot.objects.aggregate(last=Max("number"))["last"]
        first = 0 if last is None else last + 1
        players = User.objects.bulk_create(
            _player(number, houses[number % len(houses)]) for number in range(first, first + count)
        )
        for player in players:
            assert player.operator is not None
            open_account(player, player.operator)
        if since is not None:
            User.objects.filter(pk__in=[player.pk for player in players]).update(created_at=since)
        return Bot.objects.bulk_create(
            Bot(player=player, number=number, temperament=temperament_of(number), is_of_history=is_of_history)
            for number, player in enumerate(players, start=first)
        )


def gather_bots(count: int) -> list[Bot]:
    """``count`` bots who sit in no open run, lowest numbers first; new ones are made where they are too few."""
    free = Bot.objects.filter(is_of_history=False, player__is_active=True, player__operator__is_open=True)
    found = list(free.exclude(seats__run__status__in=OPEN).order_by("number")[:count])
    missing = count - len(found)
    return found + (make_bots(missing) if missing else [])


def _player(number: int, operator: Operator) -> User:
    player = User(
        email=f"bot-{number}@{operator.slug}.bots.test", username=f"bot-{number}", operator=operator, is_seeded=True
    )
    player.set_unusable_password()
    return player
