"""Hits, folds and spins at the same moment: each cent is paid once."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from betting import jackpots, rollups
from betting.models import Bet, HourlyTotal, HourRollup, JackpotPending, JackpotPool
from betting.orders import FreeSpinUnknown, Settled
from betting.services import place_bet, place_bets
from betting.tests.conftest import closing_sum
from casino.games.jackpots import JackpotLevel
from casino.users.models import User
from operators.models import Operator
from wallets.ledger import database_clock
from wallets.models import Transfer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("books_close")]
D = Decimal


def at_once(*tasks: Callable[[], Any]) -> list[Any]:
    """What the tasks answer, all begun at the same moment on threads of their own."""
    answers: list[Any] = []
    barrier = threading.Barrier(len(tasks))

    def run(task: Callable[[], Any]) -> None:
        try:
            barrier.wait(30)
            answers.append(task())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(tasks), "a task failed"
    return answers


def test_of_twenty_hits_at_once_one_takes_the_pool_and_the_rest_the_reset_value(
    aurora: Operator, borealis: Operator, make_player: Any, fund: Any, make_jackpot: Any, sure_game: Any, order_of: Any
):
    sure_game("even", "1", make_jackpot({"rate": D("0.0001"), "seed": D(10)}), max_bet=D(1000))
    players = [make_player(f"player{n}", (aurora, borealis)[n % 2]) for n in range(20)]
    for player in players:
        fund(player, "1000.00")
    place_bet(order_of(players[0], "even", "1000.00"))
    jackpots.fold()
    place_bet(order_of(players[1], "even", "1000.00"))
    pool = JackpotPool.objects.get()
    assert (pool.value, JackpotPending.objects.get().amount) == (D("10.1"), D("0.1"))
    for terms in (JackpotPool.objects.all(), JackpotLevel.objects.all()):
        terms.update(odds=D(1))

    orders = [order_of(player, "even", "1.23") for player in players]
    bets = [answer.bet for answer in at_once(*(lambda order=order: place_bet(order) for order in orders))]
    assert {(bet.jackpots[0]["hit"], bet.jackpot_contribution) for bet in bets} == {(True, D("0.000123"))}
    assert Counter(bet.jackpot_win for bet in bets) == {D("10.20"): 1, D("10.00"): 19}
    pool.refresh_from_db()
    # Seeds 21 × 10 and contributions 0.2 + 20 × 0.000123, less 10.20 + 19 × 10 paid.
    assert (pool.value, JackpotPending.objects.count()) == (D("10.00246"), 0)
    assert closing_sum(pool)
    assert Transfer.objects.filter(kind="jackpot_seed").count() == 21
    assert all(bet.real_after == D(1000) + bet.jackpot_win for bet in bets)


def test_hits_in_two_groups_by_players_of_both_batches_at_once_end_well(
    alice: User, boris: User, fund: Any, make_jackpot: Any, sure_game: Any, order_of: Any
):
    """Two batches that lock the same pools in opposite order: the database breaks the tie, and nothing is lost."""
    for name in ("north", "south"):
        sure_game(name, "1", make_jackpot({"rate": D("0.01"), "seed": D(10), "odds": D(1)}, slug=name))
    fund(alice, "100.00")
    fund(boris, "100.00")
    for _ in range(5):
        batches = [
            [order_of(alice, "north", "1.00"), order_of(alice, "south", "1.00")],
            [order_of(boris, "south", "1.00"), order_of(boris, "north", "1.00")],
        ]
        for answers in at_once(*(lambda orders=orders: place_bets(orders) for orders in batches)):
            assert [answer.bet.jackpot_win for answer in answers] == [D("10.01")] * 2
    assert Bet.objects.count() == 20
    assert all(closing_sum(pool) and pool.value == D(10) for pool in JackpotPool.objects.all())


def test_folds_at_once_and_amid_bets_fold_each_contribution_once(
    alice: User, boris: User, fund: Any, make_jackpot: Any, sure_game: Any, order_of: Any
):
    levels = [{"name": name, "rate": D("0.001"), "seed": D(10)} for name in ("mini", "grand")]
    sure_game("even", "1", make_jackpot(*levels))
    fund(alice, "10.00")
    fund(boris, "10.00")

    def bet(player: User) -> None:
        for _ in range(10):
            place_bets([order_of(player, "even", "1.00") for _ in range(4)])

    def fold() -> None:
        for _ in range(10):
            jackpots.fold()

    at_once(lambda: bet(alice), lambda: bet(boris), fold, fold, fold)
    jackpots.fold()
    assert jackpots.fold() == 0
    assert [(pool.value, closing_sum(pool)) for pool in JackpotPool.objects.all()] == [(D("10.08"), True)] * 2


def test_rollups_folded_at_once_are_folded_once(alice: User, boris: User, fund: Any, sure_game: Any, order_of: Any):
    sure_game("half", "0.5")
    now = database_clock()
    fund(alice, "100.00")
    fund(boris, "100.00")
    for hours in range(2, 8):
        place_bets([order_of(player, "half", "2.00") for player in (alice, boris)], at=now - timedelta(hours=hours))
    folded = at_once(*(lambda: rollups.fold(now) for _ in range(6)))
    assert sum(folded) == 12
    assert rollups.fold(now) == 0
    assert not HourRollup.objects.open().exists()
    assert {(total.bets, total.wagers, total.wins) for total in HourlyTotal.objects.all()} == {(1, D(2), D(1))}
    assert HourlyTotal.objects.count() == 12


def test_late_bets_amid_folds_are_neither_lost_nor_counted_twice(
    alice: User, boris: User, fund: Any, sure_game: Any, order_of: Any
):
    sure_game("even", "1")
    now = database_clock()
    fund(alice, "10.00")
    fund(boris, "10.00")

    def bet(player: User) -> None:
        for _ in range(12):
            place_bets([order_of(player, "even", "1.00")], at=now - timedelta(hours=3))

    def fold() -> None:
        for _ in range(12):
            rollups.fold(now)

    at_once(lambda: bet(alice), lambda: bet(boris), fold, fold)
    rollups.fold(now)
    assert sorted(HourlyTotal.objects.values_list("bets", "wagers")) == [(12, D(12)), (12, D(12))]


def test_the_last_free_spin_asked_for_at_once_is_spun_once(alice: User, give_spins: Any, sure_game: Any, order_of: Any):
    grant = give_spins(alice, sure_game("double", "2"), 3, "0.50")
    orders = [order_of(alice, "double", None, free_spin=str(grant.pk)) for _ in range(10)]
    answers = at_once(*(lambda order=order: place_bet(order) for order in orders))
    assert Counter(type(answer) for answer in answers) == {Settled: 3, FreeSpinUnknown: 7}
    grant.refresh_from_db()
    assert (grant.remaining, grant.bonus.balance) == (0, D(3))


def test_bonus_money_for_ten_bets_pays_ten_of_thirty_at_once(
    alice: User, give_bonus: Any, sure_game: Any, order_of: Any
):
    sure_game("lose", "0")
    give_bonus(alice, "6.00")
    give_bonus(alice, "4.00")
    orders = [order_of(alice, "lose", "1.00") for _ in range(30)]
    answers = at_once(*(lambda order=order: place_bet(order) for order in orders))
    assert Counter(isinstance(answer, Settled) for answer in answers) == {True: 10, False: 20}
    assert {getattr(answer, "code", None) for answer in answers} == {None, "insufficient_funds"}
