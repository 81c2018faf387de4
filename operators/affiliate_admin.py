"""Affiliates in the back office: managers make them, finance pays them, their terms are the platform's to edit."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from casino.admin import Decision, Facts, Panel, PeriodFilter, ReadOnly
from casino.admin.columns import badge, computed, link, link_to, member, moment, money, text
from casino.admin.fields import AmountField, AtOperatorForm
from operators import affiliates
from operators.affiliate_models import AffiliatePayout, AffiliateStatement
from operators.event_history import TermsForm
from operators.models import Affiliate, Operator, SignificantEvent

CURRENCY = "operator.currency"


def _percent(row: Any) -> str:
    return f"{row.rate * 100:.2f} %"


RATE = computed("rate", _percent, lambda row: row.rate)
BALANCES = (money("accrued", currency=CURRENCY), money("paid", currency=CURRENCY), money("payable", currency=CURRENCY))
WEEK = (money("ggr", "GGR"), money("promotion_costs"), money("net"), RATE, money("amount", "earned"),
        money("carried_out", "carried over"))  # fmt: skip


class AffiliateForm(AtOperatorForm):
    code = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=40, help_text="What a player enters as the referral"
    )
    name = forms.CharField(max_length=80)
    rate = forms.DecimalField(
        min_value=0,
        max_value=1,
        decimal_places=4,
        required=False,
        help_text="0.05 is 5 %; empty: the operator's default",
    )
    carries_negative = forms.BooleanField(required=False, label="A week below zero lowers the next ones")

    def operators(self) -> Any:
        return Operator.objects.all()


class PayForm(AtOperatorForm):
    amount = AmountField(required=False, help_text="Empty: all that is payable")

    def prepare(self) -> None:
        """The affiliate's operator is the one that pays."""


def _add(staff: Any, row: None, answers: dict[str, Any]) -> Any:
    terms = {name: answers[name] for name in ("code", "name", "rate", "carries_negative", "reason")}
    made = affiliates.create_affiliate(staff, answers["operator"], **terms)
    return f"{made} is made; players name the code {made.code} when they register.", made


def _pay(staff: Any, row: Affiliate, answers: dict[str, Any]) -> str:
    paid = affiliates.pay_affiliate(staff, row.pk, answers["reason"], amount=answers["amount"], key=answers["key"])
    return f"{paid.payout.amount:.2f} {paid.payout.currency} is paid; {paid.payable:.2f} is left."


@admin.register(Affiliate)
class AffiliateAdmin(ReadOnly):
    """Staff look; the platform's admin changes rate and policy, which hold from the next statement on."""

    list_display = (text("code"), text("name"), text("operator"), RATE, *BALANCES,
                    badge("carries_negative", "carries over"), badge("is_active", "active"))  # fmt: skip
    list_filter = ("is_active", "carries_negative", "operator")
    form = TermsForm
    readonly_fields = ("operator", "code", "created_at")
    search_fields = ("code", "name")
    ordering = ("code", "id")
    empty_sentence = "No affiliate refers players yet."
    decisions = (
        Decision(
            "pay", "Pay", "Paid out of what was accrued, never more.", _pay, ("finance",), PayForm, is_about_money=True
        ),
    )
    page_decisions = (
        Decision("new", "New affiliate", "Players name the code when they register.", _add, form=AffiliateForm),
    )
    details = (
        ("Affiliate", (text("code"), text("name"), text("operator"), RATE, badge("carries_negative", "carries over"),
                       badge("is_active", "active"), moment("created_at"))),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return affiliates.with_balances(super().get_queryset(request))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(getattr(request.user, "is_platform_admin", False))

    def related(self, request: HttpRequest, row: Any) -> Sequence[Panel | Facts]:
        staff = request.user
        statements = AffiliateStatement.objects.visible_to(staff).filter(affiliate=row).order_by("-week")[:20]
        payouts = AffiliatePayout.objects.visible_to(staff).filter(affiliate=row).select_related("paid_by")
        week = computed("week", lambda statement: link_to(statement, f"{statement.week:%Y-%m-%d}"))
        paid = (moment("created_at", "when"), money("amount"), text("paid_by", "by"), text("reason", "why"))
        return (
            Facts("Balance", row, BALANCES),
            Panel("Statements", (week, *WEEK), statements, "No week was accrued yet."),
            Panel("Payouts", paid, payouts.order_by("-id")[:20], "Nothing was paid yet."),
        )

    def save_model(self, request: HttpRequest, obj: Affiliate, form: Any, change: bool) -> None:
        changed = [name for name in form.changed_data if name != "reason"]
        before = {name: form.initial.get(name) for name in changed}
        super().save_model(request, obj, form, change)
        SignificantEvent.objects.record(
            "affiliate.changed",
            operator_id=obj.operator_id,
            actor_id=request.user.pk,
            reason=form.cleaned_data["reason"],
            before=before,
            after={"id": str(obj.pk), **{name: getattr(obj, name) for name in changed}},
        )


@admin.register(AffiliateStatement)
class AffiliateStatementAdmin(ReadOnly):
    list_display = (moment("week"), link("affiliate"), text("operator"), *WEEK)
    list_filter = ("operator", PeriodFilter)
    url_filters = ("affiliate", "week")
    list_select_related = ("affiliate", "operator")
    search_fields = ("affiliate__code",)
    ordering = ("-week", "-id")
    empty_sentence = "No week was accrued yet."
    details = (
        ("Statement", (moment("week", "week from"), link("affiliate"), text("operator"), money("amount", "earned"),
                       moment("created_at", "accrued"))),
    )  # fmt: skip

    def related(self, request: HttpRequest, row: Any) -> Sequence[Panel | Facts]:
        columns = [member(name) for name in ("line", "formula", "amount")]
        return (Panel("Line by line", columns, row.lines),)


@admin.register(AffiliatePayout)
class AffiliatePayoutAdmin(ReadOnly):
    list_display = (moment("created_at", "paid"), link("affiliate"), text("operator"), money("amount"),
                    text("paid_by", "by"), text("reason", "why"))  # fmt: skip
    list_filter = ("operator", PeriodFilter)
    url_filters = ("affiliate",)
    list_select_related = ("affiliate", "operator", "paid_by")
    search_fields = ("affiliate__code",)
    exclude = ("idempotency_key", "request_digest")
    ordering = ("-id",)
    empty_sentence = "Nothing was paid to affiliates yet."
    details = (("Payout", list_display),)
