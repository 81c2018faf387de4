"""The VIP programme in the back office: its terms are the platform's to edit, what it paid is looked at."""

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.forms.models import model_to_dict
from django.http import HttpRequest

from casino.admin import ReadOnly
from operators.models import SignificantEvent
from vip.models import LevelReached, PointsMovement, Standing, VipLevel
from vip.programme import Cashback, VipCost, VipCostShare, VipProgramme


class Terms(admin.ModelAdmin):
    """Rows of the platform's alone; every change is a significant event with before and after."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        before = model_to_dict(type(obj).objects.get(pk=obj.pk)) if change else None
        super().save_model(request, obj, form, change)
        SignificantEvent.objects.record(
            f"{obj._meta.model_name}.changed",
            actor_id=request.user.pk,
            reason="Changed in the back office.",
            before=before,
            after=model_to_dict(obj),
        )


@admin.register(VipLevel)
class VipLevelAdmin(Terms):
    list_display = ("number", "name", "xp_required", "cashback_rate", "xp_multiplier", "max_bet_factor",
                    "withdrawal_limit", "reward_bonus", "reward_free_spins")  # fmt: skip
    autocomplete_fields = ("reward_free_spin_game",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A level's number is its identity: standings name it."""
        return ("number",) if obj else ()


@admin.register(VipProgramme)
class VipProgrammeAdmin(Terms):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not VipProgramme.objects.exists()


@admin.register(Standing)
class StandingAdmin(ReadOnly):
    list_display = ("player", "level", "xp", "points")
    list_filter = ("level",)
    list_select_related = ("player", "level")
    search_fields = ("player__username", "player__email")
    show_full_result_count = False


@admin.register(LevelReached)
class LevelReachedAdmin(ReadOnly):
    list_display = ("reached_at", "player", "level", "operator", "rewarded_at", "bonus", "free_spins")
    list_filter = ("level",)
    list_select_related = ("player", "level", "operator", "bonus", "free_spins")
    search_fields = ("player__username",)
    show_full_result_count = False


@admin.register(PointsMovement)
class PointsMovementAdmin(ReadOnly):
    list_display = ("created_at", "player", "operator", "kind", "xp", "points", "reason")
    list_filter = ("kind",)
    list_select_related = ("player", "operator")
    search_fields = ("player__username", "reference")
    exclude = ("idempotency_key", "request_digest")
    show_full_result_count = False


@admin.register(VipCost)
class VipCostAdmin(ReadOnly):
    list_display = ("created_at", "operator", "player", "kind", "amount", "currency")
    list_filter = ("kind",)
    list_select_related = ("player", "operator")
    search_fields = ("player__username", "bonus__pk")
    show_full_result_count = False


@admin.register(VipCostShare)
class VipCostShareAdmin(ReadOnly):
    """Each operator sees its own shares, beside the cost and the wagers that explain them."""

    list_display = ("created_at", "operator", "kind", "cost_amount", "wagers", "amount")
    list_select_related = ("operator", "cost")
    show_full_result_count = False

    @admin.display(ordering="cost__created_at")
    def created_at(self, share: VipCostShare) -> Any:
        return share.cost.created_at

    @admin.display
    def kind(self, share: VipCostShare) -> str:
        return str(share.cost.kind)

    @admin.display(description="of a cost of")
    def cost_amount(self, share: VipCostShare) -> str:
        return f"{share.cost.amount:.2f} {share.cost.currency}"


@admin.register(Cashback)
class CashbackAdmin(ReadOnly):
    list_display = ("week", "operator", "player", "wagers", "wins", "level", "rate", "amount")
    list_filter = ("week",)
    list_select_related = ("player", "operator", "level")
    search_fields = ("player__username",)
    show_full_result_count = False
