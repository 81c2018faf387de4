"""The lean door of POST /bets: the same answers as Django's own view, and orders that share a batch."""

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from threading import Event
from time import monotonic, sleep
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.contrib.sessions.backends.cached_db import SessionStore

from betting import admission
from betting import desk as desk_module
from betting.desk import Desk
from betting.ingress import with_lean_bets
from betting.models import Bet
from betting.settlement import Settlement
from casino import realtime
from casino.api import gathering
from casino.games.models import Game
from casino.tests.listening import token_of
from casino.users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("books_close")]


@pytest.fixture(autouse=True)
def open_desk(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Iterator[Desk]:
    """A desk of the test's own, whose connection goes with it."""
    opened = Desk()
    monkeypatch.setattr("betting.ingress.desk", lambda: opened)
    yield opened
    opened.close()


class Answer:
    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.status = messages[0]["status"]
        self.headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        self.body = json.loads(messages[1]["body"])


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


async def call(body: bytes, token: str = "", **headers: str) -> Answer:
    sent = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {
        "type": "http", "method": "POST", "path": "/bets",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }  # fmt: skip
    communicator = ApplicationCommunicator(with_lean_bets(_nothing), scope)
    await communicator.send_input({"type": "http.request", "body": body})
    messages = [await communicator.receive_output(10), await communicator.receive_output(10)]
    await communicator.wait()
    return Answer(messages)


def post(body: Any, token: str = "", **headers: str) -> Answer:
    return asyncio.run(call(json.dumps(body).encode(), token, **headers))


BET = {"game_id": "ever-lose", "wager": "1.00"}


def test_a_bet_is_settled_and_answers_as_django_does(alice: User, ever_lose: Game, fund: Any, api: Any):
    fund(alice, "10.00")
    answer = post(BET, token_of(alice), idempotency_key="lean-bet-1")
    assert answer.status == 201
    assert api(alice).get(f"/bets/{answer.body['id']}").json() == answer.body
    assert answer.headers["idempotency-key"] == "lean-bet-1"
    assert (answer.headers["ratelimit-limit"], answer.headers["ratelimit-remaining"]) == ("50", "49")
    again = api(alice).post("/bets", BET, headers={"Idempotency-Key": "lean-bet-1"})
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert again.json() == answer.body


def test_a_replay_says_so(alice: User, ever_lose: Game, fund: Any):
    fund(alice, "10.00")
    first, second = (post(BET, token_of(alice), idempotency_key="lean-bet-1") for _ in range(2))
    assert second.body == first.body
    assert second.headers["idempotency-replayed"] == "true"
    assert Bet.objects.count() == 1


@pytest.mark.parametrize("token", ["x" * 32, "no token", "é", "a" * 100, ""])
def test_a_token_that_is_none_of_ours_is_refused(token: str, ever_lose: Game):
    answer = asyncio.run(
        call(json.dumps(BET).encode(), authorization=f"Bearer {token}".strip() + (" " if not token else ""))
    )
    assert (answer.status, answer.body["code"]) == (401, "invalid_token")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_session_dies_with_its_logout_and_with_a_new_password(alice: User, ever_lose: Game, fund: Any):
    fund(alice, "10.00")
    dead, stale = token_of(alice), token_of(alice)
    SessionStore(dead).flush()
    assert post(BET, dead).status == 401
    alice.set_password("another-horse-8")
    alice.save()
    assert post(BET, stale).status == 401
    assert not Bet.objects.exists()


def test_staff_do_not_play(olga: User, ever_lose: Game):
    answer = post(BET, token_of(olga))
    assert (answer.status, answer.body["code"]) == (403, "not_permitted")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "malformed"),
        (b'{"wager": 1, "wager": 2}', "malformed"),
        (b"[]", "invalid"),
        (b'{"game_id": "ever-lose", "wager": "0.001"}', "invalid"),
        (b'{"game_id": "ever-lose", "wager": "1.00", "role": "platform"}', "invalid"),
        (b'{"game_id": "ever-lose", "wager": "1.00", "operator": 7}', "invalid"),
    ],
)
def test_a_malformed_body_moves_nothing(body: bytes, code: str, alice: User, ever_lose: Game, fund: Any):
    fund(alice, "10.00")
    answer = asyncio.run(call(body, token_of(alice)))
    assert (answer.status, answer.body["code"]) == (400, code)
    assert not Bet.objects.exists()


def test_a_body_that_is_too_large_is_refused(alice: User):
    assert asyncio.run(call(b" " * 70_000, token_of(alice))).status == 413


def test_what_the_lean_door_does_not_know_goes_on_to_django(alice: User):
    assert asyncio.run(call(b"{}")).status == 299
    assert asyncio.run(call(b"{}", token_of(alice), origin="https://play.example")).status == 299
    assert asyncio.run(call(b"x", token_of(alice), content_type="text/plain")).status == 299


