"""All lines of a reel game at once: which runs are still alive after each reel, and what those pay that ended.

A set of lines is one integer with a bit for each (kind, line): the bit is set while every symbol of that line so far is
that kind or wild. Showing a window is one AND, whatever the number of lines. A line of wilds alone has the bits of all
kinds, and that of the wild kind, which tells it from the others. The draw and the exact moments both walk this machine,
so the two cannot disagree about what a window pays.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property

Pays = Mapping[str, Mapping[int, Fraction]]


class LineMachine:
    """Line wins of windows: left to right from reel 1, longest run only, the first non-wild symbol names the kind."""

    def __init__(self, lines: Sequence[Sequence[int]], pays: Pays, wild: str | None, *, rows: int, unit: int) -> None:
        """``lines`` name a row per reel; ``pays`` multiply the line bet; wins are whole units of wager ÷ ``unit``."""
        self.reels, self.line_count = len(lines[0]), len(lines)
        # A symbol that pays nothing needs no bit: its lines are dead. A wild needs one even if it pays nothing itself.
        self.kinds = [symbol for symbol, entry in pays.items() if entry and symbol != wild]
        if wild is not None:
            self.kinds.append(wild)
        self.wild = wild
        self.all_alive = (1 << len(self.kinds) * self.line_count) - 1
        self.first_paid = min((run for entry in pays.values() for run in entry), default=self.reels + 1)
        self._wild_shift = (len(self.kinds) - 1) * self.line_count
        self._every_kind = sum(1 << kind * self.line_count for kind in range(len(self.kinds)))
        self._through = [
            [sum(1 << number for number, line in enumerate(lines) if line[reel] == row) for row in range(rows)]
            for reel in range(self.reels)
        ]
        self._units = [
            [int(pays.get(kind, {}).get(run, 0) * unit / self.line_count) for kind in self.kinds]
            for run in range(self.reels + 1)
        ]

    def mask(self, reel: int, column: Sequence[str]) -> int:
        """The (kind, line) bits that stay alive when ``reel`` shows ``column`` (top to bottom)."""
        shown = zip(column, self._through[reel], strict=True)
        return sum(self._shift[symbol] * lines for symbol, lines in shown if symbol in self._shift)

    @cached_property
    def _shift(self) -> dict[str, int]:
        """For each symbol, the factor that spreads a set of lines over the kinds the symbol can stand for."""
        factors = {kind: 1 << number * self.line_count for number, kind in enumerate(self.kinds)}
        if self.wild is not None:
            factors[self.wild] = self._every_kind
        return factors

    def kinds_alive(self, alive: int) -> int:
        """All bits of the kinds that have a line alive."""
        row = (1 << self.line_count) - 1
        bits = 0
        while alive:
            # The lowest bit left names a kind: take all of its bits, and drop them from what is left.
            lowest = (alive & -alive).bit_length() - 1
            kind = row << lowest - lowest % self.line_count
            bits |= kind
            alive &= ~kind
        return bits

    def ended(self, alive: int, after: int, run: int) -> int:
        """The bits of lines whose run of ``run`` symbols the next reel ended; past the last reel, of all alive."""
        lost = alive & ~after
        if self.wild is None:
            return lost
        wild_lines = alive >> self._wild_shift
        if wild_lines:
            # The next symbol names the kind of a line of wilds, so none of them ends here; past the last reel
            # they are wilds alone and pay as the wild's own entry.
            lost &= ~(wild_lines * self._every_kind)
            if run == self.reels:
                lost |= wild_lines << self._wild_shift
        return lost

    def pay(self, ended: int, run: int) -> int:
        """What lines that ended at ``run`` symbols win together, in units of the wager."""
        units, total = self._units[run], 0
        while ended:
            lowest = ended & -ended
            total += units[(lowest.bit_length() - 1) // self.line_count]
            ended ^= lowest
        return total

    def wins(self, ended: int, run: int) -> Iterator[tuple[int, str, int, int]]:
        """(line, kind, run, units) of each line that ended at ``run`` symbols with a win, by kind, then by line."""
        units = self._units[run]
        while ended:
            lowest = ended & -ended
            kind, line = divmod(lowest.bit_length() - 1, self.line_count)
            if units[kind]:
                yield line, self.kinds[kind], run, units[kind]
            ended ^= lowest
