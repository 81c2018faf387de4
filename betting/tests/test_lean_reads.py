"""The lean door of repeated reads: the same answers as Django's, and look-ups that a batch shares."""

import asyncio
import json
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from casino.api import reading
from casino.api.logs import JsonFormatter
from casino.api.reading import Reader, with_lean_reads
from casino.api.sessions import people_of
from casino.asgi import READS
from casino.games.models import Game
from casino.tests.listening import token_of
from casino.users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("books_close")]

REQUEST_ID = "one-request-id"
PASSED_ON = 299


@pytest.fixture(autouse=True)
def reader(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Iterator[Reader]:
    """A reader of the test's own, whose connection goes with it."""
    begun = Reader()
    monkeypatch.setattr(reading, "reader", lambda: begun)
    yield begun
    begun.close()


@pytest.fixture
def one_lane(monkeypatch: pytest.MonkeyPatch, reader: Reader) -> Iterator[Reader]:
    """A reader whose every batch is on the same connection."""
    monkeypatch.setattr(Reader, "lanes", 1)
    begun = Reader()
    monkeypatch.setattr(reading, "reader", lambda: begun)
    yield begun
    begun.close()


class Answer:
    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.status = messages[0]["status"]
        self.headers = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
        self.content = messages[1]["body"]


async def _passed_on(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": PASSED_ON, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def call(path: str, token: str | None, method: str = "GET", **headers: str) -> Answer:
    sent = {"host": "testserver", "x-request-id": REQUEST_ID} | ({"authorization": f"Bearer {token}"} if token else {})
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    address, _, query = path.partition("?")
    scope = {
        "type": "http", "method": method, "path": address, "query_string": query.encode(), "scheme": "http",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()], "server": ("testserver", 80),
        "client": ("127.0.0.1", 40_000), "http_version": "1.1", "asgi": {"version": "3.0"},
    }  # fmt: skip
    communicator = ApplicationCommunicator(with_lean_reads(_passed_on, READS), scope)
    await communicator.send_input({"type": "http.request", "body": b""})
    messages = [await communicator.receive_output(10), await communicator.receive_output(10)]
    await communicator.wait()
    return Answer(messages)


def get(path: str, token: str | None, **headers: str) -> Answer:
    return asyncio.run(call(path, token, **headers))


@pytest.fixture
def story(alice: User, ever_lose: Game, fund: Any, api: Any) -> None:
    """Some bets of Alice's."""
    fund(alice, "10.00")
    for _ in range(3):
        assert api(alice).post("/bets", {"game_id": "ever-lose", "wager": "1.00"}).status_code == 201


def sameness(path: str, token: str) -> int:
    """The status that both doors answer with, whose answers are alike to the last header."""
    lean = get(path, token)
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}", "HTTP_X_REQUEST_ID": REQUEST_ID}
    django = Client().get(path, **headers)
    assert lean.status == django.status_code
    assert lean.headers == {name.lower(): value for name, value in django.headers.items()}
    if path == "/session":  # it tells seconds
        assert json.loads(lean.content).keys() == django.json().keys()
    else:
        assert lean.content == django.content
    return lean.status


@pytest.mark.parametrize("path", [*READS, "/bets?limit=2", "/games?limit=1", "/bonuses?limit=0", "/bets?limit=101"])
def test_everybody_gets_what_django_answers(path: str, story: None, alice: User, boris: User, olga: User, petra: User):
    statuses = [sameness(path, token_of(user)) for user in (alice, boris, olga, petra)]
    if path.endswith(("=0", "=101")):
        assert statuses == [400] * 4
    else:
        assert statuses[:2] == [200, 200]


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("token", ["", "gibberish", "x" * 200, "%00", "abcdefghijklmnopqrstuvwxyz012345"])
def test_who_is_not_known_is_told_so_as_django_does(path: str, token: str, db: None):
    if token:
        assert sameness(path, token) == 401


