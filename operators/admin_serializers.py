"""The shapes of transactions, players and alerts for the API's description."""

from rest_framework import serializers

from casino.api.fields import AmountField
from operators.models import Severity
from operators.report_serializers import AsOfSerializer, CountAndSumSerializer, FiguresSerializer, NamedPlayerSerializer
from wallets.serializers import WalletSerializer


class TransactionSerializer(serializers.Serializer):
    """A deposit, a withdrawal or a bet; ``amount`` of a bet is its wager."""

    id = serializers.UUIDField()
    type = serializers.ChoiceField(["deposit", "withdrawal", "bet"])
    operator = serializers.SlugField()
    player = NamedPlayerSerializer()
    amount = AmountField()
    currency = serializers.CharField()
    status = serializers.CharField()
    created_at = serializers.DateTimeField()
    details = serializers.DictField()


class TransactionPageSerializer(AsOfSerializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = TransactionSerializer(many=True)


class AlertSerializer(serializers.Serializer):
    """Something that staff should look at."""

    id = serializers.UUIDField()
    operator = serializers.SlugField(allow_null=True, help_text="null: the platform's own")
    kind = serializers.CharField()
    severity = serializers.ChoiceField(Severity.choices)
    subject = serializers.CharField()
    created_at = serializers.DateTimeField()
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    details = serializers.DictField()


class PlayerFlagsSerializer(serializers.Serializer):
    is_seeded = serializers.BooleanField()
    is_active = serializers.BooleanField()
    is_blocked = serializers.BooleanField(help_text="By the platform, everywhere")
    is_blocked_here = serializers.BooleanField()
    has_debt = serializers.BooleanField()


class PlayerVipLevelSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    slug = serializers.SlugField(allow_null=True)
    name = serializers.CharField(allow_null=True)


class PlayerVipSerializer(serializers.Serializer):
    level = PlayerVipLevelSerializer()
    xp = serializers.CharField()
    points = serializers.CharField()


class PlayerWalletSerializer(WalletSerializer):
    debt = AmountField()


class PlayerSerializer(serializers.Serializer):
    """A player as staff see them, with the wallets at their operator."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.EmailField()
    created_at = serializers.DateTimeField()
    affiliate_code = serializers.CharField(allow_null=True)
    flags = PlayerFlagsSerializer()
    vip = PlayerVipSerializer()
    wallets = PlayerWalletSerializer(many=True)


class PlayerTotalsSerializer(FiguresSerializer):
    """Of all time."""

    currency = serializers.CharField(allow_null=True, help_text="null where several are added up")
    deposits = CountAndSumSerializer()
    withdrawals = CountAndSumSerializer()


class PlayerDetailSerializer(PlayerSerializer):
    totals = PlayerTotalsSerializer()
