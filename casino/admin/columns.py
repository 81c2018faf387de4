"""Columns of the back office: one function per fact of a row, used by lists, detail pages, panels and CSV alike.

A column shows a row's fact as HTML when called; its attribute ``plain`` gives the same fact as a spreadsheet takes it.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

Column = Callable[[Any], Any]
NOTHING = "—"
# Begins the name of every column of numbers, by which the style sheet puts them and their headings to the right.
AMOUNT = "amount_of_"
_LATE_HOURS = 24
# The request whose page is being shown: a column knows its row alone, and a link must not lead to a closed door.
_shown_to: ContextVar[HttpRequest | None] = ContextVar("shown_to", default=None)


def text(path: str, label: Any = None) -> Column:
    """What stands at ``path`` (attributes joined by dots); a choice by its label."""

    def show(row: Any) -> Any:
        found = _label_at(row, path)
        return NOTHING if found in (None, "") else found

    return _column(show, lambda row: _label_at(row, path), path, label)


def money(path: str, label: Any = None, currency: str | None = "currency", places: int = 2) -> Column:
    """An amount, to the right, with the currency that stands at ``currency``."""

    def show(row: Any) -> Any:
        amount = at(row, path)
        return NOTHING if amount is None else shown_money(amount, at(row, currency) if currency else "", places)

    return _column(show, lambda row: _plain_number(at(row, path), places), f"{AMOUNT}{path}", label)


def number(path: str, label: Any = None, places: int | None = None, unit: str = "") -> Column:
    """A number, to the right; ``places`` decimals where given, else no needless zeros."""

    def show(row: Any) -> Any:
        found = at(row, path)
        return (
            NOTHING if found is None else format_html('<span class="number">{}{}</span>', _number(found, places), unit)
        )

    return _column(show, lambda row: _plain_number(at(row, path), places), f"{AMOUNT}{path}", label)


def badge(path: str, label: Any = None, yes: str = "yes", no: str = "no") -> Column:
    """A status as a coloured word; truth as ``yes`` or ``no``."""

    def plain(row: Any) -> Any:
        found = _label_at(row, path)
        return (yes if found else no) if isinstance(found, bool) else found

    def show(row: Any) -> Any:
        word, value = plain(row), at(row, path)
        if word in (None, ""):
            return NOTHING
        return format_html('<span class="badge badge-{}">{}</span>', _word(value), word)

    return _column(show, plain, path, label)


def moment(path: str, label: Any = None) -> Column:
    """A moment in UTC, to the minute; to the second when pointed at."""

    def show(row: Any) -> Any:
        found = at(row, path)
        return NOTHING if found is None else shown_moment(found)

    return _column(show, lambda row: _iso(at(row, path)), path, label)


def age(path: str, label: str = "age") -> Column:
    """How long ago a moment was; marked once it is more than a day."""

    def show(row: Any) -> Any:
        found = at(row, path)
        if found is None:
            return NOTHING
        passed = timezone.now() - found
        late = " late" if passed.total_seconds() > _LATE_HOURS * 3600 else ""
        return format_html('<span class="age{}">{}</span>', late, _duration(passed.total_seconds()))

    return _column(show, lambda row: _iso(at(row, path)), f"{path}_age", label)


def link(path: str, label: Any = None) -> Column:
    """The related row at ``path``, leading to its page."""

    def show(row: Any) -> Any:
        found = at(row, path)
        return NOTHING if found is None else link_to(found)

    return _column(show, lambda row: at(row, path), path, label)


def document(path: str, label: Any = None) -> Column:
    """A JSON value, laid out as a table of its members."""

    def show(row: Any) -> Any:
        return shown_json(at(row, path))

    return _column(show, lambda row: at(row, path), path, label)


def member(key: Any, label: Any = None) -> Column:
    """What stands under ``key`` of a row that is a mapping or a list."""

    def show(row: Any) -> Any:
        found = row[key]
        return NOTHING if found in (None, "") else found

    return _column(show, lambda row: row[key], str(key), label)


def computed(name: str, show: Callable[[Any], Any], plain: Callable[[Any], Any] | None = None) -> Column:
    """A fact that ``show`` works out of the row; ``plain`` for spreadsheets where it differs."""
    return _column(lambda row: show(row), plain or show, name, name.replace("_", " "))


def show_to(request: HttpRequest) -> None:
    """Note for whom the columns of this page are; it holds until the next request of the same context says anew."""
    _shown_to.set(request)


def link_to(row: Any, caption: Any = None) -> Any:
    """A link to the row's page, where there is one that the viewer may open; the caption alone otherwise."""
    caption = str(row) if caption is None else caption
    rows, viewer = admin.site._registry.get(type(row)), _shown_to.get()
    if rows is None or (viewer is not None and not rows.has_module_permission(viewer)):
        return caption
    return format_html('<a href="{}">{}</a>', address_of(row), caption)


