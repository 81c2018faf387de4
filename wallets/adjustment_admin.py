"""Manual adjustments in the back office: who made them, who checked them, and the checker's decision."""

from typing import Any

from django.contrib import admin

from casino.admin import Decision, PeriodFilter, ReadOnly
from casino.admin.columns import age, badge, link, moment, money, text
from operators.event_history import WithHistory
from wallets import adjustments
from wallets.adjustment_models import Adjustment, AdjustmentStatus

FINANCE = ("finance",)


def _approve(staff: Any, row: Adjustment, answers: dict[str, Any]) -> str:
    adjustments.decide_adjustment(row.pk, staff, AdjustmentStatus.APPROVED, answers["reason"])
    return f"The adjustment of {row} is approved and posted."


def _reject(staff: Any, row: Adjustment, answers: dict[str, Any]) -> str:
    adjustments.decide_adjustment(row.pk, staff, AdjustmentStatus.REJECTED, answers["reason"])
    return f"The adjustment of {row} is rejected; no money has moved."


def _is_pending(row: Adjustment) -> bool:
    return row.status == AdjustmentStatus.PENDING


@admin.register(Adjustment)
class AdjustmentAdmin(WithHistory, ReadOnly):
    list_display = (moment("created_at", "made"), badge("status"), link("player"), money("amount"), text("maker"),
                    text("checker"), text("reason"), text("operator"), age("created_at"))  # fmt: skip
    list_filter = ("status", "needs_two_people", "operator", PeriodFilter)
    url_filters = ("player", "wallet")
    list_select_related = ("operator", "player", "maker", "checker", "wallet")
    find_by, person_field = ("id",), "player"
    search_help_text = "A username or an id, whole"
    event_key, event_kinds = "adjustment", "adjustment."
    empty_sentence = "Nobody has adjusted a balance by hand. A player's page is where to begin."
    decisions = (
        Decision("approve", "Approve", "The adjustment is posted. Who made it cannot approve it.", _approve, FINANCE,
                 is_due=_is_pending,
                 is_about_money=True),
        Decision("reject", "Reject", "Nothing is posted. Who made it cannot reject it.", _reject, FINANCE,
                 is_due=_is_pending,
                 is_about_money=True),
    )  # fmt: skip
    details = (
        ("Adjustment", (badge("status"), money("amount"), link("player"), link("wallet"), text("operator"),
                        text("maker", "made by"), text("reason"), moment("created_at", "made"))),
        ("Check", (badge("needs_two_people"), text("checker", "checked by"), text("decision_reason",
                   "checker's reason"),
                   moment("decided_at", "decided"))),
    )  # fmt: skip
