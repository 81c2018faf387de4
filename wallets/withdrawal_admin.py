"""Withdrawals in the back office: the queue that finance and managers decide, oldest first, and the payouts."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from casino.admin import Decision, Facts, Panel, PeriodFilter, ReadOnly, Rows
from casino.admin.columns import age, badge, computed, document, link, moment, money, number, text
from operators.event_history import WithHistory
from wallets import withdrawals
from wallets.models import Transfer
from wallets.withdrawal_models import SimulatedPayout, Withdrawal, WithdrawalStatus

FINANCE = ("finance",)


def _approve(staff: Any, row: Withdrawal, answers: dict[str, Any]) -> str:
    decided = withdrawals.decide_withdrawal(row.pk, staff, WithdrawalStatus.APPROVED, answers["reason"])
    if decided.status == WithdrawalStatus.PENDING:
        return f"{row}: your approval is noted. A second person's is due."
    return f"{row} is approved and goes to the payout provider."


def _reject(staff: Any, row: Withdrawal, answers: dict[str, Any]) -> str:
    withdrawals.decide_withdrawal(row.pk, staff, WithdrawalStatus.REJECTED, answers["reason"])
    return f"{row} is rejected; the money is back with the player."


def _is_pending(row: Withdrawal) -> bool:
    return row.status == WithdrawalStatus.PENDING


def _rule(row: Withdrawal) -> str:
    """Where the decision stands under the rule of two people."""
    if not row.needs_two_people:
        return "one person decides"
    if row.first_approver is None:
        return "two people: none yet"
    if row.approver is None:
        return f"two people: {row.first_approver} has approved"
    return f"two people: {row.first_approver}, then {row.approver}"


class QueueFilter(admin.SimpleListFilter):
    """What waits for a decision, unless something else is asked for."""

    title, parameter_name = "status", "status"

    @staticmethod
    def wanted(request: HttpRequest) -> str:
        return request.GET.get("status") or request.GET.get("status__exact") or str(WithdrawalStatus.PENDING)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        others = [(str(status), str(status.label)) for status in WithdrawalStatus if status != WithdrawalStatus.PENDING]
        return [("pending", "Waiting for a decision"), ("all", "All"), *others]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Without Django's own "All", which here would lead back to the queue."""
        for status, title in self.lookup_choices:
            yield {
                "selected": self.wanted(self.request) == status,
                "query_string": changelist.get_query_string({"status": status}, ["status__exact"]),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.wanted(request)
        is_one_row_sought = bool(request.GET.get("q")) and "status" not in request.GET
        return queryset if wanted == "all" or is_one_row_sought else queryset.filter(status=wanted)


APPROVE = Decision(
    "approve", "Approve", "The money leaves the platform. Above the operator's threshold two people approve.",
    _approve, FINANCE, is_due=_is_pending, is_for_many=lambda row: not row.needs_two_people,
    unsafe_for_many="It is above the threshold, or has moved on; look at it on its own page.",
    is_about_money=True,
)  # fmt: skip
REJECT = Decision(
    "reject", "Reject", "The money goes back to the player, who reads the reason on the timeline.", _reject, FINANCE,
    is_due=_is_pending,
    is_about_money=True,
)  # fmt: skip


@admin.register(Withdrawal)
class WithdrawalAdmin(WithHistory, ReadOnly):
    list_display = (text("reference"), badge("status"), age("created_at"), link("player"), money("amount"),
                    text("method"), computed("decision_rule", _rule), text("operator"),
                    moment("created_at"))  # fmt: skip
    list_filter = (QueueFilter, "method", "needs_two_people", "is_automatic", "operator", PeriodFilter)
    url_filters = ("status", "player", "wallet")
    list_select_related = ("operator", "player", "first_approver", "approver", "wallet")
    find_by, person_field = ("reference", "provider_reference"), "player"
    search_help_text = "A reference, a provider's reference or a username, whole"
    event_key, event_kinds = "withdrawal", "withdrawal."
    decisions = (APPROVE, REJECT)
    empty_sentence = "Nobody has asked for a withdrawal yet."
    details = (
        ("Withdrawal", (text("reference"), badge("status"), money("amount"), link("player"), link("wallet"),
                        text("operator"), text("method"), document("destination"), moment("created_at"))),
        ("Decision", (computed("rule", _rule), text("first_approver"), text("approver"), badge("is_automatic"),
                      moment("decided_at"), moment("ended_at"))),
        ("Payout", (text("provider_reference"), number("attempts"), moment("next_attempt_at"))),
    )  # fmt: skip

    def get_ordering(self, request: HttpRequest) -> Any:
        """What waits for a decision stands in its queue, the oldest on top; everything else from the newest back."""
        return ("id",) if QueueFilter.wanted(request) == WithdrawalStatus.PENDING else ("-id",)

    def related(self, request: HttpRequest, row: Any) -> Sequence[Panel | Facts]:
        steps = (moment("at", "when"), badge("status"), text("actor", "who"), text("reason", "why"))
        moves = (moment("created_at", "when"), text("kind", "why"), text("source", "from"), text("target", "to"),
                 money("amount"))  # fmt: skip
        transfers = Transfer.objects.visible_to(request.user).filter(reference=row.pk).order_by("id")
        return (
            Panel("Timeline", steps, row.steps.select_related("actor")),
            Panel("Money moved", moves, transfers),
        )


@admin.register(SimulatedPayout)
class SimulatedPayoutAdmin(Rows):
    """What the simulated provider keeps; no money moves by it."""

    list_display = (text("key"), badge("status"), text("operator"), money("amount"), text("method"), text("account"),
                    moment("created_at"), moment("told_at"))  # fmt: skip
    list_filter = ("status", "operator", PeriodFilter)
    list_select_related = ("operator",)
    search_fields = ("=key",)
    empty_sentence = "The simulated provider has paid nothing out yet."

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
