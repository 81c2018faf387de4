"""VIP verbs: redeem points into a bonus, and move XP by hand. Each is one transaction and done once per key."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from casino import sets
from casino.errors import Invalid, Missing
from casino.idempotency import IdempotencyKeyReused, digest
from casino.ids import uuid7
from casino.kept import ask_revision
from casino.money import ZERO, format_money, is_whole
from casino.prepared import Prepared
from casino.users import exclusions
from casino.users.models import User
from operators.models import Operator, SignificantEvent
from vip import costs, points
from vip.models import LevelReached, PointsKind, PointsMovement, Standing, VipLevel
from vip.programme import VipCost, VipCostKind, programme
from wallets import ledger
from wallets.promotions import Bonus
from wallets.refusals import Blocked, NoWallet


class UnknownPlayer(Missing):
    """No player has this id (404)."""

    code = "unknown_player"
    detail = "There is no such player."


@dataclass(frozen=True)
class Redemption:
    """The bonus that points became, as it stands now, and the points left."""

    bonus: Bonus
    points: Decimal
    is_replay: bool = False


@dataclass(frozen=True)
class XpChange:
    """XP moved by hand, and the player's standing now."""

    movement: PointsMovement
    standing: Standing
    is_replay: bool = False


@dataclass(frozen=True)
class Overview:
    """A player's standing, the ladder it is on (lowest first), and the levels reached with what they brought."""

    standing: Standing
    ladder: list[VipLevel]
    reached: list[LevelReached]


# What is shown of a level reached and of what it brought.
_OF_LEVELS = (
    *("level", "reached_at", "rewarded_at", "bonus", "bonus__granted", "bonus__operator"),
    *("bonus__operator__slug", "bonus__operator__currency", "free_spins", "free_spins__count", "free_spins__operator"),
    *("free_spins__operator__slug", "free_spins__operator__currency", "free_spins__game", "free_spins__game__slug"),
)
_OWN_STANDING: Prepared[Standing] = Prepared(lambda player: Standing.objects.filter(player=player.pk))
_OWN_LEVELS: Prepared[LevelReached] = Prepared(
    lambda player: (
        LevelReached.objects.filter(player=player.pk)
        .select_related("bonus__operator", "free_spins__operator", "free_spins__game")
        .only(*_OF_LEVELS)
        .order_by("reached_at", "level")
    )
)


def read_overview(player: User) -> Overview:
    """Where the player stands."""
    with sets.pipeline():
        revision, standings, reached = ask_revision(), _OWN_STANDING.ask(player), _OWN_LEVELS.ask(player)
    ladder = points.LADDER.find([None], revision())[None]
    standing = next(iter(standings()), None) or Standing(player=player, level=ladder[0])
    return Overview(standing, ladder, reached())


def redeem_points(player: User, amount: Decimal, *, operator: str | None = None, key: str | None = None) -> Redemption:
    """Turn ``amount`` points into a bonus at an operator (its slug; the player's active one by default).

    ``key`` makes it happen once. Raises IdempotencyKeyReused, UnknownOperator, NoWallet, Blocked, Excluded,
    InsufficientPoints, or Invalid where the points are not worth a whole number of minor units.
    """
    key, asked = key or uuid4().hex, digest({"points": amount, "operator": operator})
    house = Operator.objects.named(operator or (player.operator.slug if player.operator else ""))
    with transaction.atomic():
        journal = ledger.lock_accounts([(player.pk, house.pk)])
        wallet = next(iter(journal.wallets.values()), None)
        standing = points.lock_standings([player.pk]).get(player.pk)
        # Under the standing's lock, which every redemption of this player takes: a twin finds the first one's row.
        if (before := _moved_before(player, PointsKind.REDEMPTION, key, asked)) is not None:
            return Redemption(_bonus_of(before), standing.points if standing else ZERO, is_replay=True)
        if wallet is None or standing is None:
            raise NoWallet
        if player.is_blocked or wallet.is_blocked:
            raise Blocked
        if (exclusion := exclusions.in_force([player.pk], journal.at).get(player.pk)) is not None:
            raise exclusion.refusal()
        if standing.points < amount:
            raise points.InsufficientPoints(standing.points)
        terms = programme()
        grant = costs.Grant(
            VipCostKind.REDEMPTION, _worth(amount, terms.points_per_unit), terms.redemption_wagering_multiple
        )
        cost = costs.pay_bonus(journal, wallet, grant)
        movement = PointsMovement(
            player=player, operator=house, kind=PointsKind.REDEMPTION, points=-amount, reference=cost.pk, actor=player,
            idempotency_key=key, request_digest=asked, created_at=journal.at,
        )  # fmt: skip
        points.write_movement(standing, points.ladder(), movement)
        journal.post()
    return Redemption(_bonus_of(movement), standing.points)


