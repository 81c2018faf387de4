"""Who a person is: the profile with wallets and standing, its changes, and what was played since the login."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Prefetch
from django.utils import timezone

from betting.models import Bet, BetType
from betting.services import open_account
from casino import sets
from casino.errors import FieldError, Invalid, NotPermitted
from casino.ids import first_id_of
from casino.money import ZERO
from casino.prepared import Prepared
from casino.users.models import User
from casino.users.services import holder_of
from operators.models import Operator, UnknownOperator
from wallets.models import Wallet

# The database's word on what is taken, for two who ask at the same moment.
_FIELD_OF = {"an_email_names_one_person": "email", "a_username_names_one_person": "username"}
# How far the clocks of the processes that number bets may differ.
_CLOCK_SKEW = timedelta(minutes=1)


class AlreadyRegistered(Invalid):
    """Somebody has this e-mail address or this name (400, on the field)."""

    code = "already_registered"
    title = "Already registered"
    detail = "This is registered already."

    def __init__(self, fields: list[str]) -> None:
        super().__init__(
            errors=[FieldError(field, f"This {field} is registered already.", self.code) for field in fields]
        )


@dataclass(frozen=True)
class Played:
    """What a player staked and won since ``started_at``, in the currency of their active operator."""

    started_at: datetime
    seconds: int
    wagers: Decimal
    wins: Decimal

    @property
    def net(self) -> Decimal:
        return self.wins - self.wagers


@dataclass(frozen=True)
class Profile:
    """A person, with operator, affiliate and VIP standing loaded, and their wallets with their operators."""

    user: User
    wallets: list[Wallet]


# What the documents of wallets and people show; an operator alone has thirty columns.
_OF_WALLETS = (
    *("operator__slug", "operator__name", "operator", "currency", "real", "bonus", "held"),
    *("wagering_required", "wagering_wagered", "is_blocked", "version"),
)
_OF_PEOPLE = (
    *("email", "username", "role", "duty", "is_seeded", "created_at"),
    *("operator", "operator__slug", "operator__name", "operator__currency", "affiliate", "affiliate__code"),
    *("standing__xp", "standing__level", "standing__level__name"),
)
OWN_WALLETS: Prepared[Wallet] = Prepared(
    lambda user: Wallet.objects.visible_to(user).filter(player=user.pk).with_operator().only(*_OF_WALLETS)
)
_OWN_SELF: Prepared[User] = Prepared(
    lambda user: (
        User.objects.filter(pk=user.pk).select_related("operator", "affiliate", "standing__level").only(*_OF_PEOPLE)
    )
)
_PLAYED = f"""
    SELECT sum(wager) FILTER (WHERE bet_type <> %s), sum(win + jackpot_win) FROM {Bet._meta.db_table}
    WHERE player_id = %s AND id >= %s AND created_at >= %s
      AND currency = (SELECT currency FROM {Operator._meta.db_table} WHERE id = %s)
"""


def profile_of(user_id: UUID) -> User:
    """The person with operator, affiliate, VIP standing and wallets loaded, in two statements."""
    person: User = (
        User.objects.select_related("operator", "affiliate", "standing__level")
        .prefetch_related(Prefetch("wallets", Wallet.objects.with_operator()))
        .get(pk=user_id)
    )
    return person


def own_profile(user: User) -> Profile:
    """The same of the caller themselves, in one round trip."""
    with sets.pipeline():
        people, wallets = _OWN_SELF.ask(user), OWN_WALLETS.ask(user)
    return Profile(people()[0], wallets())


def change_profile(user: User, *, username: str | None = None, operator: str | None = None) -> None:
    """Rename a person, or switch a player's active operator (a slug), opening a wallet there on first need."""
    changes: dict[str, Any] = {}
    if operator is not None and not user.is_player:
        raise NotPermitted("Only players switch between operators.")
    if username is not None:
        refuse_taken(user, username=username)
        changes["username"] = username
    with taken_is_refused(), transaction.atomic():
        if operator is not None:
            changes["operator"] = open_operator(operator)
            open_account(user, changes["operator"])
        if changes:
            User.objects.filter(pk=user.pk).update(**changes)


def played_since(user: User, started_at: datetime) -> Played:
    """The figures of a login that began at ``started_at``.

    Money of other currencies than the active operator's is left out, as sums over two currencies mean nothing; the
    value of a free spin is nobody's stake; what a jackpot paid is won.
    """
    # Ids begin with their moment, and the index is by id.
    since = (first_id_of(started_at - _CLOCK_SKEW), started_at)
    wagers, wins = sets.ask(_PLAYED, BetType.FREE_SPIN.value, user.pk, *since, user.operator_id)()[0]
    seconds = int((timezone.now() - started_at).total_seconds())
    return Played(started_at, max(seconds, 0), wagers or ZERO, wins or ZERO)


def refuse_taken(person: User | None = None, **values: str) -> None:
    """Raise AlreadyRegistered with every one of ``values`` (email, username) that is somebody else's."""
    holders = {field: holder_of(field, value) for field, value in values.items()}
    taken = [field for field, holder in holders.items() if holder is not None and holder != person]
    if taken:
        raise AlreadyRegistered(taken)


@contextmanager
def taken_is_refused() -> Iterator[None]:
    """Turn the database's refusal of a taken e-mail address or name into AlreadyRegistered."""
    try:
        yield
    except IntegrityError as error:
        diagnostics = getattr(error.__cause__, "diag", None)
        field = _FIELD_OF.get(getattr(diagnostics, "constraint_name", None) or "")
        if field is None:
            raise
        raise AlreadyRegistered([field]) from None


def open_operator(slug: str) -> Operator:
    """The open operator with this slug; raises Invalid on the field ``operator``."""
    try:
        operator: Operator = Operator.objects.named(slug)
    except UnknownOperator as refusal:
        raise Invalid.field("operator", refusal.detail, refusal.code) from None
    return operator
