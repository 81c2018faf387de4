"""Time-outs, self-exclusion and blocks: immediate, over all operators at once, and what stays open."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from betting.orders import Settled
from betting.services import open_account, place_bet
from casino.users import exclusions
from casino.users.exclusions import CoolingOff, SelfExcluded
from casino.users.limit_models import Exclusion
from casino.users.models import User
from conftest import PASSWORD
from operators.models import Operator, SignificantEvent
from wallets import services
from wallets.models import Deposit, Transfer, Wallet
from wallets.refusals import Blocked

Api = Callable[..., APIClient]
DEPOSIT = {"amount": "25.00", "method": "generic"}

pytestmark = pytest.mark.usefixtures("books_close", "provider_account")


def exclude(api: Api, player: User, kind: str, duration: str) -> Any:
    answer = api(player).post("/exclusions", {"kind": kind, "duration": duration})
    assert answer.status_code == 201, answer.json()
    return answer.json()


@pytest.mark.parametrize(
    ("kind", "duration", "days"),
    [
        ("time_out", "24h", (1, 1)),
        ("time_out", "7d", (7, 7)),
        ("time_out", "30d", (30, 30)),
        ("self_exclusion", "6m", (181, 184)),
        ("self_exclusion", "12m", (365, 366)),
        ("self_exclusion", "60m", (1826, 1827)),
    ],
)
def test_an_exclusion_lasts_as_long_as_it_says(api: Api, alice: User, kind: str, duration: str, days: tuple[int, int]):
    shown = exclude(api, alice, kind, duration)
    until = datetime.fromisoformat(shown["until"])
    began = datetime.fromisoformat(shown["created_at"])
    assert days[0] <= (until - began).total_seconds() / 86400 <= days[1]
    assert shown | {"kind": kind, "duration": duration} == shown
    assert api(alice).get("/limits").json()["exclusion"] == {"kind": kind, "until": shown["until"]}
    event = SignificantEvent.objects.get(player=alice)
    assert (event.kind, event.player, event.after["duration"]) == (f"player.{kind}", alice, duration)


def test_for_ever_has_no_end(api: Api, alice: User):
    assert exclude(api, alice, "self_exclusion", "permanent")["until"] is None
    assert api(alice).get("/limits").json()["exclusion"] == {"kind": "self_exclusion", "until": None}
    assert exclusions.is_self_excluded(alice.pk, timezone.now() + timedelta(days=36500))


@pytest.mark.parametrize(
    ("began", "months", "until"), [("2026-08-31", 6, "2027-02-28"), ("2024-02-29", 12, "2025-02-28")]
)
def test_months_are_those_of_the_calendar(began: str, months: int, until: str):
    first, last = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (began, until))
    assert exclusions._end(first, months) == last


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "time_out", "duration": "6m"},
        {"kind": "self_exclusion", "duration": "24h"},
        {"kind": "time_out", "duration": "1h"},
        {"kind": "holiday", "duration": "24h"},
        {"kind": "time_out"},
        {"duration": "24h"},
        {"kind": "time_out", "duration": "24h", "operator": "aurora"},
    ],
)
def test_malformed_exclusions_are_refused(api: Api, alice: User, body: dict[str, str]):
    assert api(alice).post("/exclusions", body).status_code == 400
    assert not Exclusion.objects.exists()


def test_only_players_exclude_themselves(api: Api, olga: User):
    body = {"kind": "time_out", "duration": "24h"}
    assert [api(person).post("/exclusions", body).status_code for person in (None, olga)] == [401, 403]


@pytest.mark.parametrize(
    ("kind", "duration", "code", "refusal"),
    [("time_out", "24h", "cooling_off", CoolingOff), ("self_exclusion", "6m", "self_excluded", SelfExcluded)],
)
def test_play_and_deposits_end_at_once_everywhere(
    api: Api, alice: User, borealis: Operator, coin: Any, fund: Any, order_of: Any, give_spins: Any, kind: str,
    duration: str, code: str, refusal: type,
):  # fmt: skip
    fund(alice, "50.00")
    open_account(alice, borealis)
    grant = give_spins(alice, coin, 1, "1.00")
    order = order_of(alice, "coin", "1.00")
    assert isinstance(place_bet(order), Settled)
    shown = exclude(api, alice, kind, duration)
    transfers, balance = Transfer.objects.count(), Wallet.objects.get(player=alice, operator=alice.operator).real
    assert type(place_bet(order_of(alice, "coin", "1.00"))) is refusal
    assert type(place_bet(order_of(alice, "coin", "1.00", free_spin=str(grant.pk)))) is refusal
    for slug in ("aurora", "borealis"):
        answer = api(alice).post("/deposits", DEPOSIT | {"operator": slug})
        assert (answer.status_code, answer.json()["code"], answer.json()["until"]) == (403, code, shown["until"])
    assert Deposit.objects.count() == 1
    assert Transfer.objects.count() == transfers
    assert Wallet.objects.get(player=alice, operator=alice.operator).real == balance
    assert isinstance(place_bet(order), Settled), "what was played before is still answered"


def test_login_and_withdrawals_stay_open_and_money_that_comes_is_credited(api: Api, alice: User, provider_account: Any):
    pending = services.open_deposit(alice, Decimal(25), "generic").deposit
    exclude(api, alice, "self_exclusion", "permanent")
    event = services.sign_payment(pending.reference, timezone.now())
    services.receive_webhook("generic", None, event.headers, event.body)
    assert Wallet.objects.get(player=alice).real == 25
    assert api().post("/auth/login", {"email": alice.email, "password": PASSWORD}).status_code == 200
    body = {"amount": "25.00", "method": "bank_transfer", "destination": {"account": "DE02"}}
    assert api(alice).post("/withdrawals", body).status_code == 201


def test_nothing_shortens_an_exclusion(api: Api, alice: User):
    long = exclude(api, alice, "self_exclusion", "12m")
    for kind, duration in (("self_exclusion", "6m"), ("time_out", "24h")):
        exclude(api, alice, kind, duration)
        assert api(alice).get("/limits").json()["exclusion"] == {"kind": "self_exclusion", "until": long["until"]}
    assert api(alice).delete("/exclusions").status_code == 405
    exclude(api, alice, "self_exclusion", "permanent")
    assert api(alice).get("/limits").json()["exclusion"]["until"] is None


def test_when_it_is_over_play_goes_on(api: Api, alice: User, coin: Any, fund: Any, order_of: Any):
    fund(alice, "50.00")
    over = timezone.now() - timedelta(seconds=1)
    began = over - timedelta(hours=24)
    Exclusion.objects.create(player=alice, kind="time_out", duration="24h", created_at=began, until=over)
    assert isinstance(place_bet(order_of(alice, "coin", "1.00")), Settled)
    assert api(alice).post("/deposits", DEPOSIT).status_code == 201
    assert api(alice).get("/limits").json()["exclusion"] is None


def test_nobody_shortens_or_removes_an_exclusion(api: Api, alice: User):
    exclude(api, alice, "self_exclusion", "permanent")
    for change in (
        lambda: Exclusion.objects.update(until=timezone.now()),
        lambda: Exclusion.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="only ever added"), transaction.atomic():
            change()
    assert api(alice).get("/limits").json()["exclusion"] == {"kind": "self_exclusion", "until": None}


def test_another_player_plays_on(
    api: Api,
    alice: User,
    boris: User,
    coin: Any,
    fund: Any,
    order_of: Any,
):
    fund(boris, "50.00")
    exclude(api, alice, "self_exclusion", "6m")
    assert isinstance(place_bet(order_of(boris, "coin", "1.00")), Settled)


# --- Blocks by staff ---

REASON = {"reason": "Looks wrong"}


def test_a_manager_blocks_at_their_operator_only(
    api: Api,
    alice: User,
    borealis: Operator,
    olga: User,
    coin: Any,
    fund: Any,
    order_of: Any,
):
    fund(alice, "50.00")
    open_account(alice, borealis)
    answer = api(olga).post(f"/admin/players/{alice.pk}/block", REASON)
    assert answer.json() == {
        "player": {"id": str(alice.pk), "username": "alice"}, "operator": "aurora", "is_blocked": True,
    }  # fmt: skip
    assert isinstance(place_bet(order_of(alice, "coin", "1.00")), Blocked)
    assert api(alice).post("/deposits", DEPOSIT).json()["code"] == "blocked"
    assert api(alice).post("/deposits", DEPOSIT | {"operator": "borealis"}).status_code == 201
    again = api(olga).post(f"/admin/players/{alice.pk}/block", REASON)
    assert (again.status_code, SignificantEvent.objects.filter(kind="player.blocked").count()) == (200, 1)
    assert api(olga).post(f"/admin/players/{alice.pk}/unblock", REASON).json()["is_blocked"] is False
    assert isinstance(place_bet(order_of(alice, "coin", "1.00")), Settled)
    events = SignificantEvent.objects.filter(kind__startswith="player.").order_by("id")
    assert [(event.kind, event.actor, event.reason) for event in events] == [
        ("player.blocked", olga, "Looks wrong"), ("player.unblocked", olga, "Looks wrong"),
    ]  # fmt: skip


def test_the_platform_blocks_everywhere_and_no_manager_lifts_that(
    api: Api,
    alice: User,
    olga: User,
    petra: User,
    coin: Any,
    fund: Any,
    order_of: Any,
):
    fund(alice, "50.00")
    assert api(petra).post(f"/admin/players/{alice.pk}/block", REASON).json()["operator"] is None
    assert isinstance(place_bet(order_of(alice, "coin", "1.00")), Blocked)
    assert api(olga).post(f"/admin/players/{alice.pk}/unblock", REASON).status_code == 200
    assert isinstance(place_bet(order_of(alice, "coin", "1.00")), Blocked)
    api(petra).post(f"/admin/players/{alice.pk}/unblock", REASON)
    assert isinstance(place_bet(order_of(alice, "coin", "1.00")), Settled)
    api(petra).post(f"/admin/players/{alice.pk}/block?operator=aurora", REASON)
    assert Wallet.objects.get(player=alice).is_blocked


def test_who_may_block_whom(
    api: Api, alice: User, boris: User, olga: User, fiona: User, sam: User, bruno: User, petra: User
):
    path = f"/admin/players/{alice.pk}/block"
    assert [api(person).post(path, REASON).status_code for person in (None, boris, sam, fiona, bruno)] == [
        401, 403, 403, 403, 404,
    ]  # fmt: skip
    assert api(olga).post(f"/admin/players/{boris.pk}/block", REASON).status_code == 404
    assert api(petra).post(f"/admin/players/{olga.pk}/block", REASON).status_code == 404
    assert api(olga).post(path, {}).status_code == 400
    assert not Wallet.objects.filter(is_blocked=True).exists()
    assert not User.objects.filter(is_blocked=True).exists()
    assert not SignificantEvent.objects.exists()
