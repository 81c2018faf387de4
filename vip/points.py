"""XP, spendable points and levels: earned in memory under the standing's lock, written as a set."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from casino import sets
from casino.errors import Refusal
from casino.ids import uuid7
from casino.kept import Kept
from casino.money import format_money, round_down
from casino.realtime import Message, player_feed, publish
from casino.sets import Asked
from vip import rewards
from vip.models import LevelReached, PointsKind, PointsMovement, Standing, VipLevel
from wallets.documents import format_moment

# Locked in the order of the players' ids.
_STANDINGS = sets.Read(Standing, "WHERE player_id = ANY(%s::uuid[]) ORDER BY player_id FOR NO KEY UPDATE")
_LADDER = sets.Read(VipLevel, "ORDER BY xp_required")


class InsufficientPoints(Refusal):
    """Fewer points can be spent than this takes; carries ``points``, what is there."""

    code = "insufficient_points"
    title = "Insufficient points"

    def __init__(self, points: Decimal) -> None:
        super().__init__(f"There are {points:.2f} points to spend.", points=format_money(points))


def lock_standings(player_ids: Iterable[UUID]) -> dict[UUID, Standing]:
    """The players' standings, locked in id order; after the wallets, before anything else."""
    return ask_standings(sets.array(player_ids))()


def ask_standings(player_ids: str) -> Asked[dict[UUID, Standing]]:
    """``lock_standings`` in a pipeline, for an array of ids."""
    rows = _STANDINGS.ask(player_ids)
    return lambda: {standing.player_id: standing for standing in rows()}


def ladder() -> list[VipLevel]:
    """Every level, lowest first."""
    return _LADDER.ask()()


# Under its one key, None.
LADDER: Kept[None, list[VipLevel]] = Kept(lambda _: {None: ladder()})


def level_of(standing: Standing, levels: Sequence[VipLevel]) -> VipLevel:
    """The standing's level among ``levels``."""
    return next(level for level in levels if level.number == standing.level_id)


def points_for(wager: Decimal, *factors: Decimal) -> Decimal:
    """Wager × factors (points per unit, the game's weight, the level's multiplier…), cut to two decimals."""
    for factor in factors:
        wager *= factor
    return round_down(wager)


def earn(standing: Standing, levels: Sequence[VipLevel], xp: Decimal, points: Decimal) -> list[VipLevel]:
    """Add XP and points in memory; answers the levels reached by it, lowest first. Levels are never lost."""
    standing.xp += xp
    standing.points += points
    before = level_of(standing, levels).xp_required
    reached = [level for level in levels if before < level.xp_required <= standing.xp]
    if reached:
        standing.level_id = reached[-1].number
    return reached


def move_points(
    standing: Standing,
    levels: Sequence[VipLevel],
    *,
    kind: PointsKind,
    reference: UUID,
    xp: Decimal,
    points: Decimal,
    at: datetime,
    operator_id: UUID | None,
) -> list[VipLevel]:
    """``earn`` for one locked standing with its movement row, written at once; answers the levels reached."""
    movement = PointsMovement(
        player_id=standing.player_id,
        operator_id=operator_id,
        kind=kind,
        xp=xp,
        points=points,
        reference=reference,
        created_at=at,
    )
    return write_movement(standing, levels, movement)


def write_movement(standing: Standing, levels: Sequence[VipLevel], movement: PointsMovement) -> list[VipLevel]:
    """Move what ``movement`` says on its locked standing, and store both; answers the levels reached.

    Raises InsufficientPoints where it takes more than can be spent.
    """
    if standing.points + movement.points < 0 or standing.xp + movement.xp < 0:
        raise InsufficientPoints(standing.points)
    reached = earn(standing, levels, movement.xp, movement.points)
    movement.save(force_insert=True)
    write_standings([standing])
    record_levels([(standing.player_id, level) for level in reached], movement.operator_id, movement.created_at)
    feed, moment = player_feed(standing.player_id), format_moment(movement.created_at)
    publish([Message(feed, "vip.level_up", moment, level_news(level, standing.xp)) for level in reached])
    return reached


def level_news(level: VipLevel, xp: Decimal) -> dict[str, object]:
    """What the feeds hear of a level reached with so much XP."""
    return {"level": {"number": level.number, "slug": level.slug, "name": level.name}, "xp": format_money(xp)}


def write_standings(standings: Iterable[Standing]) -> None:
    """Store XP, points and level of locked standings: one statement."""
    sets.update(Standing, standings, ("xp", "points", "level_id"))


def record_levels(reached: Iterable[tuple[UUID, VipLevel]], operator_id: UUID | None, at: datetime) -> None:
    """Store which levels players reached, each once; their rewards follow as soon as this has committed."""
    rows = [
        LevelReached(id=uuid7(), player_id=player_id, level=level, operator_id=operator_id, reached_at=at)
        for player_id, level in reached
    ]
    if rows:
        LevelReached.objects.bulk_create(rows, ignore_conflicts=True)
        player_ids = {row.player_id for row in rows}
        # The wallets' locks come before the standings', which this transaction holds; the sweeper finds what is missed.
        transaction.on_commit(lambda: rewards.grant_rewards_of(player_ids), robust=True)
