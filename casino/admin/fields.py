"""Form fields of decisions: amounts as exact as the API's, and the operator at which staff act."""

from decimal import Decimal
from typing import Any

from django import forms

from casino.admin.decisions import DecisionForm
from casino.money import parse_amount


class AmountField(forms.CharField):
    """A whole number of minor units, above zero unless ``is_signed``."""

    def __init__(self, *, is_signed: bool = False, **kwargs: Any) -> None:
        self.is_signed = is_signed
        super().__init__(widget=forms.TextInput({"inputmode": "decimal", "class": "amount"}), **kwargs)

    def clean(self, value: Any) -> Any:
        written = super().clean(value)
        if not written:
            return None
        try:
            amount: Decimal = parse_amount(written)
        except ValueError as fault:
            raise forms.ValidationError(str(fault)) from None
        if amount == 0 or (amount < 0 and not self.is_signed):
            raise forms.ValidationError("An amount is above zero.")
        return amount


class AtOperatorForm(DecisionForm):
    """What is done at one operator: the staff's own, or the one that the platform names out of ``operators``."""

    is_operator_due = True
    nobody = "Choose an operator"

    def prepare(self) -> None:
        if self.staff.is_platform_admin:
            self.fields["operator"] = forms.ModelChoiceField(
                self.operators(), required=self.is_operator_due, empty_label=self.nobody
            )

    def operators(self) -> Any:
        """The operators that come into question."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.staff.is_platform_admin:
            answers["operator"] = self.staff.operator
        return answers
