"""Affiliates: the worked example to the unit, weeks accrued once and in order, money that is paid once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from betting import rollups
from casino.users.models import User
from casino.weeks import WEEK, WeekNotOver
from operators import affiliates, tasks
from operators.affiliate_models import AffiliatePayout, AffiliateStatement
from operators.affiliates import PayableExceeded, accrue_affiliates, pay_affiliate, with_balances
from operators.models import Affiliate, Operator
from vip.cashback import pay_cashback
from vip.tests.scenes import a_game, bet_at, give_xp, in_last_week, legs, open_the_limits, pay_in, the_last_week
from wallets import bonuses, ledger
from wallets.ledger import database_clock
from wallets.models import Account, Transfer, TransferKind
from wallets.promotions import Bonus, BonusSource, BonusStatus, FreeSpins

pytestmark = pytest.mark.usefixtures("books_close")
D = Decimal


class Killed(BaseException):
    """What no handler of faults catches, as the end of a process."""


@pytest.fixture(autouse=True)
def games(db: None, provider_account: Any) -> None:
    a_game("lose", "0")
    a_game("half", "0.5")
    a_game("double", "2")


@pytest.fixture
def referred(alice: User, partner: Affiliate) -> User:
    """Alice, who came through the partner."""
    alice.affiliate = partner
    alice.save()
    return alice


def play(player: User, game: str, wager: str, at: datetime | None = None, operator: Operator | None = None) -> None:
    open_the_limits()
    place = operator or player.operator
    assert place is not None
    pay_in(player, place, wager)
    bet_at(player, place, game, wager, at or in_last_week())


def grant(player: User, amount: str, at: datetime | None = None, *, forfeited: bool = False) -> Bonus:
    """A bonus out of the operator's promotions, and given up at once where so told."""
    at = at or in_last_week()
    with transaction.atomic():
        journal = ledger.lock_accounts([(player.pk, player.operator_id)], at)
        (wallet,) = journal.wallets.values()
        bonus = Bonus.objects.create(
            operator=player.operator, player=player, wallet=wallet, source=BonusSource.MANUAL, granted=D(amount),
            balance=D(amount), wagering_multiple=35, required=35 * D(amount), max_stake=5, created_at=at,
            expires_at=at + timedelta(days=30),
        )  # fmt: skip
        journal.move(
            TransferKind.BONUS_GRANT, Account.PROMOTIONS, Account.BONUS, D(amount), reference=bonus.pk, wallet=wallet
        )
        if forfeited:
            state = next(row for row in bonuses.read_active([wallet.pk])[wallet.pk] if row.id == bonus.pk)
            bonuses.post_ending(journal, wallet, bonuses.end(state, BonusStatus.WAIVED, at))
            bonuses.write([state])
        journal.post()
    return bonus


def spin(player: User, game: str, value: str) -> None:
    """One free spin of so much, last week."""
    row = FreeSpins.objects.create(
        operator=player.operator, player=player, wallet=player.wallets.get(operator=player.operator), count=1,
        game=a_game(game, "6"), source=BonusSource.MANUAL, remaining=1, value=D(value), created_at=in_last_week(),
        expires_at=database_clock() + timedelta(days=1),
    )  # fmt: skip
    assert player.operator is not None
    bet_at(player, player.operator, game, value, in_last_week(), free_spin=str(row.pk))


@pytest.fixture
def the_example(referred: User) -> None:
    """GGR 10,000: 12,000 staked, 2,000 won. Promotions 1,500: bonuses 1,000, free spins 600, forfeits 100."""
    play(referred, "lose", "8000.00")
    play(referred, "half", "4000.00")
    grant(referred, "900.00")
    grant(referred, "100.00", forfeited=True)
    spin(referred, "gift", "100.00")


@pytest.mark.usefixtures("the_example")
def test_ten_thousand_less_fifteen_hundred_at_five_percent_is_425(partner: Affiliate):
    assert accrue_affiliates().accrued == 1
    row = AffiliateStatement.objects.get()
    assert (row.ggr, row.promotion_costs, row.net, row.rate, row.amount) == (
        D(10_000), D(1_500), D(8_500), D("0.05"), D("425.00"),
    )  # fmt: skip
    assert row.lines == [
        {
            "line": "GGR of referred players",
            "formula": "wagers 12000.00 − wins 2000.00 = 10000.00",
            "amount": "10000.00",
        },
        {
            "line": "Promotion costs",
            "formula": "bonuses 1000.00 + free-spin wins 600.00 − forfeits 100.00 = 1500.00",
            "amount": "1500.00",
        },
        {"line": "Net", "formula": "10000.00 − 1500.00 = 8500.00", "amount": "8500.00"},
        {"line": "Commission", "formula": "8500.00 × 5 % = 425.00", "amount": "425.00"},
    ]
    assert legs(row.pk) == {"aurora: affiliate_cost → affiliate_payable": D("425.00")}
    assert with_balances(Affiliate.objects.filter(pk=partner.pk)).get().payable == D("425.00")