def address_of(row: Any) -> str:
    """The address of the row's page."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def shown_money(amount: Decimal, currency: str = "", places: int = 2) -> SafeString:
    """``1,234.50 USD`` as HTML, beyond the second place without needless zeros; red below zero."""
    sign = " negative" if amount < 0 else ""
    if places > 2:
        written = f"{amount:,.{places}f}".rstrip("0")
        places = max(len(written) - written.index(".") - 1, 2)
    return format_html('<span class="money{}">{} <small>{}</small></span>', sign, f"{amount:,.{places}f}", currency)


def shown_moment(found: datetime | date) -> Any:
    """A moment (UTC) or a day as HTML."""
    if not isinstance(found, datetime):
        return f"{found:%Y-%m-%d}"
    found = found.astimezone(UTC)
    written = (found.isoformat(), f"{found:%H:%M:%S}", f"{found:%Y-%m-%d %H:%M}")
    return format_html('<time datetime="{}" title="{} UTC">{}</time>', *written)


def shown_json(value: Any) -> Any:
    """A JSON value as nested tables; lists of objects with one column per member."""
    if isinstance(value, Mapping) and value:
        lines = [(str(name).replace("_", " "), shown_json(inner)) for name, inner in value.items()]
        body = format_html_join("", '<tr><th scope="row">{}</th><td>{}</td></tr>', lines)
        return format_html('<table class="json">{}</table>', body)
    if isinstance(value, list) and value and all(isinstance(inner, Mapping) for inner in value):
        return _shown_rows(value)
    if isinstance(value, list) and value:
        return format_html_join(" ", '<span class="item">{}</span>', ((shown_json(inner),) for inner in value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return NOTHING if value in (None, "", [], {}) else str(value)


def _shown_rows(rows: list[Any]) -> SafeString:
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = format_html_join("", '<th scope="col">{}</th>', ((str(name).replace("_", " "),) for name in names))
    body: list[Any] = [
        format_html_join("", "<td>{}</td>", ((shown_json(row.get(name)),) for name in names)) for row in rows
    ]
    lines = format_html_join("", "<tr>{}</tr>", ((line,) for line in (head, *body)))
    return format_html('<table class="json">{}</table>', lines)


def columns_of(model: type[models.Model], left_out: tuple[str, ...] = ()) -> tuple[Column, ...]:
    """A column for each field of the model, by its type; for pages that say nothing of their own."""
    return tuple(
        _column_of(field)
        for field in model._meta.concrete_fields
        if field.name not in left_out and not (field.primary_key and field.name == "id")
    )


def at(row: Any, path: str) -> Any:
    """What stands at the path of attributes; None where one on the way is missing."""
    for name in path.split("."):
        row = getattr(row, name, None)
        if row is None:
            return None
    return row() if callable(row) and not isinstance(row, type) else row


def _column_of(field: Any) -> Column:
    name = field.name
    if field.is_relation:
        return link(name, field.verbose_name)
    if isinstance(field, models.JSONField):
        return document(name, field.verbose_name)
    if isinstance(field, models.DateTimeField | models.DateField):
        return moment(name, field.verbose_name)
    if isinstance(field, models.BooleanField) or field.choices:
        return badge(name, field.verbose_name)
    if isinstance(field, models.DecimalField | models.IntegerField):
        return number(name, field.verbose_name)
    return text(name, field.verbose_name)


def _column(show: Any, plain: Callable[[Any], Any], path: str, label: Any) -> Column:
    name = path.replace(".", "_")
    show.__name__ = name
    show.short_description = label or name.removeprefix(AMOUNT).replace("_", " ")
    show.plain = plain
    found: Column = show
    return found


def _label_at(row: Any, path: str) -> Any:
    """The label of a choice, else the value."""
    owner, _, name = path.rpartition(".")
    holder = at(row, owner) if owner else row
    display = getattr(holder, f"get_{name}_display", None)
    return display() if display is not None else at(row, path)


def _word(value: Any) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in str(value).lower())


def _number(value: Any, places: int | None) -> str:
    if places is not None:
        return f"{value:,.{places}f}"
    written = f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def _plain_number(value: Any, places: int | None) -> str:
    return "" if value is None else _number(value, places).replace(",", "")


def _iso(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    return "" if value is None else str(value)


def _duration(seconds: float) -> str:
    """The two largest units of a span of time."""
    minutes = max(int(seconds // 60), 0)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
