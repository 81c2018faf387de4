"""The desk: concurrent orders of this process, gathered into batches and settled on a connection of its own.

Nothing waits for a batch to fill: the desk takes what came while the last batch was in the database, at most
``BATCH_ORDERS`` of it, and an order that is alone is settled alone.
"""

import asyncio
import atexit
import contextlib
import logging
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from betting.admission import Admitted, Slip, admit
from betting.orders import Answer, Order, Settled
from betting.services import BATCH_ORDERS, place_bets
from casino.api.metrics import BATCH_ORDERS_SETTLED, BETS, QUEUE_ORDERS, SETTLE_SECONDS
from casino.errors import Unavailable

logger = logging.getLogger(__name__)
# Orders that may wait; a batch takes some ten milliseconds, so these wait well under a second.
MOST_WAITING = 1024
# A batch whose connection broke is settled again: its keys tell what was committed.
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """A slip's answer, and how it was admitted."""

    answer: Answer
    admitted: Admitted


class DeskOverloaded(Unavailable):
    """More orders wait than the desk takes; send the same request with the same key again (503)."""

    code = "overloaded"
    detail = "Too many bets wait just now; send this one again."
    retry_after_seconds = 1


class DeskClosed(Unavailable):
    """This process is stopping; another one takes the order (503)."""

    code = "closing"
    retry_after_seconds = 1


# Who waits: a thread, or a task of an event loop.
Waiter = Future[Outcome] | asyncio.Future[Outcome]


class Desk:
    """One thread that settles what ``submit`` and ``wait_for`` bring."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Slip, Waiter]] = deque()
        self._changed = threading.Condition()
        self._is_open = True
        self._thread = threading.Thread(target=self._work, name="desk", daemon=True)
        self._thread.start()

    def submit(self, slip: Slip) -> "Future[Outcome]":
        """The answer to come; raises DeskOverloaded or DeskClosed. Whoever waits may go away: the bet is settled."""
        answer: Future[Outcome] = Future()
        self._take(slip, answer)
        return answer

    async def wait_for(self, slip: Slip) -> Outcome:
        """``submit`` for a task: one wake-up of its event loop brings the answers of a whole batch."""
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._take(slip, answer)
        return await answer

    def _take(self, slip: Slip, answer: Waiter) -> None:
        with self._changed:
            if not self._is_open:
                raise DeskClosed
            if len(self._waiting) >= MOST_WAITING:
                raise DeskOverloaded
            self._waiting.append((slip, answer))
            QUEUE_ORDERS.set(len(self._waiting))
            self._changed.notify()

    def close(self, timeout_seconds: float = 10) -> None:
        """Take no more orders, settle those that wait, and end."""
        with self._changed:
            self._is_open = False
            self._changed.notify()
        self._thread.join(timeout_seconds)

    def _work(self) -> None:
        while batch := self._next_batch():
            began = time.perf_counter()
            try:
                answers = _settle([slip for slip, _ in batch])
            except Exception as error:
                # Nobody knows yet whether these were played; the same keys will tell.
                logger.exception("a batch of %d bets was not settled", len(batch))
                _hand_out([(answer, error) for _, answer in batch])
                continue
            SETTLE_SECONDS.observe(time.perf_counter() - began)
            BATCH_ORDERS_SETTLED.observe(len(batch))
            _count(answers)
            _hand_out([(answer, outcome) for (_, answer), outcome in zip(batch, answers, strict=True)])
        connection.close()

    def _next_batch(self) -> list[tuple[Slip, Waiter]]:
        """What waits now, once anything does; nothing when the desk is closed and empty."""
        with self._changed:
            while not self._waiting and self._is_open:
                self._changed.wait()
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_ORDERS))]
            QUEUE_ORDERS.set(len(self._waiting))
        return batch


def _count(outcomes: Sequence[Outcome]) -> None:
    answers = [outcome.answer for outcome in outcomes]
    bets = [answer.bet for answer in answers if isinstance(answer, Settled) and not answer.is_replay]
    for (operator, bet_type), number in Counter((bet.operator.slug, bet.bet_type) for bet in bets).items():
        BETS.labels(operator, bet_type).inc(number)


def _hand_out(answers: Sequence[tuple[Waiter, Outcome | Exception]]) -> None:
    """Give every waiter its answer, the tasks of a loop theirs at once; whoever went away needs none."""
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[tuple[Waiter, Outcome | Exception]]] = defaultdict(list)
    for waiter, answer in answers:
        if isinstance(waiter, asyncio.Future):
            by_loop[waiter.get_loop()].append((waiter, answer))
        else:
            _answer([(waiter, answer)])
    for loop, theirs in by_loop.items():
        with contextlib.suppress(RuntimeError):  # a loop that has closed waits for nothing
            loop.call_soon_threadsafe(_answer, theirs)


def _answer(answers: Sequence[tuple[Waiter, Outcome | Exception]]) -> None:
    for waiter, answer in answers:
        if waiter.done():
            continue
        if isinstance(answer, Exception):
            waiter.set_exception(answer)
        else:
            waiter.set_result(answer)


def _settle(slips: list[Slip]) -> list[Outcome]:
    """Settle a batch, again on a fresh connection where the old one broke: what was committed answers as a replay."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _admit_and_place(slips)
        except (OperationalError, InterfaceError):
            connection.close()
            if attempt == ATTEMPTS:
                raise
            time.sleep(0.1 * attempt)
        except DatabaseError:
            connection.close()
            raise
    raise AssertionError("unreachable")


def _admit_and_place(slips: list[Slip]) -> list[Outcome]:
    admitted = admit(slips)
    orders = [one.order for one in admitted if isinstance(one.order, Order)]
    settled = iter(place_bets(orders) if orders else [])
    return [Outcome(next(settled) if isinstance(one.order, Order) else one.order, one) for one in admitted]


@lru_cache
def desk() -> Desk:
    """This process's desk, opened with the first order."""
    opened = Desk()
    atexit.register(opened.close)
    return opened