def test_orders_that_wait_together_share_a_batch(
    alice: User, boris: User, ever_lose: Game, fund: Any, wallet_of: Any, monkeypatch: pytest.MonkeyPatch
):
    fund(alice, "10.00")
    batches: list[int] = []
    settle = desk_module.place_bets
    monkeypatch.setattr(
        desk_module, "place_bets", lambda orders, **more: batches.append(len(orders)) or settle(orders, **more)
    )
    tokens = [token_of(alice), token_of(boris)]

    async def all_at_once() -> list[Answer]:
        return await asyncio.gather(*(call(json.dumps(BET).encode(), tokens[n % 2]) for n in range(20)))

    answers = asyncio.run(all_at_once())
    assert sorted(answer.status for answer in answers) == [201] * 10 + [402] * 10
    assert max(batches) > 1
    assert wallet_of(alice).real == Decimal("9.50")


def test_a_desk_with_too_many_waiting_says_so(alice: User, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Desk, "most_waiting", 0)
    answer = post(BET, token_of(alice))
    assert (answer.status, answer.body["code"], answer.headers["retry-after"]) == (503, "overloaded", "1")


def test_a_closed_desk_takes_no_more(open_desk: Desk, alice: User):
    open_desk.close()
    assert post(BET, token_of(alice)).body["code"] == "closing"


def first_then(first: str, *others: str) -> list[Answer]:
    """The answers to a bet, and to those that come while it is being settled."""

    async def ask() -> list[Answer]:
        asked = [asyncio.create_task(call(json.dumps(BET).encode(), first))]
        await asyncio.sleep(0.1)
        asked += [asyncio.create_task(call(json.dumps(BET).encode(), token)) for token in others]
        return await asyncio.gather(*asked)

    return asyncio.run(ask())


@pytest.fixture
def rich(alice: User, boris: User, ever_lose: Game, fund: Any) -> tuple[str, str]:
    """Tokens of two players with money."""
    for player in (alice, boris):
        fund(player, "10.00")
    return token_of(alice), token_of(boris)


def test_the_next_batch_is_decided_while_one_is_written(rich: tuple[str, str], monkeypatch: pytest.MonkeyPatch):
    write, calls, is_next_decided = Settlement.write, count(), Event()

    def write_in_turn(settlement: Settlement) -> None:
        if next(calls) == 0:
            assert is_next_decided.wait(5)
        else:
            is_next_decided.set()
        write(settlement)

    monkeypatch.setattr(Settlement, "write", write_in_turn)
    assert [answer.status for answer in first_then(*rich)] == [201, 201]


def test_only_one_batch_is_decided_at_a_time(
    alice: User, boris: User, rich: tuple[str, str], wallet_of: Any, monkeypatch: pytest.MonkeyPatch
):
    write, undecided, seen = Settlement.write, [], []

    def admit(slips: Any) -> Any:
        undecided.append(slips)
        seen.append(len(undecided))
        sleep(0.01)
        return admission.admit(slips)

    def write_decided(settlement: Settlement) -> None:
        undecided.pop()
        write(settlement)

    monkeypatch.setattr(desk_module, "admit", admit)
    monkeypatch.setattr(Settlement, "write", write_decided)
    answers = first_then(*rich * 10)
    assert [answer.status for answer in answers] == [201] * 20
    assert len(seen) > 1
    assert set(seen) == {1}
    assert wallet_of(alice).real == wallet_of(boris).real == Decimal("9.50")


def test_a_batch_that_breaks_off_leaves_the_others_alone(rich: tuple[str, str], monkeypatch: pytest.MonkeyPatch):
    faults = iter([True])

    def admit(slips: Any) -> Any:
        sleep(0.2)
        if next(faults, False):
            raise RuntimeError("a fault of the first batch")
        return admission.admit(slips)

    monkeypatch.setattr(desk_module, "admit", admit)
    assert [answer.status for answer in first_then(*rich, *rich)] == [500, 201, 201, 201]


def test_batches_are_told_in_the_order_in_which_they_were_taken(
    alice: User, boris: User, rich: tuple[str, str], monkeypatch: pytest.MonkeyPatch
):
    hand_out, pauses, told = gathering._hand_out, iter([0.5]), []

    def hand_out_late(answers: Any) -> None:
        hand_out(answers)
        sleep(next(pauses, 0))

    monkeypatch.setattr(gathering, "_hand_out", hand_out_late)
    monkeypatch.setattr(realtime._publisher, "send", lambda messages: told.extend(one.feed for one in messages))
    assert [answer.status for answer in first_then(*rich)] == [201, 201]
    until = monotonic() + 5
    while len(told) < 6 and monotonic() < until:
        sleep(0.01)
    assert [feed for feed in told if feed.startswith("player:")] == [
        realtime.player_feed(player.pk) for player in (alice, alice, boris, boris)
    ]


def test_a_desk_that_closes_tells_the_feeds_of_its_last_bets_first(
    open_desk: Desk, rich: tuple[str, str], monkeypatch: pytest.MonkeyPatch
):
    told: list[str] = []

    def tell_slowly(messages: Any) -> None:
        sleep(0.3)
        told.extend(message.type for message in messages)

    monkeypatch.setattr(realtime._publisher, "send", tell_slowly)
    assert post(BET, rich[0]).status == 201
    assert told == []
    open_desk.close()
    assert told == ["bet.settled", "bet.settled", "balance.changed"]


def test_news_that_cannot_be_told_stops_no_lane(rich: tuple[str, str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(realtime._publisher, "send", lambda messages: 1 / 0)
    assert [post(BET, token).status for token in rich * 3] == [201] * 6
