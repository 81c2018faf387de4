"""Free spins: they cost nothing, and what they win gathers in one bonus with the grant's terms."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from betting.models import Bet
from betting.orders import FreeSpinUnknown, Settled
from betting.services import open_account, place_bet, place_bets
from betting.tests.conftest import make_sure
from casino.errors import Invalid
from casino.games.models import Game
from casino.users.models import User
from operators.models import Operator
from wallets.ledger import database_clock
from wallets.models import Transfer
from wallets.promotions import Bonus, FreeSpins

pytestmark = pytest.mark.usefixtures("books_close")
D = Decimal


@pytest.fixture(autouse=True)
def double(sure_game: Any) -> Game:
    """Pays every stake twice."""
    return sure_game("double", "2")


@pytest.fixture
def spin(order_of: Any) -> Any:
    """Use one free spin, the wager left out: ``spin(alice, grant)``."""

    def use(player: User, grant: FreeSpins, game: str = "double", **facts: Any) -> Bet:
        answer = place_bet(order_of(player, game, None, free_spin=str(grant.pk), **facts))
        assert isinstance(answer, Settled), answer
        return answer.bet

    return use


def test_a_free_spin_costs_nothing_and_its_win_is_a_promotion(
    alice: User, fund: Any, double: Game, give_spins: Any, spin: Any, wallet_of: Any
):
    fund(alice, "5.00")
    grant = give_spins(alice, double, 2, "0.50")
    bet = spin(alice, grant)
    assert (bet.bet_type, bet.wager, bet.win, bet.ggr) == ("free_spin", D("0.50"), D("1.00"), D(0))
    assert (bet.real_before, bet.real_after, bet.bonus_before, bet.bonus_after) == (D(5), D(5), D(0), D(1))
    moved = Transfer.objects.filter(reference=bet.pk)
    assert [(t.kind, t.source, t.target, t.amount) for t in moved] == [("free_spin_win", "promotions", "bonus", D(1))]
    assert (bet.points, bet.jackpot_contribution, bet.jackpots) == (D(0), D(0), [])
    assert bet.wagering["deposit"] == {"required": "5.00", "wagered": "0.00"}
    grant.refresh_from_db()
    assert (grant.remaining, wallet_of(alice).bonus) == (1, D(1))


def test_wins_gather_in_one_bonus_that_has_the_grants_terms(alice: User, double: Game, give_spins: Any, spin: Any):
    grant = give_spins(alice, double, 3, "10.00", wagering_multiple=D(12), conversion_cap=D(50))
    progress = [spin(alice, grant).wagering["bonuses"] for _ in range(3)]
    bonus = Bonus.objects.get()
    assert progress == [
        [{"id": str(bonus.pk), "staked": "0.00", "wagered": "0.00", "required": required, "balance": balance,
          "status": "active"}]
        for balance, required in (("20.00", "240.00"), ("40.00", "480.00"), ("60.00", "720.00"))
    ]  # fmt: skip
    assert (bonus.granted, bonus.balance, bonus.required, bonus.wagered) == (D(60), D(60), D(720), D(0))
    assert (bonus.wagering_multiple, bonus.conversion_cap, bonus.max_stake) == (D(12), D(50), D(5))
    assert (bonus.source, bonus.expires_at) == ("free_spins", grant.expires_at)
    grant.refresh_from_db()
    assert (grant.bonus, grant.remaining) == (bonus, 0)


def test_each_grant_has_a_bonus_of_its_own(alice: User, double: Game, give_spins: Any, spin: Any):
    for _ in range(2):
        grant = give_spins(alice, double, 2, "0.50")
        spin(alice, grant)
        spin(alice, grant)
    assert [bonus.balance for bonus in Bonus.objects.all()] == [D(2), D(2)]


def test_the_bonus_is_wagered_like_any_other(
    alice: User, double: Game, give_spins: Any, spin: Any, sure_game: Any, play: Any, wallet_of: Any
):
    sure_game("even", "1")
    grant = give_spins(alice, double, 2, "0.50", wagering_multiple=D(2))
    spin(alice, grant)
    assert play(alice, "even", "1.00").wagering["bonuses"][0]["wagered"] == "1.00"
    assert spin(alice, grant).wagering["bonuses"][0]["required"] == "4.00", "what was wagered still counts"
    assert play(alice, "even", "1.00").wagering["bonuses"][0]["wagered"] == "2.00"
    assert play(alice, "even", "1.00").wagering["bonuses"][0]["status"] == "active"
    bet = play(alice, "even", "1.00")
    assert (bet.wagering["bonuses"][0]["status"], bet.wagering["converted"]) == ("converted", "2.00")
    assert wallet_of(alice).real == D(2)


def test_a_spin_that_loses_makes_no_bonus(alice: User, sure_game: Any, give_spins: Any, spin: Any):
    grant = give_spins(alice, sure_game("lose", "0"), 1, "0.50")
    bet = spin(alice, grant, "lose")
    assert (bet.win, bet.ggr, bet.wagering["bonuses"]) == (D(0), D(0), [])
    assert not Bonus.objects.exists()
    assert not Transfer.objects.exists()


def test_a_bonus_too_small_to_play_waits_for_the_spins_that_may_still_feed_it(
    alice: User, sure_game: Any, give_spins: Any, spin: Any
):
    grant = give_spins(alice, sure_game("crumbs", "0.25"), 2, "0.20")
    assert spin(alice, grant, "crumbs").wagering["bonuses"][0]["balance"] == "0.05"
    assert spin(alice, grant, "crumbs").wagering["bonuses"][0]["balance"] == "0.10"
    assert Bonus.objects.get().status == "active"


@pytest.mark.parametrize("last", ["crumbs", "nothing"], ids=["that wins a little", "that wins nothing"])
def test_the_last_spin_ends_a_bonus_that_no_game_takes(
    last: str, alice: User, sure_game: Any, give_spins: Any, spin: Any, wallet_of: Any
):
    game = sure_game("crumbs", "0.08" if last == "crumbs" else "0.25")
    grant = give_spins(alice, game, 2, "0.20")
    first = spin(alice, grant, "crumbs")
    assert first.wagering["bonuses"][0]["status"] == "active"
    if last == "nothing":
        make_sure(game, "0")
    bet = spin(alice, grant, "crumbs")
    forfeited = "0.02" if last == "crumbs" else "0.05"
    assert bet.wagering["bonuses"][0]["status"] == "exhausted"
    assert (bet.wagering["forfeited"], bet.bonus_after) == (forfeited, D(0))
    bonus = Bonus.objects.get()
    assert (bonus.status, bonus.forfeited, wallet_of(alice).bonus) == ("exhausted", D(forfeited), D(0))


def test_wins_without_wagering_are_real_at_once(alice: User, double: Game, give_spins: Any, spin: Any, wallet_of: Any):
    grant = give_spins(alice, double, 1, "0.50", wagering_multiple=D(0))
    bet = spin(alice, grant)
    assert (bet.wagering["converted"], bet.real_after, bet.bonus_after) == ("1.00", D(1), D(0))
    assert bet.ggr == 0


def test_a_wager_may_be_left_out_or_equal_the_spins_value(
    alice: User, double: Game, give_spins: Any, order_of: Any, refuse: Any
):
    grant = give_spins(alice, double, 2, "0.50")
    for number, wager in enumerate((None, "0.50")):
        answer = place_bet(order_of(alice, "double", wager, free_spin=str(grant.pk), key=f"spin-{number}-key"))
        assert (answer.bet.wager, answer.bet.bet_type) == (D("0.50"), "free_spin")
    other = give_spins(alice, double, 1, "0.50")
    answer = refuse(alice, "double", "0.51", free_spin=str(other.pk))
    assert (type(answer), answer.errors[0]["field"]) == (Invalid, "wager")


@pytest.mark.parametrize(
    "body",
    [{"wager": "0"}, {"wager": "-0.50"}, {"wager": "0.505"}, {"free_spin": "x"}, {"free_spin": 7}, {"wager": ""}],
)
def test_a_malformed_wager_or_grant_is_refused_as_such(body: dict[str, Any], alice: User, order_of: Any):
    with pytest.raises(Invalid) as refusal:
        order_of(alice, "double", **{"wager": "0.50", "free_spin": str(uuid4())} | body)
    assert {error["field"] for error in refusal.value.errors} >= set(body)


def test_spins_that_are_used_up_expired_or_nobodys_are_refused(
    alice: User, boris: User, double: Game, give_spins: Any, spin: Any, refuse: Any
):
    used_up, expired, boriss = (
        give_spins(alice, double, 1, "0.50"), give_spins(alice, double, 1, "0.50", days=-1),
        give_spins(boris, double, 1, "0.50"),
    )  # fmt: skip
    spin(alice, used_up)
    for grant in (used_up.pk, expired.pk, boriss.pk, uuid4()):
        assert type(refuse(alice, "double", None, free_spin=str(grant))) is FreeSpinUnknown


def test_spins_are_asked_for_their_expiry_at_the_moment_of_the_bet(
    alice: User, double: Game, give_spins: Any, order_of: Any
):
    grant = give_spins(alice, double, 2, "0.50", days=1)
    later = database_clock() + timedelta(days=1)
    (answer,) = place_bets([order_of(alice, "double", None, free_spin=str(grant.pk))], at=later)
    assert type(answer) is FreeSpinUnknown
    assert not Bet.objects.exists()


def test_spins_of_one_operator_are_not_played_at_another(
    alice: User, borealis: Operator, double: Game, give_spins: Any, refuse: Any
):
    grant = give_spins(alice, double, 1, "0.50")
    open_account(alice, borealis)
    alice.operator = borealis
    assert type(refuse(alice, "double", None, free_spin=str(grant.pk))) is FreeSpinUnknown


def test_spins_are_played_on_their_own_game(alice: User, double: Game, sure_game: Any, give_spins: Any, refuse: Any):
    sure_game("triple", "3")
    grant = give_spins(alice, double, 1, "0.50")
    answer = refuse(alice, "triple", None, free_spin=str(grant.pk))
    assert (type(answer), answer.errors[0]["field"]) == (Invalid, "game_id")


def test_without_real_or_bonus_money_a_grant_pays_only_for_what_names_it(
    alice: User, double: Game, give_spins: Any, refuse: Any
):
    give_spins(alice, double, 1, "0.50")
    assert refuse(alice, "double", "0.50").code == "insufficient_funds"


def test_two_orders_for_the_last_spin_in_one_batch_play_it_once(
    alice: User, double: Game, give_spins: Any, order_of: Any
):
    grant = give_spins(alice, double, 1, "0.50")
    orders = [order_of(alice, "double", None, free_spin=str(grant.pk)) for _ in range(2)]
    first, second = place_bets(orders)
    assert (type(first), type(second)) == (Settled, FreeSpinUnknown)
    grant.refresh_from_db()
    assert grant.remaining == 0


def test_a_bonus_that_a_spin_opens_pays_a_later_bet_of_the_same_batch(
    alice: User, double: Game, give_spins: Any, order_of: Any
):
    grant = give_spins(alice, double, 2, "0.50", wagering_multiple=D(1))
    spin = [order_of(alice, "double", None, free_spin=str(grant.pk)) for _ in range(2)]
    first, bet, last = place_bets([spin[0], order_of(alice, "double", "1.00"), spin[1]])
    assert (first.bet.bonus_after, bet.bet.bet_type, bet.bet.real_after) == (D(1), "bonus", D(2))
    converted, growing = Bonus.objects.order_by("id")
    assert (converted.status, converted.converted, growing.balance) == ("converted", D(2), D(1))
    assert last.bet.bonus_after == D(1)
