"""Lists of the caller's own rows, newest first, read without what the ORM and the serializers cost a page."""

from typing import Any, ClassVar

from rest_framework import mixins
from rest_framework.request import Request

from casino.api.answers import Answer
from casino.api.pagination import NewestFirst
from casino.prepared import Prepared


class PreparedList(mixins.ListModelMixin):
    """For list views: the first page comes from ``prepared``; those behind a cursor from the view's own query set.

    Both must say the same of every caller, so a view writes its query set once and prepares that. ``document`` makes
    the JSON object of one row; it is declared as a static method.
    """

    prepared: ClassVar[Prepared[Any]]
    document: ClassVar[Any]
    paginator: Any

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Answer:  # type: ignore[override]
        """A page of documents."""
        pages: NewestFirst = self.paginator
        if pages.cursor_query_param in request.query_params:
            page = pages.paginate_queryset(self.get_queryset(), request, view=self)  # type: ignore[attr-defined]
        else:
            page = pages.first_page(self.prepared, request)
        return pages.get_paginated_response([self.document(row) for row in page])
