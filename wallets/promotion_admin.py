"""Bonuses and free spins in the back office: what was granted, how far it is, how it ended."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html

from casino.admin import Facts, Panel, PeriodFilter, ReadOnly
from casino.admin.columns import badge, computed, link, link_to, moment, money, number, text
from operators.event_history import WithHistory
from wallets.models import Transfer
from wallets.promotions import Bonus, FreeSpins


def progress(row: Bonus) -> Any:
    """How far the wagering is, as a bar and in words."""
    done = min(row.wagered / row.required, Decimal(1)) * 100 if row.required else Decimal(100)
    return format_html('<progress max="100" value="{}"></progress> {} %', f"{done:.0f}", f"{done:.0f}")


CURRENCY = "operator.currency"
COLUMNS = (badge("status"), money("granted", currency=CURRENCY), money("balance", currency=CURRENCY),
           computed("wagering", progress, lambda row: f"{row.wagered:.2f} of {row.required:.2f}"), text("source"),
           moment("created_at", "granted at"), moment("expires_at", "expires"))  # fmt: skip
SPINS = (link("game"), number("remaining"), number("count"), money("value", currency=CURRENCY), text("source"),
         moment("created_at", "granted at"), moment("expires_at", "expires"))  # fmt: skip


@admin.register(Bonus)
class BonusAdmin(WithHistory, ReadOnly):
    list_display = (computed("bonus", str), link("player"), *COLUMNS, text("operator"))
    list_filter = ("status", "source", "operator", PeriodFilter)
    url_filters = ("player", "wallet", "rule", "deposit")
    list_select_related = ("operator", "player", "rule", "deposit", "wallet__player", "wallet__operator", "granted_by")
    find_by, person_field = ("id",), "player"
    search_help_text = "A username or an id, whole"
    event_kinds = "bonus."
    empty_sentence = "No bonus has been granted yet."
    details = (
        ("Bonus", (badge("status"), link("player"), text("operator"), link("wallet"), text("source"), link("rule"),
                   link("deposit"), text("granted_by"), text("reason"))),
        ("Money", (money("granted", currency=CURRENCY), money("balance", currency=CURRENCY),
                   money("converted", currency=CURRENCY), money("forfeited", currency=CURRENCY),
                   money("conversion_cap", currency=CURRENCY))),
        ("Wagering", (computed("progress", progress), money("required", currency=CURRENCY),
                      money("wagered", currency=CURRENCY), number("wagering_multiple", unit="×"),
                      money("max_stake", currency=CURRENCY), moment("created_at"), moment("expires_at"),
                      moment("ended_at"))),
    )  # fmt: skip

    def related(self, request: HttpRequest, row: Any) -> Sequence[Panel | Facts]:
        moves = (moment("created_at", "when"), text("kind", "why"), text("source", "from"), text("target", "to"),
                 money("amount"))  # fmt: skip
        transfers = Transfer.objects.visible_to(request.user).filter(reference=row.pk).order_by("id")
        return (Panel("Money moved", moves, transfers),)


@admin.register(FreeSpins)
class FreeSpinsAdmin(WithHistory, ReadOnly):
    list_display = (computed("grant", str), link("player"), *SPINS, text("operator"))
    list_filter = ("source", "operator", PeriodFilter)
    url_filters = ("player", "wallet", "rule", "deposit", "game")
    list_select_related = ("operator", "player", "game", "rule", "deposit", "bonus", "granted_by")
    find_by, person_field = ("id",), "player"
    search_help_text = "A username or an id, whole"
    event_kinds = "free_spins."
    empty_sentence = "No free spins have been granted yet."
    details = (
        ("Free spins", (link("player"), text("operator"), *SPINS, number("wagering_multiple", unit="×"),
                        money("conversion_cap", currency=CURRENCY))),
        ("Why", (link("rule"), link("deposit"), text("granted_by"), text("reason"),
                 computed("winnings", lambda row: link_to(row.bonus) if row.bonus else "nothing won yet"))),
    )  # fmt: skip
