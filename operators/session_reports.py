"""The return to one player by login: bets added up one by one, as rollups know hours but no sessions.

A bet belongs to the login that began last among those in force at its moment, so every bet counts once at most. Only
one player's bets are read, through their index by player and id: ids begin with the moment they were made.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connections
from django.utils import timezone

from casino.games.models import Game
from casino.users.login_models import LoginSession
from casino.users.models import User
from operators.figures import Tally, figures_document
from operators.models import Operator
from operators.periods import Period
from operators.platform import PlatformSettings
from operators.players import UnknownPlayer, find_players
from operators.reports import about, player_document
from operators.snapshots import reading_from, report_snapshot
from operators.transactions import ids_within
from wallets.documents import format_moment

# A report names that many logins, the latest; its totals count every bet.
MOST_SESSIONS = 100
PLAYED = "b.bet_type <> 'free_spin'"
_COLUMNS = {
    "bets": f"count(*) FILTER (WHERE {PLAYED})",
    "wagers": f"sum(b.wager) FILTER (WHERE {PLAYED})",
    "wins": f"sum(b.win) FILTER (WHERE {PLAYED})",
    "unrounded_wins": f"sum(b.unrounded_win) FILTER (WHERE {PLAYED})",
    "expected_wins": f"sum(b.expected_win) FILTER (WHERE {PLAYED})",
    "variance": f"sum(b.variance) FILTER (WHERE {PLAYED})",
    "free_spin_bets": "count(*) FILTER (WHERE b.bet_type = 'free_spin')",
    "free_spin_value": "sum(b.wager) FILTER (WHERE b.bet_type = 'free_spin')",
    "free_spin_wins": "sum(b.win) FILTER (WHERE b.bet_type = 'free_spin')",
    "contributions": "sum(b.jackpot_contribution)",
    "jackpot_wins": "sum(b.jackpot_win)",
}
# Rows out: login (none for bets outside of all) and sums. Reads the player's bets by (player, id), then the login of
# each by (player, started_at).
_BY_LOGIN = f"""
SELECT login.id, {", ".join(_COLUMNS.values())}
  FROM betting_bet b LEFT JOIN LATERAL (
    SELECT l.id FROM users_loginsession l
     WHERE l.player_id = %(player)s AND l.started_at <= b.created_at
       AND coalesce(l.ended_at, l.expires_at) > b.created_at
     ORDER BY l.started_at DESC, l.id DESC LIMIT 1) login ON true
 WHERE b.player_id = %(player)s AND b.id >= %(least)s AND b.id < %(most)s
   AND b.created_at >= %(start)s AND b.created_at < %(end)s {{only}}
 GROUP BY 1
"""


def rtp_by_session(
    user: Any, operator: Operator | None, period: Period, player_id: UUID, game: Game | None = None
) -> dict[str, Any]:
    """The return to a player whom ``user`` may see, by login, the latest first: ``{operator, currency, from, to,
    totals, outside, sessions}``.

    ``totals`` counts every bet, ``outside`` those that no login was in force for (bots, history). Raises UnknownPlayer.
    """
    with report_snapshot() as about_snapshot:
        player = find_players(user, operator).filter(pk=player_id).first()
        if player is None:
            raise UnknownPlayer
        thresholds = PlatformSettings.objects.current()
        found = _tallies(operator, period, player, game)
        logins = LoginSession.objects.filter(pk__in=[login_id for login_id in found if login_id is not None])
        return {
            **about(operator, period),
            **about_snapshot,
            "totals": figures_document(sum(found.values(), Tally()), thresholds),
            "outside": figures_document(found.get(None, Tally()), thresholds),
            "sessions": [
                {"session": _login_document(login, player), **figures_document(found[login.pk], thresholds)}
                for login in logins.order_by("-started_at", "-id")[:MOST_SESSIONS]
            ],
        }


def bets_of_logins(
    operator: Operator | None, period: Period, player: User, game: Game | None
) -> tuple[str, dict[str, Any]]:
    """The statement that adds up the player's bets by login, and its parameters."""
    least, most = ids_within(period)
    only = "AND b.operator_id = %(operator)s" if operator else ""
    only += " AND b.game_id = %(game)s" if game else ""
    return _BY_LOGIN.format(only=only), {
        "player": player.pk,
        "least": least,
        "most": most,
        "start": period.start,
        "end": period.end,
        "operator": operator.pk if operator else None,
        "game": game.pk if game else None,
    }


def _tallies(operator: Operator | None, period: Period, player: User, game: Game | None) -> dict[UUID | None, Tally]:
    """The player's sums by login; none where the play asked for is not the player's kind."""
    if period.is_seeded not in (None, player.is_seeded):
        return {}
    with connections[reading_from()].cursor() as cursor:
        cursor.execute(*bets_of_logins(operator, period, player, game))
        return {
            row[0]: Tally(**{name: sum for name, sum in zip(_COLUMNS, row[1:], strict=True) if sum is not None})
            for row in cursor.fetchall()
        }


def _login_document(login: LoginSession, player: User) -> dict[str, Any]:
    ended: datetime | None = login.ended_at or (login.expires_at if login.expires_at <= timezone.now() else None)
    return {
        "id": str(login.pk),
        "player": player_document(player),
        "started_at": format_moment(login.started_at),
        "ended_at": ended and format_moment(ended),
    }
