"""The audit finds and names whatever is corrupted by hand in jackpots, bonus bets and free spins."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

import betting.audit
from betting import jackpots
from betting.models import JackpotPending, JackpotPool
from betting.tests import test_audit
from casino.users.models import User
from operators.audit import audit

PARTS = "every jackpot part of a bet has its transfers, and no such transfer lacks its bet"
POOL = "a pool is what was folded in and seeded, less what it paid"
FED = "a pool's contributions are those of its bets: folded and pending"
CLEARING = "an operator's jackpot clearing is its pending contributions"
SPIN_WIN = "a free-spin win has its bet, and its bet's bonus"
SPUN = "free spins are spun as often as their grant says"
PROGRESS = "a bonus's progress is the weighted wagers of its bets"
TRANSFERS = "every bet has exactly its transfers"
BALANCES = "a bet's balances are those its wallet's versions imply"
COVERED = "the stake was covered, and the balance after follows from the balance before"
BELONGS = "what a bet refers to exists and belongs together"
NONCES = "a seed pair's nonces are played 0…n−1 without a gap"
HOURS = "the hours' rollups are the sums of their bets"
MIRROR = "what an operator's book has between the books mirrors what the platform's has of it"

HIT, SPIN, STAKED = "id = '{hit}'", "id = '{spin}'", "id = '{staked}'"
MOVED = "UPDATE wallets_transfer SET"
TWICE = "jsonb_set(wagering, '{{weight}}', '2')"
CORRUPTIONS = [
    (3, PARTS, f"UPDATE betting_bet SET jackpot_win = jackpot_win + 1 WHERE {HIT}", "{hit}"),
    (3, PARTS, f"UPDATE betting_bet SET jackpot_contribution = jackpot_contribution + 0.000001 WHERE {HIT}", "{hit}"),
    (3, PARTS, f"{MOVED} amount = amount + 1 WHERE kind = 'jackpot_win' AND target = 'real'", "{hit}"),
    (
        3,
        PARTS,
        f"{MOVED} amount = amount - 1 WHERE kind = 'jackpot_win' AND source = 'jackpot_pool'",
        "{hit}",
    ),
    (3, PARTS, "DELETE FROM wallets_transfer WHERE kind = 'jackpot_contribution' AND reference = '{hit}'", "{hit}"),
    (3, PARTS, f"DELETE FROM betting_bet WHERE {HIT}", "{hit}"),
    (3, SPIN_WIN, f"UPDATE betting_bet SET win = win + 1 WHERE {SPIN}", "{spin}"),
    (3, SPIN_WIN, "DELETE FROM wallets_transfer WHERE kind = 'free_spin_win'", "{spin}"),
    (3, SPIN_WIN, f"DELETE FROM betting_bet WHERE {SPIN}", "{spin}"),
    (3, TRANSFERS, f"UPDATE betting_bet SET wallet_id = gen_random_uuid() WHERE {STAKED}", "{staked}"),
    (3, TRANSFERS, f"UPDATE betting_bet SET bet_type = 'real' WHERE {STAKED}", "{staked}"),
    (4, COVERED, f"UPDATE betting_bet SET bonus_after = bonus_after - 1 WHERE {STAKED}", "{staked}"),
    (5, BALANCES, f"UPDATE betting_bet SET wallet_version = wallet_version - 1 WHERE {STAKED}", "{staked}"),
    (5, NONCES, f"UPDATE betting_bet SET nonce = nonce + 9 WHERE {STAKED}", "{seeds}"),
    (7, PROGRESS, "UPDATE wallets_bonus SET wagered = wagered + 1 WHERE id = '{bonus}'", "{bonus}"),
    (7, PROGRESS, f"UPDATE betting_bet SET wagering = {TWICE} WHERE {STAKED}", "{bonus}"),
    (7, SPUN, "UPDATE wallets_freespins SET remaining = remaining - 1", "{spins}"),
    (7, SPUN, f"UPDATE betting_bet SET free_spins_id = NULL WHERE {SPIN}", "{spins}"),
    (9, POOL, "UPDATE betting_jackpotpool SET value = value + 0.000001", "{pool}"),
    (9, POOL, "UPDATE wallets_transfer SET amount = amount + 1 WHERE kind = 'jackpot_seed'", "{pool}"),
    (9, POOL, "DELETE FROM wallets_transfer WHERE kind = 'jackpot_fold' AND operator_id IS NULL", "{pool}"),
    (9, FED, "UPDATE betting_jackpotpending SET amount = amount + 0.000001", "{pool}"),
    (9, FED, "DELETE FROM betting_jackpotpending", "{pool}"),
    (
        9,
        FED,
        f"UPDATE betting_bet SET jackpots = jsonb_set(jackpots, '{{{{0,contribution}}}}', '\"0.5\"') WHERE {HIT}",
        "{pool}",
    ),
    (9, CLEARING, "UPDATE betting_jackpotpending SET operator_id = gen_random_uuid()", "{aurora}"),
    (9, CLEARING, "UPDATE betting_jackpotpending SET amount = amount * 2", "{aurora}"),
    (
        10,
        MIRROR,
        "UPDATE wallets_transfer SET amount = amount + 1 WHERE kind = 'jackpot_fold' AND operator_id IS NULL",
        "{aurora} USD",
    ),
    (11, HOURS, f"UPDATE betting_bet SET jackpot_win = 0 WHERE {HIT}", "{alice}"),
    (11, HOURS, f"UPDATE betting_bet SET expected_win = expected_win + 1 WHERE {STAKED}", "{boris}"),
    (13, BELONGS, f"UPDATE betting_bet SET seed_pair_id = gen_random_uuid() WHERE {STAKED}", "{staked}"),
    (13, BELONGS, f"UPDATE betting_bet SET affiliate_id = gen_random_uuid() WHERE {STAKED}", "{staked}"),
    (13, BELONGS, f"UPDATE betting_bet SET game_id = gen_random_uuid() WHERE {STAKED}", "{staked}"),
]  # fmt: skip


@pytest.fixture
def names(
    alice: User, boris: User, fund: Any, make_jackpot: Any, sure_game: Any, play: Any, give_bonus: Any, give_spins: Any
) -> dict[str, str]:
    """Bets of Alice's that won a pot, feed it and fed it; a bonus bet of Boris's, and a free spin of his that won."""
    fund(alice, "50.00")
    sure_game("pots", "1", make_jackpot({"rate": Decimal("0.005"), "seed": Decimal(10)}))
    double = sure_game("double", "2")
    play(alice, "pots", "1.00")
    jackpots.fold()
    JackpotPool.objects.update(odds=1)
    hit = play(alice, "pots", "1.00")
    JackpotPool.objects.update(odds=Decimal("1E-18"))
    jackpots.fold()
    play(alice, "pots", "1.00")
    bonus = give_bonus(boris, "20.00", wagering_multiple=100)
    staked = play(boris, "double", "2.00")
    spins = give_spins(boris, double, 2, "0.50")
    spin = play(boris, "double", "0.50", free_spin=str(spins.pk))
    assert (hit.jackpot_win > 0, JackpotPending.objects.count(), staked.bet_type, spin.win) == (True, 1, "bonus", 1)
    assert audit() == []
    rows = {
        "hit": hit,
        "staked": staked,
        "spin": spin,
        "bonus": bonus,
        "spins": spins,
        "pool": JackpotPool.objects.get(),
    }
    rows |= {"seeds": staked.seed_pair, "alice": alice, "boris": boris, "aurora": alice.operator}
    return {name: str(row.pk) for name, row in rows.items()}


@pytest.mark.parametrize(("number", "sentence", "statement", "offender"), CORRUPTIONS)
def test_a_row_corrupted_by_hand_is_found_and_named(
    names: dict[str, str], number: int, sentence: str, statement: str, offender: str
):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL session_replication_role = replica")
        cursor.execute("ALTER TABLE betting_bet DROP CONSTRAINT a_real_bet_was_covered_before_the_draw")
        cursor.execute(statement.format(**names))
        assert cursor.rowcount >= 1
    found = {(breach.check.number, breach.check.sentence): breach.ids for breach in audit()}
    assert offender.format(**names) in found[number, sentence]


def test_every_check_of_bets_is_proved_by_a_corruption():
    proved = {sentence for _, sentence, _, _ in CORRUPTIONS} | set(test_audit.CORRUPTIONS)
    assert {check.sentence for check in betting.audit.CHECKS} <= proved
