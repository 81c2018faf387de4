"""Random words: where they come from and how an integer is taken from them. Pure but for the system's generator."""

import os
import secrets
from collections.abc import Iterator
from hashlib import sha256
from itertools import count
from struct import Struct

Words = Iterator[int]

WORD_SPAN = 1 << 64

# RFC 2104: the key, padded to a block, is hashed under two masks.
_BLOCK_BYTES = 64
_INNER_MASK = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_MASK = bytes(byte ^ 0x5C for byte in range(256))

_ROUND = Struct(">4Q")
_SYSTEM_BLOCK = Struct(">8Q")


def below(words: Words, n: int) -> int:
    """A uniform integer below ``n`` (1 to 2⁶⁴): the next word, mod n, words of the last incomplete span skipped."""
    limit = acceptance_limit(n)
    word = next(words)
    while word >= limit:
        word = next(words)
    return word % n


def acceptance_limit(n: int) -> int:
    """⌊2⁶⁴ ÷ n⌋ · n: words from here on are skipped, so that every remainder mod n is equally likely."""
    return WORD_SPAN - WORD_SPAN % n


def provably_fair_words(server_seed: str, client_seed: str, nonce: int, stream: str = "") -> Words:
    """64-bit words of HMAC-SHA256 rounds, four big-endian words a round, each computed when first needed.

    Round r signs ``<client_seed>:<nonce>:<r>``, or ``<client_seed>:<nonce>:<stream>:<r>`` where a stream is named; the
    key is the server seed's ASCII text.
    """
    key = server_seed.encode("ascii")
    if len(key) > _BLOCK_BYTES:
        key = sha256(key).digest()
    key = key.ljust(_BLOCK_BYTES, b"\0")
    message = f"{client_seed}:{nonce}:{stream}:" if stream else f"{client_seed}:{nonce}:"
    # Both hash states are built once a bet and copied each round: half the time of hmac.digest, which fetches its
    # algorithm anew with every call.
    opening = sha256(key.translate(_INNER_MASK) + message.encode())
    closing = sha256(key.translate(_OUTER_MASK))
    for number in count():
        inner, outer = opening.copy(), closing.copy()
        inner.update(b"%d" % number)
        outer.update(inner.digest())
        yield from _ROUND.unpack(outer.digest())


def system_words() -> Words:
    """64-bit words of the operating system's CSPRNG, without end."""
    while True:
        yield from _SYSTEM_BLOCK.unpack(os.urandom(_SYSTEM_BLOCK.size))


def new_server_seed() -> str:
    """A fresh server seed: 64 lower-case hex characters from 32 CSPRNG bytes."""
    return secrets.token_hex(32)


def seed_hash(server_seed: str) -> str:
    """The SHA-256 hex of the seed's text, published before play."""
    return sha256(server_seed.encode("ascii")).hexdigest()
