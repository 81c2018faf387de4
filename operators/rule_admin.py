"""Bonus rules in the back office: read by staff, made and changed by managers through the operator's settings."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from casino.admin import Decision, Facts, Panel, ReadOnly
from casino.admin.columns import badge, computed, link, link_to, moment, money, number, text
from casino.admin.fields import AmountField, AtOperatorForm
from casino.admin.panels import newest
from casino.games.models import Game
from operators import parameters
from operators.event_history import WithHistory
from operators.models import Operator
from wallets import rule_book
from wallets.promotions import Bonus, BonusRule, Trigger

CURRENCY = "operator.currency"


class RuleTermsForm(AtOperatorForm):
    """The terms of a rule that may change while it runs."""

    match_percent = forms.DecimalField(min_value=0, max_digits=7, decimal_places=2, initial=0)
    cap = AmountField(required=False, label="Highest matched amount")
    amount = forms.DecimalField(min_value=0, max_digits=14, decimal_places=2, initial=0, label="Fixed amount")
    min_deposit = forms.DecimalField(min_value=0, max_digits=14, decimal_places=2, initial=0, label="Lowest deposit")
    free_spins = forms.IntegerField(min_value=0, max_value=10_000, initial=0)
    free_spin_value = AmountField(initial="0.10", label="Value of a free spin")
    xp = forms.DecimalField(min_value=0, max_digits=14, decimal_places=2, initial=0, label="XP")
    xp_percent = forms.DecimalField(
        min_value=0, max_digits=7, decimal_places=2, initial=0, label="XP per 100 deposited"
    )
    wagering_multiple = forms.DecimalField(min_value=0, max_value=100, decimal_places=2, initial=35)
    max_stake = AmountField(
        required=False, label="Highest stake", help_text="Empty: min(5.00, max(1.00, 10 % of the grant))"
    )
    conversion_cap = AmountField(required=False, label="Most that becomes real money")
    expires_days = forms.IntegerField(min_value=1, max_value=3650, initial=30, label="Days until it expires")
    is_once_per_player = forms.BooleanField(required=False, label="Once per player")
    is_active = forms.BooleanField(required=False, initial=True, label="Active")

    def prepare(self) -> None:
        self.initial.update({name: field.initial for name, field in self.fields.items() if field.initial is not None})
        for name in parameters.RULE_TERMS:
            value = getattr(self.row, name)
            self.initial[name] = f"{value:.2f}" if hasattr(value, "quantize") else value


class NewRuleForm(RuleTermsForm):
    name = forms.CharField(max_length=80)
    trigger = forms.ChoiceField(choices=Trigger.choices)
    code = forms.CharField(max_length=40, required=False, help_text="What a player enters, for promo codes")
    free_spin_game = forms.ModelChoiceField(Game.objects.none(), required=False)
    starts_at = forms.DateTimeField(required=False, help_text="UTC, as 2026-01-31 18:00; empty: now")
    ends_at = forms.DateTimeField(required=False, help_text="UTC; empty: never")

    def prepare(self) -> None:
        self.initial.update({name: field.initial for name, field in self.fields.items() if field.initial is not None})
        AtOperatorForm.prepare(self)
        games: Any = self.fields["free_spin_game"]
        games.queryset = Game.objects.visible_to(self.staff).filter(is_active=True, retired_at=None).order_by("name")
        first = ("key", "operator", "name", "trigger", "code")
        self.order_fields([name for name in first if name in self.fields])

    def operators(self) -> Any:
        return Operator.objects.all()


def _change(staff: Any, row: BonusRule, answers: dict[str, Any]) -> str:
    terms = {name: answers[name] for name in parameters.RULE_TERMS}
    changes = {"bonus_rules": [{"id": row.pk, **terms}]}
    parameters.change_operator(row.operator_id, changes, staff.pk, answers["reason"])
    return f"{row} is changed; what was granted before keeps its terms."


def _add(staff: Any, row: None, answers: dict[str, Any]) -> Any:
    terms = {name: value for name, value in answers.items() if name not in ("key", "reason", "operator")}
    rule = rule_book.add_rule(staff, answers["operator"], terms, answers["reason"])
    return f"{rule} is in force.", rule


def _gives(row: BonusRule) -> str:
    """What the rule gives, in a few words."""
    gifts = []
    if row.match_percent:
        most = f" up to {row.cap:,.2f}" if row.cap is not None else ""
        gifts.append(f"{row.match_percent.normalize():f} %{most}")
    if row.amount:
        gifts.append(f"{row.amount:,.2f}")
    if row.free_spins:
        gifts.append(f"{row.free_spins} free spins of {row.free_spin_value:.2f}")
    if row.xp:
        gifts.append(f"{row.xp.normalize():f} XP")
    if row.xp_percent:
        gifts.append(f"{row.xp_percent.normalize():f} XP per 100")
    return ", ".join(gifts) or "nothing"


@admin.register(BonusRule)
class BonusRuleAdmin(WithHistory, ReadOnly):
    list_display = (text("name"), text("trigger"), text("code"), computed("gives", _gives),
                    number("wagering_multiple", "wagering", unit=" ×"), badge("is_active", "active"), text("operator"),
                    moment("starts_at", "from"), moment("ends_at", "to"))  # fmt: skip
    list_filter = ("trigger", "is_active", "operator")
    list_select_related = ("operator", "free_spin_game")
    search_fields = ("name", "code")
    ordering = ("-id",)
    event_key = "bonus_rule"
    empty_sentence = "There are no bonus rules yet."
    decisions = (
        Decision("change", "Change terms", "What is granted from now on; bonuses that were granted keep their terms.",
                 _change, form=RuleTermsForm, last_label="Save"),
    )  # fmt: skip
    page_decisions = (
        Decision("new", "New rule", "It grants from the moment it is saved, or from when it starts.", _add,
                 form=NewRuleForm, last_label="Save"),
    )  # fmt: skip
    details = (
        ("Rule", (text("name"), text("trigger"), text("code"), text("operator"), badge("is_active", "active"),
                  moment("starts_at", "from"), moment("ends_at", "to"), badge("is_once_per_player",
                  "once per player"))),
        ("Gives", (computed("gives", _gives), link("free_spin_game"), money("min_deposit", "lowest deposit",
            CURRENCY))),
        ("Terms", (number("wagering_multiple", unit=" ×"), money("max_stake", currency=CURRENCY),
                   money("conversion_cap", currency=CURRENCY), number("expires_days", "days until it expires"))),
    )  # fmt: skip

    def related(self, request: HttpRequest, row: Any) -> Sequence[Panel | Facts]:
        granted = Bonus.objects.visible_to(request.user).filter(rule=row).select_related("player", "operator")
        columns = (computed("bonus", link_to), link("player"), badge("status"), money("granted", currency=CURRENCY),
                   money("balance", currency=CURRENCY))  # fmt: skip
        return (Panel("Newest bonuses", columns, newest(granted), "It has granted nothing yet."),)
