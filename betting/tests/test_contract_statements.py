"""What a batch sends to the database: the locks first and in order, then reads, and all that it writes at once."""

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from betting import opening
from betting.models import Bet, SeedPair
from betting.orders import Settled
from betting.punters import ask_punters
from betting.services import open_account, place_bet, place_bets
from casino.games.models import Game
from casino.users.models import User
from operators.models import Operator, RngProvider
from vip import points
from vip.models import Standing
from wallets import ledger
from wallets.ledger import Locked
from wallets.models import Transfer

pytestmark = pytest.mark.usefixtures("books_close")


def settled(answer: Any) -> Bet:
    assert isinstance(answer, Settled), answer
    return answer.bet


def test_a_batch_locks_wallets_then_standings_reads_and_writes_once(
    alice: User, boris: User, coin: Game, fund: Any, order_of: Any
):
    fund(alice, "20.00")
    fund(boris, "20.00")
    place_bets([order_of(player, "coin", "1.00") for player in (alice, boris)])
    with CaptureQueriesContext(connection) as captured:
        for answer in place_bets([order_of(player, "coin", "1.00") for player in (alice, boris)]):
            settled(answer)
    _begin, wallets, standings, *reads, written, _end = [row["sql"] for row in captured]
    assert "FROM wallets_wallet" in wallets
    assert "FROM vip_standing" in standings
    assert [sql.count("FOR NO KEY UPDATE") for sql in (wallets, standings, *reads)] == [1, 1, 0, 0, 0, 0]
    assert [part in written for part in ("INSERT INTO betting_bet", "UPDATE wallets_wallet", "betting_hourrollup")] == [
        True
    ] * 3


def test_a_batch_that_the_database_turns_down_is_settled_again_one_by_one(
    alice: User, coin: Game, fund: Any, order_of: Any, monkeypatch: pytest.MonkeyPatch
):
    fund(alice, "20.00")
    before = order_of(alice, "coin", "1.00")
    first = settled(place_bet(before))
    find, asked = opening._bets, []

    def overlook(ids: Any) -> Any:
        """The first time, the bet that stands already is not seen."""
        asked.append(ids)
        return find(ids) if len(asked) > 1 else {}

    monkeypatch.setattr(opening, "_bets", overlook)
    new, again = place_bets([order_of(alice, "coin", "2.00"), before])
    assert (settled(new).nonce, settled(again).pk) == (1, first.pk)
    assert len(asked) == 3
    assert Bet.objects.count() == 2
    assert Transfer.objects.filter(reference=first.pk).count() == (2 if first.win else 1)


def test_who_has_no_seeds_draws_from_the_systems_generator(
    alice: User, aurora: Operator, coin: Game, fund: Any, order_of: Any
):
    fund(alice, "20.00")
    SeedPair.objects.filter(player=alice).delete()
    Operator.objects.filter(pk=aurora.pk).update(rng_provider=RngProvider.SYSTEM)
    bet = settled(place_bet(order_of(alice, "coin", "1.00")))
    assert (bet.rng_provider, bet.seed_pair, bet.nonce) == (RngProvider.SYSTEM, None, None)


def test_an_account_opened_after_the_locks_waits_for_the_next_batch(alice: User):
    account = (alice.pk, alice.operator_id)
    with transaction.atomic():
        locked, standings = ledger.ask_locks([account])(), points.lock_standings([alice.pk])
        asked = ask_punters([account], [])
    assert [punter.wallet.player_id for punter in asked(locked, standings)] == [alice.pk]
    with transaction.atomic():
        asked = ask_punters([account], [])
    # As if neither had been there to be locked.
    assert asked(Locked(frozenset(), None), {}) == []


def test_bets_of_one_person_at_two_operators_in_one_batch_earn_for_one_standing(
    alice: User, borealis: Operator, coin: Game, fund: Any, order_of: Any
):
    fund(alice, "20.00")
    orders = [order_of(alice, "coin", "3.00")]
    User.objects.filter(pk=alice.pk).update(operator=borealis)
    alice.refresh_from_db()
    open_account(alice, borealis)
    fund(alice, "20.00")
    orders.append(order_of(alice, "coin", "4.00"))
    here, there = (settled(answer) for answer in place_bets(orders))
    assert (here.wallet_id == there.wallet_id, here.nonce, there.nonce) == (False, 0, 0)
    assert here.points > 0
    assert Standing.objects.get(player=alice).xp == here.points + there.points
