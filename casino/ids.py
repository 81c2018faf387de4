"""Identifiers: UUIDs of version 7 (RFC 9562), which sort by the moment they were made, and references for people."""

import itertools
import os
import secrets
import threading
import time
from datetime import datetime
from uuid import UUID

_lock = threading.Lock()
_last = 0
_past = itertools.count()


def uuid7() -> UUID:
    """A new id, greater than every id this process made before.

    48 bits of Unix milliseconds, then 12 bits that say how far into the millisecond, then 62 random bits; a clock that
    stands still or goes back counts on from the last one.
    """
    global _last
    nanoseconds = time.time_ns()
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    tick = milliseconds << 12 | rest * 4096 // 1_000_000
    with _lock:
        _last = tick = max(tick, _last + 1)
    random = int.from_bytes(os.urandom(8), "big") >> 2
    return UUID(int=(tick >> 12) << 80 | 0x7 << 76 | (tick & 0xFFF) << 64 | 0b10 << 62 | random)


def uuid7_at(moment: datetime) -> UUID:
    """A new id that sorts at ``moment``, for what is dated in the past; of one millisecond in the order made."""
    milliseconds = int(moment.timestamp() * 1000)
    random = int.from_bytes(os.urandom(8), "big") >> 2
    return UUID(int=milliseconds << 80 | 0x7 << 76 | (next(_past) & 0xFFF) << 64 | 0b10 << 62 | random)


def first_id_of(moment: datetime) -> UUID:
    """The least id of version 7 that can have been made at ``moment``."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def new_reference(prefix: str) -> str:
    """A reference a person can quote: the prefix and ten characters without look-alikes."""
    return prefix + "-" + "".join(secrets.choice("23456789ABCDEFGHJKMNPQRSTVWXYZ") for _ in range(10))
