"""Jackpots: fed to a millionth, drawn with a chance that stands on the bet, and nothing is ever lost."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db.models import Sum

from betting import jackpots
from betting.models import Bet, JackpotPending, JackpotPool
from betting.services import place_bets
from betting.tests.conftest import closing_sum
from casino.games.jackpots import JackpotLevel
from casino.games.models import Game
from casino.users.models import User
from operators.models import Operator
from wallets.models import Transfer

pytestmark = pytest.mark.usefixtures("books_close")
D = Decimal
DEFAULT_RATES = {"mini": "0.0040", "minor": "0.0030", "major": "0.0020", "grand": "0.0010"}


def pool(name: str = "mini") -> JackpotPool:
    return JackpotPool.objects.select_related("level").get(level__name=name)


def facts(bet: Bet, *names: str) -> list[Any]:
    """What the bet says of its first level."""
    return [bet.jackpots[0][name] for name in names]


def test_two_thousand_bets_of_ten_cents_at_half_a_percent_add_exactly_one(
    alice: User, boris: User, fund: Any, make_jackpot: Any, sure_game: Any, order_of: Any
):
    sure_game("even", "1", make_jackpot({"rate": D("0.005"), "seed": D(10)}))
    fund(alice, "5.00")
    fund(boris, "5.00")
    players = [alice, boris]
    for first in range(0, 2000, 64):
        orders = [order_of(players[number % 2], "even", "0.10") for number in range(first, min(first + 64, 2000))]
        answers = place_bets(orders)
        assert {answer.bet.jackpot_contribution for answer in answers} == {D("0.0005")}
        if first % 640 == 0:
            jackpots.fold()
    assert pool().value < D(11)
    assert jackpots.pool_values() == {pool().pk: D("11.000000")}
    assert jackpots.fold() == 1
    assert (pool().value, JackpotPending.objects.count()) == (D("11.000000"), 0)
    assert Bet.objects.aggregate(total=Sum("jackpot_contribution"))["total"] == D("1.000000")
    shares = Transfer.objects.filter(kind="jackpot_fold", source="jackpot_clearing").values("operator__slug")
    assert {row["operator__slug"]: row["total"] for row in shares.annotate(total=Sum("amount"))} == {
        "aurora": D("0.5"), "borealis": D("0.5"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wager", "parts"),
    [
        ("100.00", ["0.400000", "0.300000", "0.200000", "0.100000"]),
        ("0.01", ["0.000040", "0.000030", "0.000020", "0.000010"]),
        ("33.33", ["0.133320", "0.099990", "0.066660", "0.033330"]),
    ],
)
def test_the_default_rates_take_one_percent_in_all_paid_by_the_operator(
    wager: str, parts: list[str], alice: User, fund: Any, make_jackpot: Any, sure_game: Any, play: Any
):
    group = make_jackpot(*({"name": name, "rate": D(rate), "seed": D(10)} for name, rate in DEFAULT_RATES.items()))
    sure_game("even", "1", group, min_bet=D("0.01"))
    fund(alice, "100.00")
    bet = play(alice, "even", wager)
    assert [level["level"] for level in bet.jackpots] == list(DEFAULT_RATES)
    assert [level["contribution"] for level in bet.jackpots] == parts
    assert bet.jackpot_contribution == D(wager) / 100
    assert (bet.real_after, bet.ggr) == (D(100), D(0)), "the stake is the stake: the operator pays it out of it"
    (cost,) = Transfer.objects.filter(kind="jackpot_contribution")
    assert (cost.source, cost.target, cost.amount) == ("jackpot_cost", "jackpot_clearing", D(wager) / 100)


def test_bonus_money_and_free_spins_neither_feed_nor_win(
    alice: User, fund: Any, give_bonus: Any, give_spins: Any, make_jackpot: Any, sure_game: Any, order_of: Any
):
    game = sure_game("even", "1", make_jackpot({"rate": D("0.005"), "seed": D(10), "odds": D(1)}))
    give_bonus(alice, "5.00")
    spins = give_spins(alice, game, 1, "1.00")
    answers = place_bets([order_of(alice, "even", "5.00"), order_of(alice, "even", None, free_spin=str(spins.pk))])
    for bet, kind in zip((answer.bet for answer in answers), ("bonus", "free_spin"), strict=True):
        assert (bet.bet_type, bet.jackpots, bet.jackpot_contribution, bet.jackpot_win) == (kind, [], D(0), D(0))
    assert (pool().value, JackpotPending.objects.count()) == (D(10), 0)
    fund(alice, "5.00")
    (answer,) = place_bets([order_of(alice, "even", "5.00")])
    assert (answer.bet.bet_type, answer.bet.jackpot_win) == ("real", D("10.02"))


def test_a_bonus_bet_that_wins_nothing_of_a_jackpot_still_has_a_ggr(
    alice: User, fund: Any, make_jackpot: Any, sure_game: Any, play: Any
):
    sure_game("half", "0.5", make_jackpot({"rate": D("0.005"), "seed": D(10), "odds": D(1)}))
    fund(alice, "10.00")
    bet = play(alice, "half", "10.00")
    assert (bet.win, bet.ggr, bet.jackpot_win) == (D(5), D(5), D("10.05")), "payouts of jackpots stand apart"
    assert bet.real_after == D("15.05")


def test_an_operator_of_another_currency_does_not_take_part(
    make_player: Any, cascade: Operator, fund: Any, make_jackpot: Any, sure_game: Any, play: Any
):
    sure_game("even", "1", make_jackpot({"rate": D("0.005"), "seed": D(10), "odds": D(1)}))
    carla = make_player("carla", cascade)
    fund(carla, "5.00")
    bet = play(carla, "even", "5.00")
    assert (bet.currency, bet.jackpots, bet.jackpot_win) == ("EUR", [], D(0))
    assert pool().value == D(10)


@pytest.mark.parametrize("is_seeded", [True, False])
@pytest.mark.parametrize("seeding", [True, False])
def test_seeded_players_feed_and_win_demo_pools_only(
    is_seeded: bool, seeding: bool, settings: Any, alice: User, fund: Any, make_jackpot: Any, sure_game: Any, play: Any
):
    settings.SEEDING_ENABLED = seeding
    User.objects.filter(pk=alice.pk).update(is_seeded=is_seeded)
    sure_game("even", "1", make_jackpot({"rate": D("0.005"), "seed": D(10), "odds": D(1)}))
    fund(alice, "5.00")
    bet = play(alice, "even", "5.00")
    takes_part = seeding or not is_seeded
    assert bet.jackpot_win == (D("10.02") if takes_part else 0)
    assert bet.jackpot_contribution == (D("0.025") if takes_part else 0)
    assert pool().value == (D("10.005") if takes_part else D(10))


def test_the_chance_of_a_progressive_is_wager_times_odds_and_stands_on_the_bet(
    alice: User, fund: Any, make_jackpot: Any, sure_game: Any, play: Any
):
    sure_game("even", "1", make_jackpot({"rate": D("0.01"), "seed": D("10.5"), "odds": D("1E-12")}))
    fund(alice, "10.00")
    bet = play(alice, "even", "4.00")
    assert facts(bet, "probability", "pool", "hit", "amount") == ["1/250000000000", "10.500000", False, None]
    jackpots.fold()
    bet = play(alice, "even", "2.50")
    assert facts(bet, "probability", "pool", "contribution") == ["1/400000000000", "10.540000", "0.025000"]


def test_the_chance_of_a_must_drop_is_its_contribution_over_the_room_of_the_folded_pool(
    alice: User, fund: Any, make_jackpot: Any, sure_game: Any, play: Any
):
    sure_game("even", "1", make_jackpot({"kind": "must_drop", "rate": D("0.0001"), "seed": D(10), "ceiling": D(10**9)}))
    fund(alice, "10.00")
    for _ in range(2):
        bet = play(alice, "even", "4.00")
        assert facts(bet, "probability", "pool") == [str(Fraction("0.0004") / (10**9 - 10)), "10.000000"]
    jackpots.fold()
    bet = play(alice, "even", "4.00")
    assert facts(bet, "probability", "pool") == [str(Fraction("0.0004") / (10**9 - Fraction("10.0008"))), "10.000800"]


MUST_DROP = {"kind": "must_drop", "ceiling": D(50), "odds": D(0)}


@pytest.mark.parametrize(
    ("terms", "value", "wager", "chance"),
    [
        ({"odds": D("0.000125")}, "10", "4.00", Fraction(1, 2000)),
        ({"odds": D("1E-18")}, "10", "0.01", Fraction(1, 10**20)),
        ({"odds": D("0.5")}, "10", "2.00", Fraction(1)),
        ({"odds": D("0.5")}, "10", "500.00", Fraction(1)),
        (MUST_DROP, "10", "4.00", Fraction(1, 2000)),
        (MUST_DROP, "10.04", "4.00", Fraction(1, 1998)),
        (MUST_DROP, "49.98", "4.00", Fraction(1)),
        (MUST_DROP, "49.97", "4.00", Fraction(2, 3)),
        (MUST_DROP, "49.999999", "4.00", Fraction(1)),
        (MUST_DROP, "50", "0.01", Fraction(1)),
        (MUST_DROP, "50.000001", "0.01", Fraction(1)),
    ],
)
def test_chances_are_exact_and_one_from_the_ceiling_on(terms: dict[str, Any], value: str, wager: str, chance: Fraction):
    at = JackpotPool(value=D(value), rate=D("0.005"), **{"kind": "progressive", "ceiling": None} | terms)
    assert jackpots.chance_of(at, D(wager), D(wager) * at.rate) == chance


def test_a_must_drop_above_its_ceiling_always_hits_and_pays_the_ceiling_while_the_excess_stays(
    alice: User, fund: Any, make_jackpot: Any, sure_game: Any, play: Any
):
    group = make_jackpot({"rate": D("0.1"), "seed": D(2)})
    sure_game("even", "1", group)
    fund(alice, "100.00")
    play(alice, "even", "100.00")
    play(alice, "even", "3.45")
    jackpots.fold()
    for terms in (JackpotPool.objects.all(), JackpotLevel.objects.all()):
        terms.update(kind="must_drop", ceiling=D(5), odds=D(0))
    assert pool().value == D("12.345")
    seen = []
    for _ in range(3):
        bet = play(alice, "even", "1.00")
        seen.append([*facts(bet, "pool", "probability", "hit", "amount"), bet.jackpot_win, pool().value])
    assert seen == [
        ["12.345000", "1/1", True, "5.00", D(5), D("9.445")],
        ["9.445000", "1/1", True, "5.00", D(5), D("6.545")],
        ["6.545000", "1/1", True, "5.00", D(5), D("3.645")],
    ]
    assert facts(play(alice, "even", "0.10"), "probability") == [str(Fraction("0.01") / Fraction("1.355"))]
    assert closing_sum(pool())


def test_what_is_below_a_cent_stays_in_the_pool(alice: User, fund: Any, make_jackpot: Any, sure_game: Any, play: Any):
    sure_game("even", "1", make_jackpot({"rate": D("0.0040"), "seed": D(10), "odds": D(1)}))
    fund(alice, "10.00")
    wins = [(play(alice, "even", "1.23").jackpot_win, pool().value) for _ in range(3)]
    assert wins == [(D(10), D("10.004920")), (D(10), D("10.009840")), (D("10.01"), D("10.004760"))]
    assert closing_sum(pool())


def test_a_hit_on_less_than_a_cent_pays_nothing_and_resets_nothing(
    alice: User, fund: Any, make_jackpot: Any, sure_game: Any, play: Any
):
    sure_game("even", "1", make_jackpot({"rate": D("0.0040"), "seed": D(0), "odds": D(1)}))
    fund(alice, "10.00")
    first, second, third = (play(alice, "even", "1.00") for _ in range(3))
    assert [facts(bet, "hit", "amount") for bet in (first, second)] == [[True, None], [True, None]]
    assert (third.jackpot_win, third.real_after, pool().value) == (D("0.01"), D("10.01"), D("0.002"))


def test_two_hits_in_one_batch_are_paid_one_after_the_other(
    alice: User, boris: User, fund: Any, make_jackpot: Any, sure_game: Any, order_of: Any
):
    sure_game("even", "1", make_jackpot({"rate": D("0.01"), "seed": D(10), "odds": D("0.2")}))
    fund(alice, "100.00")
    fund(boris, "100.00")
    pools = JackpotPool.objects.all()
    pools.update(odds=D("1E-18"))
    place_bets([order_of(boris, "even", "100.00"), order_of(boris, "even", "50.00")])
    pools.update(odds=D("0.2"))
    orders = [order_of(player, "even", wager) for player, wager in ((alice, "5.00"), (boris, "7.00"), (alice, "10.00"))]
    wins = [answer.bet for answer in place_bets(orders)]
    assert [bet.jackpot_win for bet in wins] == [D("11.55"), D("10.07"), D("10.10")]
    assert [facts(bet, "pool")[0] for bet in wins] == ["10.000000", "10.000000", "10.000000"]
    assert (wins[0].real_after, wins[2].real_before) == (D("111.55"), D("111.55"))
    assert (pool().value, JackpotPending.objects.count(), closing_sum(pool())) == (D(10), 0, True)


def test_one_bet_may_win_several_levels_and_leaves_the_others_pending(
    alice: User, fund: Any, make_jackpot: Any, sure_game: Any, play: Any
):
    odds = {"mini": D(1), "minor": D("1E-18"), "major": D(1)}
    levels = [{"name": name, "rate": D("0.001"), "seed": D(10), "odds": chance} for name, chance in odds.items()]
    sure_game("even", "1", make_jackpot(*levels))
    fund(alice, "10.00")
    bet = play(alice, "even", "10.00")
    assert [(level["level"], level["amount"]) for level in bet.jackpots] == [
        ("mini", "10.01"), ("minor", None), ("major", "10.01"),
    ]  # fmt: skip
    assert (bet.jackpot_win, bet.real_after) == (D("20.02"), D("30.02"))
    assert [(pool(name).value, closing_sum(pool(name))) for name in odds] == [(D(10), True)] * 3
    assert JackpotPending.objects.get().pool == pool("minor")


def test_new_terms_take_effect_after_the_next_win(alice: User, fund: Any, make_jackpot: Any, sure_game: Any, play: Any):
    sure_game("even", "1", make_jackpot({"rate": D("0.01"), "seed": D(10)}))
    fund(alice, "10.00")
    JackpotLevel.objects.update(rate=D("0.02"), seed=D(20), odds=D(1))
    bet = play(alice, "even", "1.00")
    assert facts(bet, "contribution", "hit") == ["0.010000", False]
    JackpotPool.objects.update(odds=D(1))
    bet = play(alice, "even", "1.00")
    assert (facts(bet, "contribution"), bet.jackpot_win, pool().value) == (["0.010000"], D("10.02"), D(20))
    assert (pool().rate, pool().seed, pool().won_at) == (D("0.02"), D(20), bet.created_at)
    bet = play(alice, "even", "1.00")
    assert (facts(bet, "contribution"), bet.jackpot_win) == (["0.020000"], D("20.02"))


def test_a_game_that_moves_to_another_group_leaves_behind_what_it_fed(
    alice: User, fund: Any, make_jackpot: Any, sure_game: Any, play: Any
):
    game = sure_game("even", "1", make_jackpot({"rate": D("0.01"), "seed": D(10)}))
    fund(alice, "10.00")
    play(alice, "even", "10.00")
    other = make_jackpot({"rate": D("0.02"), "seed": D(5)}, slug="other")
    Game.objects.filter(pk=game.pk).update(jackpot_group=other)
    JackpotLevel.objects.exclude(group=other).update(name="small")
    play(alice, "even", "10.00")
    jackpots.fold()
    assert {found.level.name: found.value for found in JackpotPool.objects.select_related("level")} == {
        "small": D("10.1"), "mini": D("5.2"),
    }  # fmt: skip
    assert all(closing_sum(found) for found in JackpotPool.objects.all())
