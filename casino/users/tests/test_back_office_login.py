"""The back office's login counts failures as the API's does, and lets staff in only."""

from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from casino.users.models import User
from casino.users.tests.conftest import code_now
from conftest import PASSWORD

pytestmark = pytest.mark.django_db
PAGE = "/backoffice/login/"


@pytest.mark.parametrize("name", ["olga@aurora.test", "olga"])
def test_staff_come_in(client: Client, olga: User, name: str) -> None:
    answer = client.post(PAGE, {"username": name, "password": PASSWORD, "next": "/backoffice/"})
    assert (answer.status_code, answer["Location"]) == (302, "/backoffice/")
    assert client.get("/backoffice/").status_code == 200


def test_players_stay_outside_and_learn_nothing(client: Client, alice: User, olga: User) -> None:
    pages = [
        client.post(PAGE, {"username": email, "password": password})
        for email, password in (
            (alice.email, PASSWORD),
            (olga.email, "wrong-horse-7"),
            ("nobody@aurora.test", PASSWORD),
        )
    ]
    assert [page.status_code for page in pages] == [200, 200, 200]
    assert len({str(page.context["form"].non_field_errors()) for page in pages}) == 1
    assert not Session.objects.exists()


def test_its_failures_and_the_apis_are_the_same(client: Client, stranger: Callable[..., Client], olga: User) -> None:
    for _ in range(3):
        client.post(PAGE, {"username": "olga", "password": "wrong-horse-7"})
    api = stranger()
    for _ in range(2):
        assert api.post("/auth/login", {"email": olga.email, "password": "wrong-horse-7"}).status_code == 401

    page = client.post(PAGE, {"username": olga.email, "password": PASSWORD})
    assert "Too many failed attempts" in page.content.decode()
    assert api.post("/auth/login", {"email": olga.email, "password": PASSWORD}).status_code == 429
    assert not Session.objects.exists()


def test_nobody_comes_in_while_the_counters_are_away(client: Client, olga: User, redis_away: None) -> None:
    page = client.post(PAGE, {"username": olga.email, "password": PASSWORD})
    assert page.status_code == 200
    assert "counters" in page.content.decode()
    assert not Session.objects.exists()


def test_a_second_factor_is_due_here_too(client: Client, olga: User, second_factor: Callable[[User], None]) -> None:
    second_factor(olga)
    credentials = {"username": olga.email, "password": PASSWORD}
    assert 'name="code"' in client.get(PAGE).content.decode()
    assert client.post(PAGE, credentials).status_code == 200
    assert client.post(PAGE, credentials | {"code": code_now(steps=50)}).status_code == 200
    assert not Session.objects.exists()
    assert client.post(PAGE, credentials | {"code": code_now()}).status_code == 302


def test_staff_see_their_own_people_without_passwords(
    client: Client, olga: User, alice: User, boris: User, petra: User
) -> None:
    client.force_login(olga)
    page = client.get("/backoffice/users/user/").content.decode()
    assert "alice" in page
    assert "boris" not in page
    assert "petra" not in page

    shown = client.get(f"/backoffice/users/user/{alice.pk}/change/").content.decode()
    assert "alice@aurora.test" in shown
    assert "argon2" not in shown
    assert client.get(f"/backoffice/users/user/{boris.pk}/change/").status_code in (302, 404)


def test_nobody_edits_people_by_hand(client: Client, petra: User, alice: User) -> None:
    client.force_login(petra)
    answer = client.post(f"/backoffice/users/user/{alice.pk}/change/", {"username": "mallory"})
    assert answer.status_code == 403
    assert client.get("/backoffice/users/user/add/").status_code == 403
    alice.refresh_from_db()
    assert alice.username == "alice"
