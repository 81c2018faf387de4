"""Money in the back office: looked at, never changed by hand."""

from django.contrib import admin

from casino.admin import ReadOnly
from wallets.adjustment_models import Adjustment
from wallets.models import Deposit, ProviderAccount, Transfer, Wallet, WebhookEvent
from wallets.withdrawal_models import Withdrawal


@admin.register(Wallet)
class WalletAdmin(ReadOnly):
    list_display = ("player", "operator", "currency", "real", "bonus", "held", "debt", "version", "is_blocked")
    list_filter = ("is_blocked", "currency")
    list_select_related = ("player", "operator")
    search_fields = ("player__username", "player__email")
    show_full_result_count = False


@admin.register(Transfer)
class TransferAdmin(ReadOnly):
    list_display = ("created_at", "operator", "kind", "source", "target", "amount", "currency", "wallet", "reference")
    list_filter = ("kind",)
    list_select_related = ("operator", "wallet__player", "wallet__operator")
    search_fields = ("reference",)
    show_full_result_count = False


@admin.register(ProviderAccount)
class ProviderAccountAdmin(ReadOnly):
    """Secrets are not shown; ``rotate_provider_secret`` changes them."""

    list_display = ("provider", "operator", "is_active", "created_at")
    list_filter = ("provider", "is_active")
    list_select_related = ("operator",)


@admin.register(Deposit)
class DepositAdmin(ReadOnly):
    list_display = ("reference", "created_at", "operator", "player", "method", "amount", "currency", "status")
    list_filter = ("status", "method")
    list_select_related = ("operator", "player")
    search_fields = ("reference", "provider_reference", "player__username")
    exclude = ("idempotency_key", "request_digest")
    show_full_result_count = False


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnly):
    list_display = ("received_at", "account", "type", "amount", "currency", "verdict", "reason", "deposit", "attempts")
    list_filter = ("verdict", "type")
    list_select_related = ("account__operator", "deposit")
    search_fields = ("event_id", "deposit__reference")
    show_full_result_count = False


@admin.register(Withdrawal)
class WithdrawalAdmin(ReadOnly):
    list_display = ("reference", "created_at", "operator", "player", "method", "amount", "currency", "status")
    list_filter = ("status", "method", "needs_two_people", "is_automatic")
    list_select_related = ("operator", "player")
    search_fields = ("reference", "provider_reference", "player__username")
    exclude = ("idempotency_key", "request_digest")
    show_full_result_count = False


@admin.register(Adjustment)
class AdjustmentAdmin(ReadOnly):
    list_display = ("created_at", "operator", "player", "amount", "currency", "status", "maker", "checker", "reason")
    list_filter = ("status", "needs_two_people")
    list_select_related = ("operator", "player", "maker", "checker")
    search_fields = ("player__username", "reason")
    exclude = ("idempotency_key", "request_digest")
    show_full_result_count = False
