"""The second factor: an authenticator app is set up, confirmed by its first code, and removed again; recovery codes.

Rows are allauth's, whose secrets are encrypted at rest; a secret that nobody has confirmed yet is kept in the session.
"""

import base64
import secrets
from dataclasses import dataclass
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpRequest

from casino import encryption
from casino.api import second_factor
from casino.errors import Conflict, Invalid
from casino.users import services
from casino.users.models import User
from casino.users.services import WrongPassword
from operators.models import SignificantEvent

# In the session: the secret that waits for its first code, encrypted.
PENDING = "second_factor_pending"
SECRET_BYTES = 20


class AlreadySetUp(Conflict):
    """The account has an authenticator app already (409)."""

    code = "mfa_set_up"
    detail = "An authenticator app is set up already; remove it first."


class NotSetUp(Conflict):
    """The account has no authenticator app, or its set-up was not begun in this session (409)."""

    code = "mfa_not_set_up"
    detail = "No authenticator app is set up, or being set up, here."


class WrongCode(WrongPassword):
    """A person who is logged in did not know the code of their app (400)."""

    detail = "This is not a code of your authenticator app, or it was used already."


@dataclass(frozen=True)
class Standing:
    """Whether an app is set up, whether this session began with its code, and how many recovery codes are left."""

    is_set_up: bool
    is_shown: bool
    recovery_codes_left: int


@dataclass(frozen=True)
class Enrolment:
    """What goes into the authenticator app: the secret (base 32), and the same as an ``otpauth:`` address."""

    secret: str
    uri: str


def read_standing(user: User, session: SessionBase) -> Standing:
    """How the person's second factor stands."""
    row = _row(user, Authenticator.Type.RECOVERY_CODES)
    codes = row.wrap().get_unused_codes() if row is not None else []
    return Standing(second_factor.is_set_up(user), second_factor.is_shown(session, user), len(codes))


def begin(request: HttpRequest, user: User, session: SessionBase, password: str) -> Enrolment:
    """Make a secret for the app; it counts once ``confirm`` has seen its first code.

    Raises WrongPassword, AlreadySetUp, and what ``counted_attempt`` raises.
    """
    _prove(request, user, password=password)
    if second_factor.is_set_up(user):
        raise AlreadySetUp
    secret = base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()
    session[PENDING] = encryption.encrypt(secret)
    session.save()
    return Enrolment(secret, get_adapter().build_totp_url(user, secret))


def confirm(request: HttpRequest, user: User, session: SessionBase, code: str) -> list[str]:
    """Set the app up that shows ``code``; answers the recovery codes. This session has shown its second factor.

    Raises NotSetUp, AlreadySetUp, Invalid on ``code``, and what ``counted_attempt`` raises.
    """
    pending = session.get(PENDING)
    if not pending:
        raise NotSetUp
    app = Authenticator(user=user, type=Authenticator.Type.TOTP, data={"secret": pending})
    with services.counted_attempt(request, services.account_key(user.email, user)):
        if not app.wrap().validate_code(code):
            raise WrongCode.field("code", WrongCode.detail, "wrong_code")
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if second_factor.is_set_up(user):
            raise AlreadySetUp
        app.save()
        codes = _new_recovery_codes(user)
        SignificantEvent.objects.record("mfa.set_up", operator_id=user.operator_id, actor_id=user.pk)
    session.pop(PENDING, None)
    second_factor.note_shown(session, user)
    session.save()
    return codes


def read_recovery_codes(request: HttpRequest, user: User, password: str = "", code: str = "") -> list[str]:
    """The recovery codes that are left. Raises NotSetUp, WrongPassword, WrongCode, what ``counted_attempt`` raises."""
    _prove(request, user, password=password, code=code)
    row = _row(user, Authenticator.Type.RECOVERY_CODES)
    if row is None:
        raise NotSetUp
    left: list[str] = row.wrap().get_unused_codes()
    return left


def remove(request: HttpRequest, user: User, session: SessionBase, password: str = "", code: str = "") -> None:
    """Take the app and the recovery codes away. Raises NotSetUp, WrongPassword, WrongCode, and as above."""
    _prove(request, user, password=password, code=code)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        removed, _ = Authenticator.objects.filter(user=user).delete()
        if not removed:
            raise NotSetUp
        SignificantEvent.objects.record("mfa.removed", operator_id=user.operator_id, actor_id=user.pk)
    session.pop(second_factor.SHOWN_BY, None)
    session.save()


def _prove(request: HttpRequest, user: User, password: str = "", code: str = "") -> None:
    """Count one attempt, and look at the password or else at the app's current code."""
    if bool(password) == bool(code):
        raise Invalid.field("password", "Send either password or code.", "required")
    app = _row(user, Authenticator.Type.TOTP)
    if code and app is None:
        raise NotSetUp
    with services.counted_attempt(request, services.account_key(user.email, user)):
        if password and not user.check_password(password):
            raise WrongPassword.field("password", WrongPassword.detail, "wrong_password")
        if code and app is not None and not app.wrap().validate_code(code):
            raise WrongCode.field("code", WrongCode.detail, "wrong_code")


def _row(user: User, kind: Any) -> Any:
    return Authenticator.objects.filter(user=user, type=kind).first()


def _new_recovery_codes(user: User) -> list[str]:
    """Put new recovery codes in the place of old ones."""
    Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
    seed = {"seed": encryption.encrypt(secrets.token_hex(40)), "used_mask": 0}
    row = Authenticator.objects.create(user=user, type=Authenticator.Type.RECOVERY_CODES, data=seed)
    codes: list[str] = row.wrap().get_unused_codes()
    return codes
