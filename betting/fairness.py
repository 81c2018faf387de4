"""Seed pairs: what makes a player's draws at an operator verifiable."""

from collections.abc import Iterable
from functools import lru_cache
from secrets import token_hex
from uuid import UUID

from django.db import connection

from betting.models import SeedPair
from casino.encryption import decrypt, encrypt
from casino.games.rng import Words, new_server_seed, provably_fair_words, seed_hash


def open_seeds(player_id: UUID, operator_id: UUID) -> SeedPair:
    """The pair in force for a player at an operator, made when there is none."""
    server_seed, next_seed = new_server_seed(), new_server_seed()
    fresh = {
        "server_seed": encrypt(server_seed),
        "server_seed_hash": seed_hash(server_seed),
        "next_server_seed": encrypt(next_seed),
        "next_server_seed_hash": seed_hash(next_seed),
        "client_seed": token_hex(8),
    }
    pair: SeedPair
    pair, _ = SeedPair.objects.get_or_create(
        player_id=player_id, operator_id=operator_id, revealed_at=None, defaults=fresh
    )
    return pair


def words_of(pair: SeedPair, stream: str = "") -> Words:
    """The random words of the pair's next nonce."""
    return provably_fair_words(_revealed(pair.server_seed), pair.client_seed, pair.nonce, stream)


def store_nonces(pairs: Iterable[SeedPair]) -> None:
    """Write each pair's next nonce, in one statement."""
    rows = sorted(pairs, key=lambda pair: pair.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE betting_seedpair AS old SET nonce = new.nonce"
            " FROM unnest(%s::uuid[], %s::bigint[]) AS new(id, nonce) WHERE old.id = new.id",
            [[row.pk for row in rows], [row.nonce for row in rows]],
        )


# Decrypting costs more than a draw; the seed of a pair never changes.
@lru_cache(maxsize=10_000)
def _revealed(stored: str) -> str:
    return decrypt(stored)
