"""Seeding over REST: for the platform alone, and only where it is switched on."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from rest_framework.test import APIClient

from casino.users.models import User
from operators.models import Operator
from seeding import services, tasks
from seeding.models import Bot, Run, RunStatus
from wallets.models import Transfer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("books_close", "switched_on")]

Api = Callable[[User | None], APIClient]
ROUTES = [
    ("post", "/seed/database"),
    ("post", "/seed/bots?count=2"),
    ("post", "/seed/simulate?duration=1&intensity=low"),
    ("get", "/seed/runs"),
    ("get", f"/seed/runs/{UUID(int=1)}"),
    ("post", f"/seed/runs/{UUID(int=1)}/cancel"),
]


@pytest.fixture
def switched_on(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEBUG = settings.SEEDING_ENABLED = True


@pytest.fixture
def hints(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The runs that were hinted at, instead of messages to a broker."""
    found: list[UUID] = []
    monkeypatch.setattr(tasks, "wake", found.append)
    return found


def assert_nothing_happened() -> None:
    assert not Run.objects.exists()
    assert not Bot.objects.exists()
    assert not Transfer.objects.exists()


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_there_is_nothing_while_seeding_is_off(method: str, path: str, api: Api, petra: User, settings: Any):
    settings.SEEDING_ENABLED = False
    for user in (petra, None):
        answer = getattr(api(user), method)(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert_nothing_happened()


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_only_the_platform_may(method: str, path: str, api: Api, alice: User, olga: User, fiona: User):
    for user in (alice, olga, fiona):
        answer = getattr(api(user), method)(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
    assert getattr(api(None), method)(path).status_code == 401
    assert_nothing_happened()


def test_the_database_is_seeded_once(api: Api, petra: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Any):
    (tmp_path / "orchard-sevens.json").symlink_to(services.CATALOGUE / "orchard-sevens.json")
    monkeypatch.setattr(services, "CATALOGUE", tmp_path)
    first = api(petra).post("/seed/database")
    assert first.status_code == 200
    assert first.json()["created"]["operators"] == 3
    again = api(petra).post("/seed/database")
    assert not any(again.json()["created"].values())
    assert again.json()["existing"]["operators"] == 3


def test_bots_are_made_at_once_or_by_a_run(api: Api, petra: User, aurora: Operator, hints: list[UUID]):
    answer = api(petra).post("/seed/bots?count=3")
    assert (answer.status_code, answer.json()) == (201, {"created": 3})
    assert Bot.objects.count() == 3
    assert hints == []
    many = api(petra).post("/seed/bots?count=2000")
    assert many.status_code == 202
    shown = many.json()
    assert (shown["kind"], shown["status"], shown["progress"], shown["actions_due"]) == ("bots", "queued", 0.0, 2000)
    assert hints == [UUID(shown["id"])]
    assert Bot.objects.count() == 3


def test_a_simulation_is_queued_shown_and_cancelled(api: Api, petra: User, aurora: Operator, hints: list[UUID]):
    answer = api(petra).post("/seed/simulate?duration=2.5&intensity=low&seed=77")
    assert answer.status_code == 202
    run = answer.json()
    assert {name: run[name] for name in ("status", "progress", "seed", "intensity", "actions_due", "target_rate")} == {
        "status": "queued", "progress": 0.0, "seed": 77, "intensity": "low", "actions_due": 300, "target_rate": 2,
    }  # fmt: skip
    assert hints == [UUID(run["id"])]
    assert Run.objects.get().requested_by == petra
    assert api(petra).get(f"/seed/runs/{run['id']}").json()["id"] == run["id"]
    cancelled = api(petra).post(f"/seed/runs/{run['id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    again = api(petra).post(f"/seed/runs/{run['id']}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "run_over")
    assert Run.objects.get().status == RunStatus.CANCELLED


def test_runs_are_listed_newest_first_in_pages(api: Api, petra: User, aurora: Operator, hints: list[UUID]):
    ids = [api(petra).post(f"/seed/bots?count={count}").json()["id"] for count in (600, 700, 800)]
    page = api(petra).get("/seed/runs?limit=2").json()
    assert [run["id"] for run in page["results"]] == [ids[2], ids[1]]
    rest = api(petra).get(page["next"]).json()
    assert [run["id"] for run in rest["results"]] == [ids[0]]


def test_unknown_runs_are_not_found(api: Api, petra: User):
    for method, path in (("get", f"/seed/runs/{uuid4()}"), ("post", f"/seed/runs/{uuid4()}/cancel")):
        answer = getattr(api(petra), method)(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_run")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/seed/bots", "count"),
        ("/seed/bots?count=0", "count"),
        ("/seed/bots?count=-3", "count"),
        ("/seed/bots?count=1.5", "count"),
        ("/seed/bots?count=100001", "count"),
        ("/seed/bots?count=99999999999999999999999", "count"),
        ("/seed/simulate", "duration"),
        ("/seed/simulate?duration=0", "duration"),
        ("/seed/simulate?duration=nan", "duration"),
        ("/seed/simulate?duration=inf", "duration"),
        ("/seed/simulate?duration=-1", "duration"),
        ("/seed/simulate?duration=1441", "duration"),
        ("/seed/simulate?duration=1&intensity=extreme", "intensity"),
        ("/seed/simulate?duration=1&seed=x", "seed"),
        ("/seed/simulate?duration=1&seed=9223372036854775808", "seed"),
    ],
)
def test_bad_input_is_named_and_starts_nothing(path: str, field: str, api: Api, petra: User, aurora: Operator):
    answer = api(petra).post(path)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert_nothing_happened()


def test_without_operators_there_is_nowhere_to_play(api: Api, petra: User):
    for path in ("/seed/bots?count=5", "/seed/bots?count=5000", "/seed/simulate?duration=1"):
        answer = api(petra).post(path)
        assert (answer.status_code, answer.json()["code"]) == (409, "no_operators")
    assert_nothing_happened()
