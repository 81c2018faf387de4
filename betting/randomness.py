"""Random numbers from elsewhere: a remote service's signed seeds, fetched before any lock is held."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from betting.orders import RngUnavailable
from casino.errors import Refusal
from casino.games.rng import Words, provably_fair_words


@dataclass(frozen=True, slots=True)
class RemoteSeed:
    """One bet's seed from the service (64 hex characters) and what it signed."""

    seed: str
    evidence: dict[str, Any]


def remote_words(
    remote: Mapping[tuple[UUID, str], RemoteSeed | Refusal], order: tuple[UUID, str], stream: str
) -> Words:
    """The words of an order's remote seed; raises RngUnavailable where the service gave none."""
    found = remote.get(order)
    if not isinstance(found, RemoteSeed):
        raise found or RngUnavailable()
    return provably_fair_words(found.seed, "remote", 0, stream)