def test_a_session_that_has_ended_reads_nothing(alice: User, api: Any):
    token = token_of(alice)
    assert get("/wallets", token).status == 200
    headers = {"Authorization": f"Bearer {token}"}
    out = Client().post("/auth/logout", content_type="application/json", headers=headers)
    assert out.status_code == 204, out.content
    assert sameness("/wallets", token) == 401
    token = token_of(alice)
    assert get("/wallets", token).status == 200
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert sameness("/wallets", token) == 401
    User.objects.filter(pk=alice.pk).update(is_active=True)
    alice.set_password("another-horse-8")
    alice.save()
    assert sameness("/wallets", token) == 401


def test_a_page_names_the_next_one(story: None, alice: User):
    document = json.loads(get("/bets?limit=2", token_of(alice)).content)
    assert len(document["results"]) == 2
    assert re.fullmatch(r"http://testserver/bets\?cursor=\w+(%3D)*&limit=2", document["next"])


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/wallets", {"origin": "https://play.example"}),
        ("/wallets", {"accept": "text/html"}),
        ("/wallets", {"host": "evil.example"}),
        ("/bets?cursor=cD0x", {}),
        ("/games?search=wolf", {}),
        ("/bets?limit=1&limit=2", {}),
        ("/bets?limit=%00", {}),
        ("/bets?limit=1000", {}),
        ("/bets/", {}),
        ("/deposits", {}),
    ],
)
def test_what_is_not_plain_goes_on_to_django(path: str, headers: dict[str, str], alice: User):
    assert get(path, token_of(alice), **headers).status == PASSED_ON


def test_other_methods_and_strangers_go_on_to_django(alice: User, settings: Any):
    token = token_of(alice)
    for method in ("HEAD", "OPTIONS", "POST", "PATCH", "DELETE"):
        assert asyncio.run(call("/auth/user", token, method)).status == PASSED_ON
    assert get("/wallets", None).status == PASSED_ON
    settings.SECURE_SSL_REDIRECT, settings.SECURE_PROXY_SSL_HEADER = True, ("HTTP_X_FORWARDED_PROTO", "https")
    assert get("/wallets", token).status == PASSED_ON
    assert get("/wallets", token, x_forwarded_proto="https").status == 200


def test_reads_at_once_share_their_look_ups(alice: User, boris: User, reader: Reader, monkeypatch: pytest.MonkeyPatch):
    sizes: list[int] = []
    monkeypatch.setattr(reading, "people_of", lambda claims: sizes.append(len(claims)) or people_of(claims))
    tokens = [token_of(alice), token_of(boris)]

    async def all_at_once() -> list[Answer]:
        return await asyncio.gather(*(call("/auth/user", tokens[number % 2]) for number in range(20)))

    answers = asyncio.run(all_at_once())
    names = [json.loads(answer.content)["username"] for answer in answers]
    assert names == ["alice", "boris"] * 10
    assert len(sizes) < 20
    assert max(sizes) == 2


def test_one_read_costs_two_statements(alice: User, reader: Reader):
    token = token_of(alice)
    get("/wallets", token)
    asked: list[int] = []
    work = reader.work

    def counted(batch: Any) -> Any:
        with CaptureQueriesContext(connection) as captured:
            answers = work(batch)
        asked.append(len(captured))
        return answers

    reader.work = counted
    assert get("/wallets", token).status == 200
    assert asked == [2]


def test_cookies_beside_a_token_change_nothing(alice: User, boris: User):
    answer = get("/auth/user", token_of(alice), cookie=f"sessionid={token_of(boris)}; consent=yes")
    assert (answer.status, json.loads(answer.content)["username"]) == (200, "alice")


def test_the_log_names_who_asked_and_forgets_them(alice: User, caplog: pytest.LogCaptureFixture):
    caplog.handler.setFormatter(JsonFormatter())
    with caplog.at_level("INFO", logger="casino.request"):
        get("/wallets", token_of(alice))
    line = json.loads(caplog.text.strip().splitlines()[-1])
    assert (line["request_id"], line["player"], line["operator"]) == (
        REQUEST_ID, str(alice.pk), str(alice.operator_id),
    )  # fmt: skip
    assert line["message"].startswith("GET /wallets 200 ")


