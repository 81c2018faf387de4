"""Django's PostgreSQL with a cheaper look at whether a kept connection still lives.

Django finds the class by this module's name (``ENGINE``).
"""

import select
from typing import Any

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that PostgreSQL closed has its farewell to be read; one with nothing to be read needs no question.

    So the usual request spares the round trip of Django's ``SELECT 1``, which is still asked where something waits.
    """

    def is_usable(self) -> bool:
        """Whether the connection can be used for the next request."""
        held: Any = self.connection
        if held is None or held.closed:
            return False
        is_idle = held.info.transaction_status == TransactionStatus.IDLE
        if is_idle and not _has_news(held.fileno()):
            return True
        return bool(super().is_usable())


def _has_news(descriptor: int) -> bool:
    """Whether bytes, an end or a fault wait at the socket."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN | select.POLLERR | select.POLLHUP)
    return bool(poll.poll(0))
