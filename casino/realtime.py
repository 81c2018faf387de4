"""Publishing to the feeds: after commit, numbered where published, never able to fail or slow what it tells of."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, partial
from typing import Any
from uuid import UUID

import orjson
import redis
from django.conf import settings
from django.db import transaction
from redis.exceptions import RedisError

from casino.feeds import numbering
from casino.feeds.numbering import Entry

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 0.25
PAUSE_SECONDS = 1.0
_held: ContextVar[list[Callable[[], None]] | None] = ContextVar("held", default=None)


@dataclass(frozen=True, slots=True)
class Message:
    """News for one feed: its ``type`` (``bet.settled``…), the moment, and the object's REST shape."""

    feed: str
    type: str
    at: str
    data: Any


def player_feed(player_id: UUID) -> str:
    return f"player:{player_id}"


def operator_feed(operator_id: UUID) -> str:
    return f"operator:{operator_id}"


PLATFORM_FEED = "platform"


def publish(messages: Sequence[Message]) -> None:
    """Send ``messages`` once the running transaction has committed; a Redis that is away loses news, nothing else."""
    if messages:
        publish_made(lambda: messages)


def publish_made(make: Callable[[], Sequence[Message]]) -> None:
    """``publish`` what ``make`` answers once the transaction has committed."""
    transaction.on_commit(partial(_tell, make))


@contextmanager
def held_back() -> Iterator[list[Callable[[], None]]]:
    """What commits in the block is not told at once: the caller does so, by calling each in order; none raises."""
    held: list[Callable[[], None]] = []
    token = _held.set(held)
    try:
        yield held
    finally:
        _held.reset(token)


def _tell(make: Callable[[], Sequence[Message]]) -> None:
    held = _held.get()
    if held is None:
        _send(make)
    else:
        held.append(partial(_send, make))


def _send(make: Callable[[], Sequence[Message]]) -> None:
    try:
        _publisher.send(make())
    except Exception:
        logger.exception("news could not be told")


def to_json(data: Any) -> str:
    """JSON as the feeds write it, on one line."""
    return orjson.dumps(data, default=_text_of, option=orjson.OPT_UTC_Z).decode()


def _text_of(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError


class Publisher:
    """This process's way to Redis. While that is away nobody waits for it: what gets lost is noted by feed.

    A thread tries again every second and, once there is an answer, leaves a gap in the numbers of every such feed, so
    that who listens notices.
    """

    def __init__(self) -> None:
        self.is_away = False
        self._lost: set[str] = set()
        self._lock = threading.Lock()

    def send(self, messages: Sequence[Message]) -> None:
        """Publish in one round trip, or note the loss."""
        if not self.is_away:
            try:
                numbering.publish(self._server, self._channel, _entries(messages))
            except RedisError as error:
                logger.warning("the feeds are away, news is lost until they are back: %s", error)
            else:
                return
        self._lose({message.feed for message in messages})

    def _lose(self, feeds: set[str]) -> None:
        with self._lock:
            self._lost |= feeds
            if self.is_away:
                return
            self.is_away = True
        threading.Thread(target=self._mend, name="feeds-mender", daemon=True).start()

    def _mend(self) -> None:
        while self.is_away:
            time.sleep(PAUSE_SECONDS)
            with self._lock:
                lost, self._lost = self._lost, set()
            try:
                numbering.leave_gaps(self._server, self._channel, lost)
            except RedisError:
                with self._lock:
                    self._lost |= lost
                continue
            with self._lock:
                # What was lost meanwhile needs gaps of its own.
                self.is_away = bool(self._lost)

    @cached_property
    def _server(self) -> redis.Redis:
        return numbering.connect(settings.FEEDS_URL, TIMEOUT_SECONDS)

    @cached_property
    def _channel(self) -> str:
        return numbering.channel_of(settings.FEEDS_URL)


def _entries(messages: Iterable[Message]) -> list[Entry]:
    """The messages as text; what several feeds hear is written once."""
    written: dict[tuple[str, int], str] = {}
    entries = []
    for message in messages:
        key = (message.at, id(message.data))
        if key not in written:
            written[key] = to_json({"at": message.at, "data": message.data})[1:]
        entries.append(Entry(message.feed, message.type, written[key]))
    return entries


def _begin_anew() -> None:
    """A forked process inherits neither the threads nor the loss of its parent."""
    global _publisher
    _publisher = Publisher()


_publisher = Publisher()
os.register_at_fork(after_in_child=_begin_anew)
