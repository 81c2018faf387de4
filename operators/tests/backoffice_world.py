"""Two operators with a row of every kind, made by the services: what the back office's pages are walked with."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from betting.models import Bet
from betting.services import open_account
from casino.games.models import Game
from casino.users import blocks, exclusions, limits, notes
from casino.users.models import User
from operators import affiliates
from operators.models import Affiliate, Operator
from vip.tests.scenes import give_xp
from wallets import adjustments, grants, rule_book, withdrawals
from wallets.models import Deposit
from wallets.services import deposit_through_webhook, open_deposit
from wallets.tests.conftest import SendingProvider
from wallets.withdrawal_models import Withdrawal

D = Decimal


@dataclass
class World:
    """Aurora's and Borealis's rows; Alice plays at both, Boris at Borealis."""

    aurora: Operator
    borealis: Operator
    game: Game
    withdrawal: Withdrawal
    large: Withdrawal
    review: Deposit
    bet: Bet
    # What nobody of the other operator may read.
    auroras: set[str]
    boreals: set[str]


@pytest.fixture
def world(
    aurora: Operator, borealis: Operator, alice: User, boris: User, olga: User, bruno: User, petra: User,
    make_player: Any, make_game: Any, make_jackpot: Any, play: Any, fund: Any,
) -> World:  # fmt: skip
    make_jackpot({"name": "mini", "rate": "0.004", "seed": 5}, {"name": "grand", "rate": "0.003", "seed": 50})
    coin, own = make_game("coin", jackpot_group="house"), make_game("sunrise", operator_id=aurora.pk)
    make_game("polar", operator_id=borealis.pk)
    anna, bert = make_player("anna", aurora), make_player("bert", borealis)
    _populate(aurora, olga, alice, anna, coin, fund, "Daybreak")
    _populate(borealis, bruno, boris, bert, coin, fund, "Northwind")
    open_account(alice, borealis)
    # Both houses read her address, so it names neither.
    User.objects.filter(pk=alice.pk).update(email="alice@players.test")
    bet = play(alice, "coin", "10.00")
    play(alice, "sunrise", "1.00")
    play(boris, "polar", "1.00")
    limits.change_limits(alice, {"deposit": {"day": D(4000)}})
    exclusions.exclude(anna, "time_out", "24h")
    give_xp(alice, "1500", aurora)
    review = deposit_through_webhook(alice, D(20))
    pending = open_deposit(alice, D(30), "generic").deposit
    SendingProvider().says("completed", pending, amount="24.00")
    pending.refresh_from_db()
    assert (review.status, pending.status) == ("completed", "review")
    waiting = Withdrawal.objects.get(operator=aurora, needs_two_people=False)
    large = Withdrawal.objects.get(operator=aurora, needs_two_people=True)
    return World(
        aurora, borealis, own, waiting, large, pending, bet,
        auroras={"Aurora", "aurora", "olga", "anna", "Daybreak", "Sunrise", pending.reference, large.reference},
        boreals={"Borealis", "borealis", "bruno", "boris", "bert", "Northwind", "Polar"}
        | set(Withdrawal.objects.filter(operator=borealis).values_list("reference", flat=True)),
    )  # fmt: skip


def _populate(operator: Operator, manager: User, rich: User, poor: User, game: Game, fund: Any, name: str) -> None:
    """One row of every kind at an operator, each with a text that names it."""
    for player, amount in ((rich, "3000.00"), (poor, "500.00")):
        wallet = fund(player, amount)
        type(wallet).objects.filter(pk=wallet.pk).update(wagering_required=0)
        withdrawals.request_withdrawal(player, D(amount) / 2, "bank_transfer", f"{name} account")
    adjustments.make_adjustment(manager, operator, rich.pk, D(5), f"{name} small")
    adjustments.make_adjustment(manager, operator, rich.pk, D(150), f"{name} large")
    grants.grant_bonus(manager, operator, poor.pk, grants.BonusTerms(D(10)), reason=f"{name} bonus")
    grants.grant_free_spins(manager, operator, poor.pk, grants.SpinTerms("coin", 3, D("0.50")), reason=f"{name} spins")
    notes.add_note(manager, operator, rich.pk, f"{name} note")
    blocks.set_blocked(manager, operator, poor.pk, is_blocked=True, reason=f"{name} block")
    rule_book.add_rule(
        manager, operator, {"name": f"{name} rule", "trigger": "promo_code", "code": name, "amount": D(5)}, "New"
    )
    partner: Affiliate = affiliates.create_affiliate(manager, operator, name.upper(), f"{name} Partners")
    User.objects.filter(pk=rich.pk).update(affiliate=partner)
    affiliates.accrue_affiliates()
