"""Affiliates in the back office: terms are the platform's to edit; statements and payouts are looked at."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from casino.admin import ReadOnly
from operators.affiliate_models import AffiliatePayout, AffiliateStatement
from operators.models import Affiliate, SignificantEvent


@admin.register(Affiliate)
class AffiliateAdmin(ReadOnly):
    """Staff look; the platform's admin changes rate and policy, which hold from the next statement on."""

    list_display = ("code", "name", "operator", "rate", "carries_negative", "is_active")
    list_filter = ("is_active", "carries_negative")
    list_select_related = ("operator",)
    readonly_fields = ("operator", "code", "created_at")
    search_fields = ("code", "name")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(getattr(request.user, "is_platform_admin", False))

    def save_model(self, request: HttpRequest, obj: Affiliate, form: Any, change: bool) -> None:
        before = {name: form.initial.get(name) for name in form.changed_data}
        super().save_model(request, obj, form, change)
        SignificantEvent.objects.record(
            "affiliate.changed",
            operator_id=obj.operator_id,
            actor_id=request.user.pk,
            reason="Changed in the back office.",
            before=before,
            after={"id": str(obj.pk), **{name: getattr(obj, name) for name in form.changed_data}},
        )


@admin.register(AffiliateStatement)
class AffiliateStatementAdmin(ReadOnly):
    list_display = ("week", "affiliate", "operator", "ggr", "promotion_costs", "net", "rate", "amount", "carried_out")
    list_select_related = ("affiliate", "operator")
    search_fields = ("affiliate__code",)


@admin.register(AffiliatePayout)
class AffiliatePayoutAdmin(ReadOnly):
    list_display = ("created_at", "affiliate", "operator", "amount", "currency", "paid_by", "reason")
    list_select_related = ("affiliate", "operator", "paid_by")
    search_fields = ("affiliate__code",)
    exclude = ("idempotency_key", "request_digest")
