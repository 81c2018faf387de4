"""The shapes of the inbox and of what staff decide about deposits; the values are made by ``wallets.documents``."""

from typing import Any

from rest_framework import serializers

from casino.api.fields import AmountField, StrictCharField, StrictSerializer
from wallets.documents import staff_deposit_document, webhook_event_document
from wallets.models import Deposit, Provider, WebhookEvent, WebhookVerdict
from wallets.serializers import DepositSerializer
from wallets.withdrawal_serializers import PersonSerializer


class WebhookEventParameters(serializers.Serializer):
    """Which events are listed."""

    status = serializers.ChoiceField(WebhookVerdict.choices, required=False, help_text="The verdict")


class WebhookEventSerializer(serializers.Serializer):
    """An authentic event of a provider, and what became of it."""

    id = serializers.UUIDField()
    provider = serializers.ChoiceField(Provider.choices)
    operator = serializers.CharField(allow_null=True, help_text="Slug of whose book it is in; null: the platform's")
    event_id = serializers.CharField()
    type = serializers.CharField()
    verdict = serializers.CharField(help_text=", ".join(WebhookVerdict.values))
    reason = serializers.CharField()
    deposit = serializers.CharField(allow_null=True, help_text="Reference of the deposit that it is about")
    amount = AmountField(allow_null=True)
    currency = serializers.CharField()
    attempts = serializers.IntegerField(help_text="How often it could not be settled")
    received_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: WebhookEvent) -> dict[str, Any]:
        return webhook_event_document(instance)


class ReturnSerializer(StrictSerializer):
    reason = StrictCharField(max_length=500)


class MatchSerializer(ReturnSerializer):
    reference = StrictCharField(max_length=20, help_text="The deposit's")


class DepositDecisionSerializer(StrictSerializer):
    status = serializers.ChoiceField(["completed", "failed"])
    reason = StrictCharField(max_length=500)


class StaffDepositSerializer(DepositSerializer):
    """What staff see of a deposit."""

    player = PersonSerializer()
    operator = serializers.CharField()

    def to_representation(self, instance: Deposit) -> dict[str, Any]:
        return staff_deposit_document(instance)