@pytest.mark.usefixtures("the_example")
def test_three_runs_accrue_once():
    assert [accrue_affiliates().accrued for _ in range(3)] == [1, 0, 0]
    assert tasks.accrue_affiliates() == 0
    assert Transfer.objects.filter(kind=TransferKind.AFFILIATE_ACCRUAL).count() == 1


@pytest.mark.usefixtures("the_example")
def test_folded_hours_count_as_open_ones_do(referred: User):
    assert rollups.fold(database_clock()) == 3
    play(referred, "lose", "1000.00")
    accrue_affiliates()
    assert AffiliateStatement.objects.get().ggr == D(11_000)


def test_only_referred_players_at_its_operator_in_that_week_count(
    referred: User, make_player: Any, aurora: Operator, borealis: Operator
):
    play(referred, "lose", "100.00")
    play(referred, "lose", "200.00", in_last_week(7))
    play(referred, "lose", "400.00", in_last_week(-3))
    play(referred, "lose", "800.00", operator=borealis)
    play(make_player("carol", aurora), "lose", "1600.00")
    grant(referred, "10.00", in_last_week(8))
    accrue_affiliates()
    row = AffiliateStatement.objects.get()
    assert (row.ggr, row.promotion_costs, row.amount) == (D(100), D(0), D(5))


def test_what_the_vip_programme_paid_is_no_promotion_cost(referred: User):
    give_xp(referred, "1000", at=in_last_week(-30))
    play(referred, "lose", "100.00", in_last_week(-3))
    play(referred, "lose", "1000.00")
    assert pay_cashback(the_last_week()).paid == 1
    bonus = Bonus.objects.get()
    # As if the cashback had been paid and given up in the week itself.
    with transaction.atomic():
        journal = ledger.lock([bonus.wallet_id], in_last_week(1))
        (state,) = bonuses.read_active([bonus.wallet_id])[bonus.wallet_id]
        bonuses.post_ending(
            journal, journal.wallets[bonus.wallet_id], bonuses.end(state, BonusStatus.WAIVED, journal.at)
        )
        bonuses.write([state])
        journal.post()
    accrue_affiliates()
    row = AffiliateStatement.objects.get()
    assert (row.ggr, row.promotion_costs, row.amount) == (D(1000), D(0), D(50))


def lines_of(week: Any) -> list[tuple[str, str]]:
    return [(line["line"], line["formula"]) for line in AffiliateStatement.objects.get(week=week).lines]


def test_a_negative_week_is_forgotten_by_default(referred: User):
    play(referred, "double", "200.00")
    accrue_affiliates()
    row = AffiliateStatement.objects.get()
    assert (row.net, row.amount, row.carried_out) == (D(-200), D(0), D(0))
    assert not Transfer.objects.filter(kind=TransferKind.AFFILIATE_ACCRUAL).exists()
    assert lines_of(row.week)[-1] == ("Commission", "-200.00 is below zero: nothing is earned = 0.00")


def test_a_negative_week_is_carried_over_where_the_affiliate_says_so(referred: User, partner: Affiliate):
    Affiliate.objects.update(carries_negative=True, created_at=in_last_week(-14))
    play(referred, "double", "200.00", in_last_week(-14))
    play(referred, "lose", "150.00", in_last_week(-7))
    play(referred, "lose", "90.00")
    assert accrue_affiliates().accrued == 3
    rows = AffiliateStatement.objects.order_by("week")
    assert [(row.net, row.carried_in, row.amount, row.carried_out) for row in rows] == [
        (D(-200), D(0), D(0), D(-200)), (D(150), D(-200), D(0), D(-50)), (D(90), D(-50), D(2), D(0)),
    ]  # fmt: skip
    assert lines_of(the_last_week() - WEEK)[3:] == [
        ("With earlier weeks", "150.00 + (-200.00) = -50.00"),
        ("Commission", "-50.00 is below zero: nothing is earned = 0.00"),
        ("Carried over", "-50.00 = -50.00"),
    ]
    assert lines_of(the_last_week())[3:] == [
        ("With earlier weeks", "90.00 + (-50.00) = 40.00"), ("Commission", "40.00 × 5 % = 2.00"),
    ]  # fmt: skip


def test_missed_weeks_are_made_up_for_and_quiet_ones_have_their_statement(referred: User, partner: Affiliate):
    Affiliate.objects.update(created_at=in_last_week(-21))
    accrue_affiliates(the_last_week() - WEEK)
    play(referred, "lose", "100.00")
    accrue_affiliates()
    rows = AffiliateStatement.objects.order_by("week").values_list("week", "amount")
    assert list(rows) == [
        (the_last_week() - 3 * WEEK, D(0)), (the_last_week() - 2 * WEEK, D(0)), (the_last_week() - WEEK, D(0)),
        (the_last_week(), D(5)),
    ]  # fmt: skip


