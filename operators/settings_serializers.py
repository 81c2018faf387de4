"""The bodies that change settings, and the shapes that show them; values are made by ``operators.parameters``."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from casino.api.fields import AmountField, StrictCharField, StrictSerializer
from casino.games.serializers import PlainDecimalField, StrictBooleanField
from operators.origins import MOST, written_origin


class WholeNumberField(serializers.IntegerField):
    """A JSON number without a fraction, not text or true."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return int(super().to_internal_value(data))


@extend_schema_field({"type": "array", "items": {"type": "string", "example": "https://play.example.com"}})
class OriginsField(serializers.Field):
    """Origins of a front end: in, a list of texts; out, as browsers write them, each once."""

    default_error_messages: ClassVar = {
        "invalid": "Send a list of texts.",
        "too_many": f"At most {MOST} origins.",
        "invalid_origin": "{reason}",
    }

    def to_internal_value(self, data: Any) -> list[str]:
        if not isinstance(data, list) or not all(isinstance(text, str) for text in data):
            self.fail("invalid")
        if len(data) > MOST:
            self.fail("too_many")
        try:
            return sorted({written_origin(text) for text in data})
        except ValueError as error:
            self.fail("invalid_origin", reason=str(error))

    def to_representation(self, value: list[str]) -> list[str]:
        return list(value)


class OperatorLimitsSerializer(StrictSerializer):
    """Amounts in the operator's currency."""

    max_bet = AmountField(required=False)
    deposit_min = AmountField(required=False)
    deposit_max = AmountField(required=False)
    deposit_daily_max = AmountField(required=False)
    deposits_per_hour = WholeNumberField(required=False, min_value=1, max_value=10_000)
    withdrawal_min = AmountField(required=False)
    withdrawal_daily_max = AmountField(required=False)
    withdrawals_per_day = WholeNumberField(required=False, min_value=1, max_value=10_000)
    withdrawal_approval_threshold = AmountField(required=False)
    adjustment_threshold = AmountField(required=False)


class RuleTermsSerializer(StrictSerializer):
    """A bonus rule, by its id, with the terms that change; null takes a limit away."""

    id = serializers.UUIDField()
    match_percent = PlainDecimalField(most=1000, places=2, required=False)
    cap = AmountField(required=False, allow_null=True)
    amount = AmountField(required=False)
    min_deposit = AmountField(required=False)
    free_spins = WholeNumberField(required=False, min_value=0, max_value=10_000)
    free_spin_value = AmountField(required=False)
    xp = PlainDecimalField(most=9999, places=2, required=False)
    xp_percent = PlainDecimalField(most=1000, places=2, required=False)
    wagering_multiple = PlainDecimalField(most=100, places=2, required=False)
    max_stake = AmountField(required=False, allow_null=True)
    conversion_cap = AmountField(required=False, allow_null=True)
    expires_days = WholeNumberField(required=False, min_value=1, max_value=3650)
    is_once_per_player = StrictBooleanField(required=False)
    is_active = StrictBooleanField(required=False)


class OperatorSettingsBodySerializer(StrictSerializer):
    """What changes of an operator's settings, and why."""

    reason = StrictCharField(max_length=1000)
    limits = OperatorLimitsSerializer(required=False)
    affiliate_rate = PlainDecimalField(most=1, places=4, required=False)
    points_per_unit = PlainDecimalField(most=1000, places=4, required=False)
    bonus_points_factor = PlainDecimalField(most=10, places=4, required=False)
    bonus_wagering_multiple = PlainDecimalField(most=100, places=2, required=False)
    allowed_origins = OriginsField(
        required=False, help_text="Whose pages may read the API's answers in a browser, beside the platform's own"
    )
    bonus_rules = RuleTermsSerializer(many=True, required=False)


class RtpThresholdsSerializer(StrictSerializer):
    """From how many rounds there is a verdict, and from which |z| it is amber or red."""

    least_rounds = WholeNumberField(required=False, min_value=1, max_value=1_000_000_000)
    amber = PlainDecimalField(most=100, places=3, required=False)
    red = PlainDecimalField(most=100, places=3, required=False)
    switches_off = StrictBooleanField(required=False, help_text="Whether a game that turns red is switched off")


class VipTermsSerializer(StrictSerializer):
    number = WholeNumberField(min_value=0, max_value=100)
    xp_required = AmountField(required=False, positive=False)
    cashback_rate = PlainDecimalField(most=1, places=4, required=False)
    xp_multiplier = PlainDecimalField(most=10, places=4, required=False)
    max_bet_factor = PlainDecimalField(most=100, places=2, required=False)
    withdrawal_limit = AmountField(required=False)


class VipSettingsSerializer(StrictSerializer):
    platform_share = PlainDecimalField(most=1, places=4, required=False)
    levels = VipTermsSerializer(many=True, required=False)


class JackpotTermsSerializer(StrictSerializer):
    """A jackpot level with the terms that change; they take effect after its next win."""

    group = StrictCharField(max_length=40)
    level = StrictCharField(max_length=20)
    rate = PlainDecimalField(most=1, places=4, required=False, help_text="Fraction of each wager")
    seed = AmountField(required=False, positive=False)
    odds = PlainDecimalField(most=1, places=18, required=False, help_text="Chance per unit wagered")
    ceiling = AmountField(required=False)


class PlatformSettingsBodySerializer(StrictSerializer):
    """What changes of the platform's settings, and why."""

    reason = StrictCharField(max_length=1000)
    rtp = RtpThresholdsSerializer(required=False)
    vip = VipSettingsSerializer(required=False)
    jackpots = JackpotTermsSerializer(many=True, required=False)


class ShownLimitsSerializer(serializers.Serializer):
    max_bet = AmountField()
    deposit_min = AmountField()
    deposit_max = AmountField()
    deposit_daily_max = AmountField()
    deposits_per_hour = serializers.IntegerField()
    withdrawal_min = AmountField()
    withdrawal_daily_max = AmountField()
    withdrawals_per_day = serializers.IntegerField()
    withdrawal_approval_threshold = AmountField()
    adjustment_threshold = AmountField()


class OperatorSettingsSerializer(serializers.Serializer):
    """An operator's settings."""

    operator = serializers.SlugField()
    currency = serializers.CharField()
    limits = ShownLimitsSerializer()
    affiliate_rate = serializers.CharField()
    points_per_unit = serializers.CharField()
    bonus_points_factor = serializers.CharField()
    bonus_wagering_multiple = serializers.CharField()
    allowed_origins = OriginsField()
    bonus_rules = serializers.ListField(child=serializers.DictField())


class ShownRtpSerializer(serializers.Serializer):
    least_rounds = serializers.IntegerField()
    amber = serializers.CharField()
    red = serializers.CharField()
    switches_off = serializers.BooleanField()


class ShownVipSerializer(serializers.Serializer):
    platform_share = serializers.CharField()
    levels = serializers.ListField(child=serializers.DictField())


class PlatformSettingsSerializer(serializers.Serializer):
    """The platform's settings."""

    rtp = ShownRtpSerializer()
    vip = ShownVipSerializer()
    jackpots = serializers.ListField(child=serializers.DictField())
