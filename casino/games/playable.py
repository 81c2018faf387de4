"""What is playable: games as one operator offers them, read as a set, with their paytables kept compiled."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from django.db import connection

from casino import sets
from casino.games import paytables
from casino.games.models import Game, GameSwitch, GameVersion
from casino.games.paytables.base import Paytable
from casino.kept import Kept
from casino.money import ZERO

_NAMED = "(id = ANY(%s::uuid[]) OR slug = ANY(%s::text[]))"
_GAMES = sets.Read(Game, f"WHERE {_NAMED} AND version_id IS NOT NULL AND retired_at IS NULL")
_SWITCHES = sets.Read(
    GameSwitch,
    f"WHERE operator_id = ANY(%s::uuid[]) AND game_id IN (SELECT id FROM {Game._meta.db_table} WHERE {_NAMED})",
)


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
    ids, names = ids_and_slugs({name for _, name in wanted})
    rows = _GAMES.ask(ids, names)()
    narrowed = _SWITCHES.ask(sets.array({operator_id for operator_id, _ in wanted}), ids, names)()
    games = {key: game for game in rows for key in (game.slug, str(game.pk))}
    switches = {(switch.operator_id, switch.game_id): switch for switch in narrowed}
    offers: dict[tuple[UUID, str], Playable] = {}
    for operator_id, name in wanted:
        game = games.get(str(_as_uuid(name) or name))
        if game is not None and game.operator_id in (None, operator_id):
            offers[operator_id, name] = _playable(game, switches.get((operator_id, game.pk)))
    return offers


PLAYABLE: Kept[tuple[UUID, str], Playable] = Kept(find_playable)


def ids_and_slugs(names: Collection[str]) -> tuple[str, list[str]]:
    """Names of games, each an id or a slug, as parameters for ids and for slugs."""
    return sets.array(found for name in names if (found := _as_uuid(name)) is not None), list(names)


def _playable(game: Game, switch: GameSwitch | None) -> Playable:
    assert game.version_id is not None
    version, paytable = version_of(game.version_id)
    is_enabled = game.is_active and (switch is None or switch.is_enabled)
    return Playable(game, version, paytable, is_enabled, *game.limits(switch))


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
SMALLEST_STAKES: Kept[UUID, Decimal] = Kept(smallest_stakes)


# A version never changes, so its compiled paytable serves for ever.
@lru_cache(maxsize=1024)
def version_of(version_id: UUID) -> tuple[GameVersion, Paytable]:
    """A version and its compiled paytable, of the kind that its sheet names."""
    version = GameVersion.objects.get(pk=version_id)
    return version, paytables.load(version.par["kind"], version.paytable, version.par)


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
