"""Filters of lists: relations by the rows that the viewer may see, and periods by range."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from casino.ids import first_id_of

MOST_CHOICES = 200
# How far the clocks of the processes that make ids may be apart.
CLOCK_SKEW = timedelta(minutes=5)
_MOMENTS = ("created_at", "received_at", "reached_at")


class ScopedRelatedFilter(admin.RelatedFieldListFilter):
    """A relation's choices are the rows that the viewer may see; it is not shown where there is nothing to choose."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        rows = scoped(field.remote_field.model._default_manager.all(), request)
        # Choices are unwrapped into a menu, so a long table is not one.
        return [(row.pk, str(row)) for row in rows[:MOST_CHOICES]]

    @property
    def include_empty_choice(self) -> bool:
        return False


class PeriodFilter(admin.ListFilter):
    """From one day to another (UTC), both included. Ids sort by the moment they were made, which is never before the
    moment that a row is dated: they spare the reading of all that is older."""

    title = "period"
    template = "admin/rows/period.html"
    names = ("from", "to")

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.names:
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1]
        self.kept: list[tuple[str, str]] = []  # what else the list was asked for

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return list(self.names)

    def choices(self, changelist: Any) -> Any:
        self.kept = [pair for pair in changelist.params.items() if pair[0] not in self.names]
        today = timezone.now().astimezone(UTC).date()
        kept = changelist.get_query_string(remove=list(self.names))
        yield {"display": "Any time", "query_string": kept, "selected": not self.used_parameters}
        for title, days in (("Today", 0), ("Past 7 days", 6), ("Past 30 days", 29)):
            asked = {"from": (today - timedelta(days=days)).isoformat(), "to": today.isoformat()}
            yield {
                "display": title,
                "query_string": changelist.get_query_string(asked),
                "selected": self.used_parameters == asked,
            }

    @property
    def first(self) -> str:
        return str(self.used_parameters.get("from", ""))

    @property
    def last(self) -> str:
        return str(self.used_parameters.get("to", ""))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first, last = _day(self.first), _day(self.last)
        fields = {field.name for field in queryset.model._meta.concrete_fields}
        dated = next((name for name in _MOMENTS if name in fields), None)
        if first is not None:
            queryset = queryset.filter(pk__gte=first_id_of(_midnight(first) - CLOCK_SKEW))
            queryset = queryset.filter(**{f"{dated}__gte": _midnight(first)}) if dated else queryset
        if last is not None:
            end = _midnight(last + timedelta(days=1))
            queryset = queryset.filter(**({f"{dated}__lt": end} if dated else {"pk__lt": first_id_of(end)}))
        return queryset


def scoped(rows: Any, request: HttpRequest) -> Any:
    """The rows that the viewer may see; tables that belong to nobody are everybody's."""
    return rows.visible_to(request.user) if hasattr(rows, "visible_to") else rows


def _day(written: str) -> date | None:
    """The day that was asked for; a text that is none asks for nothing."""
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return None
    return day if 1971 < day.year < 9000 else None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
