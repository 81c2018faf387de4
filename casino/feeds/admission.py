"""Who may listen: login by session cookie or by token, and whether that still holds later on."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import parse_cookie
from django.utils import timezone

from casino.api.authentication import user_of
from casino.api.sessions import session_of
from casino.feeds.outbox import Code, Outbox

SUBPROTOCOL = "casino.v1"
TOKEN_PREFIX = "token."  # noqa: S105 - what stands before the secret


class Audience(Protocol):
    """A kind of feed, as far as it says who hears it."""

    @classmethod
    def admitted(cls, seats: Collection["Seat"]) -> Collection["Seat"]:
        """Those of ``seats`` whose person, read afresh, may hear their feed."""


@dataclass(eq=False)
class Seat:
    """One socket of a person: what it listens to, by which session, and what it still has to be sent."""

    user: Any
    session_key: str
    feed: str
    audience: type[Audience]
    outbox: Outbox

    def __post_init__(self) -> None:
        # Differs once the password was changed.
        self.session_hash = self.user.get_session_auth_hash()


def log_in(headers: Mapping[str, str], subprotocols: Iterable[str]) -> tuple[Any, str] | None:
    """The person and the key of their live session: of the token among the subprotocols, else of the cookie."""
    tokens = [name.removeprefix(TOKEN_PREFIX) for name in subprotocols if name.startswith(TOKEN_PREFIX)]
    # Token and cookie name a session alike.
    keys = tokens or [parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME, "")]
    session = session_of(keys[0])
    user = user_of(session) if session is not None else None
    if session is None or user is None or session.session_key is None:
        return None
    return user, session.session_key


def revoke(seats: Collection[Seat]) -> dict[Seat, int]:
    """Those of ``seats`` that must go, with the code that tells why: the same two or three queries for any number."""
    alive = _live_keys({seat.session_key for seat in seats})
    people = get_user_model()._default_manager.in_bulk({seat.user.pk for seat in seats})
    gone: dict[Seat, int] = {}
    staying: dict[type[Audience], list[Seat]] = {}
    for seat in seats:
        person = people.get(seat.user.pk)
        if person is None or seat.session_key not in alive or not _is_still_logged_in(seat, person):
            gone[seat] = Code.NOT_LOGGED_IN
        else:
            seat.user = person
            staying.setdefault(seat.audience, []).append(seat)
    for audience, present in staying.items():
        admitted = set(audience.admitted(present))
        gone |= {seat: Code.NOT_ALLOWED for seat in present if seat not in admitted}
    return gone


def _is_still_logged_in(seat: Seat, person: Any) -> bool:
    """A changed password ends every session but the one that changed it."""
    if not person.is_active:
        return False
    if person.get_session_auth_hash() == seat.session_hash:
        return True
    seat.session_hash = person.get_session_auth_hash()
    return user_of(_sessions()(seat.session_key)) is not None


def _live_keys(keys: Collection[str]) -> set[str]:
    """The database's word; a cached copy of a session might outlive it."""
    rows = _sessions().get_model_class().objects
    return set(rows.filter(pk__in=keys, expire_date__gt=timezone.now()).values_list("pk", flat=True))


def _sessions() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore
