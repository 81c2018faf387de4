"""The client of Redis for counters, cache and sessions: a Redis that hangs makes few wait, and not for long.

A call that runs into its time-out opens that server's breaker for the whole process: for ``AWAY_SECONDS`` it counts as
away, and calls fail at once. Then one call may try, while the others go on without.
"""

import threading
from functools import lru_cache
from time import monotonic
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionFault
from redis.exceptions import TimeoutError as NoAnswer
from redis.retry import Retry

TIMEOUT_SECONDS = 0.7
AWAY_SECONDS = 2.0
# A connection that Redis closed meanwhile (a restart) is opened once more; what hangs is not asked again.
OPTIONS: dict[str, Any] = {
    "socket_timeout": TIMEOUT_SECONDS,
    "socket_connect_timeout": TIMEOUT_SECONDS,
    "retry": Retry(NoBackoff(), 1, supported_errors=(ConnectionFault,)),
}


class Breaker:
    """Whether a server may be asked. Moments are seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._open_until = 0.0
        self._is_open = False
        self._lock = threading.Lock()

    def lets_through(self, now: float) -> bool:
        """Whether a call may be made now; while Redis is away, one every ``AWAY_SECONDS``."""
        if not self._is_open:
            return True
        with self._lock:
            if now < self._open_until:
                return False
            self._open_until = now + AWAY_SECONDS
            return True

    def note(self, now: float, *, has_answered: bool) -> None:
        """How a call ended."""
        if has_answered and not self._is_open:
            return
        with self._lock:
            self._is_open = not has_answered
            self._open_until = now + AWAY_SECONDS


@lru_cache
def breaker_of(server: str) -> Breaker:
    """This process's one breaker for the server, named ``host:port`` or by its socket's path."""
    return Breaker()


class CautiousRedis(redis.Redis):
    """redis-py's client behind a ``breaker`` that all clients of the same server share, and no others."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        where = self.connection_pool.connection_kwargs
        self.breaker = breaker_of(str(where.get("path") or f"{where.get('host')}:{where.get('port')}"))

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """The command's answer; raises redis's TimeoutError at once while Redis counts as away."""
        if not self.breaker.lets_through(monotonic()):
            raise NoAnswer("Redis did not answer a moment ago")
        try:
            answer = super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except NoAnswer:
            self.breaker.note(monotonic(), has_answered=False)
            raise
        self.breaker.note(monotonic(), has_answered=True)
        return answer
