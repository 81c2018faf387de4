"""Cursor pages, newest first."""

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from casino.errors import Invalid


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

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        """The page in OpenAPI 3.1, where a link that may be missing has two types."""
        link = {"type": ["string", "null"], "format": "uri", "example": "https://casino.example/bets?cursor=cD0yMDI2"}
        properties = {"next": link, "previous": link, "results": schema}
        return {"type": "object", "required": list(properties), "properties": properties}
