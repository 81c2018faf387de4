"""Exact figures of a reel game: the joint law of line wins and scatters, and of the free spins that follow.

One backward pass over the reels. What the reels still to stop can add depends only on the lines that are alive and on
nothing else that was shown, so equal sets of lines are computed once; after two reels few lines are left, which keeps
the sets few where the stops themselves are hundreds of millions. Free spins are a branching process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction

from casino.games.paytables.fields import InvalidPaytable
from casino.games.paytables.par import Moments
from casino.games.paytables.reels_lines import LineMachine

# Windows looked at, tallies added up and lines paid in one computation: a few seconds of work at the very most. Five
# reels of sixty stops with ten lines take a fiftieth of it.
MOST_STEPS = 6_000_000
# A set of lines this wide costs about twice as much to look at as a narrow one.
WIDE_BITS = 1000

_DIGITS = Context(prec=60)

# One reel's windows: (bits kept alive, 1 where a scatter shows, number of stops that show it).
Windows = Sequence[tuple[int, int, int]]


@dataclass(slots=True)
class Tally:
    """Stop combinations with one number of scatters: how many, and the sums, zeros and best of their line wins."""

    ways: int = 0
    sum: int = 0
    squares: int = 0
    zeros: int = 0
    top: int = -1
    top_ways: int = 0

    def add(self, tail: "Tally", ways: int, pay: int) -> None:
        """Take in ``ways`` copies of ``tail``, each with ``pay`` more won."""
        count = ways * tail.ways
        self.ways += count
        self.sum += ways * tail.sum + pay * count
        self.squares += ways * (tail.squares + 2 * pay * tail.sum) + pay * pay * count
        if not pay:
            self.zeros += ways * tail.zeros
        if tail.ways and tail.top + pay > self.top:
            self.top, self.top_ways = tail.top + pay, 0
        if tail.ways and tail.top + pay == self.top:
            self.top_ways += ways * tail.top_ways


@dataclass(frozen=True)
class ScatterEntry:
    """What one number of scatters brings: units of the wager, and free spins."""

    units: int
    spins: int


def tally_spin(machine: LineMachine, windows: Sequence[Windows]) -> list[Tally]:
    """One tally for each number of scatters 0…reels, over all stop combinations of one spin, wins in units.

    Raises ``InvalidPaytable`` where lines and symbols combine in more ways than ``MOST_STEPS`` lets be followed.
    """
    return _Tails(machine, windows).after(0, machine.all_alive)


class _Tails:
    """What the reels from one on can add to a set of lines alive, remembered for each set."""

    def __init__(self, machine: LineMachine, windows: Sequence[Windows]) -> None:
        self._machine, self._windows = machine, windows
        self._known: list[dict[int, list[Tally]]] = [{} for _ in range(len(windows) + 1)]
        self._seen_by: list[dict[int, Windows]] = [{} for _ in windows]
        self._steps = 0
        self._width = 1 + machine.all_alive.bit_length() // WIDE_BITS

    def after(self, reel: int, alive: int) -> list[Tally]:
        known = self._known[reel].get(alive)
        if known is None:
            known = self._known[reel][alive] = self._tally(reel, alive)
        return known

    def _tally(self, reel: int, alive: int) -> list[Tally]:
        machine = self._machine
        if reel == machine.reels:
            pay = machine.pay(machine.ended(alive, 0, reel), reel)
            return [Tally(1, pay, pay * pay, int(not pay), pay, 1)]
        totals = [Tally() for _ in range(machine.reels - reel + 1)]
        shown = merged(self._relevant(reel, alive), alive)
        self._count(len(shown) * len(totals))
        for after, scatter, ways in shown:
            ended = machine.ended(alive, after, reel) if reel >= machine.first_paid and after != alive else 0
            self._count(ended.bit_count())
            pay = machine.pay(ended, reel)
            for scatters, tail in enumerate(self.after(reel + 1, after), scatter):
                if tail.ways:
                    totals[scatters].add(tail, ways, pay)
        return totals

    def _relevant(self, reel: int, alive: int) -> Windows:
        """The reel's windows as the kinds that are alive see them: others' symbols are all the same to them."""
        kinds = self._machine.kinds_alive(alive)
        seen = self._seen_by[reel].get(kinds)
        if seen is None:
            seen = self._seen_by[reel][kinds] = merged(self._windows[reel], kinds)
            self._count(len(self._windows[reel]))
        self._count(len(seen))
        return seen

    def _count(self, steps: int) -> None:
        self._steps += steps * self._width
        if self._steps > MOST_STEPS:
            raise InvalidPaytable("The lines and symbols combine in too many ways for the RTP to be computed exactly.")


def merged(windows: Windows, bits: int) -> Windows:
    """Windows that do the same to these bits and to the scatters, counted together."""
    stops: dict[tuple[int, int], int] = {}
    for mask, scatter, count in windows:
        key = mask & bits, scatter
        stops[key] = stops.get(key, 0) + count
    return [(mask, scatter, count) for (mask, scatter), count in stops.items()]


@dataclass(frozen=True)
class ReelFigures:
    """Exact figures of a whole bet on reels, free spins included; wins per unit wagered."""

    moments: Moments
    line_rtp: Fraction
    scatter_rtp: Fraction
    free_spin_rtp: Fraction
    hit_rate: Fraction
    top_multiplier: Fraction
    top_probability: Fraction


def reel_figures(
    tallies: Sequence[Tally], scatters: Sequence[ScatterEntry], *, unit: int, multiplier: Fraction
) -> ReelFigures:
    """The figures of a bet from one spin's tallies and what each number of scatters brings.

    With X a spin's win, N the free spins it awards and m their multiplier, a free spin returns T = m·X + T(1) + … +
    T(N), the T(k) independent of (X, N) and each other. So, with μ = E[T], (1 - E[N])·μ = m·E[X] and
    (1 - E[N])·Var[T] = m²·E[X²] + 2m·μ·E[XN] + μ²·(E[N²] - 1). The whole bet is X + T(1) + … + T(N): the same sums with
    m = 1 in front of X (moments of a random sum, conditioned on the spin that awards it).
    """
    spin = _SpinMoments(tallies, scatters, unit)
    mean = multiplier * spin.win / (1 - spin.spins)
    variance = (
        multiplier**2 * spin.win_squared + 2 * multiplier * mean * spin.win_spins + mean**2 * (spin.spins_squared - 1)
    ) / (1 - spin.spins)
    total = spin.win + spin.spins * mean
    squared = spin.win_squared + 2 * mean * spin.win_spins + variance * spin.spins + mean**2 * spin.spins_squared
    best_factor = max(multiplier, Fraction(1)) if spin.spins else Fraction(1)
    return ReelFigures(
        moments=Moments(total, squared - total**2),
        line_rtp=spin.lines,
        scatter_rtp=spin.win - spin.lines,
        free_spin_rtp=spin.spins * mean,
        hit_rate=1 - _silent(spin.silent),
        top_multiplier=spin.top * best_factor,
        top_probability=spin.top_probability,
    )


class _SpinMoments:
    """Moments of one spin's win X (in wagers) together with the free spins N that it awards."""

    def __init__(self, tallies: Sequence[Tally], scatters: Sequence[ScatterEntry], unit: int) -> None:
        total = sum(tally.ways for tally in tallies)
        pairs = list(zip(tallies, scatters, strict=True))
        wins = [tally.sum + entry.units * tally.ways for tally, entry in pairs]
        squares = sum(t.squares + 2 * e.units * t.sum + e.units**2 * t.ways for t, e in pairs)
        self.lines = Fraction(sum(tally.sum for tally in tallies), total * unit)
        self.win = Fraction(sum(wins), total * unit)
        self.win_squared = Fraction(squares, total * unit * unit)
        self.spins = Fraction(sum(e.spins * t.ways for t, e in pairs), total)
        self.spins_squared = Fraction(sum(e.spins**2 * t.ways for t, e in pairs), total)
        self.win_spins = Fraction(sum(e.spins * win for (_, e), win in zip(pairs, wins, strict=True)), total * unit)
        best = max(t.top + e.units for t, e in pairs if t.ways)
        self.top = Fraction(best, unit)
        self.top_probability = Fraction(sum(t.top_ways for t, e in pairs if t.ways and t.top + e.units == best), total)
        self.silent: dict[int, Fraction] = {}
        for tally, entry in pairs:
            if not entry.units:
                self.silent[entry.spins] = self.silent.get(entry.spins, Fraction(0)) + Fraction(tally.zeros, total)


def _silent(silent: dict[int, Fraction]) -> Fraction:
    """P(nothing is won), from the chances that a spin wins nothing and awards n spins.

    Where every award comes with a win the figure is rational. Where one does not, the chance q that a free spin brings
    nothing solves q = Σ sₙ·qⁿ, which no fraction need do: it is iterated to fifty digits (the error at least halves
    with each step, as the awards' mean is at most one half).
    """
    if not any(chance for spins, chance in silent.items() if spins):
        return silent.get(0, Fraction(0))
    terms = [(n, _DIGITS.divide(Decimal(s.numerator), Decimal(s.denominator))) for n, s in silent.items()]
    chance = Decimal(0)
    for _ in range(200):
        chance = sum((_DIGITS.multiply(s, _DIGITS.power(chance, n)) if n else s for n, s in terms), Decimal(0))
    return Fraction(chance)
