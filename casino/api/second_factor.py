"""Whether a session has shown its second factor, and what is shut to staff until it has.

Of each session the factor's moment is kept with whose it was, so that nobody inherits it.
"""

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings

from casino.errors import Refusal

# In the session: who showed the second factor.
SHOWN_BY = "second_factor_shown_by"


class SecondFactorDue(Refusal):
    """Staff decide about money only in a session that began with a code of their authenticator app (403)."""

    status = 403
    code = "mfa_required"
    title = "A second factor is required"
    detail = "Set up an authenticator app and log in with its code; then you may decide about money."


def note_shown(session: Any, user: Any) -> None:
    """Note that ``user`` has just shown their second factor in this session."""
    session[SHOWN_BY] = str(user.pk)


def is_set_up(user: Any) -> bool:
    """Whether the person has an authenticator app."""
    return bool(Authenticator.objects.filter(user=user.pk, type=Authenticator.Type.TOTP).exists())


def is_shown(session: Any, user: Any) -> bool:
    """Whether the person showed a second factor in this session, and still has one."""
    noted = session.get(SHOWN_BY) if session is not None else None
    return bool(noted == str(user.pk)) and is_set_up(user)


def require(session: Any, user: Any) -> None:
    """Raises SecondFactorDue where STAFF_MFA_REQUIRED and the session has not shown one."""
    if settings.STAFF_MFA_REQUIRED and not is_shown(session, user):
        raise SecondFactorDue
