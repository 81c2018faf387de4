"""What a role or a duty opens. Which rows it opens is ``visible_to``'s to say."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class IsPlayer(BasePermission):
    message = "Only players may do this."

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user.is_authenticated and request.user.is_player)


class IsStaff(BasePermission):
    """An operator's staff of any duty, or the platform."""

    message = "Only staff may do this."

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user.is_authenticated and request.user.is_staff)


class IsPlatform(BasePermission):
    message = "Only the platform may do this."

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user.is_authenticated and request.user.is_platform_admin)


class IsFinance(BasePermission):
    """Duty finance or manager, or the platform."""

    message = "Only staff with the finance duty may do this."

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user.is_authenticated and request.user.has_duty("finance"))


class IsManager(BasePermission):
    """Duty manager, or the platform."""

    message = "Only a manager may do this."

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user.is_authenticated and request.user.has_duty("manager"))
