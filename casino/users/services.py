"""Logging in: whom an identifier names, and how many wrong attempts an account and an address may make.

A password is only looked at while an attempt is held (``counted_attempt``). Attempts under way count like failures, so
that no burst, however parallel, looks at more passwords than the limit allows.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from django.db.models import Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from redis.exceptions import RedisError

from casino.api.throttling import Limit, TooManyRequests, address_of, connection
from casino.errors import Invalid, Refusal, Unavailable
from casino.users.models import User

ACCOUNT_FAILURES = Limit("login_account", 5, 300, fails_closed=True)
ADDRESS_FAILURES = Limit("login_address", 30, 60, fails_closed=True)
# How long a right password waits for others' attempts to end before it is told to come again.
PATIENCE_SECONDS = 5.0
PAUSE_SECONDS = 0.05
# An attempt whose process died is given back after this time.
LEASE_SECONDS = 60

# KEYS: failures and attempts under way of the account, then of the address (sorted sets: attempt → its moment, and
# attempt → when its lease ends). ARGV: the attempt, the lease, then count and window of each; times in milliseconds.
# Answers {0, 0} when the attempt is held, {-1, 0} when attempts under way take up the rest, and {which of the two
# limits is reached, seconds until it opens} when failures alone do.
_HOLD = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local busy = false
for i = 1, 2 do
  local failed, open = KEYS[2 * i - 1], KEYS[2 * i]
  local count, window = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  redis.call('ZREMRANGEBYSCORE', failed, '-inf', now - window)
  redis.call('ZREMRANGEBYSCORE', open, '-inf', now)
  local failures = redis.call('ZCARD', failed)
  if failures >= count then
    local first = redis.call('ZRANGE', failed, failures - count, failures - count, 'WITHSCORES')
    return {i, math.ceil((first[2] + window - now) / 1000)}
  end
  busy = busy or failures + redis.call('ZCARD', open) >= count
end
if busy then return {-1, 0} end
for i = 1, 2 do
  redis.call('ZADD', KEYS[2 * i], now + ARGV[2], ARGV[1])
  redis.call('PEXPIRE', KEYS[2 * i], ARGV[2])
end
return {0, 0}
"""
# KEYS: as above, then failures of the spelling. ARGV: the attempt, whether it failed (1 or 0), then count and window of
# each. Ends the attempt; answers the spelling's failures and the seconds until the first of them is forgotten.
_END = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 1, 2 do
  redis.call('ZREM', KEYS[2 * i], ARGV[1])
  if ARGV[2] == '1' then
    redis.call('ZADD', KEYS[2 * i - 1], now, ARGV[1])
    redis.call('PEXPIRE', KEYS[2 * i - 1], ARGV[2 * i + 2])
  end
end
if ARGV[2] == '1' then
  redis.call('ZADD', KEYS[5], now, ARGV[1])
  redis.call('PEXPIRE', KEYS[5], ARGV[4])
end
redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', now - ARGV[4])
local first = redis.call('ZRANGE', KEYS[5], 0, 0, 'WITHSCORES')
if not first[1] then return {0, 0} end
return {redis.call('ZCARD', KEYS[5]), math.ceil((first[2] + ARGV[4] - now) / 1000)}
"""


class InvalidCredentials(Refusal):
    """The identifier, the password or the code is wrong; which of them is nobody's business (401)."""

    status = 401
    code = "invalid_credentials"
    title = "Invalid credentials"
    detail = "The login or the password is not correct."


class MfaRequired(Refusal):
    """The password is right and the account asks for a code as well (401)."""

    status = 401
    code = "mfa_required"
    title = "A code is required"
    detail = "Send the code of your authenticator app with the same request."


class WrongPassword(Invalid):
    """A person who is logged in did not know their own password (400)."""

    detail = "This is not your password."


def known_as(identifier: str) -> User | None:
    """The person whom an e-mail address or (without ``@``) a username names, whatever its case."""
    return holder_of("email" if "@" in identifier else "username", identifier)


