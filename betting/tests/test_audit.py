"""The audit of bets finds and names what was changed by hand."""

from typing import Any

import pytest
from django.db import connection

from betting.services import place_bet
from casino.games.models import Game
from casino.users.models import User
from operators.audit import audit

CORRUPTIONS = {
    "every bet has exactly its transfers": "UPDATE betting_bet SET win = win + 1, ggr = ggr - 1",
    "no stake or win lacks its bet": "DELETE FROM betting_bet",
    "the stake was covered, and the balance after follows from the balance before": (
        "UPDATE betting_bet SET real_after = real_after + 1"
    ),
    "a bet's balances are those its wallet's versions imply": (
        "UPDATE betting_bet SET real_before = real_before + 1, real_after = real_after + 1"
    ),
    "a seed pair's nonces are played 0…n−1 without a gap": "UPDATE betting_seedpair SET nonce = nonce + 1",
    "no bet is dated in the future": "UPDATE betting_bet SET created_at = created_at + interval '1 day'",
    "what a bet refers to exists and belongs together": "UPDATE betting_bet SET game_version_id = gen_random_uuid()",
    "the deposit requirement's progress is the wallet's real wagers": (
        "UPDATE wallets_wallet SET wagering_wagered = wagering_wagered + 1"
    ),
    "the hours' rollups are the sums of their bets": "UPDATE betting_hourrollup SET wagers = wagers + 1",
    "the hourly totals are the sums of the folded hours": "UPDATE betting_hourrollup SET is_folded = true",
    "the daily totals are the sums of the folded hours": "UPDATE betting_hourrollup SET is_folded = true",
    "XP and spendable points are the sums of their movements": "UPDATE vip_standing SET xp = xp + 1",
}


@pytest.mark.django_db
@pytest.mark.parametrize("sentence", CORRUPTIONS)
def test_what_was_changed_by_hand_is_named(sentence: str, alice: User, ever_lose: Game, fund: Any, order_of: Any):
    fund(alice, "10.00")
    place_bet(order_of(alice, "ever-lose", "1.00"))
    assert audit() == []
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(CORRUPTIONS[sentence])
        cursor.execute("SET session_replication_role = DEFAULT")
    named = {breach.check.sentence: breach.ids for breach in audit()}
    assert named.get(sentence)
