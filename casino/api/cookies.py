"""The middleware of people who come with a cookie: sessions, who it is, messages.

A read that shows a token has no use for any of it: the API looks the token up itself. All other requests pass through
as ever.
"""

from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest

from casino.content_security import is_page

_SAFE = ("GET", "HEAD")


def reads_by_token(request: HttpRequest) -> bool:
    """Whether it is a read of the API, and its caller shows a token."""
    sent = request.META.get("HTTP_AUTHORIZATION")
    return sent is not None and request.method in _SAFE and sent[:7].lower() == "bearer " and not is_page(request.path)


class _ForCookies:
    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if reads_by_token(request):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]


class CookieSessionMiddleware(_ForCookies, SessionMiddleware):
    """``request.session``."""


class CookieUserMiddleware(_ForCookies, AuthenticationMiddleware):
    """``request.user``."""


class CookieMessageMiddleware(_ForCookies, MessageMiddleware):
    """Messages of the back office."""
