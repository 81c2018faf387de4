"""What betting should do, said once more in plain Python: whole cents and millionths, no database, no engine code."""

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

SMALLEST_STAKE = 10
POINTS_PER_UNIT = 20
# Level: (from this much XP, in hundredths; how much faster points come).
LEVELS = [(0, "1"), (1_000_00, "1.1"), (5_000_00, "1.25"), (20_000_00, "1.5"), (100_000_00, "2")]


@dataclass
class Rules:
    """A game that always pays the same, and the jackpot that it feeds."""

    multiplier: Fraction
    weight: Fraction = Fraction(1)
    takes_bonus: bool = True
    jackpot: str = ""


GAMES = {
    "half": Rules(Fraction(1, 2), jackpot="calm"),
    "odd": Rules(Fraction(77, 100), weight=Fraction(1, 10)),
    "strict": Rules(Fraction(1, 2), takes_bonus=False),
    "hot": Rules(Fraction(1, 10), jackpot="hot"),
}
# Jackpots count in millionths; each cent wagered adds so many. The hot one is hit by every bet, the calm one by none.
JACKPOT_SEED = 500_000
JACKPOT_RATES = {"calm": 50, "hot": 123}


@dataclass
class Pot:
    """A bonus; ``wagered`` in millionths, the rest in cents."""

    granted: int
    balance: int
    multiple: int
    max_stake: int
    cap: int | None = None
    is_late: bool = False
    wagered: int = 0
    status: str = "active"

    def facts(self) -> tuple[int, int, int, int, str]:
        return self.balance, self.granted * self.multiple * 10_000, self.wagered, self.max_stake, self.status

    def end(self, status: str, converted: int = 0) -> int:
        forfeited, self.balance, self.status = self.balance - converted, 0, status
        return forfeited


@dataclass
class Spins:
    """A grant of free spins, and the bonus in which its wins gather."""

    id: Any
    game: str
    left: int
    value: int
    multiple: int
    pot: Pot | None = None


@dataclass
class Purse:
    """A wallet, in cents."""

    real: int = 0
    required: int = 0
    wagered: int = 0
    pots: list[Pot] = field(default_factory=list)
    spins: list[Spins] = field(default_factory=list)

    @property
    def bonus(self) -> int:
        return sum(pot.balance for pot in self.pots)


@dataclass
class Oracle:
    """Two operators' books as they should be; an account is (player's name, operator's slug)."""

    purses: defaultdict[tuple[str, str], Purse] = field(default_factory=lambda: defaultdict(Purse))
    xp: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    level: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    values: dict[str, int] = field(default_factory=lambda: dict.fromkeys(JACKPOT_RATES, JACKPOT_SEED))
    pending: dict[str, int] = field(default_factory=lambda: dict.fromkeys(JACKPOT_RATES, 0))
    bets: int = 0

    def deposit(self, account: tuple[str, str], cents: int) -> None:
        purse = self.purses[account]
        purse.real += cents
        purse.required = max(purse.required, purse.wagered) + cents

    def bet(self, account: tuple[str, str], game: str, wager: int, spins: Spins | None = None) -> dict[str, Any] | str:
        """What the bet's row says, or the refusal's code."""
        purse, rules = self.purses[account], GAMES[game]
        before, pool_win = (purse.real, purse.bonus), 0
        win = int((spins.value if spins else wager) * rules.multiplier)
        if spins is not None:
            if not spins.left:
                return "unknown_free_spin"
            wager, paid = spins.value, self._spin(purse, spins, win)
        elif purse.real >= wager:
            paid = []
            purse.real += win - wager
            purse.wagered += wager
        else:
            chosen = self._payers(purse, rules, wager)
            if isinstance(chosen, str):
                return chosen
            paid = self._play(chosen, rules, wager, win)
        kind = "free_spin" if spins else "bonus" if paid else "real"
        least = 0 if spins is not None and spins.left else SMALLEST_STAKE
        purse.real += sum(self._end(pot, least) for pot in paid)
        if kind == "real" and rules.jackpot:
            pool_win = self._jackpot(rules.jackpot, wager)
            purse.real += pool_win
        self.bets += 1
        points = self._earn(account[0], wager, {"real": 2, "bonus": 1, "free_spin": 0}[kind])
        return {
            "bet_type": kind, "wager": wager, "win": win, "jackpot_win": pool_win, "points": points,
            "real": (before[0], purse.real), "bonus": (before[1], purse.bonus),
        }  # fmt: skip

    def fold(self) -> None:
        for name, amount in self.pending.items():
            self.values[name] += amount
            self.pending[name] = 0

    def _payers(self, purse: Purse, rules: Rules, wager: int) -> list[tuple[Pot, int]] | str:
        live = [pot for pot in purse.pots if pot.status == "active" and not pot.is_late and pot.balance]
        if sum(pot.balance for pot in live) < wager:
            return "insufficient_funds"
        if not rules.takes_bonus:
            return "bonus_not_allowed"
        chosen = [(pot, wager) for pot in live if pot.balance >= wager][:1]
        due = 0 if chosen else wager
        for pot in live:
            if due:
                chosen.append((pot, min(due, pot.balance)))
                due -= chosen[-1][1]
        return "bonus_max_stake" if wager > min(pot.max_stake for pot, _ in chosen) else chosen

    def _play(self, chosen: list[tuple[Pot, int]], rules: Rules, wager: int, win: int) -> list[Pot]:
        quotas = [Fraction(win * staked, wager) for _, staked in chosen]
        shares = [int(quota) for quota in quotas]
        by_rest = sorted(range(len(chosen)), key=lambda i: (shares[i] - quotas[i], i))
        for i in by_rest[: win - sum(shares)]:
            shares[i] += 1
        for (pot, staked), share in zip(chosen, shares, strict=True):
            pot.balance += share - staked
            pot.wagered += int(staked * rules.weight * 10_000)
        return [pot for pot, _ in chosen]

    def _spin(self, purse: Purse, spins: Spins, win: int) -> list[Pot]:
        spins.left -= 1
        if spins.pot is None or spins.pot.status != "active":
            spins.pot = Pot(0, 0, spins.multiple, 0)
            purse.pots.append(spins.pot)
        pot = spins.pot
        pot.granted += win
        pot.balance += win
        pot.max_stake = min(500, max(100, pot.granted // 10))
        return [pot]

    def _end(self, pot: Pot, least: int) -> int:
        """What becomes real money."""
        if pot.wagered >= pot.granted * pot.multiple * 10_000:
            converted = pot.balance if pot.cap is None else min(pot.balance, pot.cap)
            pot.end("converted", converted)
            return converted
        if pot.balance < least:
            pot.end("exhausted")
        return 0

    def _jackpot(self, name: str, wager: int) -> int:
        self.pending[name] += wager * JACKPOT_RATES[name]
        if name != "hot":
            return 0
        value = self.values[name] + self.pending[name]
        paid = value // 10_000
        self.values[name], self.pending[name] = value - paid * 10_000 + JACKPOT_SEED, 0
        return paid

    def _earn(self, name: str, wager: int, halves: int) -> int:
        multiplier = Fraction(LEVELS[self.level[name]][1])
        points = int(wager * POINTS_PER_UNIT * multiplier * halves / 2)
        self.xp[name] += points
        self.level[name] = max(number for number, (least, _) in enumerate(LEVELS) if self.xp[name] >= least)
        return points
