"""The shapes of the VIP programme over REST; standings and levels are made by ``vip.documents``."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from casino.api.fields import AmountField, StrictCharField, StrictSerializer
from vip.documents import level_document
from vip.models import VipLevel
from wallets.promotion_serializers import BonusSerializer

# Far above what a person earns, far below what the columns hold.
MOST_XP = Decimal(1_000_000_000)


class LevelSpinsSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    value = AmountField()
    game = serializers.SlugField()


class LevelRewardSerializer(serializers.Serializer):
    """What reaching the level brings, once; in the currency of the operator where it is reached."""

    bonus = AmountField()
    wagering_multiple = serializers.CharField()
    free_spins = LevelSpinsSerializer(allow_null=True)


class BenefitsSerializer(serializers.Serializer):
    cashback_rate = serializers.CharField(help_text="Fraction of the week's net real loss")
    xp_multiplier = serializers.CharField()
    max_bet_factor = serializers.CharField(help_text="Of the operator's highest bet")
    withdrawal_limit = AmountField(help_text="A day, in the operator's currency")


class LevelNameSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    slug = serializers.SlugField()
    name = serializers.CharField()


class LevelSerializer(LevelNameSerializer, BenefitsSerializer):
    """A step of the ladder."""

    xp_required = AmountField()
    reward = LevelRewardSerializer()

    def to_representation(self, instance: VipLevel) -> dict[str, Any]:
        return level_document(instance)


class NextLevelSerializer(LevelNameSerializer):
    xp_required = AmountField()
    xp_missing = AmountField()


class UnlockedSerializer(serializers.Serializer):
    """Something that a level brought: lasting from the moment it was reached, or granted once."""

    benefit = serializers.ChoiceField(
        ["cashback_rate", "xp_multiplier", "max_bet_factor", "withdrawal_limit", "bonus", "free_spins"]
    )
    level = serializers.SlugField()
    granted_at = serializers.DateTimeField()
    value = serializers.CharField(help_text="The rate, factor, limit or amount; the number of free spins")
    operator = serializers.SlugField(required=False)
    currency = serializers.CharField(required=False)
    bonus_id = serializers.UUIDField(required=False)
    free_spins_id = serializers.UUIDField(required=False)
    game = serializers.SlugField(required=False)


class StandingSerializer(serializers.Serializer):
    """The caller's standing, the same at all operators."""

    xp = AmountField()
    points = AmountField(help_text="What can be redeemed")
    level = LevelNameSerializer()
    next_level = NextLevelSerializer(allow_null=True)
    progress = serializers.FloatField(help_text="0 to 1, from this level to the next")
    benefits = BenefitsSerializer()
    unlocked = UnlockedSerializer(many=True)


class RedeemBodySerializer(StrictSerializer):
    points = AmountField()
    operator = StrictCharField(max_length=40, required=False, help_text="Slug; the player's active one by default")


class RedemptionSerializer(serializers.Serializer):
    """The bonus that points became, and the points left."""

    bonus = BonusSerializer()
    points = AmountField()


class AddXpBodySerializer(StrictSerializer):
    player_id = serializers.UUIDField()
    amount = AmountField(positive=False, help_text="XP and spendable points to add, or to take away")
    reason = StrictCharField(max_length=500)

    def validate_amount(self, value: Decimal) -> Decimal:
        if not value or abs(value) > MOST_XP:
            raise serializers.ValidationError(f"An amount of XP is not zero, and at most {MOST_XP:f}.")
        return value


class XpChangeSerializer(serializers.Serializer):
    """XP moved by hand, and where the player stands now."""

    id = serializers.UUIDField(source="movement.pk")
    player_id = serializers.UUIDField(source="movement.player_id")
    amount = AmountField(source="movement.xp")
    reason = serializers.CharField(source="movement.reason")
    created_at = serializers.DateTimeField(source="movement.created_at")
    xp = AmountField(source="standing.xp")
    points = AmountField(source="standing.points")
    level = LevelNameSerializer(source="standing.level")