def add_xp(actor: User, player_id: UUID, amount: Decimal, reason: str, *, key: str | None = None) -> XpChange:
    """Move a player's XP and spendable points by hand, up or down; logged with who, why, before and after.

    The level is never lost. ``key`` makes it happen once. Raises IdempotencyKeyReused, UnknownPlayer, or
    InsufficientPoints where points would fall below zero.
    """
    key, asked = key or uuid4().hex, digest({"player_id": player_id, "amount": amount, "reason": reason})
    try:
        with transaction.atomic():
            return _add_xp(actor, player_id, amount, reason, (key, asked))
    except IntegrityError:
        # The same key, at the same moment, for another player: no common lock made it wait.
        if (before := _moved_before(actor, PointsKind.ADJUSTMENT, key, asked)) is None:
            raise
        return XpChange(before, Standing.objects.select_related("level").get(player=before.player_id), is_replay=True)


def _add_xp(actor: User, player_id: UUID, amount: Decimal, reason: str, sent: tuple[str, str]) -> XpChange:
    standing = points.lock_standings([player_id]).get(player_id)
    if (before := _moved_before(actor, PointsKind.ADJUSTMENT, *sent)) is not None:
        return XpChange(before, Standing.objects.select_related("level").get(player=before.player_id), is_replay=True)
    if standing is None:
        raise UnknownPlayer
    was = _state_of(standing)
    movement = PointsMovement(
        id=uuid7(), player_id=player_id, kind=PointsKind.ADJUSTMENT, xp=amount, points=amount, actor=actor,
        reason=reason, idempotency_key=sent[0], request_digest=sent[1], created_at=ledger.database_clock(),
    )  # fmt: skip
    movement.reference = movement.pk
    points.write_movement(standing, points.ladder(), movement)
    SignificantEvent.objects.record(
        "vip.xp_added", actor_id=actor.pk, player_id=player_id, reason=reason, before=was, after=_state_of(standing)
    )
    return XpChange(movement, Standing.objects.select_related("level").get(pk=standing.pk))


def _moved_before(actor: User, kind: PointsKind, key: str, asked: str) -> PointsMovement | None:
    """What this caller's key moved; IdempotencyKeyReused when that was something else."""
    found: PointsMovement | None = PointsMovement.objects.filter(actor=actor, kind=kind, idempotency_key=key).first()
    if found is not None and found.request_digest != asked:
        raise IdempotencyKeyReused
    return found


def _bonus_of(movement: PointsMovement) -> Bonus:
    cost: VipCost = VipCost.objects.select_related("bonus__operator").get(pk=movement.reference)
    bonus: Bonus = cost.bonus
    return bonus


def _worth(amount: Decimal, points_per_unit: Decimal) -> Decimal:
    """The bonus money that so many points are worth."""
    worth = amount / points_per_unit
    if not is_whole(worth) or worth <= 0:
        raise Invalid.field(
            "points", f"{points_per_unit:f} points are worth 1.00: this is no whole number of minor units."
        )
    return worth


def _state_of(standing: Standing) -> dict[str, Any]:
    return {"xp": format_money(standing.xp), "points": format_money(standing.points), "level": standing.level_id}
