"""What every list of rows in the back office keeps to: whose rows staff see, and what nobody changes by hand."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest


class Scoped(admin.ModelAdmin):
    """Rows that an operator's staff may read, their own operator's only."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        visible: QuerySet[Any] = rows.visible_to(request.user)
        return visible

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(getattr(request.user, "is_staff", False))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not getattr(request.user, "is_staff", False):
            return False
        return obj is None or type(obj).objects.visible_to(request.user).filter(pk=obj.pk).exists()


class ReadOnly(Scoped):
    """Money and history: looked at, never changed by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
