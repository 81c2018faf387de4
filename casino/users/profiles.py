"""Who a person is: the profile with wallets and standing, its changes, and what was played since the login."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Prefetch, Q, Sum
from django.utils import timezone

from betting.models import Bet, BetType
from betting.services import open_account
from casino.errors import FieldError, Invalid, NotPermitted
from casino.ids import first_id_of
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


def profile_of(user_id: UUID) -> User:
    """The person with operator, affiliate, VIP standing and wallets loaded, in two statements."""
    person: User = (
        User.objects.select_related("operator", "affiliate", "standing__level")
        .prefetch_related(Prefetch("wallets", Wallet.objects.with_operator()))
        .get(pk=user_id)
    )
    return person


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
    sums: dict[str, Any] = Bet.objects.filter(
        player=user,
        # Ids begin with their moment, and the index is by id.
        id__gte=first_id_of(started_at - _CLOCK_SKEW),
        created_at__gte=started_at,
        currency=user.operator.currency if user.operator else "",
    ).aggregate(wagers=Sum("wager", filter=~Q(bet_type=BetType.FREE_SPIN)), wins=Sum(F("win") + F("jackpot_win")))
    seconds = int((timezone.now() - started_at).total_seconds())
    return Played(started_at, max(seconds, 0), sums["wagers"] or Decimal(0), sums["wins"] or Decimal(0))


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
