"""Weekly cashback: the level's rate of the week's net real loss at each operator, paid once whatever happens."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from betting import rollups
from casino.celery import app
from casino.users.models import User
from casino.weeks import WeekNotOver
from operators.models import Operator
from vip import cashback, tasks
from vip.cashback import pay_cashback
from vip.models import VipLevel
from vip.programme import Cashback, VipCost
from vip.tests.scenes import a_game, bet_at, give_xp, in_last_week, legs, open_the_limits, pay_in, the_last_week
from wallets.ledger import database_clock
from wallets.models import Transfer, Wallet
from wallets.promotions import Bonus

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
def lost(aurora: Operator) -> Callable[..., None]:
    """A player of a level loses at an operator last week: ``lost(alice, "200.00", xp="1000")``."""

    def play(player: User, amount: str, operator: Operator | None = None, *, xp: str = "", days: int = 2) -> None:
        open_the_limits()
        at = in_last_week(days)
        if xp:
            give_xp(player, xp, at=at - timedelta(days=30))
        place = operator or player.operator
        assert place is not None
        pay_in(player, place, amount)
        bet_at(player, place, "lose", amount, at)

    return play


def paid(player: User) -> list[tuple[str, Decimal]]:
    rows = Cashback.objects.filter(player=player).order_by("operator__slug", "amount").select_related("operator")
    return [(row.operator.slug, row.amount) for row in rows]


def test_silver_gets_three_percent_back_as_a_bonus_to_wager_once(alice: User, lost: Any):
    lost(alice, "200.00", xp="1000")
    assert pay_cashback().paid == 1
    row, bonus = Cashback.objects.get(), Bonus.objects.get()
    assert (row.week, row.wagers, row.wins, row.level_id, row.rate, row.amount) == (
        the_last_week(), D(200), D(0), 1, D("0.03"), D(6),
    )  # fmt: skip
    assert (bonus.granted, bonus.wagering_multiple, bonus.required, bonus.source) == (D(6), D(1), D(6), "cashback")
    assert row.cost_id == bonus.pk
    assert Wallet.objects.get(player=alice).bonus == D(6)
    assert sum(amount for leg, amount in legs(bonus.pk).items() if "→ bonus" in leg) == D(6)
    assert legs(bonus.pk)["platform: vip_cost → intercompany (aurora)"] == D("1.20")


def test_three_runs_pay_once(alice: User, boris: User, lost: Any):
    lost(alice, "200.00", xp="1000")
    lost(boris, "100.00", xp="100000")
    assert [pay_cashback().paid for _ in range(3)] == [2, 0, 0]
    assert (paid(alice), paid(boris)) == ([("aurora", D(6))], [("borealis", D(10))])
    assert tasks.pay_cashback() == 0


def test_each_operator_and_each_week_is_paid_for_itself(alice: User, borealis: Operator, lost: Any):
    lost(alice, "200.00", xp="1000")
    lost(alice, "50.00", borealis)
    lost(alice, "1000.00", days=-5)
    assert pay_cashback().paid == 2
    assert paid(alice) == [("aurora", D(6)), ("borealis", D("1.50"))]
    assert pay_cashback(the_last_week()).paid == 1
    assert paid(alice) == [("aurora", D(6)), ("aurora", D(30)), ("borealis", D("1.50"))]
    assert Bonus.objects.count() == 3


@pytest.mark.parametrize(
    ("xp", "expected"), [("899", None), ("1000", "30"), ("5000", "50"), ("20000", "80"), ("100000", "100")]
)
def test_each_level_has_its_rate(alice: User, lost: Any, xp: str, expected: str | None):
    give_xp(alice, xp, at=in_last_week(-30))
    VipLevel.objects.update(xp_multiplier=D("0.0001"))
    lost(alice, "1000.00")
    pay_cashback()
    assert paid(alice) == ([("aurora", D(expected))] if expected else [])


def test_the_level_is_that_of_the_weeks_end(alice: User, lost: Any):
    lost(alice, "500.00", xp="100")
    give_xp(alice, "900", at=in_last_week(6))
    give_xp(alice, "50000", at=in_last_week(7))
    pay_cashback()
    assert (Cashback.objects.get().level_id, paid(alice)) == (1, [("aurora", D(15))])


def test_wins_and_jackpot_wins_count_and_who_won_gets_nothing(alice: User, boris: User, lost: Any, aurora: Operator):
    lost(alice, "100.00", xp="1000")
    bet_at_half(alice, aurora)
    rollups.HourRollup.objects.filter(player=alice, wins=0).update(jackpot_wins=D("30.00"))
    due = {row.player_id: row for row in cashback.find_due(the_last_week())}
    assert (due[alice.pk].wagers, due[alice.pk].wins, due[alice.pk].amount) == (D(140), D(50), D("2.70"))
    rollups.HourRollup.objects.filter(player=alice, wins=0).update(jackpot_wins=D("120.00"))
    assert cashback.find_due(the_last_week()) == []
    rollups.HourRollup.objects.filter(player=alice).update(jackpot_wins=0)


def bet_at_half(player: User, operator: Operator) -> None:
    pay_in(player, operator, "40.00")
    bet_at(player, operator, "half", "40.00", in_last_week())


def test_only_real_money_of_that_week_counts(alice: User, aurora: Operator, lost: Any, give_bonus: Any):
    lost(alice, "100.00", xp="1000", days=-3)
    lost(alice, "100.00", days=7)
    give_bonus(alice, "50.00", max_stake=D(50))
    bet_at(alice, aurora, "lose", "50.00", in_last_week())
    assert Bonus.objects.get().status == "exhausted"
    assert pay_cashback().paid == 0


@pytest.mark.parametrize(("amount", "expected"), [("0.33", []), ("0.34", [D("0.01")]), ("66.66", [D("1.99")])])
def test_it_is_rounded_down_and_nothing_is_paid_below_a_minor_unit(
    alice: User, lost: Any, amount: str, expected: list[Decimal]
):
    lost(alice, amount, xp="1000")
    pay_cashback()
    assert [row.amount for row in Cashback.objects.all()] == expected


def test_folded_hours_count_as_open_ones_do(alice: User, lost: Any):
    lost(alice, "200.00", xp="1000")
    assert rollups.fold(database_clock()) == 1
    lost(alice, "100.00")
    pay_cashback()
    assert paid(alice) == [("aurora", D(9))]


@pytest.mark.parametrize("step", ["before the cost", "after the cost", "after the row", "after the money"])
def test_a_run_killed_in_the_middle_leaves_the_rest_to_the_next(
    alice: User, boris: User, make_player: Any, aurora: Operator, lost: Any, monkeypatch: pytest.MonkeyPatch, step: str
):
    carol = make_player("carol", aurora)
    for player in (alice, boris, carol):
        lost(player, "200.00", xp="1000")
    before = Transfer.objects.count()
    with monkeypatch.context() as patch:
        kill_the_second(patch, step)
        with pytest.raises(Killed):
            pay_cashback()
    assert (Cashback.objects.count(), Bonus.objects.count(), VipCost.objects.count()) == (1, 1, 1)
    assert Transfer.objects.count() - before == 3
    assert [pay_cashback().paid for _ in range(2)] == [2, 0]
    assert (paid(alice), paid(boris), paid(carol)) == (
        [("aurora", D(6))], [("borealis", D(6))], [("aurora", D(6))],
    )  # fmt: skip


def kill_the_second(patch: pytest.MonkeyPatch, step: str) -> None:
    """End the process at this step of the second payment."""
    turns = {"done": 0}

    def dying(whole: Callable[..., Any], *, late: bool) -> Callable[..., Any]:
        def call(*args: Any, **facts: Any) -> Any:
            turns["done"] += 1
            if turns["done"] > 1 and not late:
                raise Killed
            answer = whole(*args, **facts)
            if turns["done"] > 1:
                raise Killed
            return answer

        return call

    if step.endswith("the cost"):
        patch.setattr(cashback.costs, "pay_bonus", dying(cashback.costs.pay_bonus, late=step.startswith("after")))
    elif step == "after the row":
        patch.setattr(Cashback.objects, "create", dying(Cashback.objects.create, late=True))
    else:
        patch.setattr("wallets.ledger.Journal.post", dying(cashback.ledger.Journal.post, late=True))


def test_one_that_fails_stays_due_and_holds_nobody_up(
    alice: User, boris: User, lost: Any, monkeypatch: pytest.MonkeyPatch
):
    lost(alice, "200.00", xp="1000")
    lost(boris, "200.00", xp="1000")
    whole = cashback.costs.pay_bonus

    def fail_for_alice(journal: Any, wallet: Any, grant: Any) -> Any:
        if wallet.player_id == alice.pk:
            raise RuntimeError
        return whole(journal, wallet, grant)

    with monkeypatch.context() as patch:
        patch.setattr(cashback.costs, "pay_bonus", fail_for_alice)
        run = pay_cashback()
    assert (run.paid, run.failed) == (1, 1)
    assert [pay_cashback().paid for _ in range(2)] == [1, 0]


def test_a_week_that_is_not_over_is_not_paid(alice: User, lost: Any):
    lost(alice, "200.00", xp="1000", days=7)
    today = database_clock().date()
    with pytest.raises(WeekNotOver):
        pay_cashback(today + timedelta(days=1))
    assert pay_cashback(today).paid == 0
    assert pay_cashback(today - timedelta(days=today.weekday())).week == the_last_week()


def test_the_command_says_what_it_did(alice: User, lost: Any):
    lost(alice, "200.00", xp="1000")

    def run(*options: str) -> str:
        output = StringIO()
        call_command("pay_cashback", *options, stdout=output)
        return output.getvalue()

    monday: date = the_last_week() + timedelta(days=7)
    assert run("--date", monday.isoformat()) == f"Week of {the_last_week()}: 1 paid, 0 failed\n"
    assert run() == f"Week of {the_last_week()}: 0 paid, 0 failed\n"
    with pytest.raises(CommandError, match="It is only"):
        run("--date", "2999-01-01")


def test_the_tasks_are_scheduled():
    app.loader.import_default_modules()
    schedule = app.conf.beat_schedule
    assert {"pay-cashback", "sweep-cashback", "grant-rewards", "accrue-affiliates", "sweep-affiliates"} <= set(schedule)
    assert all(entry["task"] in app.tasks for entry in schedule.values())
    weekly = schedule["pay-cashback"]["schedule"]
    assert (weekly.day_of_week, weekly.hour, weekly.minute) == ({1}, {0}, {20})


@pytest.mark.django_db(transaction=True)
def test_runs_at_the_same_moment_pay_once(alice: User, boris: User, lost: Any):
    lost(alice, "200.00", xp="1000")
    lost(boris, "200.00", xp="1000")

    def run(_: int) -> int:
        try:
            return pay_cashback().paid
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(run, range(6))) == 2
    assert (paid(alice), paid(boris)) == ([("aurora", D(6))], [("borealis", D(6))])
