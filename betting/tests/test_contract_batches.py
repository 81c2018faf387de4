"""A batch of mixed orders: each gets its own right answer, and their number does not raise that of the statements."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from betting.documents import bet_document
from betting.models import Bet, HourRollup, JackpotPending, JackpotPool, SeedPair
from betting.orders import Order, Settled
from betting.rollups import SUMS
from betting.services import place_bet, place_bets
from casino.users.models import User
from operators.models import Operator
from vip.models import LevelReached, Standing
from wallets.models import Transfer, Wallet
from wallets.promotions import Bonus, FreeSpins

pytestmark = pytest.mark.usefixtures("books_close")
D = Decimal
# One round of the mix: what is asked for, and how it is answered.
MIX = {
    "real money": "real",
    "real money, with jackpots": "real",
    "bonus money": "bonus",
    "free spin": "free_spin",
    "sent before": "replayed",
    "same key, other content": "idempotency_key_reused",
    "too poor": "insufficient_funds",
    "no such game": "unknown_game",
}


@pytest.fixture
def dora(make_player: Any, borealis: Operator) -> User:
    return make_player("dora", borealis)


@pytest.fixture
def mixed(
    alice: User, boris: User, dora: User, fund: Any, give_bonus: Any, give_spins: Any, make_jackpot: Any,
    sure_game: Any, order_of: Any,
) -> Any:  # fmt: skip
    """``mixed(rounds)``: eight orders a round, of Alice's real money, Boris's bonus money and Dora's free spins."""
    sure_game("half", "0.5")
    sure_game("festive", "0.5", make_jackpot({"rate": D("0.01"), "seed": D(10)}))
    spins = give_spins(dora, sure_game("double", "2"), 100, "0.50")
    fund(alice, "1000.00")
    give_bonus(boris, "60.00")
    give_bonus(boris, "60.00")
    place_bet(order_of(alice, "half", "1.00", key="sent-before"))
    place_bet(order_of(dora, "double", None, free_spin=str(spins.pk)))

    def orders(rounds: int) -> list[Order]:
        one = [
            lambda: order_of(alice, "half", "4.00"),
            lambda: order_of(alice, "festive", "6.00"),
            lambda: order_of(boris, "half", "8.00"),
            lambda: order_of(dora, "double", None, free_spin=str(spins.pk)),
            lambda: order_of(alice, "half", "1.00", key="sent-before"),
            lambda: order_of(alice, "half", "1.01", key="sent-before"),
            lambda: order_of(dora, "festive", "90.00"),
            lambda: order_of(boris, "nowhere", "1.00"),
        ]
        return [make() for _ in range(rounds) for make in one]

    return orders


def kind(answer: Any) -> str:
    if not isinstance(answer, Settled):
        return answer.code
    return "replayed" if answer.is_replay else str(answer.bet.bet_type)


def test_sixty_four_mixed_orders_settle_in_one_batch_each_with_its_right_answer(
    alice: User, boris: User, dora: User, mixed: Any, wallet_of: Any
):
    answers = place_bets(mixed(8))
    assert [kind(answer) for answer in answers] == list(MIX.values()) * 8
    rounds = [[getattr(answer, "bet", None) for answer in answers[first : first + 8]] for first in range(0, 64, 8)]
    balance = D("999.50")
    for number, (real, festive, bonus, spin, replayed, *_) in enumerate(rounds):
        assert (real.real_before, real.win, real.real_after) == (balance, D(2), balance - 2)
        assert (festive.real_before, festive.win, festive.real_after) == (balance - 2, D(3), balance - 5)
        assert (real.jackpot_contribution, festive.jackpot_contribution) == (D(0), D("0.06"))
        assert (bonus.bonus_before, bonus.bonus_after) == (D(120) - 4 * number, D(116) - 4 * number)
        assert (spin.wager, spin.bonus_before, spin.bonus_after) == (D("0.50"), D(number + 1), D(number + 2))
        assert replayed.wager == D(1)
        balance -= 5
    assert len({bet[4].pk for bet in rounds}) == 1
    assert [wallet.real for wallet in map(wallet_of, (alice, boris, dora))] == [D("959.50"), D(0), D(0)]
    assert [wallet.bonus for wallet in map(wallet_of, (alice, boris, dora))] == [D(0), D(88), D(9)]
    assert (Bet.objects.count(), FreeSpins.objects.get().remaining) == (2 + 4 * 8, 100 - 9)
    assert sum(JackpotPending.objects.values_list("amount", flat=True)) == D("0.48")
    assert list(SeedPair.objects.order_by("player__username").values_list("nonce", flat=True)) == [17, 8, 9]


def test_eight_mixed_orders_and_sixty_four_take_the_same_number_of_statements(mixed: Any):
    place_bets(mixed(1))
    counts = []
    for rounds in (1, 8):
        orders = mixed(rounds)
        with CaptureQueriesContext(connection) as captured:
            answers = place_bets(orders)
        assert [kind(answer) for answer in answers] == list(MIX.values()) * rounds
        counts.append(len(captured))
    assert counts[0] == counts[1]
    assert counts[0] <= 36


