"""Bets through the service: money, refusals, replays, batches."""

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from betting.models import Bet
from betting.orders import (
    GameDisabled,
    Order,
    Settled,
    UnknownGame,
)
from betting.services import place_bet, place_bets
from casino.games.models import Game, GameSwitch
from casino.games.paytables import InvalidSelections
from casino.idempotency import IdempotencyKeyReused
from casino.users.models import User
from operators.models import Affiliate, Operator, RngProvider
from wallets.ledger import InsufficientFunds
from wallets.models import Transfer, Wallet
from wallets.refusals import Blocked, LimitExceeded, NoWallet

pytestmark = pytest.mark.usefixtures("books_close")


def settled(answer: Any) -> Bet:
    assert isinstance(answer, Settled), answer
    return answer.bet


def test_a_bet_moves_its_stake_and_its_win(alice: User, ever_lose: Game, fund: Any, order_of: Any, wallet_of: Any):
    fund(alice, "100.00")
    bet = settled(place_bet(order_of(alice, "ever-lose", "10.00")))
    assert (bet.wager, bet.win, bet.ggr) == (Decimal(10), Decimal("9.50"), Decimal("0.50"))
    assert (bet.real_before, bet.real_after) == (Decimal(100), Decimal("99.50"))
    assert wallet_of(alice).real == Decimal("99.50")
    moved = Transfer.objects.filter(reference=bet.pk).order_by("wallet_version")
    assert [(t.kind, t.source, t.target, t.amount) for t in moved] == [
        ("stake", "real", "stakes", Decimal(10)),
        ("win", "wins", "real", Decimal("9.50")),
    ]


def test_a_win_is_rounded_down_to_minor_units(alice: User, ever_lose: Game, fund: Any, order_of: Any):
    fund(alice, "100.00")
    assert settled(place_bet(order_of(alice, "ever-lose", "0.11"))).win == Decimal("0.10")


def test_a_real_bet_advances_the_deposit_requirement(alice: User, ever_lose: Game, fund: Any, order_of: Any):
    fund(alice, "20.00")
    bet = settled(place_bet(order_of(alice, "ever-lose", "5.00")))
    assert bet.wagering["deposit"] == {"required": "20.00", "wagered": "5.00"}


def test_a_bet_names_the_affiliate_of_its_operator_only(
    alice: User, partner: Affiliate, borealis: Operator, ever_lose: Game, fund: Any, order_of: Any
):
    alice.affiliate = partner
    alice.save()
    fund(alice, "20.00")
    bet = settled(place_bet(order_of(alice, "ever-lose", "1.00")))
    assert (bet.affiliate, bet.affiliate_rate) == (partner, partner.rate)


@pytest.mark.parametrize("provider", [RngProvider.SYSTEM, RngProvider.PROVABLY_FAIR])
def test_nonces_count_the_provably_fair_bets(
    provider: str, alice: User, aurora: Operator, coin: Game, fund: Any, order_of: Any
):
    Operator.objects.update(rng_provider=provider)
    fund(alice, "20.00")
    nonces = [settled(place_bet(order_of(alice, "coin", "1.00"))).nonce for _ in range(3)]
    assert nonces == ([0, 1, 2] if provider == RngProvider.PROVABLY_FAIR else [None] * 3)


def _switch_off(operator: Operator, game: Game) -> None:
    GameSwitch.objects.create(operator=operator, game=game, is_enabled=False)


REFUSALS: list[tuple[str, Callable[[User, Game], Any], dict[str, Any], type[Exception]]] = [
    ("unknown game", lambda player, game: None, {"game": "nowhere"}, UnknownGame),
    ("game switched off", lambda player, game: Game.objects.update(is_active=False), {}, GameDisabled),
    ("game off at the operator", lambda player, game: _switch_off(player.operator, game), {}, GameDisabled),
    ("below the game's limit", lambda player, game: None, {"wager": "0.09"}, LimitExceeded),
    ("above the game's limit", lambda player, game: None, {"wager": "500.01"}, LimitExceeded),
    ("above the operator's", lambda player, game: Operator.objects.update(max_bet=5), {"wager": "5.01"}, LimitExceeded),
    ("blocked by the platform", lambda player, game: User.objects.update(is_blocked=True), {}, Blocked),
    ("blocked at the operator", lambda player, game: Wallet.objects.update(is_blocked=True), {}, Blocked),
    ("more than there is", lambda player, game: None, {"wager": "20.01"}, InsufficientFunds),
    (
        "chips on a game without",
        lambda player, game: None,
        {"selections": [{"on": "x", "stake": 1}]},
        InvalidSelections,
    ),
]


