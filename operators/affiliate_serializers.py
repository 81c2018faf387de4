"""The shapes of affiliates, their statements and payouts over REST."""

import re
from typing import Any

from rest_framework import serializers

from casino.api.fields import AmountField, StrictCharField, StrictSerializer
from casino.games.serializers import PlainDecimalField, StrictBooleanField
from operators.affiliates import Paid

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)


class AffiliateSerializer(serializers.Serializer):
    """An affiliate with what was accrued, paid, and is payable."""

    id = serializers.UUIDField()
    operator = serializers.SlugField(source="operator.slug")
    code = serializers.CharField(help_text="What a player enters as the referral")
    name = serializers.CharField()
    rate = PlainDecimalField(most=1, places=4, help_text="Fraction of the net")
    carries_negative = serializers.BooleanField(help_text="Whether a week below zero lowers the next ones")
    is_active = serializers.BooleanField()
    currency = serializers.CharField(source="operator.currency")
    accrued = AmountField()
    paid = AmountField()
    payable = AmountField()
    created_at = serializers.DateTimeField()


class AffiliateBodySerializer(StrictSerializer):
    code = StrictCharField(max_length=40)
    name = StrictCharField(max_length=80)
    rate = PlainDecimalField(most=1, places=4, required=False, help_text="The operator's default rate if left out")
    carries_negative = StrictBooleanField(required=False)

    def validate_code(self, value: str) -> str:
        if not _CODE.fullmatch(value):
            raise serializers.ValidationError("A code is made of letters, digits, '-', '_' and '.'.")
        return value


class StatementLineSerializer(serializers.Serializer):
    line = serializers.CharField()
    formula = serializers.CharField(help_text="With its numbers")
    amount = AmountField()


class StatementSerializer(serializers.Serializer):
    """One week, line by line."""

    id = serializers.UUIDField()
    week = serializers.DateField(help_text="The Monday on which it began")
    currency = serializers.CharField()
    lines = StatementLineSerializer(many=True)
    ggr = AmountField()
    promotion_costs = AmountField()
    net = AmountField()
    carried_in = AmountField()
    rate = PlainDecimalField(most=1, places=4)
    amount = AmountField(help_text="What the week earned")
    carried_out = AmountField()
    created_at = serializers.DateTimeField()


class PayoutBodySerializer(StrictSerializer):
    amount = AmountField(required=False, help_text="Everything that is payable if left out")
    reason = StrictCharField(max_length=500)


class PayoutSerializer(serializers.Serializer):
    """A payout, and what is payable after it."""

    id = serializers.UUIDField()
    affiliate_id = serializers.UUIDField()
    amount = AmountField()
    currency = serializers.CharField()
    reason = serializers.CharField()
    payable = AmountField()
    created_at = serializers.DateTimeField()

    def to_representation(self, instance: Paid) -> dict[str, Any]:
        names = ("id", "affiliate_id", "amount", "currency", "reason", "created_at")
        facts = {name: getattr(instance.payout, name) for name in names} | {"payable": instance.payable}
        shown: dict[str, Any] = super().to_representation(facts)
        return shown
