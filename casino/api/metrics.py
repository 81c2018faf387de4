"""Prometheus metrics of this process."""

from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

REQUESTS = Counter("casino_http_requests_total", "Answered requests", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("casino_http_request_duration_seconds", "Time to answer", ["method", "route"])


def show(request: HttpRequest) -> HttpResponse:
    """GET /metrics."""
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
