"""What is playable: games as one operator offers them, read as a set, with their paytables kept compiled."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from django.db import connection
from django.db.models import Q

from casino.games import paytables
from casino.games.models import Game, GameSwitch, GameVersion
from casino.games.paytables.base import Paytable
from casino.money import ZERO


@dataclass(frozen=True, slots=True)
class Playable:
    """A game at an operator: its row, its compiled paytable, and the limits in force there."""

    game: Game
    version: GameVersion
    paytable: Paytable
    is_enabled: bool
    min_bet: Decimal
    max_bet: Decimal


def find_playable(wanted: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], Playable]:
    """The games named by (operator id, game id or slug), as each operator offers them; unknown ones are left out.

    Two statements for any number, and one more for each version that this process has not met yet.
    """
    names = {name for _, name in wanted}
    ids = {found for name in names if (found := _as_uuid(name)) is not None}
    rows = (
        Game.objects.filter(Q(pk__in=ids) | Q(slug__in=names), version__isnull=False, retired_at=None)
        .select_related("version")
        .defer("version__paytable", "version__par")
    )
    games = {key: game for game in rows for key in (game.slug, str(game.pk))}
    switches = {
        (switch.operator_id, switch.game_id): switch
        for switch in GameSwitch.objects.filter(
            operator_id__in={operator_id for operator_id, _ in wanted}, game__in={game.pk for game in games.values()}
        )
    }
    offers: dict[tuple[UUID, str], Playable] = {}
    for operator_id, name in wanted:
        game = games.get(str(_as_uuid(name) or name))
        if game is not None and game.operator_id in (None, operator_id):
            offers[operator_id, name] = _playable(game, switches.get((operator_id, game.pk)))
    return offers


def _playable(game: Game, switch: GameSwitch | None) -> Playable:
    version = game.version
    assert version is not None
    is_enabled = game.is_active and (switch is None or switch.is_enabled)
    return Playable(game, version, paytable_of(version.pk), is_enabled, *game.limits(switch))


def smallest_stakes(operator_ids: Collection[UUID]) -> dict[UUID, Decimal]:
    """The smallest stake of bonus money that each operator's games accept; nothing where none takes it."""
    with connection.cursor() as cursor:
        cursor.execute(_SMALLEST_STAKES, [list(operator_ids)])
        return {operator_id: least or ZERO for operator_id, least in cursor.fetchall()}


_SMALLEST_STAKES = """
SELECT o.id, min(greatest(g.min_bet, coalesce(s.min_bet, g.min_bet))) FILTER (WHERE coalesce(s.is_enabled, true))
  FROM unnest(%s::uuid[]) AS o(id)
  LEFT JOIN games_game g ON g.is_active AND g.bonus_allowed AND (g.operator_id IS NULL OR g.operator_id = o.id)
  LEFT JOIN games_gameswitch s ON s.game_id = g.id AND s.operator_id = o.id
 GROUP BY o.id
"""


# A version never changes, so its compiled paytable serves for ever.
@lru_cache(maxsize=1024)
def paytable_of(version_id: UUID) -> Paytable:
    """The compiled paytable of a version, of the kind that its sheet names."""
    sheet, paytable = GameVersion.objects.values_list("par", "paytable").get(pk=version_id)
    return paytables.load(sheet["kind"], paytable, sheet)


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
