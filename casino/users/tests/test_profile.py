"""GET and PATCH /auth/user, GET /wallets, /session and /operators."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from betting.models import Bet, BetType, SeedPair
from casino.ids import uuid7
from casino.users.models import User
from casino.users.tests.conftest import faults_of
from operators.models import Affiliate, Operator
from vip.models import Standing
from wallets.models import Wallet

pytestmark = pytest.mark.django_db


def write_bet(player: User, wager: str, win: str, **facts: Any) -> Bet:
    """A settled bet's row, as the figures of a login read it."""
    wallet = Wallet.objects.filter(player=player).first()
    assert wallet is not None
    wagered, won = Decimal(wager), Decimal(win)
    defaults: dict[str, Any] = {
        "created_at": timezone.now(),
        "operator": wallet.operator,
        "player": player,
        "wallet": wallet,
        "wallet_version": 1,
        "game_id": uuid7(),
        "game_version_id": uuid7(),
        "bet_type": BetType.REAL,
        "currency": wallet.currency,
        "wager": wagered,
        "win": won,
        "multiplier": won / wagered,
        "real_before": wagered,
        "real_after": won,
        "bonus_before": 0,
        "bonus_after": 0,
        "ggr": wagered - won,
        "rng_provider": "system",
        "outcome": {},
        "idempotency_key": str(uuid7()),
        "request_digest": "",
    }
    return Bet.objects.create(**defaults | facts)


def test_a_player_sees_everything_of_their_own(
    log_in: Callable[..., APIClient], alice: User, aurora: Operator, partner: Affiliate
) -> None:
    User.objects.filter(pk=alice.pk).update(affiliate=partner)
    Standing.objects.filter(player=alice).update(xp=Decimal("12.5"))
    Wallet.objects.update(wagering_required=Decimal(10), wagering_wagered=Decimal(4))
    body = log_in(alice).get("/auth/user").json()

    wallet = Wallet.objects.get()
    assert body["affiliate_code"] == "PARTNER1"
    assert body["vip"]["xp"] == "12.50"
    assert body["vip"]["level"] == 0
    assert "duty" not in body
    assert body["wallets"] == [
        {
            "id": str(wallet.pk),
            "operator": {"slug": "aurora", "name": "Aurora"},
            "currency": "USD",
            "real": "0.00",
            "bonus": "0.00",
            "held": "0.00",
            "wagering": {"required": "10.00", "wagered": "4.00", "remaining": "6.00"},
            "is_active": True,
            "version": 0,
        }
    ]


def test_staff_have_a_duty_and_no_wallets(log_in: Callable[..., APIClient], olga: User, alice: User) -> None:
    client = log_in(olga)
    body = client.get("/auth/user").json()
    assert (body["role"], body["duty"], body["operator"]["slug"]) == ("operator", "manager", "aurora")
    assert (body["wallets"], body["vip"]) == ([], None)
    # Those of the players whom she may see are not hers.
    assert client.get("/wallets").json() == []


def test_the_platform_has_no_operator(log_in: Callable[..., APIClient], petra: User, alice: User) -> None:
    client = log_in(petra)
    body = client.get("/auth/user").json()
    assert (body["role"], body["operator"], body["wallets"], body["vip"]) == ("platform", None, [], None)
    assert "duty" not in body
    assert client.get("/wallets").json() == []


@pytest.mark.parametrize("wallets", [1, 3])
def test_a_profile_takes_three_statements_whatever_it_holds(
    log_in: Callable[..., APIClient],
    alice: User,
    borealis: Operator,
    cascade: Operator,
    wallets: int,
    django_assert_num_queries: Any,
) -> None:
    client = log_in(alice)
    for slug in ["borealis", "cascade", "aurora"][: wallets - 1]:
        client.patch("/auth/user", {"operator": slug})
    with django_assert_num_queries(3):
        assert len(client.get("/auth/user").json()["wallets"]) == wallets


def test_a_player_renames_themselves(log_in: Callable[..., APIClient], alice: User) -> None:
    client = log_in(alice)
    answer = client.patch("/auth/user", {"username": "alicia"})
    assert (answer.status_code, answer.json()["username"]) == (200, "alicia")
    assert client.patch("/auth/user", {"username": "Alicia"}).json()["username"] == "Alicia"
    assert client.patch("/auth/user", {}).json()["username"] == "Alicia"


def test_a_taken_name_is_refused(log_in: Callable[..., APIClient], alice: User, boris: User) -> None:
    answer = log_in(alice).patch("/auth/user", {"username": "BORIS", "operator": "borealis"})
    assert answer.status_code == 400
    assert faults_of(answer) == [("username", "already_registered")]
    alice.refresh_from_db()
    assert (alice.username, alice.operator.slug) == ("alice", "aurora")
    assert Wallet.objects.filter(player=alice).count() == 1


