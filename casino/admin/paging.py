"""Pages of lists that may be ten million rows long: they are never counted beyond what anybody pages through."""

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator

MOST_COUNTED = 2_000


class CappedPaginator(Paginator):
    """Counts up to ``MOST_COUNTED`` rows; older ones are reached by filters."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        if not hasattr(rows, "query"):
            return len(rows)
        counted: int = rows.order_by().values("pk")[:MOST_COUNTED].count()
        return counted

    def _check_object_list_is_ordered(self) -> None:
        """Every list of the back office names its order."""
