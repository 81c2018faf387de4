"""The hub: brings what is published into this process, over one connection, and to the sockets that it is for.

Every five seconds it asks Redis for the newest numbers and has them told on a channel of its own. So they arrive after
all news that came before them, and become the heartbeats: a client that has not got what a heartbeat names lost it.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

from django.conf import settings
from django.utils import timezone
from redis.asyncio import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from casino.api.metrics import FEED_HEARTBEAT_AT, FEED_LAG_SECONDS, FEED_SOCKETS
from casino.feeds import numbering
from casino.feeds.admission import Seat, revoke
from casino.feeds.threads import in_thread
from casino.realtime import to_json

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5.0
# A logout or a block is noticed within this.
REVOCATION_SECONDS = 2.0
COMMAND_SECONDS = 2.0
# Without a heartbeat's echo for so long the subscription is taken for dead.
SILENCE_SECONDS = 2 * HEARTBEAT_SECONDS + COMMAND_SECONDS
PAUSE_SECONDS = 0.5
# A turn that its process does not end, because it died, ends by itself.
TURN_MILLISECONDS = 10_000

# Hears every message of every feed: (feed, type, JSON text).
Listener = Callable[[str, str, str], None]


class Hub:
    """The feeds of one event loop."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self._seats: defaultdict[str, set[Seat]] = defaultdict(set)
        self._newest: dict[str, int] = {}
        self._is_listening = asyncio.Event()
        self._beat_at = time.monotonic()
        self._channel = numbering.channel_of(settings.FEEDS_URL)
        self._echo = f"{self._channel}:{uuid4().hex}"
        self._server = _connection(COMMAND_SECONDS)
        self._tasks = [
            self.run_for_ever(self._listen),
            self.run_for_ever(self._beat, HEARTBEAT_SECONDS),
            self.run_for_ever(self._revoke, REVOCATION_SECONDS),
        ]

    def run_for_ever(
        self, work: Callable[[], Coroutine[Any, Any, None]], pause_seconds: float = PAUSE_SECONDS
    ) -> "asyncio.Task[None]":
        """Repeat ``work`` for as long as the loop runs, whatever happens to it."""

        async def repeat() -> None:
            is_away = False
            while True:
                try:
                    await work()
                    is_away = False
                except (RedisError, OSError, TimeoutError) as error:
                    # Told once: who waits for Redis to come back asks often.
                    if not is_away:
                        logger.warning("the feeds are away: %s", error)
                    is_away = True
                except Exception:
                    logger.exception("a fault in the feeds")
                await asyncio.sleep(max(pause_seconds, PAUSE_SECONDS) if is_away else pause_seconds)

        return asyncio.get_running_loop().create_task(repeat())

    async def join(self, seat: Seat) -> None:
        """Bring the seat's feed to its outbox from now on; raises TimeoutError while Redis is away."""
        async with asyncio.timeout(COMMAND_SECONDS):
            await self._is_listening.wait()
        self._seats[seat.feed].add(seat)
        FEED_SOCKETS.inc()

    def leave(self, seat: Seat) -> None:
        """Forget the seat."""
        seats = self._seats.get(seat.feed, set())
        if seat in seats:
            FEED_SOCKETS.dec()
        seats.discard(seat)
        if not seats:
            self._seats.pop(seat.feed, None)
            self._newest.pop(seat.feed, None)

    def has_seats(self, feed: str) -> bool:
        return feed in self._seats

    def seats_of(self, person_id: Any) -> int:
        """How many sockets a person has here."""
        return sum(seat.user.pk == person_id for seats in self._seats.values() for seat in seats)

    def newest_here(self, feed: str) -> int:
        """The newest number that reached this process."""
        return self._newest.get(feed, 0)

    async def look(self, feed: str) -> int:
        """The feed's newest number; raises RedisError."""
        (newest,) = await numbering.look(self._server, [feed])
        self._newest[feed] = max(newest, self.newest_here(feed))
        return newest

    async def replay(self, feed: str, last_seq: int) -> numbering.Missed | None:
        """What came after ``last_seq``, if all of it is still there; raises RedisError."""
        return await numbering.replay(self._server, feed, last_seq)

    async def take_turn(self, subject: str) -> bool:
        """Whether it is this process that sees to ``subject`` now: no other one may until the turn has ended."""
        return bool(await self._server.set(f"casino:feed:turn:{subject}", 1, nx=True, px=TURN_MILLISECONDS))

    async def end_turn(self, subject: str, pause_seconds: float) -> None:
        """The next turn is anybody's, after the pause."""
        await self._server.pexpire(f"casino:feed:turn:{subject}", int(pause_seconds * 1000))

    async def _listen(self) -> None:
        """Subscribe, and hand on what comes until the connection breaks."""
        async with _connection(None) as server, server.pubsub(ignore_subscribe_messages=True) as subscription:
            await subscription.subscribe(self._channel, self._echo)
            self._is_listening.set()
            try:
                # Whatever was missed until now shows at once.
                await self._beat()
                while True:
                    async with asyncio.timeout(SILENCE_SECONDS):
                        message = await subscription.get_message(timeout=None)
                    if message is not None and message["channel"] == self._echo.encode():
                        self._tell_newest(message["data"].decode())
                    elif message is not None:
                        self.fan_out(message["data"].decode())
            finally:
                self._is_listening.clear()

    def fan_out(self, lines: str) -> None:
        """Bring what was published at once to whom it is for."""
        for line in lines.split("\n"):
            feed, kind, seq, text = line.split(" ", 3)
            if feed in self._seats:
                self._newest[feed] = int(seq)
                for seat in list(self._seats[feed]):
                    seat.outbox.news(int(seq), text)
            for listener in self.listeners:
                listener(feed, kind, text)

    async def _beat(self) -> None:
        """Ask for the newest numbers; while nobody answers, the last known ones still show that we are here."""
        feeds, self._beat_at = list(self._seats), time.monotonic()
        try:
            await numbering.look(self._server, feeds, self._echo)
        except RedisError:
            self._send_heartbeats((feed, self.newest_here(feed)) for feed in feeds)
            raise

    def _tell_newest(self, lines: str) -> None:
        FEED_LAG_SECONDS.set(time.monotonic() - self._beat_at)
        FEED_HEARTBEAT_AT.set_to_current_time()
        numbers = [line.split(" ") for line in lines.split("\n") if line]
        self._send_heartbeats((feed, int(seq)) for feed, seq in numbers)

    def _send_heartbeats(self, numbers: Iterable[tuple[str, int]]) -> None:
        at = moment_now()
        for feed, seq in numbers:
            if feed not in self._seats:
                continue
            self._newest[feed] = seq
            text = to_json({"type": "heartbeat", "seq": seq, "at": at, "data": {}})
            for seat in list(self._seats[feed]):
                seat.outbox.beat(text)

    async def _revoke(self) -> None:
        """End the connections of who logged out, was blocked or changed roles."""
        seats = [seat for seats in self._seats.values() for seat in seats]
        if seats:
            for seat, code in (await in_thread(revoke, seats)).items():
                seat.outbox.end(code)


_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


def hub_here() -> Hub:
    """The hub of the running event loop, started on first need."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]


def moment_now() -> str:
    """This moment, as RFC 3339 in UTC."""
    return timezone.now().isoformat(timespec="microseconds").replace("+00:00", "Z")


def _connection(timeout_seconds: float | None) -> Redis:
    return Redis.from_url(
        settings.FEEDS_URL,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=COMMAND_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