@pytest.mark.parametrize(("what", "arrange", "asked", "refusal"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_a_refused_bet_moves_nothing(
    what: str, arrange: Any, asked: dict[str, Any], refusal: type, alice: User, coin: Game, fund: Any, order_of: Any,
    wallet_of: Any,
):  # fmt: skip
    fund(alice, "20.00")
    arrange(alice, coin)
    before = wallet_of(alice).version
    answer = place_bet(order_of(alice, **({"game": "coin", "wager": "1.00"} | asked)))
    assert type(answer) is refusal
    assert not Bet.objects.exists()
    assert (wallet_of(alice).version, wallet_of(alice).real) == (before, Decimal(20))


def test_a_game_of_another_operator_is_unknown(
    alice: User, borealis: Operator, make_game: Any, fund: Any, order_of: Any
):
    make_game("theirs", operator_id=borealis.pk)
    fund(alice, "20.00")
    assert isinstance(place_bet(order_of(alice, "theirs", "1.00")), UnknownGame)


def test_a_player_without_a_wallet_there_is_told_so(alice: User, borealis: Operator, coin: Game):
    order = Order(alice.pk, borealis.pk, "coin", Decimal(1), "k" * 8, "d")
    assert isinstance(place_bet(order), NoWallet)


def test_a_key_plays_once_and_answers_the_same_bet(alice: User, coin: Game, fund: Any, order_of: Any):
    fund(alice, "20.00")
    first, second = (place_bet(order_of(alice, "coin", "1.00", key="same-key-1")) for _ in range(2))
    assert settled(first).pk == settled(second).pk
    assert isinstance(second, Settled)
    assert second.is_replay
    assert Bet.objects.count() == 1


def test_a_key_with_other_content_is_refused(alice: User, coin: Game, fund: Any, order_of: Any):
    fund(alice, "20.00")
    place_bet(order_of(alice, "coin", "1.00", key="same-key-1"))
    assert isinstance(place_bet(order_of(alice, "coin", "2.00", key="same-key-1")), IdempotencyKeyReused)
    assert Bet.objects.count() == 1


def test_a_key_sent_twice_in_one_batch_plays_once(alice: User, coin: Game, fund: Any, order_of: Any):
    fund(alice, "20.00")
    order = order_of(alice, "coin", "1.00")
    first, second = place_bets([order, order])
    assert settled(first).pk == settled(second).pk
    assert Bet.objects.count() == 1


def test_a_refused_order_may_succeed_later_under_its_key(alice: User, coin: Game, fund: Any, order_of: Any):
    order = order_of(alice, "coin", "1.00")
    assert isinstance(place_bet(order), InsufficientFunds)
    fund(alice, "20.00")
    settled(place_bet(order))


def test_two_orders_of_one_wallet_settle_in_order(alice: User, ever_lose: Game, fund: Any, order_of: Any):
    fund(alice, "10.00")
    answers = place_bets([order_of(alice, "ever-lose", "10.00"), order_of(alice, "ever-lose", "9.50")])
    first, second = (settled(answer) for answer in answers)
    assert (first.real_after, second.real_before, second.real_after) == (
        Decimal("9.50"), Decimal("9.50"), Decimal("9.02"),
    )  # fmt: skip
    assert (first.nonce, second.nonce) == (0, 1)


def test_a_refusal_leaves_its_neighbours_alone(alice: User, boris: User, coin: Game, fund: Any, order_of: Any):
    fund(alice, "10.00")
    answers = place_bets([order_of(boris, "coin", "1.00"), order_of(alice, "coin", "1.00")])
    assert isinstance(answers[0], InsufficientFunds)
    settled(answers[1])


def _statements(orders: list[Order]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        for answer in place_bets(orders):
            settled(answer)
    return len(captured)


def test_sixty_four_orders_take_the_statements_of_one(
    aurora: Operator, make_player: Any, coin: Game, fund: Any, order_of: Any
):
    players = [make_player(f"player{n}", aurora) for n in range(8)]
    for player in players:
        fund(player, "100.00")
    place_bet(order_of(players[0], "coin", "1.00"))
    one = _statements([order_of(players[0], "coin", "1.00")])
    many = _statements([order_of(players[n % 8], "coin", "1.00") for n in range(64)])
    assert one == many


def test_a_bet_is_never_changed_or_deleted(alice: User, coin: Game, fund: Any, order_of: Any):
    fund(alice, "10.00")
    bet = settled(place_bet(order_of(alice, "coin", "1.00")))
    for attempt in (Bet.objects.filter(pk=bet.pk).delete, lambda: Bet.objects.update(win=1), _truncate):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    bet.refresh_from_db()


def _truncate() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE betting_bet CASCADE")


@pytest.mark.django_db(transaction=True)
def test_fifty_bets_at_once_on_funds_for_ten_settle_exactly_ten(
    make_game: Any, alice: User, fund: Any, order_of: Any, wallet_of: Any
):
    make_game("all-lose", paytable={"outcomes": [{"label": "x", "weight": 99, "multiplier": "0"},
                                                 {"label": "y", "weight": 1, "multiplier": "90"}]})  # fmt: skip
    fund(alice, "10.00")
    orders = [order_of(alice, "all-lose", "1.00") for _ in range(50)]
    answers: list[Any] = []
    threads = [threading.Thread(target=_place, args=(order, answers)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = sum(answer.bet.win for answer in answers if isinstance(answer, Settled))
    accepted = sum(isinstance(answer, Settled) for answer in answers)
    assert accepted + sum(isinstance(answer, InsufficientFunds) for answer in answers) == 50
    assert accepted == 10 if not won else accepted > 10
    assert wallet_of(alice).real == 10 - accepted + won


@pytest.mark.django_db(transaction=True)
def test_one_key_sent_fifty_times_at_once_plays_once(coin: Game, alice: User, fund: Any, order_of: Any):
    fund(alice, "10.00")
    order = order_of(alice, "coin", "1.00")
    answers: list[Any] = []
    threads = [threading.Thread(target=_place, args=(order, answers)) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({settled(answer).pk for answer in answers}) == 1
    assert [answer.is_replay for answer in answers].count(False) == 1


def _place(order: Order, answers: list[Any]) -> None:
    try:
        answers.append(place_bet(order))
    finally:
        connection.close()
