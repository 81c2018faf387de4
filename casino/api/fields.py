"""Serializer fields and the strict base serializer."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from casino.money import format_money, parse_amount


@extend_schema_field({"type": "string", "pattern": r"^-?\d+\.\d{2}$", "example": "12.50"})
class AmountField(serializers.Field):
    """Money: in, a string or number of whole minor units; out, a string with two decimals.

    ``positive`` (the default) refuses zero and below.
    """

    default_error_messages = {"positive": "The amount must be greater than zero."}

    def __init__(self, *, positive: bool = True, **kwargs: Any) -> None:
        self.positive = positive
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        try:
            amount = parse_amount(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None
        if self.positive and amount <= 0:
            self.fail("positive")
        return amount

    def to_representation(self, value: Decimal) -> str:
        return format_money(Decimal(value))


class StrictCharField(serializers.CharField):
    """Text that is sent as a JSON string, not as a number or a boolean."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictSerializer(serializers.Serializer):
    """Refuses fields it does not know: a misspelt field must never be silently ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = sorted(str(name) for name in set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError(
                    {
                        name: serializers.ErrorDetail("This field is not known here.", "unknown_field")
                        for name in unknown
                    }
                )
        return super().to_internal_value(data)


def refuse_fields(request: Request) -> None:
    """For calls that take no body: raises ValidationError for every field that is sent all the same."""
    StrictSerializer(data=request.data).is_valid(raise_exception=True)
