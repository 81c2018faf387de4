"""Who is calling: a Bearer token (allauth's session token) or the session cookie with CSRF."""

from collections.abc import Mapping
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from casino.api.logs import note
from casino.api.problems import CsrfFailed
from casino.api.sessions import claim_of, is_proven, open_session, people_of, read_sessions


def user_of(session: SessionBase) -> Any:
    """The person a session belongs to, or None: the password's hash is compared, as for cookies."""
    return _person(dict(session.items()))


def _person(data: Mapping[str, Any] | None) -> Any:
    claim = claim_of(data)
    user = people_of([claim]).get(claim[0]) if claim else None
    return user if claim is not None and is_proven(claim, user) else None


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer <token>``; a dead token is a 401 whatever else the request carries."""

    def authenticate(self, request: Request) -> tuple[Any, SessionBase] | None:
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = token.strip()
        data = read_sessions([token]).get(token)
        user = _person(data)
        if data is None or user is None:
            raise AuthenticationFailed("This token is not valid; log in again.")
        session = open_session(token, data)
        note(player=user.pk, operator=user.operator_id)
        return user, session

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="casino"'


class CookieAuthentication(SessionAuthentication):
    """The session cookie; unsafe methods need the CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        note(player=found[0].pk, operator=found[0].operator_id)
        return found[0], request._request.session

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied:
            raise CsrfFailed from None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="casino"'


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class CookieScheme(OpenApiAuthenticationExtension):
    target_class = CookieAuthentication
    name = "cookie"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
