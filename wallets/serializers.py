"""The shapes of money over REST; the values of wallets and deposits are made by ``wallets.documents``."""

from typing import Any

from rest_framework import serializers

from casino.api.fields import AmountField, StrictCharField, StrictSerializer
from wallets.documents import deposit_document
from wallets.models import Deposit, DepositStatus
from wallets.providers import DEPOSIT_METHODS


class WalletOperatorSerializer(serializers.Serializer):
    slug = serializers.SlugField()
    name = serializers.CharField()


class WageringSerializer(serializers.Serializer):
    """What deposits must be wagered before they can be withdrawn."""

    required = AmountField()  # type: ignore[assignment]
    wagered = AmountField()
    remaining = AmountField()


class WalletSerializer(serializers.Serializer):
    """A player's money at one operator."""

    id = serializers.UUIDField()
    operator = WalletOperatorSerializer()
    currency = serializers.CharField()
    real = AmountField()
    bonus = AmountField()
    held = AmountField()
    wagering = WageringSerializer()
    is_active = serializers.BooleanField()
    version = serializers.IntegerField(help_text="Grows with every change; ignore a lower one")


class DepositRequestSerializer(StrictSerializer):
    amount = AmountField()
    method = serializers.ChoiceField(DEPOSIT_METHODS)
    operator = StrictCharField(max_length=40, required=False, help_text="Slug; the player's active one by default")
    promo_code = StrictCharField(max_length=40, required=False)


class DepositSerializer(serializers.Serializer):
    """A deposit as it stands now."""

    id = serializers.UUIDField()
    reference = serializers.CharField()
    status = serializers.ChoiceField(DepositStatus.choices)
    amount = AmountField()
    currency = serializers.CharField()
    method = serializers.ChoiceField(DEPOSIT_METHODS)
    instructions = serializers.DictField(help_text="How to pay; what is in it depends on the method")
    expires_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    refunded_at = serializers.DateTimeField(required=False, help_text="There once the provider took the money back")

    def to_representation(self, instance: Deposit) -> dict[str, Any]:
        return deposit_document(instance)


class WebhookDataSerializer(serializers.Serializer):
    reference = serializers.CharField()
    amount = serializers.CharField()
    currency = serializers.CharField()
    provider_reference = serializers.CharField(required=False)


class WebhookRequestSerializer(serializers.Serializer):
    type = serializers.CharField(help_text="deposit.completed, deposit.failed or deposit.refunded")
    data = WebhookDataSerializer()  # type: ignore[assignment]


class WebhookAnswerSerializer(serializers.Serializer):
    status = serializers.ChoiceField(["stored"])
