"""Money in the back office: wallets, the ledger and the accounts with providers; looked at, never changed by hand."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from casino.admin import Facts, Panel, PeriodFilter, ReadOnly
from casino.admin.columns import badge, computed, document, link, link_to, moment, money, number, text
from casino.admin.panels import newest
from wallets import adjustment_admin, deposit_admin, promotion_admin, withdrawal_admin
from wallets.models import ProviderAccount, Transfer, Wallet

__all__ = ["adjustment_admin", "deposit_admin", "promotion_admin", "withdrawal_admin"]

POCKETS = (money("real"), money("bonus"), money("held"), money("debt"))
# Of a wallet's own movements; the rows of the ledger carry no name.
MOVES = (moment("created_at", "when"), computed("why", lambda row: link_to(row, row.kind), lambda row: row.kind),
         text("source", "from"), text("target", "to"), money("amount"), number("wallet_version", "number"))  # fmt: skip


def _ledger_of(row: Wallet) -> Any:
    """The page that recomputes every balance of the wallet from its movements."""
    return format_html(
        '<a href="{}">every movement with its balance</a>', reverse("admin:ledger_wallet", args=[row.pk])
    )


@admin.register(Wallet)
class WalletAdmin(ReadOnly):
    list_display = (computed("wallet", str), link("player"), text("operator"), *POCKETS,
                    badge("is_blocked", "blocked"))  # fmt: skip
    list_filter = ("is_blocked", "currency", "operator", PeriodFilter)
    url_filters = ("player",)
    list_select_related = ("player", "operator")
    find_by, person_field = ("id",), "player"
    search_help_text = "A username, an address or an id, whole"
    ordering = ("-id",)
    details = (
        ("Wallet", (link("player"), text("operator"), *POCKETS, badge("is_blocked", "blocked here"),
            moment("created_at"), computed("ledger", _ledger_of, str))),
        ("Deposit wagering", (money("wagering_required", "required"), money("wagering_wagered", "wagered"),
                              money("wagering_remaining", "remaining"), number("version", "movements"))),
    )  # fmt: skip

    def related(self, request: HttpRequest, row: Any) -> Sequence[Panel | Facts]:
        transfers = Transfer.objects.visible_to(request.user).filter(wallet=row).order_by("-wallet_version")[:20]
        return (Panel("Newest movements", MOVES, transfers, more=f"../../../transfer/?wallet={row.pk}"),)


@admin.register(Transfer)
class TransferAdmin(ReadOnly):
    list_display = (moment("created_at", "when"), text("kind", "why"), text("source", "from"), text("target", "to"),
                    money("amount"), text("operator", "book"), link("wallet.player", "player"),
                    text("reference"))  # fmt: skip
    list_filter = ("operator", PeriodFilter)
    url_filters = ("wallet", "reference")
    list_select_related = ("operator", "wallet__player")
    find_by, person_field = ("id",), "wallet__player"
    search_help_text = "A username, or the id of the movement"
    ordering = ("-id",)
    empty_sentence = "No money has moved yet."
    details = (
        ("Movement", (moment("created_at", "when"), text("kind", "why"), text("source", "from"), text("target", "to"),
                      money("amount", places=6), text("operator", "book"), link("wallet"),
                      number("wallet_version", "number in the wallet"), text("counterparty"), text("reference"))),
    )  # fmt: skip


@admin.register(ProviderAccount)
class ProviderAccountAdmin(ReadOnly):
    """Secrets are never shown, not even encrypted."""

    list_display = (text("provider"), text("operator"), badge("is_active", "active"), moment("created_at"))
    list_filter = ("provider", "is_active", "operator")
    list_select_related = ("operator",)
    ordering = ("provider", "id")
    details = (
        ("Account", (text("provider"), text("operator"), badge("is_active", "active"), moment("created_at"),
                     computed("previous_secret", lambda row: "accepted as well" if row.previous_secret else "none"))),
        ("What instructions show", (document("settings"),)),
    )  # fmt: skip

    def related(self, request: HttpRequest, row: Any) -> Sequence[Panel | Facts]:
        events = newest(deposit_admin.WebhookEvent.objects.visible_to(request.user).filter(account=row))
        return (Panel("Newest events", deposit_admin.EVENT, events, "It has sent nothing yet."),)
