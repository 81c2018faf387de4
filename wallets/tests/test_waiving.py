"""DELETE /bonuses/{id}: a player gives a bonus up, and exactly what is left of it goes."""

from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest
from rest_framework.test import APIClient

from betting.models import Bet
from betting.orders import Settled
from betting.services import open_account, place_bet
from casino.games.models import Game
from casino.users.models import User
from operators.models import Operator
from wallets.grants import BonusTerms, grant_bonus
from wallets.ledger import InsufficientFunds
from wallets.models import Transfer, TransferKind, Wallet
from wallets.promotions import Bonus
from wallets.tests.playing import in_parallel, listen, make_game, order, play

Api = Callable[..., APIClient]
WalletOf = Callable[[User], Wallet]

pytestmark = pytest.mark.usefixtures("books_close")


@pytest.fixture
def game(db: None) -> Game:
    return make_game()


@pytest.fixture
def give(olga: User, aurora: Operator) -> Callable[..., Bonus]:
    """A bonus granted by Olga: ``give(alice, "10.00")``."""

    def grant(player: User, amount: str, **terms: Any) -> Bonus:
        return grant_bonus(olga, aurora, player.pk, BonusTerms(D(amount), **terms), reason="Birthday").row

    return grant


def test_waiving_removes_exactly_what_is_left(
    api: Api, alice: User, game: Game, give: Any, fund: Any, wallet_of: WalletOf
):
    first, second = give(alice, "10.00"), give(alice, "7.00")
    play(alice, "1.00")
    fund(alice, "20.00")
    answer = api(alice).delete(f"/bonuses/{first.pk}?balance=9.95")
    assert answer.status_code == 200
    assert answer.json() == {
        "id": str(first.pk), "operator": "aurora", "currency": "USD", "status": "waived", "removed": "9.95",
    }  # fmt: skip
    wallet = wallet_of(alice)
    assert (wallet.bonus, wallet.real, wallet.wagering_required) == (D(7), D(20), D(20))
    forfeit = Transfer.objects.get(kind=TransferKind.BONUS_FORFEIT)
    assert (forfeit.source, forfeit.target, forfeit.amount, forfeit.reference) == (
        "bonus", "forfeits", D("9.95"), first.pk,
    )  # fmt: skip
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, first.balance, first.forfeited, first.ended_at) == (
        "waived",
        D(0),
        D("9.95"),
        forfeit.created_at,
    )
    assert (second.status, second.balance) == ("active", D(7))
    shown = api(alice).get(f"/bonuses/{first.pk}").json()
    assert (shown["status"], shown["balance"], shown["granted"], shown["wagered"]) == (
        "waived",
        "0.00",
        "10.00",
        "1.00",
    )


def test_the_balance_need_not_be_named(api: Api, alice: User, give: Any):
    assert api(alice).delete(f"/bonuses/{give(alice, '10.00').pk}").json()["removed"] == "10.00"


def test_a_waived_bonus_pays_no_bet(api: Api, alice: User, game: Game, give: Any):
    api(alice).delete(f"/bonuses/{give(alice, '10.00').pk}")
    assert isinstance(place_bet(order(alice, "ever-lose", wager="1.00")), InsufficientFunds)


def refused(api: Api, player: User, path: str, wallet_of: WalletOf, alice: User) -> tuple[int, str]:
    """How the call was refused; it has moved and ended nothing."""

    def state() -> Any:
        wallet, bonuses = wallet_of(alice), Bonus.objects.order_by("id")
        return wallet.bonus, wallet.version, list(bonuses.values_list("status", "balance")), Transfer.objects.count()

    before = state()
    answer = api(player).delete(path)
    assert state() == before
    return answer.status_code, answer.json()["code"]


def test_another_balance_than_the_player_saw_is_a_conflict(api: Api, alice: User, give: Any, wallet_of: WalletOf):
    path = f"/bonuses/{give(alice, '10.00').pk}"
    for seen in ("9.95", "10.01", "0", "0.00"):
        outcome = refused(api, alice, f"{path}?balance={seen}", wallet_of, alice)
        assert outcome == (409, "bonus_balance_changed")
    assert api(alice).delete(f"{path}?balance=9.99").json()["balance"] == "10.00"


@pytest.mark.parametrize("seen", ["", "ten", "-1", "1e1", "10.001", "NaN"])
def test_a_malformed_balance_is_refused(api: Api, alice: User, give: Any, wallet_of: WalletOf, seen: str):
    path = f"/bonuses/{give(alice, '10.00').pk}?balance={seen}"
    assert refused(api, alice, path, wallet_of, alice) == (400, "invalid")


