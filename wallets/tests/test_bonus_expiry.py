"""The sweeper ends bonuses whose time is over: all of them, each once, whatever happens at the same moment."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from django.utils import timezone

from betting.orders import Settled
from betting.services import place_bet
from casino.games.models import Game
from casino.users.models import User
from operators.models import Operator
from wallets import tasks
from wallets.endings import expire_bonuses
from wallets.grants import BonusTerms, grant_bonus
from wallets.ledger import InsufficientFunds
from wallets.models import Transfer, TransferKind, Wallet
from wallets.promotions import Bonus
from wallets.tests.playing import in_parallel, listen, make_game, order, play

WalletOf = Callable[[User], Wallet]

pytestmark = pytest.mark.usefixtures("books_close")


@pytest.fixture
def game(db: None) -> Game:
    return make_game()


@pytest.fixture
def give(olga: User, aurora: Operator) -> Callable[..., Bonus]:
    """A bonus granted by Olga: ``give(alice, "10.00", expires_at=…)``."""

    def grant(player: User, amount: str, **terms: Any) -> Bonus:
        return grant_bonus(olga, aurora, player.pk, BonusTerms(D(amount), **terms), reason="Birthday").row

    return grant


def overdue(*bonuses: Bonus) -> datetime:
    """Let the bonuses have expired a second ago."""
    moment = timezone.now() - timedelta(seconds=1)
    Bonus.objects.filter(pk__in=[bonus.pk for bonus in bonuses]).update(expires_at=moment)
    return moment


def test_what_is_overdue_is_forfeited_and_nothing_else(
    alice: User, boris: User, game: Game, give: Any, fund: Any, wallet_of: WalletOf
):
    first, second = give(alice, "10.00"), give(alice, "4.00")
    play(alice, "1.00")
    assert expire_bonuses() == 0
    overdue(first)
    assert expire_bonuses() == 1
    assert expire_bonuses() == 0
    first.refresh_from_db()
    second.refresh_from_db()
    forfeit = Transfer.objects.get(kind=TransferKind.BONUS_FORFEIT)
    assert (forfeit.amount, forfeit.reference, forfeit.target) == (D("9.95"), first.pk, "forfeits")
    assert (first.status, first.balance, first.forfeited, first.ended_at) == (
        "expired", D(0), D("9.95"), forfeit.created_at,
    )  # fmt: skip
    assert (first.wagered, second.status, second.balance) == (D(1), "active", D(4))
    assert (wallet_of(alice).bonus, wallet_of(alice).real) == (D(4), D(0))


def test_thirty_days_later_the_default_bonus_is_over(alice: User, give: Any):
    give(alice, "10.00")
    assert expire_bonuses(timezone.now() + timedelta(days=29, hours=23)) == 0
    assert expire_bonuses(timezone.now() + timedelta(days=30, minutes=1)) == 1


def test_an_overdue_bonus_pays_no_bet_even_before_it_is_swept(alice: User, game: Game, give: Any, wallet_of: WalletOf):
    overdue(give(alice, "10.00"))
    assert isinstance(place_bet(order(alice, "ever-lose", wager="1.00")), InsufficientFunds)
    assert wallet_of(alice).bonus == D(10)


def test_the_task_may_run_twice(alice: User, give: Any, wallet_of: WalletOf):
    overdue(give(alice, "10.00"), give(alice, "5.00"))
    assert [tasks.expire_bonuses(), tasks.expire_bonuses()] == [2, 0]
    assert (wallet_of(alice).bonus, wallet_of(alice).version) == (D(0), 4)


def test_a_wallet_that_fails_holds_nobody_up(
    alice: User, aurora: Operator, make_player: Any, give: Any, wallet_of: WalletOf, monkeypatch: pytest.MonkeyPatch
):
    adam = make_player("adam", aurora)
    overdue(give(alice, "10.00"), give(adam, "10.00"))
    from wallets import bonuses

    whole = bonuses.read_active

    def broken(wallet_ids: Any) -> Any:
        if wallet_of(alice).pk in wallet_ids:
            raise RuntimeError("a fault of ours")
        return whole(wallet_ids)

    with monkeypatch.context() as patched:
        patched.setattr("wallets.bonuses.read_active", broken)
        assert expire_bonuses() == 1
    assert (wallet_of(alice).bonus, wallet_of(adam).bonus) == (D(10), D(0))
    assert expire_bonuses() == 1


def test_a_batch_is_as_large_as_asked(alice: User, aurora: Operator, make_player: Any, give: Any):
    players = [alice, *(make_player(f"player{n}", aurora) for n in range(3))]
    overdue(*(give(player, "1.00") for player in players))
    assert [expire_bonuses(batch=3), expire_bonuses(batch=3), expire_bonuses(batch=3)] == [3, 1, 0]


def test_the_player_hears_of_bonus_and_balance(alice: User, give: Any, monkeypatch: pytest.MonkeyPatch):
    overdue(give(alice, "10.00"))
    heard = listen(monkeypatch)
    expire_bonuses()
    (first, bonus), (second, balance) = heard(alice)
    assert (first, second) == ("bonus.changed", "balance.changed")
    assert (bonus["status"], bonus["balance"], balance["bonus"]) == ("expired", "0.00", "0.00")


@pytest.mark.django_db(transaction=True)
def test_five_sweepers_at_once_end_each_bonus_once(
    alice: User, aurora: Operator, make_player: Any, give: Any, wallet_of: WalletOf
):
    players = [alice, *(make_player(f"player{n}", aurora) for n in range(5))]
    overdue(*(give(player, amount) for player in players for amount in ("1.00", "2.00")))
    assert sum(in_parallel(5, [expire_bonuses] * 5)) == 12
    assert {(wallet_of(player).bonus, wallet_of(player).version) for player in players} == {(D(0), 4)}


@pytest.mark.django_db(transaction=True)
def test_bets_and_the_sweeper_meet_at_the_moment_of_expiry(alice: User, game: Game, give: Any, wallet_of: WalletOf):
    moment = timezone.now() + timedelta(seconds=1.5)
    bonus = give(alice, "10.00", expires_at=moment)

    def bet_on() -> list[Any]:
        answers = []
        while timezone.now() < moment + timedelta(seconds=0.3):
            answers.append(place_bet(order(alice, "ever-lose", wager="1.00")))
        return answers

    def sweep() -> int:
        ended = 0
        while timezone.now() < moment + timedelta(seconds=0.5):
            ended += expire_bonuses()
            time.sleep(0.01)
        return ended

    *played, ended, also_ended = in_parallel(4, [bet_on, bet_on, sweep, sweep])
    answers = [answer for answers in played for answer in answers]
    bets = [answer.bet for answer in answers if isinstance(answer, Settled)]
    assert bets
    assert isinstance(answers[-1], InsufficientFunds)
    assert all(bet.created_at < moment for bet in bets)
    bonus.refresh_from_db()
    if bonus.status == "expired":
        assert (ended + also_ended, bonus.forfeited) == (1, D(10) - D("0.05") * len(bets))
    else:
        assert bonus.status == "exhausted", "played away before its time was over"
    assert (bonus.wagered, wallet_of(alice).bonus) == (D(len(bets)), D(0))
