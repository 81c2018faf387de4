"""Operators' own front ends: whose pages may read answers in a browser, who says so, and how soon it holds."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import AsyncClient, Client
from rest_framework.response import Response

from casino.users.models import User
from operators import origins
from operators.models import Operator, SignificantEvent

pytestmark = pytest.mark.django_db
PLAY, OTHER, ELSEWHERE = "https://play.aurora.example", "https://play.borealis.example", "https://evil.example"
ASK = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,idempotency-key"}


def set_origins(api: Any, staff: User, *named: Any) -> Response:
    body = {"reason": "A front end of our own", "allowed_origins": list(named)}
    return api(staff).patch("/admin/settings", body)


def may_read(client: Client, origin: str) -> list[bool]:
    """Whether a page of the origin is let through: before a bet is placed, and with the games' list."""
    answers = (
        client.options("/bets", headers=ASK | {"Origin": origin}),
        client.get("/games", headers={"Origin": origin}),
    )
    for answer in answers:
        assert answer.get("Access-Control-Allow-Origin") in (None, origin)
        assert "Access-Control-Allow-Credentials" not in answer
        assert "origin" in answer["Vary"].lower()
    return ["Access-Control-Allow-Origin" in answer for answer in answers]


def test_an_operators_origin_may_read_until_it_is_removed(
    client: Client, api: Any, olga: User, bruno: User, django_capture_on_commit_callbacks: Any
):
    assert may_read(client, PLAY) == [False, False]
    with django_capture_on_commit_callbacks(execute=True):
        assert set_origins(api, olga, PLAY, "https://Beta.Aurora.example:443/").status_code == 200
        assert set_origins(api, bruno, OTHER).status_code == 200
    for named in (PLAY, "https://beta.aurora.example", OTHER):
        assert may_read(client, named) == [True, True]
    for foreign in (ELSEWHERE, "null", "http://play.aurora.example", PLAY + ":444", PLAY + ".evil.example"):
        assert may_read(client, foreign) == [False, False]
    preflight = client.options("/bets", headers=ASK | {"Origin": PLAY})
    assert {"authorization", "idempotency-key"} <= set(preflight["Access-Control-Allow-Headers"].split(", "))

    with django_capture_on_commit_callbacks(execute=True):
        assert set_origins(api, olga).data["allowed_origins"] == []
    assert may_read(client, PLAY) == [False, False]
    assert may_read(client, OTHER) == [True, True]


def test_origins_are_read_once_for_many_requests(client: Client, aurora: Operator, django_assert_num_queries: Any):
    Operator.objects.filter(pk=aurora.pk).update(allowed_origins=[PLAY])
    with django_assert_num_queries(1):
        assert [origins.is_operators(origin) for origin in (PLAY, OTHER, PLAY)] == [True, False, True]


def test_while_the_database_is_away_no_operator_names_any(aurora: Operator, monkeypatch: pytest.MonkeyPatch):
    Operator.objects.filter(pk=aurora.pk).update(allowed_origins=[PLAY])

    def gone(**_: Any) -> Any:
        raise origins.DatabaseError

    with monkeypatch.context() as away:
        away.setattr(Operator.objects, "exclude", gone)
        assert not origins.is_operators(PLAY)
    assert origins.is_operators(PLAY)


