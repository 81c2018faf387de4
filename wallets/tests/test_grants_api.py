"""POST /admin/bonuses and /admin/free-spins: what managers grant by hand, at their own operator; and the lists."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from betting.orders import FreeSpinUnknown
from betting.services import open_account, place_bet
from casino.games.models import Game, GameSwitch
from casino.users.models import User
from operators.models import Operator, SignificantEvent
from wallets.models import Transfer, Wallet
from wallets.promotions import Bonus, FreeSpins
from wallets.tests.playing import in_parallel, listen, make_game, order, play

Api = Callable[..., APIClient]
WalletOf = Callable[[User], Wallet]
BONUSES, SPINS = "/admin/bonuses", "/admin/free-spins"
KEY = {"Idempotency-Key": "grant-0001"}

pytestmark = pytest.mark.usefixtures("books_close")


@pytest.fixture
def game(db: None) -> Game:
    return make_game()


@pytest.fixture
def bonus(alice: User) -> dict[str, Any]:
    """The body that grants Alice 10.00."""
    return {"player_id": str(alice.pk), "amount": "10.00", "reason": "Birthday"}


@pytest.fixture
def spins(alice: User, game: Game) -> dict[str, Any]:
    """The body that grants Alice five spins of 0.20."""
    return {"player_id": str(alice.pk), "game_id": game.slug, "count": 5, "value": "0.20", "reason": "Birthday"}


@pytest.fixture
def nothing_granted(db: None) -> Iterator[None]:
    """Each refusal of the test has moved and stored nothing."""
    yield
    assert not Bonus.objects.exists()
    assert not FreeSpins.objects.exists()
    assert not Transfer.objects.exists()
    assert not SignificantEvent.objects.filter(kind__endswith=".granted").exists()
    assert not Wallet.objects.exclude(bonus=0, real=0, version=0).exists()


# --- Bonuses ---


def test_a_manager_grants_a_bonus_on_the_operators_terms(
    api: Api, olga: User, alice: User, bonus: dict[str, Any], wallet_of: WalletOf
):
    answer = api(olga).post(BONUSES, bonus)
    assert answer.status_code == 201
    row = Bonus.objects.get()
    assert answer.json() == {
        "id": str(row.pk),
        "operator": "aurora",
        "currency": "USD",
        "status": "active",
        "granted": "10.00",
        "balance": "10.00",
        "wagering_multiple": "35.00",
        "required": "350.00",
        "wagered": "0.00",
        "max_stake": "1.00",
        "conversion_cap": None,
        "expires_at": answer.json()["expires_at"],
        "source": "manual",
    }
    assert row.expires_at - row.created_at == timedelta(days=30)
    assert (row.granted_by, row.reason, row.player) == (olga, "Birthday", alice)
    transfer = Transfer.objects.get()
    assert (transfer.kind, transfer.source, transfer.target, transfer.amount, transfer.reference) == (
        "bonus_grant", "promotions", "bonus", D(10), row.pk,
    )  # fmt: skip
    assert (wallet_of(alice).bonus, wallet_of(alice).real, wallet_of(alice).version) == (D(10), D(0), 1)


def test_the_defaults_are_the_operators_own_rows(api: Api, olga: User, bonus: dict[str, Any], spins: dict[str, Any]):
    Operator.objects.update(bonus_wagering_multiple=D("12.5"), bonus_expires_days=3)
    assert api(olga).post(BONUSES, bonus).json()["wagering_multiple"] == "12.50"
    assert api(olga).post(SPINS, spins).json()["wagering_multiple"] == "12.50"
    for row in (Bonus.objects.get(), FreeSpins.objects.get()):
        assert row.expires_at - row.created_at == timedelta(days=3)


def test_every_term_may_be_given(api: Api, olga: User, bonus: dict[str, Any]):
    terms = {"wagering_multiple": "20.5", "max_stake": 2, "expires_at": "2100-01-01T01:00:00+01:00"}
    answer = api(olga).post(BONUSES, bonus | {"amount": 12.34} | terms)
    shown = {
        name: answer.json()[name] for name in ("granted", "wagering_multiple", "required", "max_stake", "expires_at")
    }
    assert shown == {
        "granted": "12.34",
        "wagering_multiple": "20.50",
        "required": "252.97",
        "max_stake": "2.00",
        "expires_at": "2100-01-01T00:00:00.000000Z",
    }
    assert Bonus.objects.get().expires_at == datetime(2100, 1, 1, tzinfo=UTC)


def test_a_bonus_without_wagering_is_real_money_at_once(
    api: Api, olga: User, alice: User, bonus: dict[str, Any], wallet_of: WalletOf
):
    answer = api(olga).post(BONUSES, bonus | {"wagering_multiple": 0})
    assert (answer.json()["status"], answer.json()["balance"], answer.json()["required"]) == (
        "converted",
        "0.00",
        "0.00",
    )
    assert (wallet_of(alice).real, wallet_of(alice).bonus) == (D(10), D(0))


def test_a_granted_bonus_is_played_and_progresses(api: Api, olga: User, alice: User, bonus: dict[str, Any], game: Game):
    granted = api(olga).post(BONUSES, bonus | {"wagering_multiple": 20}).json()
    assert granted["required"] == "200.00"
    assert play(alice, "1.00").wagering["bonuses"][0]["id"] == granted["id"]
    shown = api(alice).get(f"/bonuses/{granted['id']}").json()
    assert (shown["wagered"], shown["balance"], shown["status"]) == ("1.00", "9.95", "active")


def test_a_grant_is_a_significant_event_and_the_player_hears_of_it(
    api: Api, olga: User, alice: User, aurora: Operator, bonus: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    heard = listen(monkeypatch)
    granted = api(olga).post(BONUSES, bonus).json()
    event = SignificantEvent.objects.get(kind__endswith=".granted")
    assert (event.kind, event.operator, event.actor, event.player, event.reason) == (
        "bonus.granted", aurora, olga, alice, "Birthday",
    )  # fmt: skip
    assert event.after == granted
    (first, told), (second, balance) = heard(alice)
    assert (first, told) == ("bonus.changed", granted)
    assert (second, balance["bonus"]) == ("balance.changed", "10.00")


# --- Free spins ---


def test_a_manager_grants_free_spins(api: Api, olga: User, alice: User, aurora: Operator, spins: dict[str, Any]):
    answer = api(olga).post(SPINS, spins)
    assert answer.status_code == 201
    row = FreeSpins.objects.get()
    assert answer.json() == {
        "id": str(row.pk),
        "operator": "aurora",
        "currency": "USD",
        "game": "ever-lose",
        "count": 5,
        "remaining": 5,
        "value": "0.20",
        "wagering_multiple": "35.00",
        "expires_at": answer.json()["expires_at"],
    }
    assert not Transfer.objects.exists(), "nothing moves before they win"
    event = SignificantEvent.objects.get(kind__endswith=".granted")
    assert (event.kind, event.operator, event.actor, event.player, event.after["count"]) == (
        "free_spins.granted", aurora, olga, alice, 5,
    )  # fmt: skip
    assert play(alice, free_spin=str(row.pk)).win == D("0.19")
    assert api(alice).get("/free-spins").json()["results"][0]["remaining"] == 4
    gathered = api(alice).get("/bonuses").json()["results"][0]
    assert (gathered["source"], gathered["granted"], gathered["required"]) == ("free_spins", "0.19", "6.65")


def test_free_spins_stop_when_their_time_is_over(api: Api, olga: User, alice: User, spins: dict[str, Any]):
    granted = api(olga).post(SPINS, spins).json()
    FreeSpins.objects.update(expires_at=timezone.now())
    answer = place_bet(order(alice, "ever-lose", free_spin=granted["id"]))
    assert isinstance(answer, FreeSpinUnknown)
    assert api(alice).get("/free-spins").json()["results"][0]["remaining"] == 5


def test_a_game_of_the_operators_own_takes_free_spins(api: Api, olga: User, aurora: Operator, spins: dict[str, Any]):
    own = make_game("aurora-own", aurora)
    assert api(olga).post(SPINS, spins | {"game_id": str(own.pk)}).json()["game"] == "aurora-own"


def _switched(game: Game, aurora: Operator, **terms: Any) -> None:
    GameSwitch.objects.create(operator=aurora, game=game, **terms)


@pytest.mark.usefixtures("nothing_granted")
@pytest.mark.parametrize(
    ("arrange", "asked", "status", "code"),
    [
        (lambda game, here: None, {"game_id": "nowhere"}, 404, "unknown_game"),
        (lambda game, here: Game.objects.update(is_active=False), {}, 422, "game_disabled"),
        (lambda game, here: _switched(game, here, is_enabled=False), {}, 422, "game_disabled"),
        (lambda game, here: _switched(game, here, min_bet=D("0.21")), {}, 422, "limit_exceeded"),
        (lambda game, here: _switched(game, here, max_bet=D("0.19")), {}, 422, "limit_exceeded"),
        (lambda game, here: None, {"value": "0.09"}, 422, "limit_exceeded"),
        (lambda game, here: None, {"value": "500.01"}, 422, "limit_exceeded"),
    ],
)
def test_a_game_that_cannot_be_spun_so_is_refused(
    api: Api, olga: User, aurora: Operator, game: Game, spins: dict[str, Any], arrange: Any, asked: dict[str, Any],
    status: int, code: str,
):  # fmt: skip
    arrange(game, aurora)
    answer = api(olga).post(SPINS, spins | asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.usefixtures("nothing_granted")
def test_a_game_of_another_operator_is_unknown(api: Api, olga: User, borealis: Operator, spins: dict[str, Any]):
    make_game("borealis-own", borealis)
    answer = api(olga).post(SPINS, spins | {"game_id": "borealis-own"})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_game")


# --- Who may, and for whom ---


@pytest.mark.usefixtures("nothing_granted")
def test_only_managers_grant(
    api: Api, alice: User, sam: User, fiona: User, bonus: dict[str, Any], spins: dict[str, Any]
):
    for path, body in ((BONUSES, bonus), (SPINS, spins)):
        assert api(None).post(path, body).status_code == 401
        for person in (alice, sam, fiona):
            answer = api(person).post(path, body)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")


@pytest.mark.usefixtures("nothing_granted")
def test_nobody_grants_to_players_of_another_operator(
    api: Api, bruno: User, alice: User, boris: User, olga: User, bonus: dict[str, Any], spins: dict[str, Any]
):
    for path, body in ((BONUSES, bonus), (SPINS, spins)):
        for staff, player in ((bruno, alice), (olga, boris), (olga, olga), (olga, bruno)):
            answer = api(staff).post(path, body | {"player_id": str(player.pk)})
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown_player")
        answer = api(bruno).post(f"{path}?operator=aurora", body)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
        assert api(olga).post(path, body | {"player_id": str(alice.operator_id)}).status_code == 404


def test_a_player_of_both_is_granted_at_the_managers_operator(
    api: Api, bruno: User, alice: User, borealis: Operator, bonus: dict[str, Any]
):
    open_account(alice, borealis)
    assert api(bruno).post(BONUSES, bonus).json()["operator"] == "borealis"
    assert list(Wallet.objects.order_by("id").values_list("operator__slug", "bonus")) == [
        ("aurora", D(0)), ("borealis", D(10)),
    ]  # fmt: skip


def test_the_platform_names_the_operator(
    api: Api, petra: User, borealis: Operator, bonus: dict[str, Any], spins: dict[str, Any]
):
    for path, body in ((BONUSES, bonus), (SPINS, spins)):
        for query in ("", "?operator=", "?operator=nowhere"):
            answer = api(petra).post(path + query, body)
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "operator")
        assert api(petra).post(f"{path}?operator=borealis", body).status_code == 404
        assert api(petra).post(f"{path}?operator=aurora", body).status_code == 201


# --- Malformed requests ---


WRONG_BONUS: list[tuple[str, Any]] = [
    ("amount", "0"), ("amount", "-1"), ("amount", "1.001"), ("amount", "1e2"), ("amount", True), ("amount", None),
    ("amount", "NaN"), ("amount", "9" * 13),
    ("player_id", "alice"), ("player_id", 7), ("player_id", True), ("player_id", None), ("player_id", ["x"]),
    ("wagering_multiple", "-1"), ("wagering_multiple", "100.01"), ("wagering_multiple", "1.005"),
    ("wagering_multiple", True), ("wagering_multiple", "many"),
    ("max_stake", "0"), ("max_stake", "0.001"),
    ("expires_at", "2020-01-01T00:00:00Z"), ("expires_at", "soon"), ("expires_at", 7),
    ("expires_at", "9999-12-31T23:59:59-23:00"),
    ("reason", ""), ("reason", "  "), ("reason", None), ("reason", 7), ("reason", "x" * 501), ("operator", "aurora"),
]  # fmt: skip
WRONG_SPINS: list[tuple[str, Any]] = [
    ("count", 0), ("count", -1), ("count", 1.5), ("count", "5"), ("count", True), ("count", 10_001),
    ("value", "0"), ("value", "0.105"), ("game_id", 7), ("game_id", ""), ("game_id", None), ("reason", ""),
    ("wagering_multiple", "100.01"), ("expires_at", "2100-01-01T00:00:00Z"),
]  # fmt: skip


@pytest.mark.usefixtures("nothing_granted")
@pytest.mark.parametrize(("field", "value"), WRONG_BONUS)
def test_a_malformed_bonus_names_the_field(api: Api, olga: User, bonus: dict[str, Any], field: str, value: Any):
    answer = api(olga).post(BONUSES, bonus | {field: value})
    assert answer.status_code == 400
    assert field in [error["field"] for error in answer.json()["errors"]]


@pytest.mark.usefixtures("nothing_granted")
@pytest.mark.parametrize(("field", "value"), WRONG_SPINS)
def test_malformed_free_spins_name_the_field(api: Api, olga: User, spins: dict[str, Any], field: str, value: Any):
    answer = api(olga).post(SPINS, spins | {field: value})
    assert answer.status_code == 400
    assert field in [error["field"] for error in answer.json()["errors"]]


@pytest.mark.usefixtures("nothing_granted")
def test_what_is_due_is_due(api: Api, olga: User, bonus: dict[str, Any], spins: dict[str, Any]):
    for path, body in ((BONUSES, bonus), (SPINS, spins)):
        for name in body:
            assert api(olga).post(path, {key: value for key, value in body.items() if key != name}).status_code == 400
        assert api(olga).post(path, [body]).status_code == 400


def test_null_terms_are_as_good_as_none(api: Api, olga: User, bonus: dict[str, Any], spins: dict[str, Any]):
    nothing = {"wagering_multiple": None, "max_stake": None, "expires_at": None}
    assert api(olga).post(BONUSES, bonus | nothing).json()["wagering_multiple"] == "35.00"
    assert api(olga).post(SPINS, spins | {"wagering_multiple": None}).json()["wagering_multiple"] == "35.00"


# --- Sent twice, done once ---


def test_the_same_key_grants_once_and_answers_the_row_as_it_stands_now(
    api: Api, olga: User, alice: User, bonus: dict[str, Any]
):
    expiring = bonus | {"expires_at": (timezone.now() + timedelta(hours=1)).isoformat()}
    first = api(olga).post(BONUSES, expiring, headers=KEY)
    assert (first.status_code, first["Idempotency-Key"], "Idempotency-Replayed" in first) == (201, "grant-0001", False)
    api(alice).delete(f"/bonuses/{first.json()['id']}")
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        again = api(olga).post(BONUSES, expiring | {"amount": 10}, headers=KEY)
    assert (again.status_code, again["Idempotency-Replayed"]) == (201, "true")
    assert again.json() == first.json() | {"status": "waived", "balance": "0.00"}
    assert (Bonus.objects.count(), SignificantEvent.objects.filter(kind="bonus.granted").count()) == (1, 1)


def test_the_same_key_grants_free_spins_once(api: Api, olga: User, spins: dict[str, Any]):
    first, again = (api(olga).post(SPINS, spins, headers=KEY) for _ in range(2))
    assert (again.status_code, again["Idempotency-Replayed"], again.json()) == (201, "true", first.json())
    assert FreeSpins.objects.count() == 1


def test_the_same_key_for_something_else_is_refused(
    api: Api, olga: User, bruno: User, petra: User, aurora: Operator, boris: User, make_player: Any,
    bonus: dict[str, Any], spins: dict[str, Any], wallet_of: WalletOf, alice: User,
):  # fmt: skip
    adam = make_player("adam", aurora)
    assert api(olga).post(BONUSES, bonus, headers=KEY).status_code == 201
    assert api(olga).post(SPINS, spins, headers=KEY).status_code == 201, "keys are each endpoint's own"
    other: list[dict[str, Any]] = [
        {"amount": "10.01"}, {"reason": "Other"}, {"wagering_multiple": 35}, {"max_stake": "1.00"},
        {"expires_at": "2100-01-01T00:00:00Z"}, {"player_id": str(adam.pk)},
    ]  # fmt: skip
    for change in other:
        answer = api(olga).post(BONUSES, bonus | change, headers=KEY)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    for change in ({"count": 6}, {"value": "0.30"}, {"wagering_multiple": 1}, {"reason": "Other"}):
        assert api(olga).post(SPINS, spins | change, headers=KEY).status_code == 422
    assert (Bonus.objects.count(), FreeSpins.objects.count(), wallet_of(alice).bonus) == (1, 1, D(10))
    answer = api(bruno).post(BONUSES, bonus | {"player_id": str(boris.pk)}, headers=KEY)
    assert answer.status_code == 201, "keys are each caller's own"


def test_a_refusal_is_not_remembered(api: Api, olga: User, bonus: dict[str, Any]):
    assert api(olga).post(BONUSES, bonus | {"expires_at": "2020-01-01T00:00:00Z"}, headers=KEY).status_code == 400
    assert api(olga).post(BONUSES, bonus, headers=KEY).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_one_key_sent_thirty_times_at_once_grants_once(
    api: Api, olga: User, alice: User, aurora: Operator, make_player: Any, bonus: dict[str, Any], wallet_of: WalletOf
):
    adam = make_player("adam", aurora)
    for_adam = bonus | {"player_id": str(adam.pk)}

    def post(body: dict[str, Any]) -> Any:
        answer = api(olga).post(BONUSES, body, headers=KEY)
        return answer.status_code, answer.json().get("id"), answer.get("Idempotency-Replayed")

    answers = in_parallel(15, [lambda body=body: post(body) for body in (bonus, for_adam) * 15])
    granted = [answer for answer in answers if answer[0] == 201]
    assert {status for status, _, _ in answers} == {201, 422}
    assert (len({pk for _, pk, _ in granted}), [replay for _, _, replay in granted].count(None)) == (1, 1)
    assert wallet_of(alice).bonus + wallet_of(adam).bonus == D(10)


# --- The lists ---


def test_a_player_sees_their_own_at_all_operators_and_staff_their_operators(
    api: Api, alice: User, boris: User, borealis: Operator, olga: User, sam: User, bruno: User, petra: User,
    bonus: dict[str, Any], spins: dict[str, Any],
):  # fmt: skip
    open_account(alice, borealis)
    for path, body, shown in ((BONUSES, bonus, "/bonuses"), (SPINS, spins, "/free-spins")):
        here = api(olga).post(path, body).json()
        there = api(bruno).post(path, body).json()
        boriss = api(bruno).post(path, body | {"player_id": str(boris.pk)}).json()
        assert api(alice).get(shown).json() == {"next": None, "previous": None, "results": [there, here]}
        seen = {
            user: [row["id"] for row in api(user).get(shown).json()["results"]] for user in (boris, sam, bruno, petra)
        }
        assert seen == {
            boris: [boriss["id"]],
            sam: [here["id"]],
            bruno: [boriss["id"], there["id"]],
            petra: [boriss["id"], there["id"], here["id"]],
        }
        assert api(None).get(shown).status_code == 401
    mine = Bonus.objects.filter(operator__slug="aurora").get()
    statuses = {user.username: api(user).get(f"/bonuses/{mine.pk}").status_code for user in (alice, sam, bruno, boris)}
    assert statuses == {"alice": 200, "sam": 200, "bruno": 404, "boris": 404}


def test_the_lists_are_pages_that_cost_the_same_for_any_length(
    api: Api, olga: User, alice: User, bonus: dict[str, Any], spins: dict[str, Any], django_assert_num_queries: Any
):
    for path, body, shown in ((BONUSES, bonus, "/bonuses"), (SPINS, spins, "/free-spins")):
        for _ in range(5):
            api(olga).post(path, body)
        with django_assert_num_queries(1):
            assert len(api(alice).get(f"{shown}?limit=5").json()["results"]) == 5
        page = api(alice).get(f"{shown}?limit=2").json()
        assert len(api(alice).get(page["next"]).json()["results"]) == 2
        assert api(alice).get(f"{shown}?limit=101").status_code == 400
