"""Sent twice, done once: idempotency keys and the digest of what was asked."""

import hashlib
import json
import re
from typing import Any
from uuid import uuid4

from casino.errors import Invalid, Refusal

_KEY = re.compile(r"[A-Za-z0-9_.:-]{8,64}", re.ASCII)


class IdempotencyKeyReused(Refusal):
    """The key was used before for something else."""

    code = "idempotency_key_reused"
    title = "Idempotency key reused"
    detail = "This Idempotency-Key was used for a request with other content; take a new one."


def parse_key(sent: str | None) -> str:
    """``sent`` without the quotes it may carry, or a new key for None; raises Invalid for a malformed one."""
    if sent is None:
        return uuid4().hex
    key = sent[1:-1] if len(sent) > 1 and sent[0] == sent[-1] == '"' else sent
    if not _KEY.fullmatch(key):
        raise Invalid.field(
            "Idempotency-Key", "An Idempotency-Key is 8 to 64 characters of letters, digits, '_', '-', ':' and '.'."
        )
    return key


def digest(content: Any) -> str:
    """The SHA-256 of parsed content, the same for the same meaning (``"1.00"`` and ``1`` were parsed before)."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
