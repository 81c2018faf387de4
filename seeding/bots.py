"""What bots do: strategies that turn what a player sees into their next deed. Pure; chance comes in as an argument.

A bot has a temperament, which never changes, and a mood, which its deeds change. The same temperament, mood, sight and
random numbers give the same deed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from random import Random
from typing import Any

from casino.money import ZERO, round_down
from seeding.temperaments import Temperament

BET, DEPOSIT, WITHDRAWAL, REST = "bet", "deposit", "withdrawal", "rest"
SMALL, LARGE = "small", "large"
# Of a hundred stakes so many are small.
SMALL_SHARE = 0.8
SMALL_UNITS, LARGE_UNITS = (1, 1, 2), (5, 8, 10)
CHANGES_GAME = 0.08
# How often a bot takes one of its free spins where it could stake money too.
SPINS_NOW = 0.2
# A bot that the house refuses so often in a row goes away for a while.
PATIENCE = 3
# Within so long, in a run's own time, everybody has come for the first time.
ARRIVAL = 60


@dataclass(frozen=True, slots=True)
class Offer:
    """A game as the lobby shows it; ``faces``, ``zeros`` and ``tickets`` say where chips may lie, where they may."""

    slug: str
    category: str
    kind: str
    least: Decimal
    most: Decimal
    takes_bonus: bool
    faces: int = 0
    tickets: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Sight:
    """What a player sees before a deed: the wallet, what stands against a withdrawal, free spins, the lobby."""

    real: Decimal
    bonus: Decimal = ZERO
    wagering_remaining: Decimal = ZERO
    max_bonus_stake: Decimal | None = None
    free_spins: tuple[str, str, int] | None = None
    has_open_withdrawal: bool = False
    least_withdrawal: Decimal = Decimal(10)
    most_withdrawal: Decimal = Decimal(5000)
    offers: Sequence[Offer] = ()


@dataclass(frozen=True, slots=True)
class Mood:
    """Where a bot is in its session. ``left`` bets remain of it; 0 with ``is_away``: it is not there."""

    is_away: bool = True
    left: int = 0
    played: int = 0
    opening: Decimal = ZERO
    deposits: int = 0
    game: str = ""
    refusals: int = 0

    def as_json(self) -> dict[str, Any]:
        """The mood as a row keeps it."""
        return {column.name: _plain(getattr(self, column.name)) for column in fields(self)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Mood":
        """The mood that ``as_json`` wrote; a new bot's for an empty object."""
        return cls(**{**kept, "opening": Decimal(kept["opening"])}) if kept else cls()


@dataclass(frozen=True, slots=True)
class Deed:
    """What a bot does next: ``times`` equal bets, a deposit, a withdrawal, or nothing for a while."""

    kind: str
    amount: Decimal = ZERO
    game: str = ""
    size: str = ""
    times: int = 1
    selections: list[dict[str, str]] | None = None
    free_spin: str = ""
    waives: bool = False

    def as_json(self) -> dict[str, Any]:
        """The deed as a plan keeps it."""
        return {column.name: _plain(getattr(self, column.name)) for column in fields(self)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Deed":
        """The deed that ``as_json`` wrote; what else ``kept`` holds is left alone."""
        known = {column.name: kept[column.name] for column in fields(cls)}
        return cls(**{**known, "amount": Decimal(kept["amount"])})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a deed: how many bets settled, what they won, and the last refusal's code."""

    settled: int = 0
    staked: Decimal = ZERO
    won: Decimal = ZERO
    refusal: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)


def random_of(seed: int, seat: int, deed: int) -> Random:
    """The random numbers of a bot's deed: the same for the same seed, seat and number of the deed."""
    return Random(f"{seed}:{seat}:{deed}")


def decide(temperament: Temperament, mood: Mood, sight: Sight, random: Random, burst: int = 1) -> tuple[Deed, Mood]:
    """The bot's next deed and its mood after deciding; ``burst`` is how many bets it may leave to autoplay at once."""
    if mood.is_away:
        length = random.randint(*temperament.session)
        mood = Mood(is_away=False, left=length, opening=sight.real)
    if sight.free_spins is not None and random.random() < SPINS_NOW:
        return _spin(sight.free_spins, burst), mood
    is_ahead = mood.played > 0 and mood.opening > 0 and sight.real >= mood.opening * temperament.quits_ahead_at
    if is_ahead or mood.left <= 0:
        return _leave(temperament, mood, sight, random)
    bet = _bet(temperament, mood, sight, random, burst)
    if bet is not None:
        return bet, replace(mood, game=bet.game, left=mood.left - bet.times)
    if sight.free_spins is not None:
        return _spin(sight.free_spins, burst), mood
    return _find_money(temperament, mood, sight, random)


def observe(mood: Mood, deed: Deed, outcome: Outcome) -> Mood:
    """The mood after the deed's outcome is known."""
    if outcome.refusal and not outcome.settled:
        refusals = mood.refusals + 1
        # Money that cannot be had, in or out, is not asked for again before the next visit.
        gives_up = refusals >= PATIENCE or deed.kind != BET
        return replace(mood, refusals=refusals, game="", is_away=gives_up)
    if deed.kind == BET:
        return replace(mood, played=mood.played + outcome.settled, refusals=0)
    if deed.kind == DEPOSIT:
        return replace(mood, opening=mood.opening + deed.amount, deposits=mood.deposits + 1, refusals=0)
    return replace(mood, refusals=0)


