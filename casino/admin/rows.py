"""What every list of rows in the back office keeps to: whose rows staff see, by which doors, and what they may do.

``Rows`` is the base of all: details and panels on a row's page, decisions, CSV, and no filters but those declared.
``Scoped`` rows are those of the viewer's operator; ``ReadOnly`` ones are never changed by hand.
"""

from collections.abc import Iterable, Sequence
from functools import update_wrapper
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import IGNORED_PARAMS
from django.core.exceptions import FieldDoesNotExist
from django.db.models import QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from casino.admin import exports, searches
from casino.admin.columns import Column, columns_of
from casino.admin.decisions import Decision, decide, decide_many, named
from casino.admin.filters import ScopedRelatedFilter, scoped
from casino.admin.paging import MOST_COUNTED, CappedPaginator
from casino.admin.panels import Facts, Panel, Tab

_SUFFIXES = {"exact", "in", "isnull", "gte", "lte", "gt", "lt"}


class Rows(admin.ModelAdmin):
    """A list and its rows' pages."""

    # A row's page: titled groups of columns, then tables of related rows, or tabs of both.
    details: ClassVar[Sequence[tuple[str, Sequence[Column]]]] = ()
    tabs: ClassVar[Sequence[Tab]] = ()
    decisions: ClassVar[Sequence[Decision]] = ()  # about a row
    page_decisions: ClassVar[Sequence[Decision]] = ()  # about none: what makes a new one
    # Fields that a link may filter by, beside those of ``list_filter``.
    url_filters: ClassVar[Sequence[str]] = ()
    # What the search box looks for, whole, by index: fields of the row, and the field that holds a person.
    find_by: ClassVar[Sequence[str]] = ()
    person_field: ClassVar[str] = ""
    empty_sentence: ClassVar[str] = "There are none yet."

    change_list_template = "admin/rows/change_list.html"
    change_form_template = "admin/rows/change_form.html"
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_max_show_all = 0
    list_per_page = 50
    # Lists stand in the order of their index; a table that is small says what else it may be sorted by.
    sortable_by = ()
    save_as = False

    class Media:
        css: ClassVar = {"all": ("admin-rows.css",)}

    # --- Whose rows, and by which doors

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = scoped(super().get_queryset(request), request)
        # A person whom the viewer cannot see has no rows here, and is not looked for: the time would tell of them.
        if (person := request.GET.get(self.person_field)) and not searches.sees_person(request, person):
            return rows.none()
        return rows

    def get_field_queryset(self, db: Any, db_field: Any, request: HttpRequest) -> Any:
        """The choices of a relation, autocompletion's too: what the viewer may see."""
        rows = super().get_field_queryset(db, db_field, request)
        if rows is None:
            rows = db_field.remote_field.model._default_manager.using(db)
        return scoped(rows.all(), request)

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Relations are filtered by what the viewer may see; Django's own filter lists every tenant's rows."""
        return [self._filter(item) for item in super().get_list_filter(request)]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what is declared: any other would tell, row by row, what a column or a neighbour's row holds."""
        known = {name for item in self.get_list_filter(request or HttpRequest()) for name in _names_of(item)}
        known |= {*self.url_filters, *IGNORED_PARAMS}
        known |= {f"{name}{LOOKUP_SEP}{key}" for name in known if (key := self._key_of(name))}
        parts = lookup.split(LOOKUP_SEP)
        if parts[-1] in _SUFFIXES:
            parts.pop()
        return LOOKUP_SEP.join(parts) in known

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Pop-ups and autocompletion name rows by their key alone."""
        return to_field == self.opts.pk.name

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows are ended by decisions, never deleted here."""
        return False

    def get_search_fields(self, request: HttpRequest) -> Any:
        return self.find_by or super().get_search_fields(request)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        """Rows by a whole word where ``find_by`` says so: parts of words would be looked for in every row."""
        if not self.find_by or not search_term.strip():
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(searches.whole(self, request, search_term.strip())), False

    # --- Decisions

    def get_actions(self, request: HttpRequest) -> Any:
        """Decisions that are safe for several rows; never Django's deletion of many."""
        actions = {name: found for name, found in super().get_actions(request).items() if name != "delete_selected"}
        if "_popup" in request.GET:
            return actions
        for decision in self.decisions:
            if decision.is_for_many is not None and decision.is_open_to(request.user):
                actions[decision.name] = (self._action(decision), decision.name, decision.label)
        return actions

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        own: list[tuple[str, Any, str]] = [
            ("export/", self.export_view, f"{name}_export"),
            ("do/<slug:decision>/", self.begin_view, f"{name}_begin"),
            ("<path:object_id>/do/<slug:decision>/", self.decision_view, f"{name}_decide"),
        ]
        guard: Any = self.admin_site.admin_view
        mine = [path(address, update_wrapper(guard(view), view), name=label) for address, view, label in own]
        return [*mine, *super().get_urls()]

    def list_address(self) -> str:
        """The address of the list."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The list as CSV."""
        self._require_view(request)
        return exports.export(request, self)

    def begin_view(self, request: HttpRequest, decision: str) -> HttpResponse:
        """The page of a decision that is about no row."""
        self._require_view(request)
        return decide(request, self, named(self.page_decisions, decision), None)

    def decision_view(self, request: HttpRequest, object_id: str, decision: str) -> HttpResponse:
        """The page of a decision about a row; another operator's row is as good as none."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
        return decide(request, self, named(self.decisions, decision), row)

    # --- Pages

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        open_ones = [one for one in self.page_decisions if one.is_open_to(request.user)]
        context = {
            "title": str(self.opts.verbose_name_plural).capitalize(),
            "page_decisions": open_ones,
            "export_address": f"{self.list_address()}export/?{request.GET.urlencode()}",
            "begin_address": f"{self.list_address()}do/",
            "empty_sentence": self.empty_sentence,
            "most_counted": MOST_COUNTED,
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A form for whoever may change the row; everybody else reads its details."""
        may_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return super().get_fieldsets(request, obj) if may_write else []

    def render_change_form(
        self, request: HttpRequest, context: Any, add: bool = False, change: bool = False, form_url: str = "",
        obj: Any = None,
    ) -> Any:  # fmt: skip
        if obj is not None:
            tabs = self.tabs_of(request, obj)
            asked = request.GET.get("tab")
            tab = next((tab for tab in tabs if tab.name == asked), tabs[0] if tabs else None)
            open_ones = [one for one in self.decisions if one.is_open_to(request.user, obj) and one.is_due(obj)]
            context.update(
                title=self.title_of(obj),
                subtitle=None,
                tabs=tabs,
                tab=tab,
                decisions=open_ones,
                panels=tab.panels(request, obj) if tab else self.panels(request, obj),
                show_save_and_add_another=False,
            )
        return super().render_change_form(request, context, add, change, form_url, obj)

    def title_of(self, row: Any) -> str:
        """What the row's page is headed by."""
        return f"{str(self.opts.verbose_name).capitalize()} {row}"

    def tabs_of(self, request: HttpRequest, row: Any) -> Sequence[Tab]:
        """The parts of the row's page, if it has any."""
        return self.tabs

    def panels(self, request: HttpRequest, row: Any) -> Sequence[Panel | Facts]:
        """What the row's page shows: its details, then the tables of related rows."""
        groups = self.details
        if not groups and not self.has_change_permission(request, row):
            left_out = (*(self.exclude or ()), "idempotency_key", "request_digest")
            groups = (("Details", columns_of(self.model, left_out)),)
        facts = [Facts(title, row, columns) for title, columns in groups]
        return [*facts, *self.related(request, row)]

    def related(self, request: HttpRequest, row: Any) -> Sequence[Panel | Facts]:
        """The tables of related rows below the details."""
        return ()

    def happenings(self, request: HttpRequest, row: Any) -> Panel | None:
        """The row's history, where an upper floor knows it; Django's own log otherwise."""
        return None

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        row = self.get_object(request, unquote(object_id))
        panel = self.happenings(request, row) if row is not None else None
        if row is None or panel is None:
            return super().history_view(request, object_id, extra_context)
        self._require_view(request)
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {row}",
            "opts": self.opts,
            "object": row,
            "panels": [panel],
            "media": self.media,
        }
        return TemplateResponse(request, "admin/rows/history.html", context)

    def _require_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise Http404

    def _filter(self, item: Any) -> Any:
        is_relation = isinstance(item, str) and self.opts.get_field(item).is_relation
        return (item, ScopedRelatedFilter) if is_relation else item

    def _key_of(self, name: str) -> str:
        """The name of the key of the related table, where ``name`` is a relation."""
        try:
            field: Any = self.opts.get_field(name)
        except FieldDoesNotExist:
            return ""
        return str(field.target_field.name) if field.is_relation else ""

    def _action(self, decision: Decision) -> Any:
        def act(model_admin: Any, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
            return decide_many(request, model_admin, decision, rows)

        return act


class Scoped(Rows):
    """Rows that an operator's staff may read, their own operator's only."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(getattr(request.user, "is_staff", False))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not getattr(request.user, "is_staff", False):
            return False
        # What was read through ``get_queryset`` is visible; anything else is asked for.
        return obj is None or self.get_queryset(request).filter(pk=obj.pk).exists()


class ReadOnly(Scoped):
    """Money and history: looked at, never changed by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _names_of(item: Any) -> Iterable[str]:
    """The parameters or fields that a declared filter reads."""
    if isinstance(item, list | tuple):
        return (item[0],)
    if isinstance(item, str):
        return (item,)
    return (*getattr(item, "names", ()), *filter(None, [getattr(item, "parameter_name", None)]))