def test_commission_is_rounded_down(referred: User):
    Affiliate.objects.update(rate=D("0.0333"))
    play(referred, "lose", "99.99")
    accrue_affiliates()
    row = AffiliateStatement.objects.get()
    assert (row.amount, row.lines[-1]["formula"]) == (D("3.32"), "99.99 × 3.33 % = 3.32")


@pytest.mark.parametrize("step", ["the figures", "the row", "the money"])
def test_a_run_killed_in_the_middle_leaves_the_rest_to_the_next(
    referred: User, boris: User, borealis: Operator, monkeypatch: pytest.MonkeyPatch, step: str
):
    other = Affiliate.objects.create(operator=borealis, name="Other", code="OTHER", rate=D("0.10"))
    boris.affiliate = other
    boris.save()
    play(referred, "lose", "100.00")
    play(boris, "lose", "100.00")
    before = Transfer.objects.count()
    with monkeypatch.context() as patch:
        kill_the_second(patch, step)
        with pytest.raises(Killed):
            accrue_affiliates()
    assert (AffiliateStatement.objects.count(), Transfer.objects.count() - before) == (1, 1)
    assert [accrue_affiliates().accrued for _ in range(2)] == [1, 0]
    assert sorted(AffiliateStatement.objects.values_list("amount", flat=True)) == [D(5), D(10)]


def kill_the_second(patch: pytest.MonkeyPatch, step: str) -> None:
    """End the process after this step of the second statement."""
    turns = {"done": 0}

    def dying(whole: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **facts: Any) -> Any:
            answer = whole(*args, **facts)
            turns["done"] += 1
            if turns["done"] > 1:
                raise Killed
            return answer

        return call

    if step == "the figures":
        patch.setattr(affiliates, "_figures", dying(affiliates._figures))
    elif step == "the row":
        patch.setattr(AffiliateStatement, "save", dying(AffiliateStatement.save))
    else:
        patch.setattr(ledger.Journal, "post", dying(ledger.Journal.post))


def test_one_that_fails_stays_due_and_holds_nobody_up(
    partner: Affiliate, borealis: Operator, monkeypatch: pytest.MonkeyPatch
):
    Affiliate.objects.create(operator=borealis, name="Other", code="OTHER")
    whole = affiliates._figures

    def fail_for_the_partner(affiliate: Affiliate, week: Any) -> Any:
        if affiliate.pk == partner.pk:
            raise RuntimeError
        return whole(affiliate, week)

    with monkeypatch.context() as patch:
        patch.setattr(affiliates, "_figures", fail_for_the_partner)
        run = accrue_affiliates()
    assert (run.accrued, run.failed) == (1, 1)
    assert accrue_affiliates().accrued == 1


def test_the_running_week_is_not_accrued(referred: User):
    today = database_clock().date()
    with pytest.raises(WeekNotOver):
        accrue_affiliates(today + timedelta(days=1))
    assert not AffiliateStatement.objects.exists()


def test_the_command_says_what_it_did(referred: User):
    def run(*options: str) -> str:
        output = StringIO()
        call_command("accrue_affiliates", *options, stdout=output)
        return output.getvalue()

    said = f"Up to the week of {the_last_week()}:"
    assert run("--date", (the_last_week() + WEEK).isoformat()) == f"{said} 1 statements written, 0 failed\n"
    assert run() == f"{said} 0 statements written, 0 failed\n"
    with pytest.raises(CommandError, match="It is only"):
        run("--date", "2999-01-01")


@pytest.mark.usefixtures("the_example")
def test_a_payout_leaves_the_book_by_both_legs(partner: Affiliate, fiona: User):
    accrue_affiliates()
    paid = pay_affiliate(fiona, partner.pk, "June", amount=D("125.00"))
    assert (paid.payable, paid.payout.amount, paid.payout.paid_by) == (D(300), D(125), fiona)
    assert legs(paid.payout.pk) == {
        "aurora: affiliate_payable → payouts": D(125), "aurora: payouts → psp": D(125),
    }  # fmt: skip
    with pytest.raises(PayableExceeded):
        pay_affiliate(fiona, partner.pk, "More", amount=D("300.01"))
    assert pay_affiliate(fiona, partner.pk, "The rest").payout.amount == D(300)
    with pytest.raises(PayableExceeded):
        pay_affiliate(fiona, partner.pk, "Nothing is left")


@pytest.mark.django_db(transaction=True)
def test_payouts_and_runs_at_the_same_moment_happen_once(referred: User, partner: Affiliate, fiona: User):
    play(referred, "lose", "1000.00")

    def run(_: int) -> int:
        try:
            return accrue_affiliates().accrued
        finally:
            connection.close()

    def pay(_: int) -> bool:
        try:
            pay_affiliate(fiona, partner.pk, "All of it")
        except PayableExceeded:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(run, range(8))) == 1
        assert sum(pool.map(pay, range(8))) == 1
    assert AffiliatePayout.objects.get().amount == D(50)
