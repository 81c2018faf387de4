"""Any list as CSV: the rows of the list's own query, filters and search included, sent while they are read."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone

from casino.admin.columns import at
from casino.spreadsheets import pieces

ROWS_AT_ONCE = 2_000


def export(request: HttpRequest, model_admin: Any) -> StreamingHttpResponse:
    """The list that ``request`` asks ``model_admin`` for, whole, with the columns of the list."""
    rows = model_admin.get_changelist_instance(request).queryset
    columns = [column for column in model_admin.get_list_display(request) if column != "action_checkbox"]
    lines = pieces(_lines(rows, columns, model_admin))
    is_async = isinstance(request, ASGIRequest)
    # Under ASGI a plain iterator would be gathered whole before the first byte leaves.
    answer = StreamingHttpResponse(_from_thread(lines) if is_async else lines, content_type="text/csv; charset=utf-8")
    name = f"{model_admin.opts.model_name}-{timezone.now():%Y-%m-%d}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _lines(rows: Any, columns: list[Any], model_admin: Any) -> Iterator[list[Any]]:
    yield ["id", *(_heading(column) for column in columns)]
    for row in rows.iterator(chunk_size=ROWS_AT_ONCE):
        yield [row.pk, *(_plain(column, row, model_admin) for column in columns)]


def _heading(column: Any) -> str:
    return str(getattr(column, "short_description", column)).replace("_", " ")


def _plain(column: Any, row: Any, model_admin: Any) -> Any:
    """The column's fact for a spreadsheet."""
    if callable(column):
        plain = getattr(column, "plain", column)
        return plain(row)
    own = getattr(model_admin, column, None)
    return own(row) if callable(own) else at(row, column)


async def _from_thread(lines: Iterator[str]) -> AsyncIterator[str]:
    def read() -> str:
        return next(lines, "")

    while piece := await sync_to_async(read)():
        yield piece
