"""People over REST: register, log in and out, the profile, passwords, the wallets and the figures of this login."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from casino.api.answers import Answer
from casino.api.authentication import CookieAuthentication
from casino.api.fields import refuse_fields
from casino.api.throttling import Limit, RegisterThrottle, Throttle, address_of
from casino.users import profiles, registration
from casino.users.models import User
from casino.users.serializers import (
    CredentialsSerializer,
    LoginSerializer,
    PasswordChangeSerializer,
    PasswordResetConfirmSerializer,
    PasswordResetSerializer,
    PlayedSerializer,
    ProfileChangeSerializer,
    RegistrationSerializer,
    UserSerializer,
    person_document,
    played_document,
)
from wallets.documents import wallet_document
from wallets.serializers import WalletSerializer


class PasswordResetThrottle(Throttle):
    limit = Limit("password_reset", 10, 60, fails_closed=True)

    def subject(self, request: Request) -> str:
        return address_of(request)


class PublicView(APIView):
    """For people who are not logged in; what credentials the request carries is not looked at."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class RegisterView(PublicView):
    throttle_classes = (RegisterThrottle,)

    @extend_schema(request=RegistrationSerializer, responses={201: LoginSerializer})
    def post(self, request: Request) -> Response:
        """Become a player: opens the wallet at the operator and logs in."""
        details = _checked(RegistrationSerializer, request)
        login = registration.register(request._request, with_cookie=_is_browser(request), **details)
        return Response(_login_document(login), status=201)


class LoginView(PublicView):
    @extend_schema(request=CredentialsSerializer, responses={200: LoginSerializer})
    def post(self, request: Request) -> Response:
        """Begin a session; a browser that proves itself by its CSRF token gets the cookie too."""
        credentials = _checked(CredentialsSerializer, request)
        login = registration.log_in(request._request, with_cookie=_is_browser(request), **credentials)
        return Response(_login_document(login))


class LogoutView(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """End this session; its token is dead at once."""
        refuse_fields(request)
        registration.log_out(request._request, _session(request))
        return Response(status=204)


class UserView(APIView):
    @extend_schema(responses=UserSerializer)
    def get(self, request: Request) -> Answer:
        """Who is logged in."""
        return Answer(person_document(profiles.own_profile(_person(request))))

    @extend_schema(request=ProfileChangeSerializer, responses=UserSerializer)
    def patch(self, request: Request) -> Response:
        """Rename oneself, or switch the active operator."""
        profiles.change_profile(_person(request), **_checked(ProfileChangeSerializer, request))
        return Response(UserSerializer(profiles.profile_of(_person(request).pk)).data)


class PasswordView(APIView):
    @extend_schema(request=PasswordChangeSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """Change the password; every other session ends."""
        passwords = _checked(PasswordChangeSerializer, request)
        registration.change_password(request._request, _person(request), _session(request), **passwords)
        return Response(status=204)


class PasswordResetView(PublicView):
    throttle_classes = (PasswordResetThrottle,)

    @extend_schema(request=PasswordResetSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """Ask for a mail with a key; the answer is the same for unknown addresses."""
        registration.request_password_reset(request._request, **_checked(PasswordResetSerializer, request))
        return Response(status=204)


class PasswordResetConfirmView(PublicView):
    throttle_classes = (PasswordResetThrottle,)

    @extend_schema(request=PasswordResetConfirmSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """Set a new password with the key from the mail; every session ends."""
        registration.reset_password(**_checked(PasswordResetConfirmSerializer, request))
        return Response(status=204)


class WalletListView(APIView):
    @extend_schema(responses=WalletSerializer(many=True))
    def get(self, request: Request) -> Answer:
        """The caller's own wallets; staff hold none."""
        return Answer([wallet_document(wallet) for wallet in profiles.OWN_WALLETS.ask(request.user)()])


class SessionView(APIView):
    @extend_schema(responses=PlayedSerializer)
    def get(self, request: Request) -> Answer:
        """How long this login lasts and what was staked and won in it."""
        return Answer(played_document(profiles.played_since(_person(request), _began(request))))


def _checked(serializer_class: Any, request: Request) -> dict[str, Any]:
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    checked: dict[str, Any] = serializer.validated_data
    return checked


def _login_document(login: registration.Login) -> dict[str, Any]:
    user = profiles.profile_of(login.user.pk)
    shown: dict[str, Any] = LoginSerializer({"token": login.token, "expires_at": login.expires_at, "user": user}).data
    return shown


def _is_browser(request: Request) -> bool:
    """Whether the request proves by cookie and header to come from a page of ours, which may keep a cookie."""
    if settings.CSRF_COOKIE_NAME not in request.COOKIES or "X-CSRFToken" not in request.headers:
        return False
    try:
        CookieAuthentication().enforce_csrf(request)
    except PermissionDenied:
        return False
    return True


def _began(request: Request) -> datetime:
    """When this login began; the back office's logins leave only the person's latest."""
    noted = _session(request).get(registration.LOGGED_IN_AT)
    return datetime.fromisoformat(noted) if noted else _person(request).last_login or timezone.now()


def _person(request: Request) -> User:
    """The caller, in views that take no strangers."""
    person: User = request.user  # type: ignore[assignment]
    return person


def _session(request: Request) -> SessionBase:
    """The session that the caller's token or cookie names."""
    session: SessionBase = request.auth  # type: ignore[assignment]
    return session
