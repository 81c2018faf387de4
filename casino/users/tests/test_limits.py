"""Limits that people set themselves: lowered at once, raised after a day, over all operators of a currency."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from betting import rollups
from betting.models import Bet
from betting.orders import Settled
from betting.services import open_account, place_bet, place_bets
from casino import sets
from casino.users import limits
from casino.users.limit_models import PlayerLimit
from casino.users.limits import LimitPeriod, OwnLimitReached
from casino.users.models import User
from operators.models import Operator, SignificantEvent
from wallets.models import Deposit, Transfer, Wallet

Api = Callable[..., APIClient]
NONE = {"limit": None, "used": "0.00", "pending": None}

pytestmark = pytest.mark.usefixtures("books_close", "provider_account")


def set_limits(api: Api, player: User, **body: Any) -> Any:
    answer = api(player).put("/limits", body)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def deposit(api: Api, player: User, amount: str, **body: Any) -> Any:
    return api(player).post("/deposits", {"amount": amount, "method": "generic", **body})


def a_day_passes() -> None:
    """As if every pending raise had been asked for a day earlier."""
    for limit in PlayerLimit.objects.exclude(pending_at=None):
        PlayerLimit.objects.filter(pk=limit.pk).update(pending_at=limit.pending_at - timedelta(hours=24))


def test_nobody_has_limits_to_begin_with(api: Api, alice: User):
    assert api(alice).get("/limits").json() == {
        "currency": "USD",
        "deposit": {"day": NONE, "week": NONE, "month": NONE},
        "loss": {"day": NONE, "week": NONE, "month": NONE},
        "exclusion": None,
    }


def test_a_first_and_a_lower_limit_count_at_once(api: Api, alice: User):
    shown = set_limits(api, alice, deposit={"day": "50.00"}, loss={"month": 500})
    assert shown["deposit"] == {"day": NONE | {"limit": "50.00"}, "week": NONE, "month": NONE}
    assert shown["loss"]["month"]["limit"] == "500.00"
    shown = set_limits(api, alice, deposit={"day": "20.00"})
    assert shown["deposit"]["day"] == NONE | {"limit": "20.00"}
    assert shown["loss"]["month"]["limit"] == "500.00", "what is left out stays"


@pytest.mark.parametrize(("wanted", "after"), [("80.00", "80.00"), (None, None)])
def test_a_higher_limit_or_none_waits_for_a_day(api: Api, alice: User, wanted: str | None, after: str | None):
    set_limits(api, alice, deposit={"day": "50.00"})
    shown = set_limits(api, alice, deposit={"day": wanted})["deposit"]["day"]
    assert (shown["limit"], shown["pending"]["limit"]) == ("50.00", wanted)
    effective = datetime.fromisoformat(shown["pending"]["effective_at"])
    assert abs(effective - timezone.now() - timedelta(hours=24)) < timedelta(minutes=1)
    again = set_limits(api, alice, deposit={"day": wanted})["deposit"]["day"]
    assert again == shown, "asking again does not wait longer"
    a_day_passes()
    assert api(alice).get("/limits").json()["deposit"]["day"] == NONE | {"limit": after}


def test_lowering_or_keeping_a_limit_takes_a_pending_raise_back(api: Api, alice: User):
    for lower in ("50.00", "40.00"):
        set_limits(api, alice, deposit={"day": "90.00"})
        assert set_limits(api, alice, deposit={"day": lower})["deposit"]["day"] == NONE | {"limit": lower}
    a_day_passes()
    assert api(alice).get("/limits").json()["deposit"]["day"]["limit"] == "40.00"


def test_a_raise_that_has_come_into_force_is_what_the_next_change_starts_from(api: Api, alice: User):
    set_limits(api, alice, deposit={"day": "50.00"})
    set_limits(api, alice, deposit={"day": "80.00"})
    a_day_passes()
    assert set_limits(api, alice, deposit={"day": "70.00"})["deposit"]["day"] == NONE | {"limit": "70.00"}
    shown = set_limits(api, alice, deposit={"day": "75.00"})["deposit"]["day"]
    assert (shown["limit"], shown["pending"]["limit"]) == ("70.00", "75.00")


def test_changes_are_significant_events(api: Api, alice: User):
    set_limits(api, alice, deposit={"day": "50.00"})
    set_limits(api, alice, deposit={"day": "50.00"})
    event = SignificantEvent.objects.get()
    assert (event.kind, event.actor, event.player) == ("player.limit_changed", alice, alice)
    assert (event.before["limit"], event.after["limit"]) == (None, "50.00")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"deposit": {"day": "0"}}, "deposit.day"),
        ({"deposit": {"day": "-1"}}, "deposit.day"),
        ({"deposit": {"day": "1.001"}}, "deposit.day"),
        ({"deposit": {"day": "much"}}, "deposit.day"),
        ({"deposit": {"year": "1.00"}}, "deposit.year"),
        ({"deposit": "5.00"}, "deposit"),
        ({"deposit": None}, "deposit"),
        ({"stake": {"day": "1.00"}}, "stake"),
    ],
)
def test_malformed_limits_name_the_field(api: Api, alice: User, body: dict[str, Any], field: str):
    answer = api(alice).put("/limits", body)
    assert answer.status_code == 400
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert not PlayerLimit.objects.exists()


def test_limits_are_players_own(api: Api, olga: User, petra: User):
    assert [api(person).get("/limits").status_code for person in (None, olga, petra)] == [401, 403, 403]
    assert api(olga).put("/limits", {"deposit": {"day": "5.00"}}).status_code == 403


# --- Deposits ---


def test_a_deposit_within_the_limit_is_taken_and_one_beyond_is_not(api: Api, alice: User):
    set_limits(api, alice, deposit={"day": "100.00"})
    assert deposit(api, alice, "60.00").status_code == 201
    answer = deposit(api, alice, "40.01")
    assert (answer.status_code, answer.json()["code"]) == (422, "limit_exceeded")
    facts = {"kind": "deposit", "period": "day", "limit": "100.00", "used": "60.00", "remaining": "40.00"}
    assert answer.json() | facts == answer.json()
    assert Deposit.objects.count() == 1
    assert deposit(api, alice, "40.00").status_code == 201
    assert api(alice).get("/limits").json()["deposit"]["day"]["used"] == "100.00"


def test_pending_and_completed_deposits_count_and_others_do_not(api: Api, alice: User, fund: Any):
    set_limits(api, alice, deposit={"week": "100.00"})
    fund(alice, "50.00")
    pending = deposit(api, alice, "50.00").json()
    assert deposit(api, alice, "1.00").status_code == 422
    api(alice).post(f"/deposits/{pending['id']}/cancel")
    assert deposit(api, alice, "50.00").status_code == 201


def test_each_period_has_its_own_limit(api: Api, alice: User):
    set_limits(api, alice, deposit={"day": "50.00", "week": "60.00", "month": "1000.00"})
    assert deposit(api, alice, "40.00").status_code == 201
    now = timezone.now()
    Deposit.objects.update(created_at=limits._start_of(LimitPeriod.WEEK, now))
    answer = deposit(api, alice, "21.00")
    if now.weekday():
        assert (answer.status_code, answer.json()["period"]) == (422, "week")
    else:
        assert (answer.status_code, answer.json()["period"]) == (422, "day")


def test_the_limit_spans_all_operators_of_the_currency(
    api: Api, alice: User, boris: User, aurora: Operator, borealis: Operator, cascade: Operator
):
    for house in (borealis, cascade):
        open_account(alice, house)
    set_limits(api, alice, deposit={"day": "100.00"})
    assert deposit(api, alice, "60.00").status_code == 201
    assert deposit(api, alice, "50.00", operator="borealis").status_code == 422
    assert deposit(api, alice, "500.00", operator="cascade").status_code == 201, "euros have limits of their own"
    assert deposit(api, boris, "500.00").status_code == 201, "and so has everybody else"
    assert deposit(api, alice, "40.00", operator="borealis").status_code == 201


@pytest.mark.parametrize(
    ("moment", "period", "start", "end"),
    [
        ("2026-03-01T00:00:00+00:00", "day", "2026-03-01", "2026-03-02"),
        ("2026-03-01T23:59:59+00:00", "week", "2026-02-23", "2026-03-02"),
        ("2026-03-02T00:00:00+00:00", "week", "2026-03-02", "2026-03-09"),
        ("2026-12-31T23:59:59+00:00", "month", "2026-12-01", "2027-01-01"),
        ("2026-01-01T00:30:00+01:00", "month", "2025-12-01", "2026-01-01"),
    ],
)
def test_periods_are_those_of_the_calendar_in_utc(moment: str, period: str, start: str, end: str):
    at = datetime.fromisoformat(moment)
    assert limits._start_of(LimitPeriod(period), at) == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert limits._end_of(LimitPeriod(period), at) == datetime.fromisoformat(end).replace(tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_deposits_at_two_operators_at_once_pass_the_limit_once(api: Api, alice: User, borealis: Operator):
    open_account(alice, borealis)
    set_limits(api, alice, deposit={"day": "100.00"})

    def ask(number: int) -> int:
        try:
            return deposit(api, alice, "60.00", operator=("aurora", "borealis")[number % 2]).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(ask, range(10))) == [201] + [422] * 9


# --- Losses: every bet of 10.00 on this game loses 0.50 ---


def lose(player: User, order_of: Any, wager: str = "10.00", game: str = "ever-lose") -> Any:
    return place_bet(order_of(player, game, wager))


def settled(answer: Any) -> Bet:
    assert isinstance(answer, Settled), answer
    return answer.bet


def refused(answer: Any) -> OwnLimitReached:
    assert isinstance(answer, OwnLimitReached), answer
    return answer


def test_a_bet_whose_loss_would_pass_the_limit_is_refused(
    api: Api,
    alice: User,
    ever_lose: Any,
    fund: Any,
    order_of: Any,
):
    fund(alice, "100.00")
    set_limits(api, alice, loss={"day": "10.50"})
    settled(lose(alice, order_of))
    settled(lose(alice, order_of))
    before = Transfer.objects.count()
    refusal = refused(lose(alice, order_of))
    assert (refusal.status, refusal.code) == (422, "limit_exceeded")
    assert refusal.extra | {"kind": "loss", "period": "day", "used": "1.00", "remaining": "9.50"} == refusal.extra
    assert (Transfer.objects.count(), Wallet.objects.get(player=alice).real) == (before, Decimal(99))
    settled(lose(alice, order_of, "9.50"))
    assert api(alice).get("/limits").json()["loss"]["day"]["used"] == "1.48"


def test_what_was_won_makes_room_again(
    api: Api,
    alice: User,
    ever_lose: Any,
    sure_game: Any,
    fund: Any,
    order_of: Any,
):
    sure_game("double", "2")
    fund(alice, "100.00")
    set_limits(api, alice, loss={"week": "10.00"})
    settled(lose(alice, order_of))
    refused(lose(alice, order_of))
    settled(lose(alice, order_of, "5.00", "double"))
    settled(lose(alice, order_of, "14.50"))
    assert api(alice).get("/limits").json()["loss"]["week"]["used"] == "0.00", "a net win shows as nothing lost"


def test_bets_of_one_batch_count_for_each_other(
    api: Api,
    alice: User,
    ever_lose: Any,
    fund: Any,
    order_of: Any,
):
    fund(alice, "100.00")
    set_limits(api, alice, loss={"month": "10.00"})
    answers = place_bets([order_of(alice, "ever-lose", "10.00"), order_of(alice, "ever-lose", "10.00")])
    settled(answers[0])
    refused(answers[1])


def test_losses_count_over_all_operators_folded_or_not(
    api: Api,
    alice: User,
    borealis: Operator,
    ever_lose: Any,
    fund: Any,
    order_of: Any,
):
    fund(alice, "100.00")
    set_limits(api, alice, loss={"month": "20.00"})
    settled(lose(alice, order_of))
    rollups.fold(timezone.now() + timedelta(hours=2))
    open_account(alice, borealis)
    User.objects.filter(pk=alice.pk).update(operator=borealis)
    alice.refresh_from_db()
    fund(alice, "100.00")
    settled(lose(alice, order_of))
    assert api(alice).get("/limits").json()["loss"]["month"]["used"] == "1.00"
    refused(lose(alice, order_of, "19.01"))
    settled(lose(alice, order_of, "19.00"))


def test_bonus_money_and_free_spins_are_nobodys_loss(
    api: Api,
    alice: User,
    ever_lose: Any,
    give_bonus: Any,
    give_spins: Any,
    order_of: Any,
    fund: Any,
):
    set_limits(api, alice, loss={"day": "1.00"})
    give_bonus(alice, "20.00")
    assert settled(lose(alice, order_of)).bet_type == "bonus"
    grant = give_spins(alice, ever_lose, 1, "2.00")
    assert settled(place_bet(order_of(alice, "ever-lose", "2.00", free_spin=str(grant.pk)))).bet_type == "free_spin"
    fund(alice, "5.00")
    refused(lose(alice, order_of, "1.01"))
    settled(lose(alice, order_of, "1.00"))


def test_the_next_period_begins_anew(
    api: Api,
    alice: User,
    ever_lose: Any,
    fund: Any,
    order_of: Any,
):
    fund(alice, "100.00")
    set_limits(api, alice, loss={"day": "10.00"})
    settled(lose(alice, order_of))
    refused(lose(alice, order_of))
    tomorrow = timezone.now() + timedelta(days=1)
    protection = limits.ask_protection(sets.array([alice.pk]))(tomorrow)
    protection.check_loss(alice.pk, "USD", Decimal(10))
    with pytest.raises(OwnLimitReached):
        protection.check_loss(alice.pk, "USD", Decimal("10.01"))


def test_a_replay_is_answered_though_the_limit_is_reached(
    api: Api,
    alice: User,
    ever_lose: Any,
    fund: Any,
    order_of: Any,
):
    fund(alice, "100.00")
    order = order_of(alice, "ever-lose", "10.00")
    first = settled(place_bet(order))
    set_limits(api, alice, loss={"day": "0.01"})
    assert settled(place_bet(order)).pk == first.pk


def test_protection_costs_two_statements_for_any_number_of_players_and_a_third_with_limits(
    api: Api, aurora: Operator, make_player: Any, alice: User
):
    players = [make_player(f"player{number}", aurora) for number in range(8)]

    def statements(people: list[User]) -> int:
        with CaptureQueriesContext(connection) as captured:
            limits.ask_protection(sets.array(person.pk for person in people))(timezone.now())
        return len(captured)

    assert (statements(players[:1]), statements(players)) == (2, 2)
    for player in players:
        set_limits(api, player, loss={"day": "10.00"})
    assert (statements(players[:1]), statements(players)) == (3, 3)


def test_a_limit_set_a_day_ago_is_lifted_in_time(api: Api, alice: User):
    set_limits(api, alice, loss={"day": "5.00"})
    set_limits(api, alice, loss={"day": None})
    limit = PlayerLimit.objects.get()
    with time_machine.travel(limit.pending_at - timedelta(seconds=1), tick=False):
        assert limit.in_force(timezone.now()) == 5
    with time_machine.travel(limit.pending_at, tick=False):
        assert limit.in_force(timezone.now()) is None
