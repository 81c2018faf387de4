"""Prometheus metrics of this process."""

from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

REQUESTS = Counter("casino_http_requests_total", "Answered requests", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("casino_http_request_duration_seconds", "Time to answer", ["method", "route"])
SETTLE_SECONDS = Histogram("casino_settle_duration_seconds", "Time to settle a batch of orders")
BATCH_ORDERS_SETTLED = Histogram("casino_batch_orders", "Orders in a batch", buckets=(1, 2, 4, 8, 16, 32, 64))
QUEUE_ORDERS = Gauge("casino_desk_queue_orders", "Orders that wait at the desk")


def show(request: HttpRequest) -> HttpResponse:
    """GET /metrics."""
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
