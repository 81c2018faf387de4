"""Random numbers from elsewhere: an operator's remote service, whose signed seeds are fetched before any lock is held.

One seed serves one bet: its words are those of a provably fair bet with that server seed, the client seed ``remote``
and nonce 0, each jackpot level from the stream of its own. Whatever goes wrong with the service refuses the bet as
RngUnavailable; another generator is never used instead.
"""

from collections.abc import Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction

from betting import rng_service
from betting.models import Bet, RngService
from betting.orders import Order, RngUnavailable
from betting.rng_service import RemoteSeed
from casino import sets
from casino.encryption import encrypt
from casino.errors import Invalid, Refusal
from casino.games.rng import Words, provably_fair_words
from operators.models import Operator, RngProvider, SignificantEvent
from wallets.ledger import OPERATORS

_SERVICES = sets.Read(RngService, "WHERE operator_id = ANY(%s::uuid[])")
REMOTE_CLIENT_SEED, REMOTE_NONCE = "remote", 0
TIMEOUT_MS = 1000
SHORTEST_KEY = 32

# A player, an operator and an idempotency key: one order.
Name = tuple[UUID, UUID, str]
# What a service gave for it, or why it gave nothing.
Seed = RemoteSeed | Refusal
Seeds = Mapping[Name, Seed]


class SeedsMissingError(Exception):
    """An operator turned out to draw from a remote service, under locks, and nothing was fetched for its orders."""

    def __init__(self, operator_id: UUID) -> None:
        super().__init__(f"no seeds were fetched for operator {operator_id}")
        self.operator_id = operator_id


@transaction.atomic
def set_rng_service(
    operator: Operator,
    url: str,
    key: str,
    timeout_ms: int = TIMEOUT_MS,
    *,
    actor_id: UUID | None = None,
    reason: str = "",
) -> RngService:
    """Say where an operator's remote random numbers come from; ``key`` is the secret that both sides share.

    Raises Invalid for a key of less than 32 characters, and for an address that is not https: who reads the seeds on
    their way could let only those through that suit them. Where loopback services are allowed, http will do.
    """
    if not _is_callable(url):
        raise Invalid.field("url", "The service's address is an https URL without a user or a fragment.")
    if len(key) < SHORTEST_KEY:
        raise Invalid.field("key", "The key that the service shares with the platform has 32 characters or more.")
    facts = {"url": url, "key": encrypt(key), "timeout_ms": timeout_ms}
    shown = ("url", "timeout_ms")
    before = RngService.objects.filter(operator=operator).values(*shown).first()
    service, _ = RngService.objects.update_or_create(operator=operator, defaults=facts)
    SignificantEvent.objects.record(
        "rng_service.set", operator_id=operator.pk, actor_id=actor_id, reason=reason, before=before,
        after={name: getattr(service, name) for name in shown},
    )  # fmt: skip
    return service


def _is_callable(url: str) -> bool:
    schemes = {"https", "http"} if settings.ALLOW_LOOPBACK_SERVICES else {"https"}
    try:
        parts = urlsplit(url)
        is_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return is_port and parts.scheme in schemes and bool(parts.hostname) and "@" not in parts.netloc and "#" not in url


def remote_words(seeds: Seeds, order: Order, stream: str) -> Words:
    """The words of an order's remote seed.

    Raises RngUnavailable where the service gave none, SeedsMissingError where it was not asked.
    """
    found = seeds.get(_name_of(order))
    if found is None:
        raise SeedsMissingError(order.operator_id)
    if isinstance(found, Refusal):
        raise found
    return provably_fair_words(found.seed, REMOTE_CLIENT_SEED, REMOTE_NONCE, stream)


def evidence_of(seeds: Seeds, order: Order) -> dict[str, Any] | None:
    """What the service signed for an order, as the bet keeps it."""
    found = seeds.get(_name_of(order))
    return found.evidence if isinstance(found, RemoteSeed) else None


def known_as_remote(orders: Sequence[Order]) -> set[UUID]:
    """The orders' operators that this process last knew to draw from a remote service; asks nobody."""
    known = ((operator_id, OPERATORS.held.get(operator_id)) for operator_id in {order.operator_id for order in orders})
    return {operator_id for operator_id, row in known if row is not None and row.rng_provider == RngProvider.REMOTE}


def fetch_seeds(orders: Sequence[Order], operator_ids: Set[UUID]) -> dict[Name, Seed]:
    """A fresh seed for each order at operators with a remote generator, or why there is none; nothing for the others.

    One request for each such operator, all at once; the network is used, so no transaction may be open that holds
    locks. Orders that were played before need no seed: they are answered from their bets while a service is away.
    """
    if not operator_ids:
        return {}
    waiting: dict[UUID, list[Name]] = {}
    for name in _unplayed([order for order in orders if order.operator_id in operator_ids]):
        waiting.setdefault(name[1], []).append(name)
    if not waiting:
        return {}
    services = {service.operator_id: service for service in _SERVICES.ask(sets.array(waiting))()}
    seeds: dict[Name, Seed] = {}
    with ThreadPoolExecutor(len(waiting)) as pool:
        for answer in pool.map(_ask, map(services.get, waiting), waiting.values()):
            seeds.update(answer)
    return seeds


def _ask(service: RngService | None, names: list[Name]) -> dict[Name, Seed]:
    """Each name's seed, or why there is none."""
    try:
        if service is None:
            raise RngUnavailable
        return dict(zip(names, rng_service.ask(service, len(names)), strict=True))
    except RngUnavailable as refusal:
        return dict.fromkeys(names, refusal)


def _unplayed(orders: Sequence[Order]) -> list[Name]:
    """The orders without a bet under their key yet, each once."""
    played = set(
        Bet.objects.filter(
            player__in={order.player_id for order in orders}, idempotency_key__in={order.key for order in orders}
        ).values_list("player_id", "idempotency_key")
    )
    return list(dict.fromkeys(_name_of(order) for order in orders if (order.player_id, order.key) not in played))


def _name_of(order: Order) -> Name:
    return order.player_id, order.operator_id, order.key
