"""Concurrent requests of this process, gathered into batches and worked off by threads with connections of their own.

Nothing waits for a batch to fill: a thread takes what came while it was at the last one, and what is alone is worked
off alone.
"""

import asyncio
import contextlib
import logging
import threading
from abc import ABC, abstractmethod
from collections import defaultdict, deque
from collections.abc import Sequence
from time import monotonic
from typing import Any, ClassVar, Generic, TypeVar

from django.db import connection

from casino.errors import Unavailable

logger = logging.getLogger(__name__)
Sent = TypeVar("Sent")
Got = TypeVar("Got")
# What was asked, each with whoever waits for it.
Batch = list[tuple[Sent, asyncio.Future[Got]]]


class Overloaded(Unavailable):
    """More requests wait than this process takes; send the same one again, with the same key if it had one (503)."""

    code = "overloaded"
    detail = "Too many requests wait just now; send this one again."
    retry_after_seconds = 1


class Closing(Unavailable):
    """This process is stopping; another one takes the request (503)."""

    code = "closing"
    retry_after_seconds = 1


class Gathering(ABC, Generic[Sent, Got]):
    """Works off what ``wait_for`` brings: ``lanes`` batches at a time, of ``most`` each, in order."""

    name: ClassVar[str]
    most: ClassVar[int]
    lanes: ClassVar[int]
    # A batch takes some ten milliseconds, so these wait a second or so.
    most_waiting: ClassVar[int] = 1024

    def __init__(self) -> None:
        self._waiting: deque[tuple[Sent, asyncio.Future[Got]]] = deque()
        self._changed = threading.Condition()
        self._is_open = True
        self._threads = [threading.Thread(target=self._run, name=self.name, daemon=True) for _ in range(self.lanes)]
        for thread in self._threads:
            thread.start()

    @abstractmethod
    def work(self, batch: Sequence[Sent]) -> Sequence[Got]:
        """What becomes of each; whatever this raises, all that wait for the batch are told."""

    def note_waiting(self, number: int) -> None:
        """So many wait now."""

    async def wait_for(self, one: Sent) -> Got:
        """The answer, once there is one; raises Overloaded or Closing. Whoever waits may go away: the work is done."""
        answer: asyncio.Future[Got] = asyncio.get_running_loop().create_future()
        with self._changed:
            if not self._is_open:
                raise Closing
            if len(self._waiting) >= self.most_waiting:
                raise Overloaded
            self._waiting.append((one, answer))
            self.note_waiting(len(self._waiting))
            self._changed.notify()
        return await answer

    def close(self, timeout_seconds: float = 10) -> None:
        """Take no more, work off what waits, and end."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()
        until = monotonic() + timeout_seconds
        for thread in self._threads:
            thread.join(max(0.0, until - monotonic()))

    def _run(self) -> None:
        while batch := self._next_batch():
            self._serve(batch)
        connection.close()

    def _serve(self, batch: Batch[Sent, Got]) -> None:
        waiters = [waiter for _, waiter in batch]
        answers: list[tuple[asyncio.Future[Got], Any]]
        try:
            answers = list(zip(waiters, self.work([one for one, _ in batch]), strict=True))
        except Exception as error:
            logger.exception("a batch of %d at the %s broke off", len(batch), self.name)
            answers = [(waiter, error) for waiter in waiters]
        _hand_out(answers)

    def _next_batch(self) -> Batch[Sent, Got]:
        """What waits now, once anything does; nothing when it is closed and empty."""
        with self._changed:
            while not self._waiting and self._is_open:
                self._changed.wait()
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), self.most))]
            self.note_waiting(len(self._waiting))
        return batch


def _hand_out(answers: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
    """Give every waiter its answer: one wake-up of its event loop for all that wait there."""
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = defaultdict(list)
    for waiter, answer in answers:
        by_loop[waiter.get_loop()].append((waiter, answer))
    for loop, theirs in by_loop.items():
        with contextlib.suppress(RuntimeError):  # a loop that has closed waits for nothing
            loop.call_soon_threadsafe(_answer, theirs)


def _answer(answers: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
    for waiter, answer in answers:
        if waiter.done():  # whoever went away needs none
            continue
        if isinstance(answer, Exception):
            waiter.set_exception(answer)
        else:
            waiter.set_result(answer)
