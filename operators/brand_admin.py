"""Operators in the back office: staff read their own, the platform opens new ones and changes what they are."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from casino.admin import Decision, DecisionForm, ReadOnly
from casino.admin.columns import badge, computed, moment, money, number, text
from operators import brands
from operators.event_history import WithHistory
from operators.models import Operator, RngProvider


class BrandForm(DecisionForm):
    name = forms.CharField(max_length=80)
    is_open = forms.BooleanField(required=False, label="Takes players")
    rng_provider = forms.ChoiceField(choices=RngProvider.choices, label="Random numbers from")

    def prepare(self) -> None:
        for name in ("name", "is_open", "rng_provider"):
            self.initial[name] = getattr(self.row, name)


class NewBrandForm(DecisionForm):
    slug = forms.SlugField(max_length=40, help_text="In addresses; it never changes")
    name = forms.CharField(max_length=80)
    currency = forms.RegexField(r"^[A-Z]{3}$", max_length=3, help_text="ISO 4217, with two decimals; it never changes")


def _change(staff: Any, row: Operator, answers: dict[str, Any]) -> str:
    changes = {name: answers[name] for name in ("name", "is_open", "rng_provider")}
    return f"{brands.change_brand(staff, row.pk, changes, answers['reason'])} is changed."


def _open(staff: Any, row: None, answers: dict[str, Any]) -> Any:
    operator = brands.open_brand(staff, answers["slug"], answers["name"], answers["currency"], answers["reason"])
    return f"{operator} is open, with the default bonus rules.", operator


@admin.register(Operator)
class OperatorAdmin(WithHistory, ReadOnly):
    list_display = (text("name"), text("slug"), text("currency"), badge("is_open", "open"),
                    badge("rng_provider", "random numbers"), moment("created_at", "since"))  # fmt: skip
    search_fields = ("name", "slug")
    ordering = ("slug",)
    event_key, event_kinds = "id", "operator."
    empty_sentence = "No operator has been opened yet."
    decisions = (
        Decision("change", "Change", "What the brand is called, whether it takes players, and who draws its numbers.",
                 _change, form=BrandForm, is_platforms=True, last_label="Save"),
    )  # fmt: skip
    page_decisions = (
        Decision("new", "New operator", "A brand with a currency and money of its own.", _open, form=NewBrandForm,
                 is_platforms=True),
    )  # fmt: skip
    details = (
        ("Operator", list_display),
        ("Limits", (money("max_bet"), money("deposit_min"), money("deposit_max"), money("deposit_daily_max"),
                    number("deposits_per_hour"), money("withdrawal_min"), money("withdrawal_daily_max"),
                    number("withdrawals_per_day"))),
        ("Two people", (money("withdrawal_approval_threshold"), money("adjustment_threshold"))),
        ("Promotions", (number("affiliate_rate"), number("points_per_unit"), number("bonus_points_factor"),
                        number("bonus_wagering_multiple", unit=" ×"), number("bonus_expires_days"))),
        ("Front ends", (computed("allowed origins", lambda row: ", ".join(row.allowed_origins) or "none of its own"),)),
    )  # fmt: skip

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(getattr(request.user, "is_staff", False))
