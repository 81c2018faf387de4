"""Slots: strips, lines, wilds, scatters, and free spins with a multiplier and retriggers."""

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any, ClassVar

from casino.games.paytables import fields
from casino.games.paytables.base import Draw, Paytable, Selection
from casino.games.paytables.fields import InvalidPaytable
from casino.games.paytables.par import BetFigures, Moments, ParSheet, decimal_text
from casino.games.paytables.reels_lines import LineMachine
from casino.games.paytables.reels_moments import ReelFigures, ScatterEntry, merged, reel_figures, tally_spin
from casino.games.rng import Words, acceptance_limit

MOST_ROWS, MOST_REELS, MOST_STOPS, MOST_LINES, MOST_SYMBOLS = 6, 7, 256, 100, 40
MOST_FREE_SPINS = 200
LARGEST_FREE_SPIN_MULTIPLIER = 100
# Above this mean number of spins awarded by a spin a bonus round would be too long, and at one without end.
MOST_RETRIGGERS = Fraction(1, 2)

NO_WIN = Fraction(0)


class Reels(Paytable):
    """A slot; line pays multiply the line bet (wager ÷ lines), scatter pays the wager."""

    kind: ClassVar[str] = "reels"

    def __init__(self, data: Any) -> None:
        required, optional = ("rows", "reels", "lines", "pays"), ("wild", "scatter")
        table = fields.mapping(data, "paytable of reels", required=required, optional=optional)
        self._rows = fields.integer(table["rows"], "number of rows", least=1, most=MOST_ROWS)
        self._strips = _strips(table["reels"])
        self._lines = _lines(table["lines"], len(self._strips), self._rows)
        symbols = {symbol for strip in self._strips for symbol in strip}
        if len(symbols) > MOST_SYMBOLS:
            raise InvalidPaytable(f"The strips have at most {MOST_SYMBOLS} different symbols, not {len(symbols)}.")
        self._wild = _wild(table, symbols)
        self._read_scatter(table.get("scatter"), symbols)
        self._pays = _pays(table["pays"], symbols, len(self._strips))
        unknown = symbols - self._pays.keys() - {self._wild, self._scatter}
        if unknown:
            raise InvalidPaytable(f"The symbol {min(unknown)!r} is unknown: it stands on a strip but not in the pays.")
        self._precompute()
        self._check_retriggers()
        self._recalled: Moments | None = None

    def _read_scatter(self, value: Any, symbols: set[str]) -> None:
        self._scatter: str | None = None
        self._scatter_pays: dict[int, Fraction] = {}
        self._free_spins: dict[int, int] = {}
        self._multiplier = Fraction(1)
        if value is None:
            return
        optional = ("pays", "free_spins", "multiplier")
        entry = fields.mapping(value, "scatter", required=("symbol",), optional=optional)
        reels = len(self._strips)
        self._scatter = _known(entry["symbol"], "scatter", symbols)
        if self._scatter == self._wild:
            raise InvalidPaytable(f"The symbol {self._wild!r} is wild and scatter at once.")
        pays = fields.counts(entry.get("pays", {}), "scatter's pays", most=reels)
        self._scatter_pays = {count: fields.positive(pay, "scatter pay") for count, pay in pays.items()}
        spins = fields.counts(entry.get("free_spins", {}), "free spins", most=reels)
        self._free_spins = {
            count: fields.integer(number, "number of free spins", least=1, most=MOST_FREE_SPINS)
            for count, number in spins.items()
        }
        factor = entry.get("multiplier", 1)
        self._multiplier = fields.positive(factor, "free spins' multiplier", most=LARGEST_FREE_SPIN_MULTIPLIER)

    def _precompute(self) -> None:
        """All wins become whole units of the wager, free spins' too, so that a draw adds integers only."""
        line_count, pays = len(self._lines), [pay for entry in self._pays.values() for pay in entry.values()]
        wins = [*(pay / line_count for pay in pays), *self._scatter_pays.values()]
        self._unit = lcm(*(win.denominator for win in wins)) * self._multiplier.denominator
        self._machine = LineMachine(self._lines, self._pays, self._wild, rows=self._rows, unit=self._unit)
        self._scatters = [
            ScatterEntry(int(self._scatter_pays.get(count, 0) * self._unit), self._free_spins.get(count, 0))
            for count in range(len(self._strips) + 1)
        ]
        self._reels = [
            (acceptance_limit(len(strip)), [self._view(reel, strip, stop) for stop in range(len(strip))])
            for reel, strip in enumerate(self._strips)
        ]
        self._written = {int(pay * self._unit / line_count): decimal_text(pay) for pay in pays}

    def _view(self, reel: int, strip: list[str], stop: int) -> tuple[int, int, list[str]]:
        """What a stop shows: the bits it keeps alive, 1 for a scatter, and the symbols from top to bottom."""
        column = [strip[(stop + row) % len(strip)] for row in range(self._rows)]
        return self._machine.mask(reel, column), int(self._scatter in column), column

    def _check_retriggers(self) -> None:
        """E[spins awarded by a spin], from the reels' chances to show a scatter; at most one half."""
        chances, none = [Fraction(1)], Fraction(0)
        for _, views in self._reels:
            shows = Fraction(sum(scatter for _, scatter, _ in views), len(views))
            chances = [a * (1 - shows) + b * shows for a, b in zip([*chances, none], [none, *chances], strict=True)]
        mean = sum((chance * entry.spins for chance, entry in zip(chances, self._scatters, strict=True)), Fraction(0))
        if mean > MOST_RETRIGGERS:
            raise InvalidPaytable(
                f"A spin awards {decimal_text(mean)} free spins on average (n·p); retriggers allow 0.5 at most."
            )

    def recall(self, sheet: Mapping[str, Any]) -> None:
        """Take over the exact moments, so that the first bet need not wait for them."""
        self._recalled = Moments(Fraction(sheet["exact"]["rtp"]), Fraction(sheet["exact"]["variance"]))

    def moments(self, selections: tuple[Selection, ...] = ()) -> Moments:
        """Exact mean and variance of a spin with all that follows; computed at the first call unless recalled."""
        return self._recalled or self._figures.moments

    def par(self, jackpot: Fraction = Fraction(0)) -> ParSheet:
        """The sheet of the one bet, with lines, scatter and free spins as parts; may raise ``InvalidPaytable``."""
        exact = self._figures
        bet = BetFigures("spin", exact.moments, exact.hit_rate, exact.top_multiplier, exact.top_probability)
        parts = [("lines", exact.line_rtp)]
        if self._scatter is not None:
            parts += [("scatter", exact.scatter_rtp), ("free spins", exact.free_spin_rtp)]
        return ParSheet((bet,), tuple(parts), jackpot)

    @cached_property
    def _figures(self) -> ReelFigures:
        windows = [[(mask, scatter, 1) for mask, scatter, _ in views] for _, views in self._reels]
        tallies = tally_spin(self._machine, [merged(reel, self._machine.all_alive) for reel in windows])
        return reel_figures(tallies, self._scatters, unit=self._unit, multiplier=self._multiplier)

    def draw(self, selections: tuple[Selection, ...], words: Words) -> Draw:
        """One stop per reel, left to right, of the base spin, then of each free spin in turn."""
        outcome, units, pending = self._spin(words)
        if pending:
            played: list[dict[str, Any]] = []
            free_units = 0
            while len(played) < pending:
                spin, won, awarded = self._spin(words)
                played.append(spin)
                free_units += won
                pending += awarded
            units += free_units * self._multiplier.numerator // self._multiplier.denominator
            outcome["multiplier"] = decimal_text(self._multiplier)
            outcome["free_spins"] = played
        return Draw(Fraction(units, self._unit) if units else NO_WIN, outcome)

    def _spin(self, words: Words) -> tuple[dict[str, Any], int, int]:
        """One spin's outcome, its win in units before any multiplier, and the free spins it awards."""
        machine = self._machine
        first_paid, alive = machine.first_paid, machine.all_alive
        stops: list[int] = []
        window: list[list[str]] = []
        wins: list[tuple[int, str, int, int]] = []
        scatters = run = 0
        for limit, views in self._reels:
            word = next(words)
            while word >= limit:
                word = next(words)
            stop = word % len(views)
            mask, scatter, column = views[stop]
            stops.append(stop)
            # A copy: the outcome is the caller's to keep.
            window.append(column[:])
            scatters += scatter
            after = alive & mask
            if after != alive:
                if run >= first_paid:
                    wins += machine.wins(machine.ended(alive, after, run), run)
                alive = after
            run += 1
        if alive:
            wins += machine.wins(machine.ended(alive, 0, run), run)
        outcome: dict[str, Any] = {"stops": stops, "window": window, "lines": []}
        units = 0
        if wins:
            outcome["lines"] = [
                {"line": line, "symbol": kind, "count": count, "pay": self._written[won]}
                for line, kind, count, won in wins
            ]
            units = sum(win[3] for win in wins)
        if self._scatter is None:
            return outcome, units, 0
        entry = self._scatters[scatters]
        outcome["scatters"] = scatters
        return outcome, units + entry.units, entry.spins