def first_turn(random: Random) -> float:
    """When a bot first comes: not all at once."""
    return random.uniform(0, ARRIVAL)


def pause(temperament: Temperament, mood: Mood, random: Random) -> float:
    """How long until it is this bot's turn again, in the run's own time."""
    own_turns = random.expovariate(1.0) + (temperament.away * random.uniform(0.5, 1.5) if mood.is_away else 0)
    return own_turns / temperament.pace


def _spin(free_spins: tuple[str, str, int], burst: int) -> Deed:
    grant, game, left = free_spins
    return Deed(BET, game=game, times=min(left, burst), free_spin=grant)


def _leave(temperament: Temperament, mood: Mood, sight: Sight, random: Random) -> tuple[Deed, Mood]:
    """Go, with some of the money where it can be had."""
    gone = replace(mood, is_away=True)
    waives = sight.bonus > 0 and not temperament.plays_bonus
    is_free = not sight.wagering_remaining and not sight.has_open_withdrawal and (waives or not sight.bonus)
    takes = round_down(sight.real * Decimal(random.choice(("0.5", "0.8", "1"))))
    takes = min(takes, sight.most_withdrawal)
    if is_free and takes >= sight.least_withdrawal and random.random() < temperament.withdraws:
        return Deed(WITHDRAWAL, takes, waives=waives), gone
    return Deed(REST), gone


def _find_money(temperament: Temperament, mood: Mood, sight: Sight, random: Random) -> tuple[Deed, Mood]:
    """Broke: pay in, or go away. Who has just come and holds nothing pays in."""
    is_new = mood.played == 0 and mood.deposits == 0
    wants = is_new or random.random() < temperament.deposits_again
    if mood.deposits < temperament.most_deposits and wants and sight.offers:
        return Deed(DEPOSIT, Decimal(random.choice(temperament.deposits))), mood
    return Deed(REST), replace(mood, is_away=True)


def _bet(temperament: Temperament, mood: Mood, sight: Sight, random: Random, burst: int) -> Deed | None:
    """A bet that the wallet covers, of the size that the dice say; None where there is none."""
    size = SMALL if random.random() < SMALL_SHARE else LARGE
    offer = _choose_game(temperament, mood, sight, random)
    if offer is None:
        return None
    stake = _stake(temperament, offer, size, random)
    if stake > sight.real and size == LARGE:
        size, stake = SMALL, _stake(temperament, offer, SMALL, random)
    if stake > sight.real:
        # What is left: less of the real money, or bonus money, which never mix.
        stake = sight.real if offer.least <= sight.real else min(stake, sight.max_bonus_stake or ZERO, sight.bonus)
        if stake < offer.least:
            return None
    times = min(random.randint(1, burst), max(mood.left, 1)) if burst > 1 else 1
    # Nobody leaves more to autoplay than there is money for.
    times = max(1, min(times, int((sight.real if stake <= sight.real else sight.bonus) / stake)))
    return Deed(BET, stake, offer.slug, size, times, _selections(offer, stake, random))


def _choose_game(temperament: Temperament, mood: Mood, sight: Sight, random: Random) -> Offer | None:
    """The game at hand, or now and then another one, by taste."""
    changes = random.random() < CHANGES_GAME
    if not changes:
        at_hand = next((offer for offer in sight.offers if offer.slug == mood.game), None)
        if at_hand is not None and _affords(temperament, sight, at_hand):
            return at_hand
    within = [offer for offer in sight.offers if _affords(temperament, sight, offer)]
    liked = [offer for offer in within if temperament.tastes.get(offer.category)] or within
    if not liked:
        return None
    weights = [temperament.tastes.get(offer.category, 1) for offer in liked]
    return random.choices(liked, weights)[0]


def _affords(temperament: Temperament, sight: Sight, offer: Offer) -> bool:
    """Whether real money covers the game's least stake, or bonus money may and does."""
    if offer.least <= sight.real:
        return True
    if not temperament.plays_bonus or not offer.takes_bonus or sight.max_bonus_stake is None:
        return False
    return offer.least <= min(sight.bonus, sight.max_bonus_stake)


def _stake(temperament: Temperament, offer: Offer, size: str, random: Random) -> Decimal:
    units = random.choice(SMALL_UNITS if size == SMALL else LARGE_UNITS)
    return min(max(temperament.unit * units, offer.least), offer.most)


def _selections(offer: Offer, stake: Decimal, random: Random) -> list[dict[str, str]] | None:
    """Where the chip lies; None for a game without places."""
    place = _place(offer, random)
    return None if place is None else [{"on": place, "stake": f"{stake:.2f}"}]


def _place(offer: Offer, random: Random) -> str | None:
    if offer.kind == "roulette":
        outside = ("red", "black", "odd", "even", "low", "high", "dozen:1", "dozen:2", "dozen:3", "column:1")
        return random.choice((*outside, f"straight:{random.randint(1, 36)}"))
    if offer.kind == "dice":
        target = max(1, offer.faces * random.choice((10, 25, 50, 75)) // 100)
        return f"under:{target}" if random.random() < 0.5 else f"over:{offer.faces - 1 - target}"
    if offer.kind == "baccarat":
        return random.choice(("banker", "banker", "player", "player", "tie"))
    if offer.kind == "keno":
        # Everybody has a few lucky tickets.
        lucky = Random(random.randrange(8))
        return ",".join(map(str, sorted(lucky.sample(range(1, 81), lucky.choice(offer.tickets)))))
    return None


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value
