"""Time-outs and self-exclusions: shut out of play and deposits at one's own wish, everywhere and at once.

Login and withdrawals stay open. Nothing shortens an exclusion: rows are only added, and the last to end counts.
"""

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from casino import sets
from casino.errors import Invalid, Refusal
from casino.sets import Asked
from casino.users.limit_models import Exclusion, ExclusionKind
from casino.users.models import User
from operators.models import SignificantEvent
from vip.points import lock_standings
from wallets.documents import format_moment
from wallets.ledger import database_clock

# Months are calendar months: six months from the 31st of August end on the last of February.
DURATIONS: Mapping[str, Mapping[str, timedelta | int | None]] = {
    ExclusionKind.TIME_OUT: {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)},
    ExclusionKind.SELF_EXCLUSION: {"6m": 6, "12m": 12, "60m": 60, "permanent": None},
}


_OF_PLAYERS = "WHERE player_id = ANY(%s::uuid[])"
_EXCLUSIONS = sets.Read(Exclusion, _OF_PLAYERS)
# Part of a query: whether any of an array of players has ever shut themselves out.
ANY = f"EXISTS (SELECT FROM {Exclusion._meta.db_table} {_OF_PLAYERS})"


class Excluded(Refusal):
    """The person has shut themselves out; carries ``until`` (null: for ever)."""

    status = 403

    def __init__(self, until: datetime | None) -> None:
        end = f"until {format_moment(until)}" if until else "for good"
        super().__init__(f"{self.detail} ({end}).", until=until and format_moment(until))


class SelfExcluded(Excluded):
    """The person has excluded themselves (403)."""

    code = "self_excluded"
    title = "Self-excluded"
    detail = "You have excluded yourself from play and deposits"


class CoolingOff(Excluded):
    """The person is taking a time-out (403)."""

    code = "cooling_off"
    title = "Cooling off"
    detail = "You are taking a time-out from play and deposits"


@dataclass(frozen=True, slots=True)
class InForce:
    """The exclusion that counts now; no ``until`` means for ever."""

    kind: str
    until: datetime | None

    def refusal(self) -> Excluded:
        return SelfExcluded(self.until) if self.kind == ExclusionKind.SELF_EXCLUSION else CoolingOff(self.until)


def exclude(player: User, kind: str, duration: str) -> Exclusion:
    """Shut the player out from this moment; raises Invalid for a duration that is not of this kind."""
    if duration not in DURATIONS.get(kind, {}):
        raise Invalid.field("duration", f"A {kind} lasts {' or '.join(DURATIONS.get(kind, {}))}.")
    with transaction.atomic():
        # Bets and deposits look at exclusions under this lock: each is before this moment, or refused.
        lock_standings([player.pk])
        at = database_clock()
        exclusion = Exclusion.objects.create(
            player=player, kind=kind, duration=duration, created_at=at, until=_end(at, DURATIONS[kind][duration])
        )
        SignificantEvent.objects.record(
            f"player.{kind}",
            actor_id=player.pk,
            player_id=player.pk,
            after={"duration": duration, "until": exclusion.until},
        )
    return exclusion


def in_force(player_ids: Iterable[UUID], at: datetime) -> dict[UUID, InForce]:
    """The exclusions that count at ``at``, in one statement: a self-exclusion before a time-out, the last to end."""
    return strongest(ask_exclusions(sets.array(player_ids))(), at)


def ask_exclusions(player_ids: str) -> Asked[list[Exclusion]]:
    """The exclusions, also those that are over, of an array of players; for a pipeline."""
    return _EXCLUSIONS.ask(player_ids)


def strongest(exclusions: Iterable[Exclusion], at: datetime) -> dict[UUID, InForce]:
    """The one that counts at ``at`` of each player's."""
    found: dict[UUID, InForce] = {}
    for one in exclusions:
        best = found.get(one.player_id)
        is_over = one.until is not None and one.until <= at
        if not is_over and (best is None or _rank(best.kind, best.until) < _rank(one.kind, one.until)):
            found[one.player_id] = InForce(one.kind, one.until)
    return found


def is_self_excluded(player_id: UUID, at: datetime) -> bool:
    """Whether a self-exclusion is in force."""
    current = in_force([player_id], at).get(player_id)
    return current is not None and current.kind == ExclusionKind.SELF_EXCLUSION


def _rank(kind: str, until: datetime | None) -> tuple[bool, bool, float]:
    return kind == ExclusionKind.SELF_EXCLUSION, until is None, until.timestamp() if until else 0


def _end(at: datetime, length: timedelta | int | None) -> datetime | None:
    if length is None:
        return None
    if isinstance(length, timedelta):
        return at + length
    years, month = divmod(at.month - 1 + length, 12)
    year, month = at.year + years, month + 1
    return at.replace(year=year, month=month, day=min(at.day, calendar.monthrange(year, month)[1]))