def test_switching_the_operator_opens_a_wallet_on_first_need(
    log_in: Callable[..., APIClient], alice: User, cascade: Operator
) -> None:
    client = log_in(alice)
    body = client.patch("/auth/user", {"operator": "cascade"}).json()
    assert body["operator"]["slug"] == "cascade"
    assert {wallet["operator"]["slug"]: wallet["currency"] for wallet in body["wallets"]} == {
        "aurora": "USD",
        "cascade": "EUR",
    }
    assert SeedPair.objects.filter(player=alice).count() == 2

    assert client.patch("/auth/user", {"operator": "aurora"}).json()["operator"]["slug"] == "aurora"
    assert client.patch("/auth/user", {"operator": "cascade"}).status_code == 200
    assert Wallet.objects.filter(player=alice).count() == 2
    assert client.get("/wallets").json() == body["wallets"]


@pytest.mark.parametrize("slug", ["nowhere", "closed"])
def test_nobody_switches_to_an_operator_that_is_not_open(
    log_in: Callable[..., APIClient], alice: User, slug: str
) -> None:
    Operator.objects.create(slug="closed", name="Closed", is_open=False)
    answer = log_in(alice).patch("/auth/user", {"operator": slug, "username": "alicia"})
    assert answer.status_code == 400
    assert faults_of(answer) == [("operator", "unknown_operator")]
    alice.refresh_from_db()
    assert (alice.username, alice.operator.slug) == ("alice", "aurora")


def test_staff_do_not_switch_operators(
    log_in: Callable[..., APIClient], olga: User, petra: User, borealis: Operator
) -> None:
    for person in (olga, petra):
        operator = person.operator
        answer = log_in(person).patch("/auth/user", {"operator": "borealis"})
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
        person.refresh_from_db()
        assert person.operator == operator
    assert not Wallet.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("role", "platform"),
        ("duty", "manager"),
        ("is_seeded", True),
        ("is_active", False),
        ("email", "eve@aurora.test"),
        ("vip", {"level": 4}),
        ("wallets", []),
        ("affiliate_code", "PARTNER1"),
        ("id", "1"),
        ("password", "battery-staple-8"),
    ],
)
def test_nobody_gives_themselves_more(
    log_in: Callable[..., APIClient], alice: User, partner: Affiliate, field: str, value: Any
) -> None:
    client = log_in(alice)
    before = client.get("/auth/user").json()
    answer = client.patch("/auth/user", {"username": "alicia", field: value})
    assert answer.status_code == 400
    assert faults_of(answer) == [(field, "unknown_field")]
    assert client.get("/auth/user").json() == before


@pytest.mark.parametrize("path", ["/auth/user", "/wallets", "/session"])
def test_a_stranger_sees_nobody(stranger: Callable[..., APIClient], alice: User, path: str) -> None:
    answer = stranger().get(path)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="casino"'


def test_a_player_sees_no_other_wallets(log_in: Callable[..., APIClient], alice: User, boris: User) -> None:
    assert [wallet["operator"]["slug"] for wallet in log_in(boris).get("/wallets").json()] == ["borealis"]


def test_a_session_counts_what_was_played_in_it(log_in: Callable[..., APIClient], alice: User, boris: User) -> None:
    write_bet(alice, "50.00", "0.00", created_at=timezone.now() - timedelta(hours=1))
    client = log_in(alice)
    write_bet(alice, "10.00", "0.00")
    write_bet(alice, "2.50", "4.00", jackpot_win=Decimal("100.00"))
    write_bet(alice, "1.00", "3.00", bet_type=BetType.FREE_SPIN, ggr=0)
    write_bet(alice, "7.00", "0.00", currency="EUR")
    write_bet(boris, "9.00", "0.00")

    body = client.get("/session").json()
    assert set(body) == {"started_at", "seconds", "wagers", "wins", "net"}
    assert (body["wagers"], body["wins"], body["net"]) == ("12.50", "107.00", "94.50")
    assert body["seconds"] in range(10)
    assert body["started_at"].endswith("Z")


def test_a_session_in_which_nothing_was_played_shows_zeros(
    log_in: Callable[..., APIClient], alice: User, petra: User
) -> None:
    for person in (alice, petra):
        body = log_in(person).get("/session").json()
        assert (body["wagers"], body["wins"], body["net"]) == ("0.00", "0.00", "0.00")


def test_a_session_finds_its_bets_by_index(alice: User) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'bet_by_player'")
        assert "(player_id, id)" in cursor.fetchone()[0]


def test_the_open_brands_are_public(stranger: Callable[..., APIClient], aurora: Operator, cascade: Operator) -> None:
    Operator.objects.create(slug="closed", name="Closed", is_open=False)
    client = stranger()
    client.credentials(HTTP_AUTHORIZATION="Bearer dead")
    answer = client.get("/operators")
    assert answer.status_code == 200
    assert answer.json() == {
        "next": None,
        "previous": None,
        "results": [
            {"id": str(cascade.pk), "slug": "cascade", "name": "Cascade", "currency": "EUR"},
            {"id": str(aurora.pk), "slug": "aurora", "name": "Aurora", "currency": "USD"},
        ],
    }


def test_nobody_writes_brands_over_the_public_list(stranger: Callable[..., APIClient], aurora: Operator) -> None:
    assert stranger().post("/operators", {"slug": "mine"}).status_code == 405
    assert Operator.objects.get() == aurora
