"""The shapes of money out and of adjustments over REST; the values are made by ``wallets.documents``."""

from typing import Any

from rest_framework import serializers

from casino.api.fields import AmountField, StrictCharField, StrictSerializer
from wallets.adjustment_models import Adjustment, AdjustmentStatus
from wallets.documents import adjustment_document, staff_withdrawal_document, withdrawal_document
from wallets.withdrawal_models import Withdrawal, WithdrawalMethod, WithdrawalStatus


class DestinationSerializer(StrictSerializer):
    account = StrictCharField(max_length=100, help_text="Bank account, cashtag, or whose code is shown in the store")


class WithdrawalBodySerializer(StrictSerializer):
    amount = AmountField()
    method = serializers.ChoiceField(WithdrawalMethod.choices)
    destination = DestinationSerializer()
    operator = StrictCharField(max_length=40, required=False, help_text="Slug; the player's active one by default")
    waive_bonuses = serializers.BooleanField(required=False, default=False)

    @property
    def asked(self) -> dict[str, Any]:
        """What the service takes."""
        sent: dict[str, Any] = dict(self.validated_data)
        return sent | {"account": sent.pop("destination")["account"]}


class WithdrawalStepSerializer(serializers.Serializer):
    status = serializers.ChoiceField(WithdrawalStatus.choices)
    at = serializers.DateTimeField()
    reason = serializers.CharField(required=False)


class WithdrawalSerializer(serializers.Serializer):
    """A withdrawal as it stands now."""

    id = serializers.UUIDField()
    reference = serializers.CharField()
    status = serializers.ChoiceField(WithdrawalStatus.choices)
    amount = AmountField()
    currency = serializers.CharField()
    method = serializers.ChoiceField(WithdrawalMethod.choices)
    timeline = WithdrawalStepSerializer(many=True)
    created_at = serializers.DateTimeField()

    def to_representation(self, instance: Withdrawal) -> dict[str, Any]:
        return withdrawal_document(instance)


class PersonSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    username = serializers.CharField()


class StaffWithdrawalSerializer(WithdrawalSerializer):
    """What staff see of a withdrawal."""

    player = PersonSerializer()
    operator = serializers.CharField()
    destination = DestinationSerializer()
    needs_two_people = serializers.BooleanField()
    is_automatic = serializers.BooleanField(help_text="Approved by no person: a seeded player's")
    approved_by = PersonSerializer(many=True)
    provider_reference = serializers.CharField()

    def to_representation(self, instance: Withdrawal) -> dict[str, Any]:
        return staff_withdrawal_document(instance)


class DecisionSerializer(StrictSerializer):
    status = serializers.ChoiceField(["approved", "rejected"])
    reason = StrictCharField(max_length=500)


class WithdrawalParameters(serializers.Serializer):
    """Which withdrawals are listed."""

    status = serializers.ChoiceField(WithdrawalStatus.choices, required=False)


class AdjustmentBodySerializer(StrictSerializer):
    player_id = serializers.UUIDField()
    amount = AmountField(positive=False, help_text="Given, or taken back where it is negative; not zero")
    reason = StrictCharField(max_length=500)

    def validate_amount(self, amount: Any) -> Any:
        if not amount:
            raise serializers.ValidationError("The amount must not be zero.", "zero")
        return amount


class AdjustmentParameters(serializers.Serializer):
    """Which adjustments are listed."""

    status = serializers.ChoiceField(AdjustmentStatus.choices, required=False)


class AdjustmentSerializer(serializers.Serializer):
    """A manual adjustment as it stands now."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(AdjustmentStatus.choices)
    player = PersonSerializer()
    operator = serializers.CharField()
    amount = AmountField()
    currency = serializers.CharField()
    reason = serializers.CharField()
    needs_two_people = serializers.BooleanField()
    made_by = serializers.CharField()
    checked_by = serializers.CharField(allow_null=True)
    decision_reason = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: Adjustment) -> dict[str, Any]:
        return adjustment_document(instance)
