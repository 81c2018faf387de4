"""Identifiers: UUIDs of version 7 (RFC 9562), which sort by the moment they were made, and references for people."""

import os
import secrets
import struct
import threading
import time
from datetime import datetime
from uuid import UUID

# Ticks are 4096ths of a millisecond.
TICKS_A_SECOND = 4096 * 1000

# Random numbers are fetched so many at once: asking the system for one lets every other thread go first, which cost a
# batch of bets more than all else about its ids.
_FETCHED = struct.Struct("512Q")

_lock = threading.Lock()
_last = 0
_unused: list[int] = []


def uuid7(at: datetime | None = None) -> UUID:
    """A new id of this moment, or of ``at``; those made for one moment sort in the order in which they were made.

    48 bits of Unix milliseconds, then 12 bits that say how far into the millisecond, then 62 random bits. Where less
    than a second was gone back, it counts on from the last one, so that a clock's small corrections disturb no order.
    """
    global _last
    nanoseconds = time.time_ns() if at is None else int(at.timestamp() * 1_000_000) * 1000
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    tick = milliseconds << 12 | rest * 4096 // 1_000_000
    with _lock:
        if tick <= _last < tick + TICKS_A_SECOND:
            tick = _last + 1
        _last = tick
        if not _unused:
            _unused.extend(_FETCHED.unpack(os.urandom(_FETCHED.size)))
        random = _unused.pop() >> 2
    return UUID(int=(tick >> 12) << 80 | 0x7 << 76 | (tick & 0xFFF) << 64 | 0b10 << 62 | random)


def first_id_of(moment: datetime) -> UUID:
    """The least id of version 7 that can have been made at ``moment``."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def new_reference(prefix: str) -> str:
    """A reference a person can quote: the prefix and ten characters without look-alikes."""
    return prefix + "-" + "".join(secrets.choice("23456789ABCDEFGHJKMNPQRSTVWXYZ") for _ in range(10))


def _begin_anew() -> None:
    """A forked process would make its parent's ids once more."""
    _unused.clear()
    _lock.release()


os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_begin_anew)
