"""Coming and going: register, log in, log out, passwords; the only code that knows allauth.

Of allauth it uses the adapters, the session token strategy, the password reset forms and the code form of its second
factor, all of them public; the counting of failures, which allauth does not do atomically, is ``services``'.
"""

from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from allauth.account.forms import ResetPasswordForm, UserTokenForm
from allauth.account.models import EmailAddress
from allauth.headless.tokens.strategies.sessions import SessionTokenStrategy
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.http import HttpRequest
from django.utils import timezone

from betting.services import open_account
from casino import encryption
from casino.api import second_factor
from casino.api.logs import note
from casino.api.throttling import Limit, TooManyRequests, address_of, connection
from casino.errors import FieldError, Invalid, Unavailable
from casino.users import logins, services
from casino.users.models import User
from casino.users.profiles import open_operator, refuse_taken, taken_is_refused
from casino.users.services import InvalidCredentials, MfaRequired, WrongPassword
from operators.models import Affiliate, Operator, SignificantEvent

# When this login began, in the session.
LOGGED_IN_AT = "logged_in_at"
RESET_MAILS = Limit("password_reset_mail", 3, 600, fails_closed=True)
_tokens = SessionTokenStrategy()


class AccountAdapter(DefaultAccountAdapter):
    """allauth's hooks."""

    def is_open_for_signup(self, _request: HttpRequest) -> bool:
        """allauth's own way in stays shut: it would open no wallet."""
        return False

    def set_password(self, user: User, password: str) -> None:
        """Write the password alone: a block set at the same moment must not be undone."""
        user.set_password(password)
        user.save(update_fields=["password"])

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request)


class MfaAdapter(DefaultMFAAdapter):
    """allauth's hooks for the second factor: its secrets are encrypted at rest."""

    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt(encrypted_text)


@dataclass(frozen=True)
class Login:
    """A session that has just begun."""

    token: str
    expires_at: datetime
    user: User


def create_player(
    *, email: str, username: str, password: str, operator: str | None = None, referral: str | None = None
) -> User:
    """Write a player with e-mail address, wallet, VIP standing and seeds, in one transaction.

    ``operator`` is a slug and may be left out where one brand is open; ``referral`` an affiliate's code at that
    operator. Raises Invalid on the faulty fields, AlreadyRegistered where e-mail address or name is taken.
    """
    home = open_operator(operator) if operator is not None else _only_operator()
    affiliate = _affiliate(home, referral) if referral is not None else None
    _check_password(password, User(email=email, username=username), "password")
    refuse_taken(email=email, username=username)
    with taken_is_refused(), transaction.atomic():
        user: User = User.objects.create_user(email, username, password, operator=home, affiliate=affiliate)
        EmailAddress.objects.create(user=user, email=user.email, primary=True)
        open_account(user, home)
    return user


def register(request: HttpRequest, *, with_cookie: bool = False, **details: Any) -> Login:
    """Create the player that ``details`` (see ``create_player``) describe and log them in."""
    return open_session(request, create_player(**details), with_cookie=with_cookie)


def log_in(request: HttpRequest, identifier: str, password: str, code: str = "", *, with_cookie: bool = False) -> Login:
    """Begin a session of whom ``identifier`` (an e-mail address or a username) names; see ``check_credentials``."""
    user = check_credentials(request, identifier, password, code)
    return open_session(request, user, with_cookie=with_cookie)


def check_credentials(request: HttpRequest, identifier: str, password: str, code: str = "") -> User:
    """The person whom ``identifier`` names, when password and second factor are right; the only such check there is.

    Raises InvalidCredentials for anything wrong, MfaRequired when only ``code`` is missing, and what
    ``counted_attempt`` raises. Names that nobody has cost the same work.
    """
    user = services.known_as(identifier)
    try:
        account, spelling = services.account_key(identifier, user), services.spelling_key(identifier)
        with services.counted_attempt(request, account, spelling):
            # For a name that nobody has, allauth hashes the password all the same.
            email = user.email if user else identifier
            found = get_adapter().authenticate(request, email=email, password=password)
            if user is None or found is None or found.pk != user.pk or not found.is_active:
                raise InvalidCredentials
            _check_code(found, code)
    except InvalidCredentials:
        if user is not None:
            SignificantEvent.objects.record("login_failed", operator_id=user.operator_id, player_id=user.pk)
        raise
    checked: User = found
    return checked


