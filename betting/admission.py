"""Who may place the bets that come in through the lean door: sessions, rate limits and people, each read as a set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from betting.orders import Order, parse_order
from casino.api.sessions import claim_of, is_proven, people_of, read_sessions
from casino.api.throttling import PlayThrottle, TooManyRequests
from casino.errors import Invalid, NotPermitted, Refusal
from casino.users.models import User
from operators.models import Operator, UnknownOperator


class InvalidToken(Refusal):
    """The token is missing, dead or malformed (401)."""

    status = 401
    code = "invalid_token"
    title = "Unauthorized"
    detail = "This token is not valid; log in again."


@dataclass(frozen=True, slots=True)
class Slip:
    """A bet as it came in: a token, a key, and the body's parsed JSON."""

    token: str
    key: str
    body: Any


@dataclass(frozen=True, slots=True)
class Admitted:
    """A slip's order, or why there is none; ``remaining`` of the player's requests in this window, once counted."""

    order: Order | Refusal
    remaining: int | None = None


def admit(slips: Sequence[Slip]) -> list[Admitted]:
    """What becomes of each slip: one look-up of sessions, one of counters, one of people.

    A session that the cache does not hold is looked for in the database, one statement each.
    """
    sessions = read_sessions({slip.token for slip in slips})
    claims = [claim_of(sessions.get(slip.token)) for slip in slips]
    people = people_of(claims)
    players = [_player(people, claim) for claim in claims]
    counts = PlayThrottle.limit.add_many([str(player.pk) for player in players if isinstance(player, User)])
    operators = _operators(slips)
    admitted = []
    for slip, player in zip(slips, players, strict=True):
        if isinstance(player, Refusal):
            admitted.append(Admitted(player))
            continue
        remaining = PlayThrottle.limit.count - counts[str(player.pk)]
        order = (
            _order(slip, player, operators) if remaining >= 0 else TooManyRequests(PlayThrottle.limit.window_seconds)
        )
        admitted.append(Admitted(order, max(remaining, 0)))
    return admitted


def _player(people: Mapping[UUID, User], claim: tuple[UUID, str] | None) -> User | Refusal:
    user = people.get(claim[0]) if claim else None
    if claim is None or user is None or not is_proven(claim, user):
        return InvalidToken()
    return user if user.is_player else NotPermitted("Only players may do this.")


def _operators(slips: Sequence[Slip]) -> dict[str, UUID]:
    """The open operators that the slips name, by slug."""
    slugs = {slip.body["operator"] for slip in slips if _names_operator(slip.body)}
    return dict(Operator.objects.open().filter(slug__in=slugs).values_list("slug", "pk")) if slugs else {}


def _names_operator(body: Any) -> bool:
    return isinstance(body, dict) and isinstance(body.get("operator"), str)


def _order(slip: Slip, player: User, operators: Mapping[str, UUID]) -> Order | Refusal:
    try:
        operator_id = player.operator_id
        if isinstance(slip.body, dict) and slip.body.get("operator") is not None:
            if not _names_operator(slip.body):
                raise Invalid.field("operator", "The operator's slug is due.")
            operator_id = operators.get(slip.body["operator"])
        if operator_id is None:
            raise UnknownOperator
        return parse_order(slip.body, player.pk, operator_id, slip.key)
    except Refusal as refusal:
        return refusal
