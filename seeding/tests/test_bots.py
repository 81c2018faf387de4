"""What bots decide: pure, and the same for the same seed and outcomes."""

from collections import Counter
from decimal import Decimal
from random import Random
from typing import Any

from seeding.bots import (
    BET,
    DEPOSIT,
    LARGE,
    REST,
    SMALL,
    WITHDRAWAL,
    Deed,
    Mood,
    Offer,
    Outcome,
    Sight,
    decide,
    observe,
    pause,
    random_of,
)
from seeding.temperaments import TEMPERAMENTS, temperament_of

OFFERS = (
    Offer("sevens", "slots", "reels", Decimal("0.10"), Decimal(100), takes_bonus=True),
    Offer("wheel", "table", "roulette", Decimal("0.50"), Decimal(500), takes_bonus=False),
    Offer("dice", "dice", "dice", Decimal("0.10"), Decimal(50), takes_bonus=True, faces=100),
    Offer("keno", "instant", "keno", Decimal("0.10"), Decimal(20), takes_bonus=True, tickets=(2, 3, 5)),
    Offer("cards", "table", "baccarat", Decimal("1.00"), Decimal(1000), takes_bonus=True),
)


def play(name: str, seed: int, deeds: int, win_seed: int = 1) -> list[dict[str, Any]]:
    """A bot's deeds in a toy house, where every third bet or so is won threefold."""
    temperament, mood, luck = TEMPERAMENTS[name], Mood(), Random(win_seed)
    real, asked = Decimal(0), []
    for number in range(deeds):
        random = random_of(seed, 0, number)
        deed, mood = decide(temperament, mood, Sight(real=real, offers=OFFERS), random)
        asked.append({**deed.as_json(), "pause": pause(temperament, mood, random)})
        if deed.kind == REST:
            continue
        change = {DEPOSIT: deed.amount, WITHDRAWAL: -deed.amount, BET: -deed.amount}[deed.kind]
        if deed.kind == BET and luck.random() < 0.32:
            change += deed.amount * 3
        real += change
        assert real >= 0
        mood = observe(mood, deed, Outcome(settled=1))
    return asked


def test_the_same_seed_and_the_same_outcomes_give_the_same_deeds():
    for name in TEMPERAMENTS:
        assert play(name, 11, 400) == play(name, 11, 400)


def test_another_seed_or_another_outcome_gives_other_deeds():
    assert play("regular", 11, 400) != play("regular", 12, 400)
    assert play("regular", 11, 400) != play("regular", 11, 400, win_seed=2)


def test_a_broke_newcomer_pays_in_first():
    for name, temperament in TEMPERAMENTS.items():
        first = play(name, 3, 1)[0]
        assert first["kind"] == DEPOSIT
        assert int(first["amount"]) in temperament.deposits


def test_four_stakes_of_five_are_small():
    sizes = Counter(deed["size"] for name in TEMPERAMENTS for deed in play(name, 5, 2000) if deed["kind"] == BET)
    assert set(sizes) == {SMALL, LARGE}
    assert 0.78 < sizes[SMALL] / sizes.total() < 0.83


def test_bots_go_when_they_are_ahead_and_take_money_with_them():
    rich = Sight(real=Decimal(200), offers=OFFERS)
    ahead = Mood(is_away=False, left=10, played=5, opening=Decimal(100), game="sevens")
    deeds = Counter()
    for number in range(200):
        deed, mood = decide(TEMPERAMENTS["regular"], ahead, rich, random_of(1, 0, number))
        deeds[deed.kind] += 1
        assert mood.is_away
        assert deed.amount <= 200
    assert set(deeds) == {WITHDRAWAL, REST}


def test_nothing_is_withdrawn_while_wagering_is_due_or_a_withdrawal_is_open():
    ahead = Mood(is_away=False, left=10, played=5, opening=Decimal(100))
    for sight in (
        Sight(real=Decimal(200), wagering_remaining=Decimal("0.01"), offers=OFFERS),
        Sight(real=Decimal(200), has_open_withdrawal=True, offers=OFFERS),
    ):
        kinds = {decide(TEMPERAMENTS["regular"], ahead, sight, random_of(1, 0, number))[0].kind for number in range(99)}
        assert kinds == {REST}


