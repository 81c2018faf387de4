"""Seed pairs: what makes a player's draws at an operator verifiable; their rotation; the proof of a bet.

A server seed's hash is published one pair ahead: the next seed of a pair becomes the current one when it is rotated.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from secrets import token_hex
from typing import Any
from uuid import UUID

from django.db import transaction

from betting.documents import format_multiplier
from betting.models import Bet, SeedPair
from betting.randomness import REMOTE_CLIENT_SEED, REMOTE_NONCE
from casino import sets
from casino.encryption import decrypt, encrypt
from casino.errors import Conflict, Invalid
from casino.games.rng import Words, new_server_seed, provably_fair_words, seed_hash
from operators.models import RngProvider
from wallets import ledger
from wallets.refusals import NoWallet

# Printable ASCII but for the colon, which parts the message that is signed.
_CLIENT_SEED = re.compile(r"[\x20-\x39\x3b-\x7e]{1,64}")
_PROVEN_OF_LEVEL = ("level", "probability", "pool", "hit")


class NotProvable(Conflict):
    """The bet was drawn from the system's generator, which leaves nothing to recompute it from (409)."""

    code = "not_provable"
    title = "Not provable"
    detail = "This bet was drawn from the operating system's generator: there are no seeds to recompute it from."


@dataclass(frozen=True, slots=True)
class Revealed:
    """A pair that is over: its server seed in the clear; ``last_nonce`` is None where nothing was played."""

    server_seed: str
    server_seed_hash: str
    client_seed: str
    last_nonce: int | None


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation brought to light, and the pair in force since."""

    revealed: Revealed
    current: SeedPair


def open_seeds(player_id: UUID, operator_id: UUID) -> SeedPair:
    """The pair in force for a player at an operator, made when there is none."""
    fresh = {**_secret("server_seed", new_server_seed()), **_secret("next_server_seed", new_server_seed())}
    pair: SeedPair
    pair, _ = SeedPair.objects.get_or_create(
        player_id=player_id,
        operator_id=operator_id,
        revealed_at=None,
        defaults={**fresh, "client_seed": token_hex(8)},
    )
    return pair


def find_seeds(player_id: UUID, operator_id: UUID) -> SeedPair:
    """The pair in force for a player at an operator; raises NoWallet where the player has no account there."""
    pair: SeedPair | None = SeedPair.objects.filter(player=player_id, operator=operator_id, revealed_at=None).first()
    if pair is None:
        raise NoWallet
    return pair


def rotate_seeds(player_id: UUID, operator_id: UUID, client_seed: str | None = None) -> Rotation:
    """Reveal the pair in force, and put the seed whose hash it published in its place with a fresh one to follow.

    ``client_seed`` is the player's choice (1 to 64 printable ASCII characters without ":"); None keeps the one in use.
    Runs under the wallet's lock, so that no bet is drawn from a pair while it is being revealed. Raises Invalid,
    NoWallet.
    """
    if client_seed is not None and not _CLIENT_SEED.fullmatch(client_seed):
        raise Invalid.field("client_seed", 'A client seed is 1 to 64 printable ASCII characters without ":".')
    with transaction.atomic():
        journal = ledger.lock_accounts({(player_id, operator_id)})
        old = find_seeds(player_id, operator_id)
        old.revealed_at = journal.at
        old.save(update_fields=["revealed_at"])
        current = SeedPair.objects.create(
            player_id=player_id,
            operator_id=operator_id,
            server_seed=old.next_server_seed,
            server_seed_hash=old.next_server_seed_hash,
            client_seed=old.client_seed if client_seed is None else client_seed,
            **_secret("next_server_seed", new_server_seed()),
        )
    last_nonce = old.nonce - 1 if old.nonce else None
    return Rotation(Revealed(_clear(old.server_seed), old.server_seed_hash, old.client_seed, last_nonce), current)


def words_of(pair: SeedPair, stream: str = "") -> Words:
    """The random words of the pair's next nonce."""
    return provably_fair_words(_clear(pair.server_seed), pair.client_seed, pair.nonce, stream)


def store_nonces(pairs: Iterable[SeedPair]) -> None:
    """Write each pair's next nonce, in one statement."""
    sets.update(SeedPair, pairs, ("nonce",))


def prove_bet(bet: Bet, *, for_the_house: bool = False) -> dict[str, Any]:
    """All that it takes to recompute a bet read ``with_proof``, as the JSON object that the API answers.

    The server seed stays out until its pair is revealed, unless the house itself checks the bet. A bet from a remote
    service carries what that service signed. Raises NotProvable.
    """
    return {
        "bet_id": str(bet.pk),
        "game_version": bet.game_version.number,
        "kind": bet.game_version.par["kind"],
        "paytable": bet.game_version.paytable,
        "selections": bet.selections,
        **_seeds_of(bet, for_the_house),
        "outcome": bet.outcome,
        "multiplier": format_multiplier(bet.multiplier),
        "jackpots": [{name: level[name] for name in _PROVEN_OF_LEVEL} for level in bet.jackpots],
    }


def _seeds_of(bet: Bet, for_the_house: bool) -> dict[str, Any]:
    pair, evidence = bet.seed_pair, bet.rng_evidence
    if pair is not None:
        is_open = for_the_house or pair.revealed_at is not None
        return {
            "server_seed": _clear(pair.server_seed) if is_open else None,
            "server_seed_hash": pair.server_seed_hash,
            "client_seed": pair.client_seed,
            "nonce": bet.nonce,
        }
    if bet.rng_provider == RngProvider.REMOTE and evidence:
        return {
            "server_seed": evidence["seed"],
            "server_seed_hash": seed_hash(evidence["seed"]),
            "client_seed": REMOTE_CLIENT_SEED,
            "nonce": REMOTE_NONCE,
            "evidence": evidence,
        }
    raise NotProvable


def _secret(name: str, server_seed: str) -> dict[str, str]:
    """A seed and its hash under the names of a pair's columns."""
    return {name: encrypt(server_seed), f"{name}_hash": seed_hash(server_seed)}


# Decrypting costs more than a draw; the seed of a pair never changes.
@lru_cache(maxsize=10_000)
def _clear(stored: str) -> str:
    return decrypt(stored)
