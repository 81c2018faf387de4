"""Login sessions behind tokens: looked up as a set in the cache, and in the database what the cache does not hold."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from itertools import chain
from typing import Any
from uuid import UUID

from allauth.headless.tokens.strategies.sessions import SessionTokenStrategy
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.cached_db import SessionStore
from django.core.cache import caches
from django.utils.crypto import constant_time_compare

from casino import sets

_tokens = SessionTokenStrategy()


def is_token(text: str) -> bool:
    """Whether it can be one at all."""
    return text.isascii() and text.isalnum() and len(text) <= 64


def read_sessions(tokens: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """The data of each live session by its token: one look-up, and one statement for each that the cache lacks."""
    keys = {SessionStore.cache_key_prefix + token: token for token in tokens if is_token(token)}
    cached = caches[settings.SESSION_CACHE_ALIAS].get_many(list(keys)) if keys else {}
    found: dict[str, Mapping[str, Any]] = {keys[key]: data for key, data in cached.items() if data}
    for token in keys.values() - found.keys():
        if (session := _tokens.lookup_session(token)) is not None:
            found[token] = dict(session.items())
    return found


def session_of(token: str) -> SessionBase | None:
    """The live session behind a token."""
    data = read_sessions([token]).get(token)
    return None if data is None else open_session(token, data)


def open_session(token: str, data: Mapping[str, Any]) -> SessionBase:
    """The session behind a token, with what ``read_sessions`` found of it."""
    session = SessionStore(token)
    session._session_cache = dict(data)  # type: ignore[attr-defined]
    return session


def claim_of(data: Mapping[str, Any] | None) -> tuple[UUID, str] | None:
    """Whose session it says it is, and the hash that binds it to that person's password."""
    try:
        return (UUID(data[SESSION_KEY]), data[HASH_SESSION_KEY]) if data else None
    except (KeyError, ValueError):
        return None


def people_of(claims: Collection[tuple[UUID, str] | None]) -> dict[UUID, Any]:
    """The people whom the claims name, by id: one statement."""
    ids = sets.array({claim[0] for claim in claims if claim})
    return {user.pk: user for user in _people().ask(ids)()}


@lru_cache
def _people() -> sets.Read[Any]:
    return sets.Read(get_user_model(), "WHERE id = ANY(%s::uuid[])", out=("created_at", "last_login"))


def is_proven(claim: tuple[UUID, str], user: Any) -> bool:
    """Whether the claim still holds: the person may log in, and the password is the one the session began with."""
    return user is not None and user.is_active and _is_bound(claim[1], user.password)


@lru_cache(16_384)
def _is_bound(claimed: str, password: str) -> bool:
    """Whether a session's hash is that of a password (as it is stored) under one of this process's keys."""
    user = get_user_model()(password=password)
    hashes = chain([user.get_session_auth_hash()], user.get_session_auth_fallback_hash())
    return any(constant_time_compare(claimed, one) for one in hashes)
