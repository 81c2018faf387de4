"""The desk: concurrent orders of this process, gathered into batches of up to ``BATCH_ORDERS`` and settled.

Two threads share the work: while one waits for the database to write a batch, the other admits the next one. It tells
the feeds of settled batches, too.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from queue import SimpleQueue
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from betting.admission import Admitted, Slip, admit
from betting.orders import Answer, Order, Settled
from betting.services import BATCH_ORDERS, place_bets
from casino import realtime
from casino.api.gathering import Batch, Gathering
from casino.api.metrics import BATCH_ORDERS_SETTLED, BETS, QUEUE_ORDERS, SETTLE_SECONDS
from casino.serving import at_end

logger = logging.getLogger(__name__)
Found = TypeVar("Found")

# A batch whose connection broke is settled again: its keys tell what was committed.
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """A slip's answer, and how it was admitted."""

    answer: Answer
    admitted: Admitted


class Desk(Gathering[Slip, Outcome]):
    """Settles the slips of this process; of those that a fault broke off, the same keys will tell whether they were
    played."""

    name = "desk"
    most = BATCH_ORDERS

    def __init__(self) -> None:
        # What the second thread is to do; None ends it.
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        # The next batch as far as it waited while the last one was written, if that was asked for.
        self._ahead: SimpleQueue[Batch[Slip, Outcome]] = SimpleQueue()
        self._is_ahead = False
        # How that batch was admitted.
        self._admitted: list[Admitted] | None = None
        self._beside = threading.Thread(target=self._work_beside, name="desk-beside", daemon=True)
        self._beside.start()
        super().__init__()

    def note_waiting(self, number: int) -> None:
        QUEUE_ORDERS.set(number)

    def work(self, batch: Sequence[Slip]) -> list[Outcome]:
        """Settle a batch in one transaction, or in several where the database turned it down."""
        began = time.perf_counter()
        admitted, self._admitted = self._admitted, None
        if admitted is None:
            admitted = _persist(lambda: admit(batch))
        outcomes = self._place(admitted)
        SETTLE_SECONDS.observe(time.perf_counter() - began)
        BATCH_ORDERS_SETTLED.observe(len(batch))
        _count(outcomes)
        return outcomes

    def close(self, timeout_seconds: float = 10) -> None:
        super().close(timeout_seconds)
        self._tasks.put(None)
        self._beside.join(timeout_seconds)

    def _place(self, admitted: Sequence[Admitted]) -> list[Outcome]:
        with realtime.held_back() as news:
            try:
                return place(admitted, self._look_ahead)
            finally:
                for tell in news:
                    self._tasks.put(tell)

    def _look_ahead(self) -> None:
        """Have what waits admitted while this thread waits for the database."""
        if self._waiting and not self._is_ahead:
            self._is_ahead = True
            self._tasks.put(self._admit_ahead)

    def _admit_ahead(self) -> None:
        with self._changed:
            batch = self._take()
        try:
            self._admitted = admit([slip for slip, _ in batch])
        except Exception:
            logger.exception("a batch of %d could not be admitted ahead", len(batch))
            connection.close()  # the batch is admitted when its turn comes
        finally:
            self._ahead.put(batch)

    def _next_batch(self) -> Batch[Slip, Outcome]:
        if self._is_ahead:
            batch = self._ahead.get()
            self._is_ahead = False
            return batch
        return super()._next_batch()

    def _work_beside(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                task()
            except Exception:
                logger.exception("what the desk does beside broke off")
        connection.close()


def place(admitted: Sequence[Admitted], on_decided: Callable[[], None] = lambda: None) -> list[Outcome]:
    """Settle the orders among what was admitted; the others have their answers already."""
    orders = [one.order for one in admitted if isinstance(one.order, Order)]
    settled = iter(_persist(lambda: place_bets(orders, on_decided=on_decided)) if orders else [])
    return [Outcome(next(settled) if isinstance(one.order, Order) else one.order, one) for one in admitted]


def _persist(do: Callable[[], Found]) -> Found:
    """What ``do`` answers, done again on a fresh connection where the old one broke: what was committed answers as a
    replay."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return do()
        except (OperationalError, InterfaceError):
            connection.close()
            if attempt == ATTEMPTS:
                raise
            time.sleep(0.1 * attempt)
        except DatabaseError:
            connection.close()
            raise
    raise AssertionError("unreachable")


def _count(outcomes: Sequence[Outcome]) -> None:
    answers = [outcome.answer for outcome in outcomes]
    bets = [answer.bet for answer in answers if isinstance(answer, Settled) and not answer.is_replay]
    for (operator, bet_type), number in Counter((bet.operator.slug, bet.bet_type) for bet in bets).items():
        BETS.labels(operator, bet_type).inc(number)


@lru_cache
def desk() -> Desk:
    """This process's desk, opened with the first order."""
    opened = Desk()
    at_end(opened.close)
    return opened
