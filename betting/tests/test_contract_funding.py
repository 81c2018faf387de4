"""Who pays a bet: real money first, then bonus money, never both; and what is refused moves nothing."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from betting.models import Bet
from betting.orders import GameDisabled
from betting.services import open_account, place_bets
from betting.tests.conftest import everything
from casino.games.models import Game
from casino.games.paytables import InvalidSelections
from casino.users.models import User
from operators.models import Operator
from wallets.bonuses import BonusMaxStake, BonusNotAllowed
from wallets.ledger import InsufficientFunds, database_clock
from wallets.models import Transfer
from wallets.promotions import Bonus
from wallets.refusals import LimitExceeded

pytestmark = pytest.mark.usefixtures("books_close")
D = Decimal


@pytest.fixture(autouse=True)
def half(sure_game: Any) -> Game:
    """Gives back half of every stake."""
    return sure_game("half", "0.5")


def staked(bet: Bet) -> list[tuple[UUID, str]]:
    return [(UUID(part["id"]), part["staked"]) for part in bet.wagering["bonuses"]]


def test_real_money_that_covers_the_wager_pays_and_bonus_money_rests(
    alice: User, fund: Any, give_bonus: Any, play: Any, wallet_of: Any
):
    fund(alice, "10.00")
    give_bonus(alice, "50.00")
    bet = play(alice, "half", "10.00")
    assert (bet.bet_type, bet.real_before, bet.real_after) == ("real", D(10), D(5))
    assert (bet.bonus_before, bet.bonus_after, bet.wagering["bonuses"]) == (D(50), D(50), [])
    assert Bonus.objects.get().wagered == 0


def test_bonus_money_pays_what_real_money_does_not_cover_and_real_money_rests(
    alice: User, fund: Any, give_bonus: Any, play: Any, wallet_of: Any
):
    fund(alice, "9.99")
    bonus = give_bonus(alice, "50.00")
    bet = play(alice, "half", "10.00")
    assert (bet.bet_type, bet.real_before, bet.real_after) == ("bonus", D("9.99"), D("9.99"))
    assert (bet.bonus_before, bet.bonus_after, staked(bet)) == (D(50), D(45), [(bonus.pk, "10.00")])
    assert (wallet_of(alice).real, wallet_of(alice).bonus) == (D("9.99"), D(45))
    assert wallet_of(alice).wagering_wagered == 0


def test_a_bet_of_bonus_money_moves_along_its_own_accounts(alice: User, give_bonus: Any, play: Any):
    give_bonus(alice, "50.00")
    bet = play(alice, "half", "10.00")
    moved = Transfer.objects.filter(reference=bet.pk).order_by("wallet_version")
    assert [(t.kind, t.source, t.target, t.amount) for t in moved] == [
        ("stake", "bonus", "bonus_stakes", D(10)),
        ("win", "bonus_wins", "bonus", D(5)),
    ]
    assert (bet.ggr, bet.win) == (D(5), D(5))


def test_real_and_bonus_money_never_mix(alice: User, fund: Any, give_bonus: Any, refuse: Any):
    fund(alice, "6.00")
    give_bonus(alice, "6.00")
    assert type(refuse(alice, "half", "10.00")) is InsufficientFunds


def test_the_oldest_bonus_that_covers_the_wager_alone_pays(alice: User, give_bonus: Any, play: Any):
    small, large, _ = (give_bonus(alice, amount) for amount in ("3.00", "8.00", "9.00"))
    assert staked(play(alice, "half", "8.00")) == [(large.pk, "8.00")]
    assert staked(play(alice, "half", "2.00")) == [(small.pk, "2.00")]


def test_several_bonuses_pay_oldest_first_when_none_covers_the_wager_alone(alice: User, give_bonus: Any, play: Any):
    first, second, third = (give_bonus(alice, amount) for amount in ("3.00", "2.00", "4.00"))
    bet = play(alice, "half", "6.00")
    assert staked(bet) == [(first.pk, "3.00"), (second.pk, "2.00"), (third.pk, "1.00")]
    assert [bonus.balance for bonus in Bonus.objects.order_by("id")] == [D("1.50"), D("1.00"), D("3.50")]


def test_an_expired_bonus_does_not_pay(alice: User, give_bonus: Any, play: Any, refuse: Any):
    give_bonus(alice, "50.00", days=-1)
    assert type(refuse(alice, "half", "1.00")) is InsufficientFunds
    fresh = give_bonus(alice, "5.00")
    assert staked(play(alice, "half", "5.00")) == [(fresh.pk, "5.00")]
    assert type(refuse(alice, "half", "3.00")) is InsufficientFunds, "2.50 and 50.00 that has expired"


def test_whether_a_bonus_has_expired_is_asked_at_the_moment_of_the_bet(alice: User, give_bonus: Any, order_of: Any):
    give_bonus(alice, "50.00", days=1)
    later = database_clock() + timedelta(days=1)
    before = everything()
    (answer,) = place_bets([order_of(alice, "half", "1.00")], at=later)
    assert type(answer) is InsufficientFunds
    assert everything() == before


def test_a_waived_bonus_does_not_pay(alice: User, fund: Any, give_bonus: Any, play: Any, refuse: Any):
    fund(alice, "1.00")
    assert type(refuse(alice, "half", "1.01")) is InsufficientFunds
    give_bonus(alice, "0.01")
    assert type(refuse(alice, "half", "1.01")) is InsufficientFunds


def test_bonus_money_of_another_operator_does_not_pay(
    alice: User, borealis: Operator, give_bonus: Any, order_of: Any, refuse: Any
):
    open_account(alice, borealis)
    give_bonus(alice, "50.00")
    alice.operator = borealis
    assert type(refuse(alice, "half", "1.00")) is InsufficientFunds


def test_a_game_that_takes_no_bonus_money_says_so_only_where_bonus_money_would_have_covered_it(
    alice: User, fund: Any, give_bonus: Any, sure_game: Any, play: Any, refuse: Any
):
    sure_game("strict", "0.5", bonus_allowed=False)
    fund(alice, "5.00")
    give_bonus(alice, "10.00", max_stake=D(8))
    assert play(alice, "strict", "5.00").bet_type == "real"
    assert type(refuse(alice, "strict", "10.00")) is BonusNotAllowed
    assert type(refuse(alice, "strict", "10.01")) is InsufficientFunds
    assert play(alice, "half", "8.00").bet_type == "bonus"


def test_a_wager_above_the_bonuss_maximum_stake_is_refused(alice: User, give_bonus: Any, play: Any, refuse: Any):
    give_bonus(alice, "50.00", max_stake=D("5.00"))
    answer = refuse(alice, "half", "5.01")
    assert (type(answer), answer.extra) == (BonusMaxStake, {"max_stake": "5.00"})
    assert play(alice, "half", "5.00").bet_type == "bonus"


def test_a_bet_paid_by_several_obeys_the_smallest_maximum_stake(alice: User, give_bonus: Any, play: Any, refuse: Any):
    give_bonus(alice, "4.00", max_stake=D(7))
    give_bonus(alice, "4.00", max_stake=D(6))
    assert refuse(alice, "half", "6.01").extra == {"max_stake": "6.00"}
    assert play(alice, "half", "6.00").bet_type == "bonus"


def test_the_maximum_stake_of_a_bonus_does_not_bind_real_money(alice: User, fund: Any, give_bonus: Any, play: Any):
    fund(alice, "50.00")
    give_bonus(alice, "50.00", max_stake=D(1))
    assert play(alice, "half", "50.00").bet_type == "real"


@pytest.mark.parametrize("money", ["real", "bonus"])
def test_the_stake_is_covered_before_the_draw_however_much_the_draw_would_pay(
    money: str, alice: User, fund: Any, give_bonus: Any, sure_game: Any, refuse: Any, play: Any
):
    sure_game("hundredfold", "100")
    pay_in = fund if money == "real" else give_bonus
    pay_in(alice, "9.99")
    assert type(refuse(alice, "hundredfold", "10.00")) is InsufficientFunds
    assert play(alice, "hundredfold", "9.99").win == D(999)


def test_a_bet_that_loses_is_never_paid_from_the_next_ones_win(alice: User, fund: Any, sure_game: Any, order_of: Any):
    sure_game("hundredfold", "100")
    fund(alice, "1.00")
    orders = [("half", "1.00"), ("hundredfold", "0.51"), ("hundredfold", "0.50"), ("hundredfold", "50.00")]
    refused, *answers = place_bets([order_of(alice, *orders[1][:1], "1.01"), *(order_of(alice, *o) for o in orders)])
    assert type(refused) is InsufficientFunds
    assert [type(answer).__name__ for answer in answers] == ["Settled", "InsufficientFunds", "Settled", "Settled"]
    assert [bet.real_before for bet in Bet.objects.order_by("id")] == [D("1.00"), D("0.50"), D("50.00")]


def test_what_the_bet_asks_for_is_judged_before_who_pays_it(alice: User, aurora: Operator, half: Game, refuse: Any):
    """An order that is not valid is told so, be the player rich or poor."""
    assert type(refuse(alice, "half", "1.00", selections=[{"on": "red", "stake": "1.00"}])) is InvalidSelections
    assert type(refuse(alice, "half", "0.09")) is LimitExceeded
    Game.objects.filter(pk=half.pk).update(is_active=False)
    assert type(refuse(alice, "half", "1.00")) is GameDisabled


def test_the_tightest_limit_of_game_operator_and_level_holds(
    alice: User, aurora: Operator, fund: Any, refuse: Any, play: Any
):
    fund(alice, "100.00")
    Operator.objects.filter(pk=aurora.pk).update(max_bet=D("20.01"))
    answer = refuse(alice, "half", "20.02")
    assert (type(answer), answer.extra) == (LimitExceeded, {"min": "0.10", "max": "20.01"})
    play(alice, "half", "20.01")
