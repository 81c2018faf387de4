"""What a role or a duty opens. Which rows it opens is ``visible_to``'s to say."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from casino.api import second_factor


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
    """Who decides about money: duty finance or manager, or the platform, with a second factor where one is due."""

    message = "Only staff with the finance duty may do this."

    def has_permission(self, request: Request, view: Any) -> bool:
        if not (request.user.is_authenticated and request.user.has_duty("finance")):
            return False
        second_factor.require(request.auth, request.user)
        return True


class IsManager(BasePermission):
    """Duty manager, or the platform."""

    message = "Only a manager may do this."

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user.is_authenticated and request.user.has_duty("manager"))


class MayGrant(IsManager):
    """Who gives away what costs money: a manager, or the platform, with a second factor where one is due."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        second_factor.require(request.auth, request.user)
        return True


class MayAddXp(IsPlatform):
    """The platform, with a second factor where one is due."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        second_factor.require(request.auth, request.user)
        return True


# Behind these stand the calls that need a second factor where the settings ask for one.
ABOUT_MONEY = (IsFinance, MayGrant, MayAddXp)