def test_what_has_ended_cannot_be_waived(api: Api, alice: User, give: Any, wallet_of: WalletOf):
    converted = give(alice, "5.00", wagering_multiple=D(0))
    waived = give(alice, "10.00")
    api(alice).delete(f"/bonuses/{waived.pk}")
    for bonus in (converted, waived):
        for query in ("", "?balance=0.00", "?balance=10.00"):
            outcome = refused(api, alice, f"/bonuses/{bonus.pk}{query}", wallet_of, alice)
            assert outcome == (409, "bonus_not_active")


def test_nobody_waives_what_is_another_players(
    api: Api, alice: User, boris: User, borealis: Operator, olga: User, petra: User, give: Any, wallet_of: WalletOf
):
    path = f"/bonuses/{give(alice, '10.00').pk}"
    assert refused(api, boris, path, wallet_of, alice) == (404, "not_found")
    open_account(boris, alice.operator)
    assert refused(api, boris, path, wallet_of, alice)[0] == 404
    assert [refused(api, staff, path, wallet_of, alice)[0] for staff in (olga, petra)] == [403, 403]
    assert refused(api, None, path, wallet_of, alice)[0] == 401  # type: ignore[arg-type]
    assert refused(api, alice, f"/bonuses/{alice.pk}", wallet_of, alice)[0] == 404


def test_a_bonus_is_waived_at_another_than_the_active_operator(
    api: Api, alice: User, borealis: Operator, give: Any, wallet_of: WalletOf
):
    bonus = give(alice, "10.00")
    open_account(alice, borealis)
    User.objects.filter(pk=alice.pk).update(operator=borealis)
    alice.refresh_from_db()
    assert api(alice).delete(f"/bonuses/{bonus.pk}").json()["operator"] == "aurora"


def test_the_player_hears_of_bonus_and_balance(api: Api, alice: User, give: Any, monkeypatch: pytest.MonkeyPatch):
    bonus = give(alice, "10.00")
    heard = listen(monkeypatch)
    api(alice).delete(f"/bonuses/{bonus.pk}")
    (first, waived), (second, balance) = heard(alice)
    assert (first, second) == ("bonus.changed", "balance.changed")
    assert (waived["status"], waived["balance"], balance["bonus"]) == ("waived", "0.00", "0.00")


@pytest.mark.django_db(transaction=True)
def test_waiving_while_bets_are_placed_takes_what_they_left(
    api: Api, alice: User, game: Game, give: Any, wallet_of: WalletOf
):
    bonus = give(alice, "10.00")
    bets: list[Callable[[], Any]] = [lambda: place_bet(order(alice, "ever-lose", wager="1.00")) for _ in range(12)]
    waive = [lambda: api(alice).delete(f"/bonuses/{bonus.pk}")]
    answers = in_parallel(8, [*bets[:4], *waive, *bets[4:]])
    waived = answers.pop(4)
    played = [answer for answer in answers if isinstance(answer, Settled)]
    assert all(isinstance(answer, (Settled, InsufficientFunds)) for answer in answers)
    bonus.refresh_from_db()
    assert waived.status_code == 200
    assert D(waived.json()["removed"]) == bonus.forfeited == D(10) - D("0.05") * len(played)
    assert (bonus.wagered, wallet_of(alice).bonus, bonus.status) == (D(len(played)), D(0), "waived")
    # Whoever came after the waiver found nothing.
    last = max((answer.bet.wallet_version for answer in played), default=1)
    assert Transfer.objects.get(kind=TransferKind.BONUS_FORFEIT).wallet_version == last + 1


@pytest.mark.django_db(transaction=True)
def test_either_the_bet_or_the_waiver_of_the_balance_that_was_seen_comes_first(
    api: Api, alice: User, game: Game, give: Any, wallet_of: WalletOf
):
    for _ in range(5):
        bonus = give(alice, "10.00")
        jobs: list[Callable[[], Any]] = [
            lambda: place_bet(order(alice, "ever-lose", wager="1.00")),
            lambda bonus=bonus: api(alice).delete(f"/bonuses/{bonus.pk}?balance=10.00").status_code,
        ]
        bet, status = in_parallel(2, jobs)
        assert (isinstance(bet, Settled), status) in {(True, 409), (False, 200)}
        if status == 409:
            api(alice).delete(f"/bonuses/{bonus.pk}?balance=9.95")
        assert wallet_of(alice).bonus == D(0)


@pytest.mark.django_db(transaction=True)
def test_of_ten_waivers_at_once_one_removes(api: Api, alice: User, give: Any, wallet_of: WalletOf):
    bonus = give(alice, "10.00")
    statuses = in_parallel(10, [lambda: api(alice).delete(f"/bonuses/{bonus.pk}").status_code] * 10)
    assert sorted(statuses) == [200] + [409] * 9
    assert (wallet_of(alice).bonus, wallet_of(alice).version, Bet.objects.count()) == (D(0), 2, 0)
