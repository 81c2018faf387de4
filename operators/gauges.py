"""Gauges for the monitoring that no web process counts: what waits, how long it has waited, what the audit said.

The worker and beat answer no scraper; what they do or leave undone is seen here, by every process alike. One statement
answers all that the database knows, from partial indexes and the ends of primary keys: no table of bets is read.
"""

import logging
import threading
import time
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import redis
from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from prometheus_client import Metric
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from casino.api.redis_client import OPTIONS, CautiousRedis

logger = logging.getLogger(__name__)
# Several scrapers may ask at once; they hear the same for so long.
KEPT_SECONDS = 5.0
TIMEOUT_MILLISECONDS = 2000
# Beyond so many the exact number tells nothing more.
MOST_COUNTED = 10_000

# Column, and what it means. Seconds are ages; nothing waiting is 0.
MEANINGS = {
    "casino_webhooks_waiting": "Provider events that are stored and not settled yet",
    "casino_webhook_lag_seconds": "Age of the oldest stored provider event",
    "casino_rollup_lag_seconds": "Age of the oldest closed hour of play that is not folded yet",
    "casino_jackpot_pending_contributions": "Rows of contributions not folded into their pools, 10,000 at most",
    "casino_seal_lag_seconds": "Since when rows of the ledger wait to be sealed, at most",
    "casino_withdrawals_pending": "Withdrawals that wait for a decision",
    "casino_withdrawals_unpaid": "Withdrawals decided on and not yet at their end",
    "casino_withdrawal_oldest_pending_seconds": "Age of the withdrawal that has waited longest for a decision",
    "casino_audit_breaches": "Checks that the last audit of the back office found broken; none before the first",
    "casino_audit_age_seconds": "Since when that audit is done",
}
TASKS = "casino_tasks_waiting"
TASKS_MEANING = "Messages that no worker has taken yet; none while their broker is away"
_SQL = f"""
WITH chain AS (SELECT sealed_at, until_transaction FROM operators_seal ORDER BY number DESC LIMIT 1),
newest AS (SELECT transaction_number FROM wallets_transfer ORDER BY id DESC LIMIT 1),
audit AS (
  SELECT jsonb_array_length("after" -> 'breaches') AS breaches, created_at FROM (
    SELECT id, kind, "after", created_at FROM operators_significantevent ORDER BY id DESC LIMIT {MOST_COUNTED}) recent
   WHERE kind = 'audit.run' ORDER BY id DESC LIMIT 1)
SELECT
  (SELECT count(*) FROM (SELECT FROM wallets_webhookevent WHERE verdict = 'stored' LIMIT {MOST_COUNTED}) w),
  (SELECT extract(epoch FROM clock_timestamp() - min(received_at)) FROM wallets_webhookevent WHERE verdict = 'stored'),
  (SELECT extract(epoch FROM clock_timestamp() - min(hour)) - 3600 FROM betting_hourrollup WHERE NOT is_folded),
  (SELECT count(*) FROM (SELECT FROM betting_jackpotpending LIMIT {MOST_COUNTED}) p),
  (SELECT extract(epoch FROM clock_timestamp() - coalesce(
            (SELECT sealed_at FROM chain), (SELECT created_at FROM wallets_transfer ORDER BY id LIMIT 1)))
     FROM newest WHERE transaction_number >= coalesce((SELECT until_transaction FROM chain), 0)),
  (SELECT count(*) FROM wallets_withdrawal WHERE status = 'pending'),
  (SELECT count(*) FROM wallets_withdrawal WHERE status IN ('approved', 'processing')),
  (SELECT extract(epoch FROM clock_timestamp() - created_at) FROM wallets_withdrawal
    WHERE status = 'pending' ORDER BY id LIMIT 1),
  (SELECT breaches FROM audit),
  (SELECT extract(epoch FROM clock_timestamp() - created_at) FROM audit)
"""
# Before the first audit there is nothing to say about it, which is not the same as zero.
_MAY_BE_UNKNOWN = ("casino_audit_breaches", "casino_audit_age_seconds")

_lock = threading.Lock()
_kept: tuple[float, list[Metric]] = (0.0, [])


def read() -> Iterable[Metric]:
    """The gauges as of now, or of up to five seconds ago; ``casino_gauges_up`` is 0 while the database is away."""
    global _kept
    with _lock:
        if time.monotonic() - _kept[0] > KEPT_SECONDS or not _kept[1]:
            _kept = (time.monotonic(), [*_ask(), *_ask_broker()])
        return _kept[1]


def forget() -> None:
    """Ask anew at the next scrape."""
    global _kept
    _kept = (0.0, [])


def _ask() -> list[Metric]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {TIMEOUT_MILLISECONDS}")
            cursor.execute(_SQL)
            row = cursor.fetchone()
    except (DatabaseError, PoolTimeout) as error:
        logger.warning("the gauges cannot be read: %s", type(error).__name__)
        return [_gauge("casino_gauges_up", 0)]
    found = zip(MEANINGS, row, strict=True)
    known = [(name, value) for name, value in found if value is not None or name not in _MAY_BE_UNKNOWN]
    return [_gauge("casino_gauges_up", 1), *(_gauge(name, value) for name, value in known)]


def _ask_broker() -> list[Metric]:
    """How long the tasks' queue is: it grows by more than one a second where beat runs and no worker does."""
    queue = f"{settings.CELERY_BROKER_TRANSPORT_OPTIONS['global_keyprefix']}{current_app.conf.task_default_queue}"
    try:
        return [_gauge(TASKS, _broker().llen(queue), TASKS_MEANING)]
    except RedisError as error:
        logger.warning("the tasks' queue cannot be read: %s", type(error).__name__)
        return []


@lru_cache
def _broker() -> redis.Redis:
    return CautiousRedis.from_url(settings.CELERY_BROKER_URL, **OPTIONS)


def _gauge(name: str, value: Any, meaning: str = "Whether the gauges of the database could be read") -> Metric:
    metric = Metric(name, MEANINGS.get(name, meaning), "gauge")
    metric.add_sample(name, {}, max(float(value or 0), 0.0))
    return metric