def open_session(request: HttpRequest, user: User, *, with_cookie: bool = False) -> Login:
    """Begin a session; ``with_cookie`` makes it the request's own, so that its key travels as the cookie too."""
    carrier = request if with_cookie else _carrier(request)
    with transaction.atomic():
        get_adapter().login(carrier, user)
        began = timezone.now()
        carrier.session[LOGGED_IN_AT] = began.isoformat()
        if second_factor.is_set_up(user):
            # Who has one was asked for it, with the password.
            second_factor.note_shown(carrier.session, user)
        logins.begin_login(user, carrier.session, began, carrier.session.get_expiry_date())
        token = _tokens.create_session_token(carrier)
        carrier.session.save()
    note(player=user.pk, operator=user.operator_id)
    return Login(token, carrier.session.get_expiry_date(), user)


def log_out(request: HttpRequest, session: SessionBase) -> None:
    """End the session at once, for its token and its cookie alike."""
    # A cached copy that could not be removed would bring the session back to life.
    connection().ping()
    logins.end_login(session, timezone.now())
    get_adapter().logout(_carrier(request, session))


def change_password(request: HttpRequest, user: User, session: SessionBase, current: str, new: str) -> None:
    """Set a new password: every other session dies, ``session`` lives. Raises WrongPassword, Invalid on ``new``."""
    with services.counted_attempt(request, services.account_key(user.email, user)):
        if not user.check_password(current):
            raise WrongPassword.field("current", WrongPassword.detail, "wrong_password")
    _check_password(new, user, "new")
    get_adapter().set_password(user, new)
    # Django's own helper would give the session another key, and the key is the token.
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    logins.keep_only_login(user, session, timezone.now(), session.get_expiry_date())
    session.save()


def request_password_reset(request: HttpRequest, email: str) -> None:
    """Mail a key to the address's account, or a note that there is none: nothing tells the caller which."""
    count, seconds = RESET_MAILS.add(services.account_key(email, None))
    if count > RESET_MAILS.count:
        raise TooManyRequests(seconds)
    form = ResetPasswordForm(data={"email": email})
    if form.is_valid():
        try:
            form.save(request)
        except (SMTPException, OSError):
            raise Unavailable("The mail could not be sent; try again.") from None


def reset_password(key: str, password: str) -> None:
    """Set a new password with a mailed key, once; every session dies. Raises Invalid on ``key`` or ``password``."""
    uid, _, token = key.partition("-")
    with transaction.atomic():
        # Two who use one key at the same moment: the second sees the first one's password, which voids the key.
        user = _locked(uid)
        form = UserTokenForm(data={"uidb36": uid, "key": token})
        if user is None or not user.is_active or not form.is_valid():
            raise Invalid.field("key", "This key is not valid, or not any more.", "invalid_key")
        _check_password(password, user, "password")
        get_adapter().set_password(user, password)
        logins.keep_only_login(user, None, timezone.now())
    services.forgive(user)


def _check_code(user: User, code: str) -> None:
    if not is_mfa_enabled(user, [Authenticator.Type.TOTP]):
        return
    if not code:
        raise MfaRequired
    form = AuthenticateForm(data={"code": code}, user=user)
    if not form.is_valid():
        raise InvalidCredentials
    form.authenticator.record_usage()


def _check_password(password: str, user: User, field: str) -> None:
    try:
        get_adapter().clean_password(password, user)
    except ValidationError as error:
        faults = [FieldError(field, fault.messages[0], fault.code or "invalid") for fault in error.error_list]
        raise Invalid("This password will not do.", errors=faults) from None


def _only_operator() -> Operator:
    operators = list(Operator.objects.open()[:2])
    if len(operators) != 1:
        raise Invalid.field("operator", "Name the operator to register at.", "required")
    return operators[0]


def _affiliate(operator: Operator, referral: str) -> Affiliate:
    same: Any = Exact(Lower("code"), Lower(Value(referral)))
    affiliate: Affiliate | None = Affiliate.objects.filter(same, operator=operator, is_active=True).first()
    if affiliate is None:
        raise Invalid.field("referral", "This operator knows no such referral code.", "unknown_referral")
    return affiliate


def _locked(uid: str) -> User | None:
    try:
        found: User | None = User.objects.select_for_update().filter(pk=uid).first()
    except ValidationError:
        return None
    return found


def _carrier(request: HttpRequest, session: SessionBase | None = None) -> HttpRequest:
    """A request like this one with another session (a new one if none is given): what allauth works on."""
    carrier = HttpRequest()
    carrier.META = request.META.copy()
    carrier.session = import_module(settings.SESSION_ENGINE).SessionStore() if session is None else session
    return carrier
