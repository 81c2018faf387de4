"""Cursor pages, newest first."""

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from casino.api.answers import Answer
from casino.errors import Invalid
from casino.prepared import Prepared


class NewestFirst(CursorPagination):
    """``{next, previous, results}`` by descending id: ids are of version 7, so that is newest first."""

    ordering = "-id"
    page_size = 25
    max_page_size = 100
    page_size_query_param = "limit"

    def get_page_size(self, request: Request) -> int:
        raw = request.query_params.get("limit")
        if raw is None:
            return self.page_size
        if not (raw.isascii() and raw.isdigit() and 1 <= int(raw[:9]) <= self.max_page_size):
            raise Invalid.field("limit", f"limit is a number from 1 to {self.max_page_size}.")
        return int(raw)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, ValueError):
            raise Invalid.field("cursor", "This cursor is not one of ours.") from None

    def first_page(self, prepared: Prepared[Any], request: Request) -> list[Any]:
        """The newest rows that a prepared query set, ordered by descending id, finds for the caller."""
        self.request, self.cursor = request, None
        self.ordering = (self.ordering,)  # type: ignore[assignment]
        self.page_size = self.get_page_size(request)
        rows = prepared.ask(request.user, self.page_size + 1)()
        self.page = rows[: self.page_size]
        self.has_next, self.has_previous = len(rows) > len(self.page), False
        if self.has_next:
            self.base_url, self.next_position = request.build_absolute_uri(), str(rows[-1].pk)
        return self.page

    def get_paginated_response(self, data: Any) -> Answer:  # type: ignore[override]
        """The page's answer."""
        return Answer({"next": self.get_next_link(), "previous": self.get_previous_link(), "results": data})

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        """The page in OpenAPI 3.1, where a link that may be missing has two types."""
        link = {"type": ["string", "null"], "format": "uri", "example": "https://casino.example/bets?cursor=cD0yMDI2"}
        properties = {"next": link, "previous": link, "results": schema}
        return {"type": "object", "required": list(properties), "properties": properties}
