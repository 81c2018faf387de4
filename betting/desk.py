"""The desk: concurrent orders of this process, gathered into batches of up to ``BATCH_ORDERS`` and settled.

Two lanes take turns: while the database writes the batch of one, the other admits and decides the next.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from betting.admission import Admitted, Slip, admit
from betting.orders import Answer, Order, Settled
from betting.services import BATCH_ORDERS, place_bets
from casino import realtime
from casino.api.gathering import Batch, Gathering
from casino.api.metrics import BATCH_ORDERS_SETTLED, BETS, QUEUE_ORDERS, SETTLE_SECONDS
from casino.serving import at_end

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
    lanes = 2

    def __init__(self) -> None:
        # Held from taking a batch until it is decided: were both lanes to take what they find, batches would halve.
        self._deciding = threading.Lock()
        self._numbers = count()
        # Batches are told to the feeds in the order in which they were taken.
        self._telling = threading.Condition()
        self._next_told = 0
        super().__init__()

    def note_waiting(self, number: int) -> None:
        QUEUE_ORDERS.set(number)

    def work(self, batch: Sequence[Slip]) -> list[Outcome]:
        """Settle a batch in one transaction, or in several where the database turned it down."""
        began = time.perf_counter()
        with ExitStack() as deciding:
            deciding.callback(self._deciding.release)
            admitted = _persist(lambda: admit(batch))
            outcomes = place(admitted, deciding.close)
        SETTLE_SECONDS.observe(time.perf_counter() - began)
        BATCH_ORDERS_SETTLED.observe(len(batch))
        _count(outcomes)
        return outcomes

    def _next_batch(self) -> Batch[Slip, Outcome]:
        self._deciding.acquire()
        batch = super()._next_batch()
        if not batch:
            self._deciding.release()
        return batch

    def _serve(self, batch: Batch[Slip, Outcome]) -> None:
        number = next(self._numbers)
        with realtime.held_back() as news:
            try:
                super()._serve(batch)
            finally:
                self._tell(number, news)

    def _tell(self, number: int, news: Sequence[Callable[[], None]]) -> None:
        """Tell the feeds of a batch when all before it were told."""
        with self._telling:
            self._telling.wait_for(lambda: self._next_told == number)
            for tell in news:
                tell()
            self._next_told += 1
            self._telling.notify_all()


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
