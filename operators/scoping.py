"""Who may see which rows: one queryset method, used by every view, back-office page, export and feed."""

from typing import Any, Self

from django.db import models


class ScopedQuerySet(models.QuerySet[Any]):
    """Rows of an operator (``operator_field``) and, where ``player_field`` is set, of a player."""

    operator_field: str = "operator"
    player_field: str | None = None

    def visible_to(self, user: Any) -> Self:
        """The rows that ``user`` may see: the platform all, staff their operator's, players their own."""
        if not user.is_authenticated:
            return self.none()
        if user.is_platform_admin:
            return self
        if user.is_operator_staff:
            return self.filter(**{self.operator_field: user.operator_id})
        return self.filter(**{self.player_field: user.pk}) if self.player_field else self.none()
