"""Prometheus metrics: what this process counts, and the page that shows them.

Names begin with ``casino_`` and end with their unit; counters end with ``_total``. What only the database knows is
asked for at the scrape, by the function that the address is wired with.
"""

import hmac
from collections.abc import Callable, Iterable
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    generate_latest,
)

REQUESTS = Counter("casino_http_requests_total", "Answered requests", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("casino_http_request_duration_seconds", "Time to answer", ["method", "route"])
REFUSALS = Counter("casino_refusals_total", "Problem documents that were sent", ["code"])
SETTLE_SECONDS = Histogram("casino_settle_duration_seconds", "Time to settle a batch of orders")
BATCH_ORDERS_SETTLED = Histogram("casino_batch_orders", "Orders in a batch", buckets=(1, 2, 4, 8, 16, 32, 64))
QUEUE_ORDERS = Gauge("casino_desk_queue_orders", "Orders that wait at the desk")
BETS = Counter("casino_bets_total", "Bets settled by this process's desk, replays left out", ["operator", "bet_type"])
FEED_SOCKETS = Gauge("casino_feed_sockets", "Sockets that this process feeds")
FEED_LAG_SECONDS = Gauge("casino_feed_lag_seconds", "How long the last heartbeat took through Redis to this process")
FEED_HEARTBEAT_AT = Gauge(
    "casino_feed_heartbeat_timestamp_seconds", "When the last heartbeat came; 0 in a process that feeds nobody"
)

Gauges = Callable[[], Iterable[Metric]]


def note_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count an answered request; methods that callers make up are one."""
    answered, took = _meters(method if method in _METHODS else "OTHER", route, status)
    answered.inc()
    took.observe(seconds)


_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


@lru_cache(1024)
def _meters(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """What counts such answers, and what measures them; to find them by their labels each time costs more."""
    return REQUESTS.labels(method, route, status), REQUEST_SECONDS.labels(method, route)


class _Asked:
    """A collector for one scrape: what a function answers now."""

    def __init__(self, gauges: Gauges) -> None:
        self.collect = gauges


def show(request: HttpRequest, gauges: Gauges) -> HttpResponse:
    """GET /metrics: this process's counters, and the ``gauges``. With METRICS_TOKEN set it is due as a Bearer token."""
    token: str = settings.METRICS_TOKEN
    if token and not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
        return HttpResponse("A token is due.\n", "text/plain", 401, headers={"WWW-Authenticate": "Bearer"})
    asked = CollectorRegistry()
    asked.register(_Asked(gauges))
    return HttpResponse(generate_latest(REGISTRY) + generate_latest(asked), content_type=CONTENT_TYPE_LATEST)
