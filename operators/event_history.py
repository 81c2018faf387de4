"""The history of a row in the back office: the significant events that name it, with who, why, before and after."""

from typing import Any, ClassVar

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from casino.admin import Panel, Rows, Scoped
from casino.admin.columns import document, moment, text
from operators.models import SignificantEvent

MOST_EVENTS = 100
COLUMNS = (moment("created_at", "when"), text("kind", "what"), text("actor", "who"), text("reason", "why"),
           document("before"), document("after"))  # fmt: skip


class WithHistory(Scoped):
    """A list whose rows' history is read from the significant events."""

    # Under which member of ``before`` and ``after`` an event names the row, and which fields narrow the search.
    event_key: ClassVar[str] = "id"
    event_kinds: ClassVar[str] = ""

    def happenings(self, request: HttpRequest, row: Any) -> Panel:
        return Panel("History", COLUMNS, self.events_of(request, row), "Nothing of consequence has happened to it yet.")

    def events_of(self, request: HttpRequest, row: Any) -> Any:
        """The newest events that name the row, as far as the viewer may see them."""
        named = {self.event_key: str(row.pk)}
        events = visible_events(request.user).filter(Q(after__contains=named) | Q(before__contains=named))
        if self.event_kinds:
            events = events.filter(kind__startswith=self.event_kinds)
        # An index leads to a person's events; the members of JSON have none.
        if (player_id := getattr(row, "player_id", None)) is not None:
            events = events.filter(player=player_id)
        return events[:MOST_EVENTS]


def visible_events(user: Any) -> QuerySet[Any]:
    """The significant events that the viewer may see, newest first, ready for ``COLUMNS``."""
    events: QuerySet[Any] = SignificantEvent.objects.visible_to(user).select_related("actor").order_by("-id")
    return events


def player_history(request: HttpRequest, player: Any) -> Panel:
    """What happened to a player at the operators that the viewer sees."""
    rows = visible_events(request.user).filter(player=player)[:MOST_EVENTS]
    return Panel("History", COLUMNS, rows, "Nothing of consequence has happened to this player yet.")


class TermsForm(forms.ModelForm):
    """A row of terms, with the reason why it is changed."""

    reason = forms.CharField(
        max_length=500, widget=forms.Textarea({"rows": 2}), help_text="Kept in the history, with your name."
    )


class Terms(Rows):
    """Rows that the platform edits in a form; every change is a significant event with who, why, before and after."""

    form = TermsForm

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        before = _facts(type(obj)._default_manager.get(pk=obj.pk)) if change else None
        super().save_model(request, obj, form, change)
        after = _facts(obj)
        differing = {name for name in after if not before or before[name] != after[name]}
        named: dict[str, Any] = {self.opts.model_name or "row": str(obj.pk)}
        SignificantEvent.objects.record(
            f"{self.opts.model_name}.changed",
            operator_id=getattr(obj, "operator_id", None),
            actor_id=request.user.pk,
            reason=form.cleaned_data["reason"],
            before=before and named | {name: before[name] for name in differing},
            after=named | {name: after[name] for name in differing},
        )

    def happenings(self, request: HttpRequest, row: Any) -> Panel:
        named = {str(self.opts.model_name): str(row.pk)}
        events = visible_events(request.user).filter(kind=f"{self.opts.model_name}.changed", after__contains=named)
        return Panel("History", COLUMNS, events[:MOST_EVENTS], "It has not been changed yet.")


def _facts(row: Any) -> dict[str, Any]:
    return {
        field.name: str(value) if (value := field.value_from_object(row)) is not None else None
        for field in row._meta.concrete_fields
        if not field.primary_key
    }