def holder_of(field: str, value: str) -> User | None:
    """The person whose ``field`` (email or username) is ``value``, whatever its case."""
    same: Any = Exact(Lower(field), Lower(Value(value.strip())))
    found: User | None = User.objects.filter(same).first()
    return found


def account_key(identifier: str, user: User | None) -> str:
    """What an account's failures are counted under: one key for its e-mail address and its username.

    A digest, so that the counters tell nobody who tried; names that nobody has are counted alike.
    """
    return _digest(str(user.pk)) if user else spelling_key(identifier)


def spelling_key(identifier: str) -> str:
    """What the failures of one identifier are told under, whoever has it."""
    return _digest(identifier.strip().lower())


@contextmanager
def counted_attempt(request: HttpRequest, account: str, spelling: str | None = None) -> Iterator[None]:
    """Hold one of the attempts that ``account`` and the caller's address have left while a password is checked.

    What locks is the account's count. What the RateLimit headers tell is the count of ``spelling`` (see
    ``spelling_key``; the account's if None), or they would say that a name and an e-mail address are one person's.
    InvalidCredentials and WrongPassword raised inside use it up; anything else gives it back. Raises TooManyRequests
    when failures have reached a limit, Unavailable while the counters are away.
    """
    keys = [*_keys(account, address_of(request)), _failed(ACCOUNT_FAILURES, spelling or account)]
    attempt = uuid4().hex
    _hold(request, keys, attempt)
    failed = False
    try:
        yield
    except (InvalidCredentials, WrongPassword):
        failed = True
        raise
    finally:
        failures, seconds = _run(_END, keys, attempt, int(failed))
        _tell(request, ACCOUNT_FAILURES, failures, seconds)


def forgive(user: User) -> None:
    """Forget the account's failures: who proved to own its mailbox may log in at once."""
    try:
        keys = (account_key("", user), spelling_key(user.email), spelling_key(user.username))
        connection().delete(*[_failed(ACCOUNT_FAILURES, key) for key in keys])
    except RedisError:
        raise Unavailable from None


def _hold(request: HttpRequest, keys: list[str], attempt: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        reached, seconds = _run(_HOLD, keys, attempt, LEASE_SECONDS * 1000)
        if reached == 0:
            return
        if reached > 0:
            limit = (ACCOUNT_FAILURES, ADDRESS_FAILURES)[reached - 1]
            _tell(request, limit, limit.count, seconds)
            raise TooManyRequests(seconds, "Too many failed attempts; wait before the next one.")
        if time.monotonic() > deadline:
            raise TooManyRequests(1)
        time.sleep(PAUSE_SECONDS)


def _tell(request: HttpRequest, limit: Limit, failures: int, seconds: int) -> None:
    """Leave what the RateLimit headers say."""
    request.rate_limit = (limit.count, max(limit.count - failures, 0), seconds)  # type: ignore[attr-defined]


def _keys(account: str, address: str) -> list[str]:
    subjects = ((ACCOUNT_FAILURES, account), (ADDRESS_FAILURES, address))
    return [f"casino:{limit.name}:{part}:{subject}" for limit, subject in subjects for part in ("failed", "open")]


def _failed(limit: Limit, subject: str) -> str:
    return f"casino:{limit.name}:failed:{subject}"


def _digest(subject: str) -> str:
    return salted_hmac("casino.login", subject, algorithm="sha256").hexdigest()


def _run(script: str, keys: list[str], attempt: str, argument: int) -> tuple[int, int]:
    limits = [
        number
        for limit in (ACCOUNT_FAILURES, ADDRESS_FAILURES)
        for number in (limit.count, limit.window_seconds * 1000)
    ]
    try:
        answer: Any = connection().eval(script, len(keys), *keys, attempt, argument, *limits)
    except RedisError:
        raise Unavailable("The counters that protect logins are away; try again.") from None
    return int(answer[0]), int(answer[1])
