"""The table of players' logins follows their sessions."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from casino.users.login_models import LoginSession
from casino.users.models import User
from conftest import PASSWORD

pytestmark = pytest.mark.django_db
NEW = "battery-staple-8"


def in_force() -> list[bool]:
    """Whether each login is in force, in the order in which they began."""
    return [login.ended_at is None for login in LoginSession.objects.order_by("started_at")]


def test_a_login_ends_when_its_player_logs_out(log_in: Callable[..., APIClient], alice: User):
    first, _ = log_in(alice), log_in(alice)
    assert in_force() == [True, True]
    assert first.post("/auth/logout").status_code == 204
    assert in_force() == [False, True]
    login = LoginSession.objects.earliest("started_at")
    assert (login.player, login.started_at < login.ended_at < login.expires_at) == (alice, True)


def test_a_changed_password_ends_every_other_login(log_in: Callable[..., APIClient], alice: User, boris: User):
    _, here, _ = log_in(alice), log_in(alice), log_in(boris)
    expires_at = LoginSession.objects.filter(player=alice).latest("started_at").expires_at
    assert here.post("/auth/password", {"current": PASSWORD, "new": NEW}).status_code == 204
    assert in_force() == [False, True, True]
    assert LoginSession.objects.filter(player=alice).latest("started_at").expires_at > expires_at


def test_staff_leave_no_login_behind(log_in: Callable[..., APIClient], olga: User):
    assert log_in(olga).post("/auth/logout").status_code == 204
    assert in_force() == []


def test_a_registration_is_a_login(stranger: Callable[..., APIClient], aurora: object):
    details = {"email": "new@aurora.test", "username": "new", "password": PASSWORD, "operator": "aurora"}
    assert stranger().post("/auth/register", details).status_code == 201
    assert in_force() == [True]
