"""Reports on play: one game's performance, and the return to players by game and player."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from casino.games.models import Game, GameVersion
from casino.users.models import User
from operators.figures import Tally, figures_document
from operators.models import Operator
from operators.periods import Period
from operators.platform import PlatformSettings
from operators.snapshots import report_snapshot
from operators.tallies import Selection, tallies

# A report names that many players, those with the highest wagers; its totals count everybody.
MOST_PLAYERS = 100


def performance(game: Game, operator: Operator | None, period: Period) -> dict[str, Any]:
    """How a game did at an operator, or at all of them: ``{game, version, currency, from, to, totals, by_version,
    players}`` with figures as ``figures_document`` makes them."""
    with report_snapshot() as about_snapshot:
        thresholds = PlatformSettings.objects.current()
        versions = dict(GameVersion.objects.filter(game=game).values_list("pk", "number"))
        selection = Selection(period, operator.pk if operator else None, game_version_ids=tuple(versions))
        by_version = {version_id: found for (version_id,), found in tallies(selection, ["game_version_id"]).items()}
        players = tallies(selection, ["player_id"], MOST_PLAYERS)
        return {
            "game": _game_document(game),
            "version": versions.get(game.version_id) if game.version_id else None,
            **about(operator, period),
            **about_snapshot,
            "totals": figures_document(_total(by_version), thresholds),
            "by_version": [
                {"version": number, **figures_document(by_version[version_id], thresholds)}
                for version_id, number in sorted(versions.items(), key=lambda pair: -pair[1])
                if version_id in by_version
            ],
            "players": _player_documents(players, thresholds),
        }


def rtp(
    operator: Operator | None, period: Period, game: Game | None = None, player_id: UUID | None = None
) -> dict[str, Any]:
    """The return to players, beside what the maths promise: ``{currency, from, to, totals, games, players}``.

    Of one game or one player where given; games and players stand in the order of their wagers.
    """
    with report_snapshot() as about_snapshot:
        thresholds = PlatformSettings.objects.current()
        of_game = None if game is None else tuple(game.versions.values_list("pk", flat=True))
        selection = Selection(period, operator.pk if operator else None, player_id, of_game)
        by_version = {version_id: found for (version_id,), found in tallies(selection, ["game_version_id"]).items()}
        players = tallies(selection, ["player_id"], MOST_PLAYERS)
        by_game = _by_game(by_version)
        return {
            **about(operator, period),
            **about_snapshot,
            "totals": figures_document(_total(by_version), thresholds),
            "games": [
                {"game": _game_document(found), **figures_document(tally, thresholds)} for found, tally in by_game
            ],
            "players": _player_documents(players, thresholds),
        }


def about(operator: Operator | None, period: Period) -> dict[str, Any]:
    """What every report on play begins with."""
    return {
        "operator": operator.slug if operator else None,
        "currency": common_currency(operator),
        **period_document(period),
    }


def period_document(period: Period) -> dict[str, str]:
    """The interval as the caller stated it."""
    return {"from": period.first, "to": period.last}


def common_currency(operator: Operator | None) -> str | None:
    """The currency that a report's money is in; None where the books of several currencies are added up."""
    if operator is not None:
        return operator.currency
    currencies = list(Operator.objects.order_by("currency").values_list("currency", flat=True).distinct()[:2])
    return currencies[0] if len(currencies) == 1 else None


def player_document(player: User) -> dict[str, str]:
    return {"id": str(player.pk), "username": player.username}


def _total(found: Mapping[Any, Tally]) -> Tally:
    return sum(found.values(), Tally())


def _by_game(by_version: Mapping[UUID, Tally]) -> list[tuple[Game, Tally]]:
    """The games of the versions with their tallies, the highest wagers first."""
    games = Game.objects.filter(versions__in=list(by_version)).distinct().in_bulk()
    totals: dict[UUID, Tally] = {}
    for version_id, game_id in GameVersion.objects.filter(pk__in=list(by_version)).values_list("pk", "game_id"):
        totals[game_id] = totals.get(game_id, Tally()) + by_version[version_id]
    order = sorted(totals.items(), key=lambda pair: (-pair[1].wagers, str(pair[0])))
    return [(games[game_id], tally) for game_id, tally in order]


def _game_document(game: Game) -> dict[str, str]:
    return {"id": str(game.pk), "slug": game.slug, "name": game.name}


def _player_documents(players: Mapping[tuple[Any, ...], Tally], thresholds: PlatformSettings) -> list[dict[str, Any]]:
    people = User.objects.in_bulk([player_id for (player_id,) in players])
    return [
        {"player": player_document(people[player_id]), **figures_document(tally, thresholds)}
        for (player_id,), tally in players.items()
    ]
