"""Keeping the table of players' logins: begun, prolonged and ended with the session that each belongs to."""

from datetime import datetime
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.db.models import Value
from django.db.models.functions import Greatest

from casino.users.login_models import LoginSession
from casino.users.models import User

# The login's id, in its session.
LOGIN_ID = "login_id"


def begin_login(user: User, session: SessionBase, at: datetime, expires_at: datetime) -> None:
    """Note that a player's session began, and in the session which login it is; staff's are not kept."""
    if user.is_player:
        login = LoginSession.objects.create(player=user, started_at=at, expires_at=expires_at)
        session[LOGIN_ID] = str(login.pk)


def end_login(session: SessionBase, at: datetime) -> None:
    """Note that the session ended."""
    if login_id := session.get(LOGIN_ID):
        _end(LoginSession.objects.filter(pk=login_id), at)


def keep_only_login(user: User, session: SessionBase | None, at: datetime, expires_at: datetime | None = None) -> None:
    """Note that every session of the person ended but this one (None: every one), which now lasts to ``expires_at``."""
    kept = session.get(LOGIN_ID) if session is not None else None
    others = LoginSession.objects.filter(player=user)
    _end(others.exclude(pk=kept) if kept else others, at)
    if kept and expires_at is not None:
        LoginSession.objects.filter(pk=kept, ended_at=None).update(expires_at=expires_at)


def _end(logins: Any, at: datetime) -> None:
    """End those that are in force; one that was over already keeps its end."""
    logins.filter(ended_at=None, expires_at__gt=at).update(ended_at=Greatest("started_at", Value(at)))
