"""Bonuses at play: wagering, conversion, exhaustion, mixed payers; each with the figures of a worked example."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from betting.models import Bet
from betting.services import place_bets
from casino.games.models import Game, GameSwitch
from casino.users.models import User
from operators.models import Operator
from wallets.models import Transfer
from wallets.promotions import Bonus, BonusStatus

pytestmark = pytest.mark.usefixtures("books_close")
D = Decimal


@pytest.fixture(autouse=True)
def even(sure_game: Any) -> Game:
    """Gives every stake back."""
    return sure_game("even", "1")


@pytest.fixture
def lose(sure_game: Any) -> Game:
    """Takes every stake."""
    return sure_game("lose", "0")


@pytest.fixture
def turn_over(play: Any) -> Callable[..., Bet]:
    """Play a bet ``times`` over; answers the last one."""

    def repeat(player: User, game: str, wager: str, times: int) -> Bet:
        return [play(player, game, wager) for _ in range(times)][-1]

    return repeat


def converted_and_forfeited(bet: Bet) -> tuple[str, str]:
    return bet.wagering["converted"], bet.wagering["forfeited"]


def moved(bonus: Bonus) -> list[tuple[str, str, str, Decimal]]:
    """How the bonus ended, in transfers."""
    ended = Transfer.objects.filter(reference=bonus.pk).exclude(kind="bonus_grant").order_by("wallet_version")
    return [(t.kind, t.source, t.target, t.amount) for t in ended]


def test_ten_at_twenty_times_converts_with_the_bet_that_makes_it_two_hundred(
    alice: User, give_bonus: Any, turn_over: Any, wallet_of: Any
):
    bonus = give_bonus(alice, "10.00", wagering_multiple=20)
    bet = turn_over(alice, "even", "10.00", 19)
    assert bet.wagering["bonuses"] == [
        {"id": str(bonus.pk), "staked": "10.00", "wagered": "190.00", "required": "200.00", "balance": "10.00",
         "status": "active"}
    ]  # fmt: skip
    bet = turn_over(alice, "even", "9.99", 1)
    assert (bet.wagering["bonuses"][0]["wagered"], bet.wagering["bonuses"][0]["status"]) == ("199.99", "active")
    bet = turn_over(alice, "even", "0.10", 1)
    assert bet.wagering["bonuses"] == [
        {"id": str(bonus.pk), "staked": "0.10", "wagered": "200.09", "required": "200.00", "balance": "0.00",
         "status": "converted"}
    ]  # fmt: skip
    assert (bet.bonus_before, bet.bonus_after, bet.real_before, bet.real_after) == (D(10), D(0), D(0), D(10))
    assert converted_and_forfeited(bet) == ("10.00", "0.00")
    assert moved(bonus) == [("bonus_conversion", "bonus", "real", D(10))]
    bonus.refresh_from_db()
    assert (bonus.status, bonus.balance, bonus.converted, bonus.ended_at) == ("converted", D(0), D(10), bet.created_at)
    assert (wallet_of(alice).real, wallet_of(alice).bonus) == (D(10), D(0))


@pytest.mark.parametrize(
    ("weight", "advanced"), [("1", "10"), ("0.10", "1"), ("0.0001", "0.001"), ("0", "0"), ("2", "20")]
)
def test_a_bet_advances_its_bonus_by_its_wager_times_the_games_weight(
    weight: str, advanced: str, alice: User, give_bonus: Any, sure_game: Any, play: Any
):
    sure_game("weighty", "1", wagering_weight=D(weight))
    bonus = give_bonus(alice, "10.00")
    bet = play(alice, "weighty", "10.00")
    bonus.refresh_from_db()
    assert (bonus.wagered, bonus.required) == (D(advanced), D(350))
    assert D(bet.wagering["bonuses"][0]["wagered"]) == D(advanced).quantize(D("0.01"), "ROUND_DOWN")


def test_a_tenth_of_a_weight_needs_ten_times_the_wagers(alice: User, give_bonus: Any, sure_game: Any, turn_over: Any):
    sure_game("table", "1", wagering_weight=D("0.10"))
    bonus = give_bonus(alice, "10.00", wagering_multiple=1)
    assert turn_over(alice, "table", "10.00", 9).wagering["bonuses"][0]["wagered"] == "9.00"
    assert turn_over(alice, "table", "10.00", 1).wagering["converted"] == "10.00"
    bonus.refresh_from_db()
    assert (bonus.wagered, bonus.status) == (D(10), BonusStatus.CONVERTED)


def test_only_the_bonus_that_paid_is_advanced(alice: User, give_bonus: Any, play: Any):
    give_bonus(alice, "5.00")
    give_bonus(alice, "20.00")
    play(alice, "even", "7.00")
    assert [bonus.wagered for bonus in Bonus.objects.order_by("id")] == [D(0), D(7)]


def test_mixed_bonuses_of_six_and_four_share_a_win_of_25_01_as_15_01_and_10_00(
    alice: User, give_bonus: Any, sure_game: Any, play: Any
):
    sure_game("lucky", "2.501", wagering_weight=D("0.5"))
    first, second = give_bonus(alice, "6.00"), give_bonus(alice, "5.00")
    bet = play(alice, "lucky", "10.00")
    assert (bet.win, bet.ggr, bet.bonus_before, bet.bonus_after) == (D("25.01"), D("-15.01"), D(11), D("26.01"))
    facts = {"required": "210.00", "status": "active"}
    assert bet.wagering["bonuses"] == [
        {"id": str(first.pk), "staked": "6.00", "wagered": "3.00", "balance": "15.01", **facts},
        {"id": str(second.pk), "staked": "4.00", "wagered": "2.00", "balance": "11.00", **facts, "required": "175.00"},
    ]
    assert [(bonus.balance, bonus.wagered) for bonus in Bonus.objects.order_by("id")] == [
        (D("15.01"), D(3)), (D(11), D(2)),
    ]  # fmt: skip


def test_of_mixed_bonuses_one_may_convert_while_another_goes_on(
    alice: User, give_bonus: Any, play: Any, wallet_of: Any
):
    first, second = give_bonus(alice, "6.00", wagering_multiple=1), give_bonus(alice, "5.00")
    bet = play(alice, "even", "10.00")
    assert [part["status"] for part in bet.wagering["bonuses"]] == ["converted", "active"]
    assert (bet.real_after, bet.bonus_after) == (D(6), D(5))
    assert (moved(first), moved(second)) == ([("bonus_conversion", "bonus", "real", D(6))], [])


@pytest.mark.parametrize(
    ("cap", "converted", "forfeited"), [("20.00", "10.00", "0.00"), ("4.00", "4.00", "6.00"), ("0.00", "0.00", "10.00")]
)
def test_what_lies_above_the_cap_is_forfeited(
    cap: str, converted: str, forfeited: str, alice: User, give_bonus: Any, play: Any, wallet_of: Any
):
    bonus = give_bonus(alice, "10.00", wagering_multiple=1, conversion_cap=D(cap))
    bet = play(alice, "even", "10.00")
    assert converted_and_forfeited(bet) == (converted, forfeited)
    assert (wallet_of(alice).real, wallet_of(alice).bonus) == (D(converted), D(0))
    bonus.refresh_from_db()
    assert (bonus.status, bonus.converted, bonus.forfeited) == ("converted", D(converted), D(forfeited))
    routes = [("bonus_conversion", "bonus", "real", D(converted)), ("bonus_forfeit", "bonus", "forfeits", D(forfeited))]
    assert moved(bonus) == [route for route in routes if route[3]]


def test_a_requirement_met_by_a_bet_that_loses_all_converts_nothing(
    alice: User, give_bonus: Any, lose: Game, play: Any
):
    bonus = give_bonus(alice, "10.00", wagering_multiple=1)
    bet = play(alice, "lose", "10.00")
    assert converted_and_forfeited(bet) == ("0.00", "0.00")
    assert (bet.bonus_after, moved(bonus)) == (D(0), [])
    bonus.refresh_from_db()
    assert bonus.status == BonusStatus.CONVERTED


@pytest.mark.parametrize(("stake", "status", "forfeited"), [("9.90", "active", "0.00"), ("9.91", "exhausted", "0.09"),
                                                            ("10.00", "exhausted", "0.00")])  # fmt: skip
def test_a_bonus_is_exhausted_below_the_smallest_stake(
    stake: str, status: str, forfeited: str, alice: User, give_bonus: Any, lose: Game, play: Any, wallet_of: Any
):
    bonus = give_bonus(alice, "10.00")
    bet = play(alice, "lose", stake)
    assert bet.wagering["bonuses"][0]["status"] == status
    assert converted_and_forfeited(bet) == ("0.00", forfeited)
    bonus.refresh_from_db()
    assert (bonus.status, bonus.forfeited) == (status, D(forfeited))
    assert wallet_of(alice).bonus == bonus.balance == (D("0.10") if status == "active" else 0)
    assert moved(bonus) == ([("bonus_forfeit", "bonus", "forfeits", D("0.09"))] if D(forfeited) else [])


def _narrow(aurora: Operator, **limits: Any) -> None:
    for game in Game.objects.filter(operator=None):
        GameSwitch.objects.create(operator=aurora, game=game, **limits)


@pytest.mark.parametrize(
    ("arrange", "smallest"),
    [
        (lambda aurora, borealis, sure: _narrow(aurora, min_bet=D(2)), "2.00"),
        (lambda aurora, borealis, sure: _narrow(borealis, min_bet=D(2)), "0.10"),
        (lambda aurora, borealis, sure: sure("penny", "1", min_bet=D("0.01")), "0.01"),
        (lambda aurora, borealis, sure: sure("penny", "1", min_bet=D("0.01"), bonus_allowed=False), "0.10"),
        (lambda aurora, borealis, sure: sure("penny", "1", min_bet=D("0.01"), is_active=False), "0.10"),
        (lambda aurora, borealis, sure: sure("penny", "1", min_bet=D("0.01"), operator_id=borealis.pk), "0.10"),
        (lambda aurora, borealis, sure: sure("penny", "1", min_bet=D("0.01"), operator_id=aurora.pk), "0.01"),
        (
            lambda aurora, borealis, sure: GameSwitch.objects.create(
                operator=aurora, game=sure("penny", "1", min_bet=D("0.01")), is_enabled=False
            ),
            "0.10",
        ),
        (
            lambda aurora, borealis, sure: GameSwitch.objects.create(
                operator=aurora, game=sure("penny", "1", min_bet=D("0.01")), min_bet=D("0.05")
            ),
            "0.05",
        ),
    ],
    ids=["narrowed here", "narrowed elsewhere", "cheaper game", "takes no bonus", "switched off", "another's own",
         "our own", "off here", "cheaper but narrowed"],
)  # fmt: skip
def test_the_smallest_stake_is_that_of_the_games_that_this_operator_offers_for_bonus_money(
    arrange: Any, smallest: str, alice: User, aurora: Operator, borealis: Operator, give_bonus: Any, lose: Game,
    sure_game: Any, play: Any,
):  # fmt: skip
    arrange(aurora, borealis, sure_game)
    staying, ending = give_bonus(alice, "10.00"), give_bonus(alice, "10.00")
    play(alice, "lose", str(D(10) - D(smallest)))
    Bonus.objects.filter(pk=ending.pk).update(max_stake=D(20))
    play(alice, "lose", str(D(10) - D(smallest) + D("0.01")))
    staying.refresh_from_db()
    ending.refresh_from_db()
    assert (staying.status, staying.balance) == ("active", D(smallest))
    assert (ending.status, ending.forfeited) == ("exhausted", D(smallest) - D("0.01"))


def test_a_win_that_comes_with_the_last_stake_keeps_the_bonus(alice: User, give_bonus: Any, play: Any):
    give_bonus(alice, "0.10")
    assert play(alice, "even", "0.10").wagering["bonuses"][0]["status"] == "active"


def test_a_real_bet_advances_the_deposit_requirement_and_no_bonus(
    alice: User, fund: Any, give_bonus: Any, sure_game: Any, play: Any, wallet_of: Any
):
    sure_game("table", "1", wagering_weight=D("0.10"))
    fund(alice, "20.00")
    give_bonus(alice, "20.00")
    bet = play(alice, "table", "20.00")
    assert bet.wagering["deposit"] == {"required": "20.00", "wagered": "20.00"}, "the weight is the bonuses' alone"
    assert (Bonus.objects.get().wagered, bet.wagering["bonuses"]) == (D(0), [])
    play(alice, "even", "20.00")
    assert wallet_of(alice).wagering_wagered == D(40), "progress is shown as it is, not capped"


def test_a_bonus_bet_does_not_advance_the_deposit_requirement(alice: User, fund: Any, give_bonus: Any, play: Any):
    fund(alice, "5.00")
    give_bonus(alice, "20.00")
    assert play(alice, "even", "10.00").wagering["deposit"] == {"required": "5.00", "wagered": "0.00"}


def test_converted_money_is_real_for_the_next_bet_of_the_same_batch(alice: User, give_bonus: Any, order_of: Any):
    give_bonus(alice, "10.00", wagering_multiple=1)
    first, second, third = place_bets([order_of(alice, "even", wager) for wager in ("4.00", "6.00", "10.00")])
    assert [answer.bet.bet_type for answer in (first, second, third)] == ["bonus", "bonus", "real"]
    assert (second.bet.real_after, third.bet.real_before) == (D(10), D(10))
    assert third.bet.wagering["deposit"] == {"required": "0.00", "wagered": "10.00"}


def test_ended_bonuses_are_kept_and_never_play_again(alice: User, give_bonus: Any, lose: Game, play: Any, refuse: Any):
    give_bonus(alice, "10.00")
    play(alice, "lose", "10.00")
    assert refuse(alice, "lose", "0.10").code == "insufficient_funds"
    assert Bonus.objects.get().status == BonusStatus.EXHAUSTED
