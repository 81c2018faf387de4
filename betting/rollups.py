"""Rollups: what bets add up to, per hour and player in the bet's own transaction, folded into totals once closed.

A report is the totals plus the hours not folded yet. A bet that comes late to a folded hour opens a row of its own,
so nothing folded is ever written again.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Q

from casino import sets
from casino.games.models import GameVersion
from casino.money import ZERO, MoneyField
from operators.models import Operator
from operators.scoping import ScopedQuerySet

# Hours are folded when no transaction that began in them can still be running.
CLOSING_MARGIN = timedelta(minutes=10)
FOLD_ROWS = 20_000


class StatisticField(models.DecimalField):  # type: ignore[type-arg]
    """numeric(38,12): sums of exact expectations and variances."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs["max_digits"], kwargs["decimal_places"] = 38, 12
        kwargs.setdefault("default", ZERO)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]


class Sums(models.Model):
    """What is summed: money of one operator's currency, statistics of the return (expected wins, variance)."""

    bets = models.BigIntegerField(default=0)
    wagers = MoneyField(default=ZERO)
    wins = MoneyField(default=ZERO)
    unrounded_wins = StatisticField()
    expected_wins = StatisticField()
    variance = StatisticField()
    jackpot_wins = MoneyField(default=ZERO)
    contributions = MoneyField(default=ZERO)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.bets} bets, {self.wagers:.2f} wagered"


SUMS = tuple(column.name for column in Sums._meta.local_fields)


class HourQuerySet(ScopedQuerySet):
    player_field = "player"

    def open(self) -> "HourQuerySet":
        return self.filter(is_folded=False)


class HourRollup(Sums):
    """One hour of one player's bets on one game version with one kind of money at one operator."""

    hour = models.DateTimeField()
    operator = models.ForeignKey(Operator, models.PROTECT, db_constraint=False, db_index=False, related_name="+")
    player = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    game_version = models.ForeignKey(GameVersion, models.PROTECT, db_constraint=False, db_index=False, related_name="+")
    money = models.CharField(max_length=10, help_text="real, bonus or free_spin")
    is_seeded = models.BooleanField()
    is_folded = models.BooleanField(default=False)

    objects = HourQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["hour"], condition=Q(is_folded=False), name="rollup_open_hours"),
            models.Index(fields=["operator", "hour"], name="rollup_by_operator"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["player", "hour", "operator", "game_version", "money"],
                condition=Q(is_folded=False),
                name="an_open_hour_has_one_row_per_play",
            ),
        ]


class HourlyTotal(Sums):
    """Folded: one hour of an operator's bets on one game version with one kind of money."""

    hour = models.DateTimeField()
    operator = models.ForeignKey(Operator, models.PROTECT, db_constraint=False, related_name="+")
    game_version = models.ForeignKey(GameVersion, models.PROTECT, db_constraint=False, db_index=False, related_name="+")
    money = models.CharField(max_length=10)
    is_seeded = models.BooleanField()

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["hour", "operator", "game_version", "money", "is_seeded"], name="an_hour_has_one_total_per_game"
            ),
        ]


class DailyTotal(Sums):
    """Folded: one day (UTC) of one player's bets on one game version with one kind of money at one operator."""

    day = models.DateField()
    operator = models.ForeignKey(Operator, models.PROTECT, db_constraint=False, related_name="+")
    player = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_constraint=False, related_name="+")
    game_version = models.ForeignKey(GameVersion, models.PROTECT, db_constraint=False, db_index=False, related_name="+")
    money = models.CharField(max_length=10)
    is_seeded = models.BooleanField()

    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["day", "operator", "player", "game_version", "money"],
                name="a_day_has_one_total_per_player_and_game",
            ),
        ]


@dataclass(frozen=True, slots=True)
class Play:
    """What one bet adds to its hour's row."""

    at: datetime
    operator_id: UUID
    player_id: UUID
    game_version_id: UUID
    money: str
    is_seeded: bool
    sums: tuple[int | Decimal, ...] = field(default=())


def add(plays: Iterable[Play]) -> None:
    """Add the bets of a batch to their hours, in the bets' transaction: one statement, or part of ``sets.together``."""
    rows: dict[tuple[object, ...], list[int | Decimal]] = defaultdict(lambda: [0] * len(SUMS))
    for play in plays:
        hour = play.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        key = (play.player_id, hour, play.operator_id, play.game_version_id, play.money, play.is_seeded)
        row = rows[key]
        for place, number in enumerate(play.sums):
            row[place] += number
    if rows:
        records = [dict(zip(_PLAYED, (*key, *sums), strict=True)) for key, sums in rows.items()]
        sets.write(_ADD, records)


def fold(now: datetime) -> int:
    """Fold the rows of every closed hour into the totals; answers how many. Safe to run twice and at once.

    Each step locks the rows it folds and passes by those that another run holds.
    """
    closed = (now - CLOSING_MARGIN).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    folded = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_FOLD, {"closed": closed, "most": FOLD_ROWS})
            number = int(cursor.fetchone()[0])
        folded += number
        if number < FOLD_ROWS:
            return folded


_NAMES = ", ".join(SUMS)
_PLAYED = ("player_id", "hour", "operator_id", "game_version_id", "money", "is_seeded", *SUMS)
_ADDED = ", ".join(f"{name} = total.{name} + excluded.{name}" for name in SUMS)
_SUMMED = ", ".join(f"sum({name})" for name in SUMS)

# Rows in: the batch's plays, one row per key. Locks: the players' own rows of this hour.
_ADD = f"""
INSERT INTO betting_hourrollup AS total ({", ".join(_PLAYED)}, is_folded)
SELECT *, false FROM json_to_recordset(%s::json) AS new(player_id uuid, hour timestamptz, operator_id uuid,
  game_version_id uuid, money text, is_seeded boolean, bets bigint, {", ".join(f"{n} numeric" for n in SUMS[1:])})
ON CONFLICT (player_id, hour, operator_id, game_version_id, money) WHERE NOT is_folded DO UPDATE SET {_ADDED}
"""
# Rows out: how many were folded. Locks: the rows folded, then the totals by key.
_FOLD = f"""
WITH due AS (
  SELECT id FROM betting_hourrollup WHERE NOT is_folded AND hour < %(closed)s
   ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED),
gone AS (
  UPDATE betting_hourrollup AS r SET is_folded = true FROM due WHERE r.id = due.id RETURNING r.*),
hourly AS (
  INSERT INTO betting_hourlytotal AS total (hour, operator_id, game_version_id, money, is_seeded, {_NAMES})
  SELECT hour, operator_id, game_version_id, money, is_seeded, {_SUMMED} FROM gone GROUP BY 1, 2, 3, 4, 5
   ORDER BY 1, 2, 3, 4, 5
  ON CONFLICT (hour, operator_id, game_version_id, money, is_seeded) DO UPDATE SET {_ADDED}),
daily AS (
  INSERT INTO betting_dailytotal AS total (day, operator_id, player_id, game_version_id, money, is_seeded, {_NAMES})
  SELECT (hour AT TIME ZONE 'UTC')::date, operator_id, player_id, game_version_id, money, bool_or(is_seeded), {_SUMMED}
    FROM gone GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
  ON CONFLICT (day, operator_id, player_id, game_version_id, money) DO UPDATE SET {_ADDED})
SELECT count(*) FROM gone
"""
