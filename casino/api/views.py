"""The site's own pages: landing, health and readiness."""

from typing import Any

import redis
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from psycopg_pool import PoolTimeout

from casino.api import problems
from casino.api.problem_codes import all_codes
from casino.api.throttling import connection as redis_connection
from casino.errors import Unavailable


@ensure_csrf_cookie
def landing(request: HttpRequest) -> HttpResponse:
    """GET /: where everything is."""
    return render(request, "casino/landing.html", {"debug": settings.DEBUG})


def problem_list(request: HttpRequest) -> HttpResponse:
    """GET /docs/problems: every refusal's code, where a problem document's ``type`` leads."""
    return render(request, "casino/problems.html", {"problems": all_codes()})


def healthz(request: HttpRequest) -> JsonResponse:
    """GET /healthz: the process answers."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """GET /readyz: 503 with the part named when the database or its migrations are away; Redis away is ``degraded``."""
    if (missing := _database_fault()) is not None:
        return problems.response(Unavailable(f"Not ready: {missing}.", part=missing.split()[0]))
    parts: dict[str, Any] = {"database": "ok", "migrations": "ok", "redis": "ok"}
    try:
        redis_connection().ping()
    except redis.RedisError:
        parts["redis"] = "away"
    return JsonResponse({"status": "ok" if parts["redis"] == "ok" else "degraded", "parts": parts})


_migrated = False


def _database_fault() -> str | None:
    """What is wrong with the database, if anything. Migrations are looked at until they once were complete."""
    global _migrated
    connection = connections[DEFAULT_DB_ALIAS]
    try:
        if not _migrated:
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                return "migrations are not applied"
            _migrated = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, PoolTimeout):
        return "database does not answer"
    return None
