"""The seats of a run's bots: whose turn it is, and their moods, read and written as sets."""

from collections.abc import Iterable, Iterator

from django.db import connection

from seeding.models import Run, Seat

# Whoever is asked at once, of a crowd whose fast ones are to come more often than its slow ones.
LEAST_AT_ONCE = 16


def in_turn(run: Run, wanted: int) -> Iterator[list[Seat]]:
    """The seats by turn with their bots, each once: first ``wanted`` or, without a pace, a quarter; then the others."""
    rows = Seat.objects.filter(run=run).select_related("bot").order_by("turn", "number")
    most = wanted if run.rate else min(wanted, Seat.objects.filter(run=run).count() // 4)
    first = list(rows[: max(LEAST_AT_ONCE, most)])
    yield first
    yield list(rows.exclude(pk__in=[seat.pk for seat in first]))


def read_seats(ids: Iterable[int]) -> dict[int, Seat]:
    """The seats with these ids."""
    return Seat.objects.in_bulk(list(ids))


def store_seats(seats: Iterable[Seat]) -> None:
    """Write the seats' moods and turns in one statement."""
    rows = sorted(seats, key=lambda seat: seat.pk)
    if not rows:
        return
    field = Seat._meta.get_field("mood")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE seeding_seat AS old SET deeds = new.deeds, turn = new.turn, mood = new.mood"
            " FROM unnest(%s::bigint[], %s::int[], %s::float8[], %s::jsonb[]) AS new(id, deeds, turn, mood)"
            " WHERE old.id = new.id",
            [
                [row.pk for row in rows],
                [row.deeds for row in rows],
                [row.turn for row in rows],
                [field.get_db_prep_value(row.mood, connection) for row in rows],
            ],
        )
