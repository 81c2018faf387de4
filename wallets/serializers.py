"""The shapes of money for the API's description; a wallet's values are made by ``wallets.documents``."""

from rest_framework import serializers

from casino.api.fields import AmountField


class WalletOperatorSerializer(serializers.Serializer):
    slug = serializers.SlugField()
    name = serializers.CharField()


class WageringSerializer(serializers.Serializer):
    """What deposits must be wagered before they can be withdrawn."""

    required = AmountField()
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