def test_a_connection_that_broke_is_replaced(alice: User, one_lane: Reader):
    token = token_of(alice)
    assert get("/wallets", token).status == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid()"
                       " AND datname = current_database()")  # fmt: skip
        assert cursor.rowcount
    assert [get("/wallets", token).status for _ in range(3)] == [200] * 3


def test_a_database_that_is_away_is_told_of(alice: User, monkeypatch: pytest.MonkeyPatch):
    token = token_of(alice)

    def away(_: Any) -> Any:
        raise OperationalError("the database is away")

    monkeypatch.setattr(reading, "people_of", away)
    answer = get("/wallets", token)
    assert (answer.status, json.loads(answer.content)["code"]) == (503, "unavailable")
    assert json.loads(answer.content)["request_id"] == REQUEST_ID


def test_a_fault_in_a_view_fails_no_other_read(alice: User, boris: User, monkeypatch: pytest.MonkeyPatch):
    from casino.users import profiles

    own = profiles.OWN_WALLETS.ask
    fault = "a fault"

    def ask(user: Any) -> Any:
        if user.pk == alice.pk:
            raise RuntimeError(fault)
        return own(user)

    monkeypatch.setattr(profiles.OWN_WALLETS, "ask", ask)
    tokens = [token_of(alice), token_of(boris)]

    async def both() -> list[Answer]:
        return await asyncio.gather(*(call("/wallets", token) for token in tokens))

    assert [answer.status for answer in asyncio.run(both())] == [500, 200]


def test_a_fault_around_a_view_fails_no_other_read(alice: User, boris: User, reader: Reader):
    def asked(user: User, view: Any) -> reading.Asked:
        scope = {"type": "http", "method": "GET", "path": "/wallets", "headers": [(b"host", b"testserver")]}
        return reading.Asked(token_of(user), REQUEST_ID, ASGIRequest(scope, BytesIO()), view)

    wallets = resolve("/wallets").func
    answers = reader.work([asked(alice, wallets), asked(alice, lambda request: 1 / 0), asked(boris, wallets)])
    assert [answer.status_code for answer in answers] == [200, 500, 200]
    assert json.loads(answers[1].content)["code"] == "server_error"


def test_too_many_that_wait_are_told_so(alice: User, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Reader, "most_waiting", 0)
    answer = get("/wallets", token_of(alice))
    assert (answer.status, json.loads(answer.content)["code"], answer.headers["retry-after"]) == (
        503,
        "overloaded",
        "1",
    )


def test_a_reader_that_stops_takes_no_more(alice: User, reader: Reader):
    reader.close()
    answer = get("/wallets", token_of(alice))
    assert (answer.status, json.loads(answer.content)["code"]) == (503, "closing")


def test_spent_money_shows_at_once(alice: User, ever_lose: Game, fund: Any, api: Any):
    fund(alice, "10.00")
    token = token_of(alice)
    for _ in range(2):
        bet = api(alice).post("/bets", {"game_id": "ever-lose", "wager": "1.00"})
        assert bet.status_code == 201
        (wallet,) = json.loads(get("/wallets", token).content)
        assert wallet["real"] == bet.json()["balances"]["real"]["after"]


def test_the_proxy_sends_these_reads_to_the_lean_door():
    template = (Path(settings.BASE_DIR) / "deploy" / "nginx.conf.template").read_text()
    (named,) = re.findall(r"location ~ \^/\((.*)\)\$ {\n +proxy_pass http://\$reads_or_web;", template)
    assert {"/bets"} | {f"/{path}" for path in named.split("|")} == set(READS)
    assert re.search(r"location = /bets {[^}]*proxy_pass http://\$bets_or_reads_or_web;", template)