def test_who_is_broke_and_has_paid_in_enough_goes():
    mood = Mood(is_away=False, left=10, played=30, opening=Decimal(50), deposits=1)
    deed, after = decide(TEMPERAMENTS["casual"], mood, Sight(real=Decimal(0), offers=OFFERS), Random(1))
    assert (deed.kind, after.is_away) == (REST, True)


def test_bonus_money_is_staked_within_its_limit_on_games_that_take_it():
    sight = Sight(real=Decimal(0), bonus=Decimal(40), max_bonus_stake=Decimal("1.00"), offers=OFFERS)
    mood = Mood(is_away=False, left=50, played=1, opening=Decimal(20))
    for number in range(300):
        deed, _ = decide(TEMPERAMENTS["bonus_hunter"], mood, sight, random_of(2, 0, number))
        assert deed.kind == BET
        assert deed.amount <= 1
        assert deed.game != "wheel"


def test_free_spins_are_taken_now_and_then_and_before_new_money_is_paid_in():
    spin = Deed(BET, game="sevens", free_spin="grant", times=8)
    broke = Sight(real=Decimal(0), free_spins=("grant", "sevens", 20), offers=OFFERS)
    rich = Sight(real=Decimal(50), free_spins=("grant", "sevens", 20), offers=OFFERS)
    for number in range(20):
        assert decide(TEMPERAMENTS["casual"], Mood(), broke, random_of(1, 0, number), burst=8)[0] == spin
    drawn = [decide(TEMPERAMENTS["casual"], Mood(), rich, random_of(1, 0, number), burst=8)[0] for number in range(500)]
    assert 60 < drawn.count(spin) < 140


def test_three_refusals_and_a_bot_goes_away():
    mood, deed = Mood(is_away=False, left=10, game="sevens"), Deed(BET, Decimal(1), "sevens")
    for refusals in (1, 2):
        mood = observe(mood, deed, Outcome(refusal="game_disabled"))
        assert (mood.refusals, mood.is_away, mood.game) == (refusals, False, "")
    assert observe(mood, deed, Outcome(refusal="game_disabled")).is_away
    assert observe(Mood(is_away=False), Deed(DEPOSIT, Decimal(20)), Outcome(refusal="velocity_exceeded")).is_away


def test_a_mood_and_a_deed_are_the_same_after_a_row_kept_them():
    mood = Mood(is_away=False, left=3, played=2, opening=Decimal("12.50"), deposits=1, game="dice", refusals=1)
    assert Mood.from_json(mood.as_json()) == mood
    assert Mood.from_json({}) == Mood()
    deed = Deed(BET, Decimal("0.40"), "dice", SMALL, 2, [{"on": "under:50", "stake": "0.40"}])
    assert Deed.from_json({**deed.as_json(), "seat": 5}) == deed


def test_a_hundred_bots_have_the_shares_of_the_temperaments():
    assert Counter(temperament_of(number) for number in range(300, 400)) == {
        "casual": 45, "regular": 30, "grinder": 12, "high_roller": 5, "bonus_hunter": 8,
    }  # fmt: skip


def test_a_bot_leaves_no_more_to_autoplay_than_it_has_money_for():
    temperament, offers = TEMPERAMENTS["high_roller"], (OFFERS[4],)
    for seed in range(200):
        mood = Mood(is_away=False, left=100, opening=Decimal(100))
        deed, _ = decide(temperament, mood, Sight(real=Decimal("35.00"), offers=offers), Random(seed), 16)
        assert deed.kind == BET
        assert deed.amount * deed.times <= 35
    assert decide(temperament, mood, Sight(real=Decimal(5000), offers=offers), Random(1), 16)[0].times > 3