def test_a_batch_that_is_all_refusals_and_replays_writes_nothing(mixed: Any):
    orders = [order for number, order in enumerate(mixed(4)) if number % 8 >= 4]
    with CaptureQueriesContext(connection) as captured:
        assert [kind(answer) for answer in place_bets(orders)] == list(MIX.values())[4:] * 4
    written = [row["sql"] for row in captured if re.search(r"\b(INSERT INTO|DELETE FROM|UPDATE \w+ )", row["sql"])]
    assert not written


def _world() -> str:
    """All rows that betting writes, without what differs from run to run: ids made on the way, and moments."""
    bets = [
        {
            name: value
            for name, value in row.items()
            if name not in ("id", "created_at", "idempotency_key", "request_digest")
        }
        for row in Bet.objects.order_by("id").values()
    ]
    keys = ("operator_id", "player_id", "game_version_id", "money", "is_seeded")
    sums = {name: Sum(name) for name in SUMS}
    moved = ("operator_id", "kind", "source", "target", "amount", "wallet_id", "wallet_version", "counterparty_id")
    state = [
        bets,
        list(Transfer.objects.order_by("wallet_id", "wallet_version", *moved).values(*moved)),
        list(Wallet.objects.order_by("id").values()),
        list(Bonus.objects.order_by("id").values("id", "status", "balance", "granted", "wagered", "converted")),
        list(FreeSpins.objects.order_by("id").values("remaining", "bonus_id")),
        list(Standing.objects.order_by("id").values()),
        list(LevelReached.objects.order_by("player_id", "level_id").values("player_id", "level_id", "operator_id")),
        list(SeedPair.objects.order_by("id").values("nonce")),
        list(JackpotPool.objects.order_by("id").values("id", "value")),
        list(JackpotPending.objects.order_by("pool_id").values("pool_id", "operator_id").annotate(Sum("amount"))),
        list(HourRollup.objects.order_by(*keys).values(*keys).annotate(**sums)),
    ]
    text = json.dumps(state, default=str, indent=1)
    for number, bonus_id in enumerate(Bonus.objects.order_by("id").values_list("id", flat=True)):
        text = text.replace(str(bonus_id), f"bonus {number}")
    return text


def test_a_batch_writes_the_same_rows_as_its_orders_one_by_one(
    alice: User, boris: User, mixed: Any, coin: Any, fund: Any, give_spins: Any, make_jackpot: Any, sure_game: Any,
    order_of: Any,
):  # fmt: skip
    Operator.objects.update(points_per_unit=D(40))
    group = make_jackpot({"rate": D("0.001"), "seed": D(5), "odds": D(1)}, slug="hot")
    sure_game("hot", "0.5", group)
    spins = give_spins(boris, coin, 9, "2.00", wagering_multiple=D(1))
    fund(boris, "20.00")
    orders = mixed(4)
    for number in range(8):
        orders.insert(number * 5, order_of(alice, "coin", "7.00"))
        orders.insert(number * 6, order_of(boris, "coin", "9.00"))
        orders.insert(number * 7, order_of(boris, "coin", None, free_spin=str(spins.pk)))
        orders.insert(number * 8, order_of((alice, boris)[number % 2], "hot", f"{number + 1}.00"))
    assert len(orders) == 64
    worlds, answers = [], []
    for place in (place_bets, lambda batch: [place_bet(order) for order in batch]):
        with transaction.atomic():
            answers.append([kind(answer) for answer in place(orders)])
            worlds.append(_world())
            transaction.set_rollback(True)
    assert answers[0] == answers[1]
    assert worlds[0].splitlines() == worlds[1].splitlines()


def test_a_replay_answers_the_same_document_whatever_kind_of_money_was_played(mixed: Any, make_jackpot: Any):
    JackpotPool.objects.update(odds=D("0.5"))
    orders = mixed(1)[:4]
    first = [bet_document(answer.bet) for answer in place_bets(orders)]
    assert first[1]["jackpot"] == {"contribution": "0.060000", "won": [{"level": "mini", "amount": "10.06"}]}
    again = place_bets(orders)
    assert [answer.is_replay for answer in again] == [True] * 4
    assert [bet_document(answer.bet) for answer in again] == first


def test_a_key_is_one_content_however_it_is_written(alice: User, make_game: Any, fund: Any, order_of: Any):
    make_game("wheel", kind="roulette", paytable={"zeros": 1})
    fund(alice, "10.00")
    chips = [{"on": "red", "stake": "1.00"}, {"on": "odd", "stake": "1"}]
    place_bet(order_of(alice, "wheel", "2.00", key="chips-key", selections=chips))
    same = [{"stake": D("1.0"), "on": "red"}, {"on": "odd", "stake": 1}]
    assert kind(place_bet(order_of(alice, "wheel", 2, key="chips-key", selections=same))) == "replayed"
    for other in ([*chips[::-1]], [{"on": "red", "stake": "2.00"}], [*chips, {"on": "low", "stake": "x"}]):
        answer = place_bet(order_of(alice, "wheel", 2, key="chips-key", selections=other))
        assert kind(answer) == "idempotency_key_reused"
    assert Bet.objects.count() == 1


def test_what_players_send_as_a_key_stays_theirs(alice: User, boris: User, coin: Any, fund: Any, order_of: Any):
    fund(alice, "1.00")
    fund(boris, "1.00")
    answers = place_bets([order_of(player, "coin", "1.00", key="one-for-all") for player in (alice, boris)])
    assert [answer.is_replay for answer in answers] == [False, False]
    assert {answer.bet.player for answer in answers} == {alice, boris}
