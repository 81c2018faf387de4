"""The return of each game at each operator, for the screens that show it beside what the maths promise."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from casino.games.models import Game, GameVersion
from operators.figures import HUNDRED, Tally, Verdict
from operators.periods import Period
from operators.platform import PlatformSettings
from operators.tallies import Selection, tallies

# Of the 95 % band around what is promised.
BAND_ERRORS = Decimal("1.96")


@dataclass(frozen=True)
class Return:
    """A game at an operator: its tally, and what that says. Percentages; None without wagers."""

    game: Game
    tally: Tally
    verdict: Verdict

    @property
    def actual(self) -> Decimal | None:
        return percent(self.tally.wins, self.tally.wagers)

    @property
    def theoretical(self) -> Decimal | None:
        return percent(self.tally.expected_wins, self.tally.wagers)

    @property
    def band(self) -> Decimal:
        """Half the width of the 95 % band, in points."""
        return (self.tally.standard_error or Decimal(0)) * BAND_ERRORS


def percent(part: Decimal, whole: Decimal) -> Decimal | None:
    """``part`` of ``whole`` in percent; None of nothing."""
    return part / whole * HUNDRED if whole else None


def returns_by_operator(operator_ids: Iterable[UUID], period: Period) -> dict[UUID, list[Return]]:
    """Each operator's games, the highest wagers first: four statements, however many operators."""
    ids = list(operator_ids)
    thresholds = PlatformSettings.objects.current()
    found = tallies(Selection(period, ids[0] if len(ids) == 1 else None), ["operator_id", "game_version_id"])
    game_of = dict(GameVersion.objects.filter(pk__in={key[1] for key in found}).values_list("pk", "game_id"))
    games = Game.objects.in_bulk(set(game_of.values()))
    sums: dict[UUID, dict[UUID, Tally]] = defaultdict(dict)
    for (operator_id, version_id), tally in found.items():
        of_operator, game_id = sums[operator_id], game_of[version_id]
        of_operator[game_id] = of_operator.get(game_id, Tally()) + tally
    return {
        operator_id: [
            Return(games[game_id], tally, tally.verdict(thresholds))
            for game_id, tally in sorted(sums[operator_id].items(), key=lambda pair: -pair[1].wagers)
        ]
        for operator_id in ids
    }
