"""Pages of the two journals: alerts, which staff put aside, and significant events, which nobody changes."""

import json
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from casino.errors import Invalid
from casino.ids import first_id_of
from operators.alerts import acknowledge
from operators.models import Alert, Severity, SignificantEvent
from operators.pages import ROWS_A_PAGE, Scope, as_csv, attempt, scope_of, show
from operators.periods import parse_period

MOST_CSV_ROWS = 2_000


def alerts(request: HttpRequest) -> HttpResponse:
    """GET /backoffice/alerts/: what staff should look at, newest first."""
    scope = scope_of(request)
    rows: Any = _of(scope, Alert.objects.visible_to(scope.user)).select_related("operator", "acknowledged_by")
    state = request.GET.get("state") or "open"
    if state in ("open", "seen"):
        rows = rows.filter(acknowledged_at__isnull=state == "open")
    if severity := request.GET.get("severity"):
        rows = rows.filter(severity=severity)
    if request.GET.get("format") == "csv":
        header = ("id", "at", "operator", "severity", "kind", "subject", "acknowledged_at", "acknowledged_by")
        lines = (
            (row.pk, row.created_at, row.operator or "platform", row.severity, row.kind, row.subject,
             row.acknowledged_at, row.acknowledged_by)
            for row in rows[:MOST_CSV_ROWS]
        )  # fmt: skip
        return as_csv("alerts", header, lines)
    found, cursor = _page(rows, request)
    return show(
        request, "backoffice/alerts.html", "Alerts", scope, rows=found, cursor=cursor, state=state, severity=severity,
        states=(("open", "Open"), ("seen", "Seen to"), ("all", "All")), severities=Severity.choices,
    )  # fmt: skip


@require_POST
def acknowledge_alert(request: HttpRequest, pk: UUID) -> HttpResponse:
    """POST /backoffice/alerts/{id}/acknowledge/: somebody, of whatever duty, has seen to it."""
    attempt(request, lambda: acknowledge(request.user, pk, timezone.now()), "Noted: you have seen to it.")
    back = request.POST.get("back", "")
    return HttpResponseRedirect(f"{reverse('admin:alerts')}{f'?{back}' if back else ''}")


def events(request: HttpRequest) -> HttpResponse:
    """GET /backoffice/events/: who changed what, why, and from what to what, newest first."""
    scope = scope_of(request)
    rows: Any = _of(scope, SignificantEvent.objects.visible_to(scope.user))
    rows = rows.select_related("operator", "actor", "player")
    if kind := request.GET.get("kind", "").strip():
        rows = rows.filter(kind=kind)
    if who := request.GET.get("who", "").strip():
        rows = rows.filter(actor__username__iexact=who)
    if request.GET.get("from") or request.GET.get("to"):
        period = parse_period(request.GET, timezone.now())
        rows = rows.filter(pk__gte=first_id_of(period.start), pk__lt=first_id_of(period.end))
    if request.GET.get("format") == "csv":
        header = ("id", "at", "operator", "kind", "actor", "player", "reason", "before", "after")
        lines = (
            (row.pk, row.created_at, row.operator or "platform", row.kind, row.actor, row.player, row.reason,
             _json(row.before), _json(row.after))
            for row in rows[:MOST_CSV_ROWS]
        )  # fmt: skip
        return as_csv("significant-events", header, lines)
    found, cursor = _page(rows, request)
    shown = [{"event": row, "changes": _changes(row)} for row in found]
    return show(
        request, "backoffice/events.html", "Significant events", scope, rows=shown, cursor=cursor, kind=kind, who=who
    )  # fmt: skip


def _of(scope: Scope, rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(operator=scope.operator) if scope.operator else rows


def _page(rows: QuerySet[Any], request: HttpRequest) -> tuple[list[Any], UUID | None]:
    """A page below the cursor, and the cursor of the next."""
    try:
        below = UUID(request.GET["cursor"]) if request.GET.get("cursor") else None
    except ValueError:
        raise Invalid.field("cursor", "There is no such page.") from None
    found = list((rows.filter(pk__lt=below) if below else rows).order_by("-id")[: ROWS_A_PAGE + 1])
    return found[:ROWS_A_PAGE], found[ROWS_A_PAGE - 1].pk if len(found) > ROWS_A_PAGE else None


def _changes(event: SignificantEvent) -> list[tuple[str, str, str]]:
    """What changed as (name, before, after), where both are objects; else all there is, in one line."""
    before, after = event.before, event.after
    if not isinstance(before or {}, dict) or not isinstance(after or {}, dict):
        return [("", _json(before), _json(after))]
    names = list(dict.fromkeys((*(before or {}), *(after or {}))))
    return [(name, _text((before or {}).get(name)), _text((after or {}).get(name))) for name in names]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)