@pytest.mark.parametrize(
    ("origin", "code"),
    [
        ("http://play.aurora.example", "invalid_origin"), ("play.aurora.example", "invalid_origin"),
        ("https://*.aurora.example", "invalid_origin"), ("https://play.aurora.example/lobby", "invalid_origin"),
        ("https://play.aurora.example?x=1", "invalid_origin"), ("https://me@play.aurora.example", "invalid_origin"),
        ("https://play.aurora.example:99999", "invalid_origin"), ("https://", "invalid_origin"),
        ("*", "invalid_origin"),
        ("null", "invalid_origin"), ("https://plây.example", "invalid_origin"), ("https://[::1", "invalid_origin"),
        ("https://play.aurora.example#x", "invalid_origin"), ("https://localhost", "invalid_origin"),
        ("https://a..example", "invalid_origin"), ("https://" + "a" * 260 + ".example", "invalid_origin"),
        (7, "invalid"), (None, "invalid"), ([PLAY], "invalid"),
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(api: Any, olga: User, aurora: Operator, origin: Any, code: str):
    answer = set_origins(api, olga, PLAY, origin)
    assert answer.status_code == 400
    assert [(fault["field"], fault["code"]) for fault in answer.data["errors"]] == [("allowed_origins", code)]
    aurora.refresh_from_db()
    assert aurora.allowed_origins == []
    assert not SignificantEvent.objects.exists()


def test_origins_are_a_list_of_at_most_twenty(api: Any, olga: User):
    many = [f"https://play-{number}.aurora.example" for number in range(21)]
    assert set_origins(api, olga, *many).data["errors"][0]["code"] == "too_many"
    assert set_origins(api, olga, *many[:19], many[0]).data["allowed_origins"] == sorted(many[:19])
    body = {"reason": "One", "allowed_origins": PLAY}
    assert api(olga).patch("/admin/settings", body).status_code == 400


def test_only_a_manager_names_origins_and_each_change_is_told(
    api: Any, olga: User, fiona: User, sam: User, bruno: User, aurora: Operator, borealis: Operator
):
    for staff in (fiona, sam):
        assert set_origins(api, staff, PLAY).status_code == 403
    assert set_origins(api, olga, PLAY).data["allowed_origins"] == [PLAY]
    borealis.refresh_from_db()
    assert borealis.allowed_origins == []
    event = SignificantEvent.objects.get()
    assert (event.kind, event.operator, event.actor, event.reason) == (
        "settings.changed", aurora, olga, "A front end of our own"
    )  # fmt: skip
    assert (event.before["allowed_origins"], event.after["allowed_origins"]) == ([], [PLAY])
    assert api(bruno).get("/admin/settings").data["allowed_origins"] == []


def test_a_manager_edits_them_in_the_back_office(client: Client, olga: User, aurora: Operator):
    client.force_login(olga)
    form = {"was:allowed_origins": "", "allowed_origins": f"{PLAY}, {OTHER}", "reason": "Two sites"}
    assert client.post("/backoffice/settings/", form).status_code == 302
    aurora.refresh_from_db()
    assert aurora.allowed_origins == [PLAY, OTHER]
    page = client.get("/backoffice/settings/").content.decode()
    assert f'name="allowed_origins" value="{PLAY}, {OTHER}"' in page
    wrong = {"was:allowed_origins": f"{PLAY}, {OTHER}", "allowed_origins": "http://play.example", "reason": "Oops"}
    refused = client.post("/backoffice/settings/", wrong)
    assert refused.status_code == 400
    assert "http://play.example does not begin with https://." in refused.content.decode()
    none = {"was:allowed_origins": f"{PLAY}, {OTHER}", "allowed_origins": "", "reason": "None"}
    assert client.post("/backoffice/settings/", none).status_code == 302
    aurora.refresh_from_db()
    assert aurora.allowed_origins == []
    assert PLAY in client.get("/backoffice/events/?kind=settings.changed").content.decode()


@pytest.mark.django_db(transaction=True)
def test_an_event_loop_answers_pages_of_other_origins_too(aurora: Operator):
    Operator.objects.filter(pk=aurora.pk).update(allowed_origins=[PLAY])

    async def ask(origin: str) -> tuple[int, bool]:
        answer = await AsyncClient().get("/games", headers={"Origin": origin})
        return answer.status_code, "Access-Control-Allow-Origin" in answer

    async def ask_both() -> list[tuple[int, bool]]:
        answers = [await ask(ELSEWHERE), await ask(PLAY)]
        await sync_to_async(connections.close_all)()
        return answers

    assert asyncio.run(ask_both()) == [(200, False), (200, True)]