def _strips(value: Any) -> list[list[str]]:
    strips = fields.sequence(value, "list of reels", least=1, most=MOST_REELS)
    read = []
    for number, strip in enumerate(strips, 1):
        stops = fields.sequence(strip, f"strip of reel {number}", least=1, most=MOST_STOPS)
        read.append([fields.text(symbol, f"symbol on reel {number}") for symbol in stops])
    return read


def _lines(value: Any, reels: int, rows: int) -> list[tuple[int, ...]]:
    lines = fields.sequence(value, "list of lines", least=1, most=MOST_LINES)
    read = []
    for number, line in enumerate(lines, 1):
        places = fields.sequence(line, f"line {number}", least=reels, most=reels)
        read.append(tuple(fields.integer(row, f"row on line {number}", least=0, most=rows - 1) for row in places))
    if len(set(read)) < len(read):
        raise InvalidPaytable("A line is listed twice.")
    return read


def _pays(value: Any, symbols: set[str], reels: int) -> dict[str, dict[int, Fraction]]:
    read = {}
    for symbol, entry in fields.table(value, "pays", most=MOST_SYMBOLS).items():
        name = f"pays of {_known(symbol, 'pays', symbols)}"
        pays = fields.counts(entry, name, most=reels)
        read[symbol] = {count: fields.positive(pay, name) for count, pay in pays.items()}
    if not any(read.values()):
        raise InvalidPaytable("No symbol pays anything.")
    return read


def _wild(table: dict[str, Any], symbols: set[str]) -> str | None:
    return None if table.get("wild") is None else _known(table["wild"], "wild", symbols)


def _known(value: Any, name: str, symbols: set[str]) -> str:
    symbol = fields.text(value, f"symbol of the {name}")
    if symbol not in symbols:
        raise InvalidPaytable(f"The {name} names the symbol {symbol!r}, which is unknown: it stands on no strip.")
    return symbol
