"""The maths of games, one class per kind: validation, bets, exact moments, the draw, the PAR sheet. Pure.

Nothing in here knows players, money accounts, clocks or databases; randomness comes in as words (``casino.games.rng``).
"""

from collections.abc import Mapping
from typing import Any

from casino.games.paytables.baccarat import Baccarat
from casino.games.paytables.base import Draw, InvalidSelections, Paytable, Selection
from casino.games.paytables.dice import Dice
from casino.games.paytables.fields import InvalidPaytable
from casino.games.paytables.keno import Keno
from casino.games.paytables.par import (
    BetFigures,
    Moments,
    ParSheet,
    check_payable,
    check_rules,
    check_stated,
    percent,
    with_jackpot,
)
from casino.games.paytables.reels import Reels
from casino.games.paytables.roulette import Roulette
from casino.games.paytables.weighted import Weighted

__all__ = [
    "KINDS",
    "BetFigures",
    "Draw",
    "InvalidPaytable",
    "InvalidSelections",
    "Moments",
    "ParSheet",
    "Paytable",
    "Selection",
    "check_payable",
    "check_rules",
    "check_stated",
    "load",
    "percent",
    "with_jackpot",
]

KINDS: dict[str, type[Paytable]] = {kind.kind: kind for kind in (Reels, Weighted, Roulette, Dice, Baccarat, Keno)}


def load(kind: str, data: Any, sheet: Mapping[str, Any] | None = None) -> Paytable:
    """The paytable of ``kind`` that ``data`` (parsed JSON) states, or ``InvalidPaytable`` with one sentence.

    With the stored PAR ``sheet`` of this very paytable (``ParSheet.as_json``), what it knows is not computed again.
    """
    if not isinstance(kind, str) or kind not in KINDS:
        raise InvalidPaytable(f"A game's kind is one of {', '.join(KINDS)}.")
    table = KINDS[kind](data)
    if sheet is not None:
        table.recall(sheet)
    return table
