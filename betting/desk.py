"""The desk: concurrent orders of this process, gathered into batches of up to ``BATCH_ORDERS`` and settled."""

import atexit
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from betting.admission import Admitted, Slip, admit
from betting.orders import Answer, Order, Settled
from betting.services import BATCH_ORDERS, place_bets
from casino.api.gathering import Gathering
from casino.api.metrics import BATCH_ORDERS_SETTLED, BETS, QUEUE_ORDERS, SETTLE_SECONDS

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

    def note_waiting(self, number: int) -> None:
        QUEUE_ORDERS.set(number)

    def work(self, batch: Sequence[Slip]) -> list[Outcome]:
        """Settle a batch in one transaction, or in several where the database turned it down."""
        began = time.perf_counter()
        outcomes = _settle(batch)
        SETTLE_SECONDS.observe(time.perf_counter() - began)
        BATCH_ORDERS_SETTLED.observe(len(batch))
        _count(outcomes)
        return outcomes


def _count(outcomes: Sequence[Outcome]) -> None:
    answers = [outcome.answer for outcome in outcomes]
    bets = [answer.bet for answer in answers if isinstance(answer, Settled) and not answer.is_replay]
    for (operator, bet_type), number in Counter((bet.operator.slug, bet.bet_type) for bet in bets).items():
        BETS.labels(operator, bet_type).inc(number)


def _settle(slips: Sequence[Slip]) -> list[Outcome]:
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


def _admit_and_place(slips: Sequence[Slip]) -> list[Outcome]:
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
