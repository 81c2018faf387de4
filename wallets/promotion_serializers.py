"""The shapes of bonuses, free spins and offers over REST; their values are made by ``wallets.promotion_documents``."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from casino.api.fields import AmountField, StrictCharField, StrictSerializer
from casino.games.serializers import PlainDecimalField
from wallets.grants import BonusTerms, SpinTerms
from wallets.promotion_documents import bonus_document, free_spins_document, offer_document
from wallets.promotions import Bonus, BonusRule, BonusSource, BonusStatus, FreeSpins, Trigger

MOST_SPINS = 10_000


class BonusSerializer(serializers.Serializer):
    """A bonus as it stands now, with how far its wagering is."""

    id = serializers.UUIDField()
    operator = serializers.SlugField()
    currency = serializers.CharField()
    status = serializers.ChoiceField(BonusStatus.choices)
    granted = AmountField()
    balance = AmountField()
    wagering_multiple = PlainDecimalField(most=100, places=2)
    required = AmountField()  # type: ignore[assignment]
    wagered = AmountField()
    max_stake = AmountField(help_text="Highest wager that it pays while it is active")
    conversion_cap = AmountField(allow_null=True, help_text="The most of it that becomes real money")
    expires_at = serializers.DateTimeField()
    source = serializers.ChoiceField(BonusSource.choices)  # type: ignore[assignment]

    def to_representation(self, instance: Bonus) -> dict[str, Any]:
        return bonus_document(instance)


class FreeSpinsSerializer(serializers.Serializer):
    """A grant of free spins of a fixed value on one game."""

    id = serializers.UUIDField()
    operator = serializers.SlugField()
    currency = serializers.CharField()
    game = serializers.SlugField()
    count = serializers.IntegerField()
    remaining = serializers.IntegerField()
    value = AmountField()
    wagering_multiple = PlainDecimalField(most=100, places=2, help_text="Of the bonus that their wins gather in")
    expires_at = serializers.DateTimeField()

    def to_representation(self, instance: FreeSpins) -> dict[str, Any]:
        return free_spins_document(instance)


class OfferedSpinsSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    value = AmountField()
    game = serializers.SlugField()


class OfferSerializer(serializers.Serializer):
    """A bonus rule that is open to the player, with all its terms; what it does not give is left out."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    operator = serializers.SlugField()
    currency = serializers.CharField()
    trigger = serializers.ChoiceField(Trigger.choices)
    match_percent = serializers.CharField(required=False, help_text="Of the deposit")
    cap = AmountField(required=False, help_text="Highest matched amount")
    amount = AmountField(required=False, help_text="Fixed amount, beside any match")
    free_spins = OfferedSpinsSerializer(required=False)
    xp = serializers.CharField(required=False)
    xp_percent = serializers.CharField(required=False, help_text="XP per 100.00 deposited")
    code = serializers.CharField(required=False)
    ends_at = serializers.DateTimeField(required=False)
    min_deposit = AmountField()
    wagering_multiple = PlainDecimalField(most=9999, places=2)
    max_stake = AmountField(allow_null=True, help_text="null: min(5.00, max(1.00, 10 % of the grant))")
    conversion_cap = AmountField(allow_null=True, help_text="The most of the bonus that becomes real money")
    expires_days = serializers.IntegerField()
    is_once_per_player = serializers.BooleanField()

    def to_representation(self, instance: BonusRule) -> dict[str, Any]:
        return offer_document(instance)


class WaiveParameters(serializers.Serializer):
    balance = AmountField(positive=False, required=False, help_text="As the player saw it; 409 when it is another")

    def validate_balance(self, balance: Decimal) -> Decimal:
        if balance < 0:
            raise serializers.ValidationError("A balance is never negative.")
        return balance


class WaivedSerializer(serializers.Serializer):
    """What went with a waived bonus."""

    id = serializers.UUIDField(source="bonus.pk")
    operator = serializers.SlugField(source="bonus.operator.slug")
    currency = serializers.CharField(source="bonus.operator.currency")
    status = serializers.ChoiceField(BonusStatus.choices, source="bonus.status")
    removed = AmountField()


class WholeNumberField(serializers.IntegerField):
    """A JSON number without decimals, not a text or a boolean for it."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class GrantSerializer(StrictSerializer):
    player_id = serializers.UUIDField()
    wagering_multiple = PlainDecimalField(
        most=100, places=2, required=False, allow_null=True, help_text="The operator's default where it is left out"
    )
    reason = StrictCharField(max_length=500)

    def validate_player_id(self, player_id: Any) -> Any:
        if not isinstance(self.initial_data["player_id"], str):
            raise serializers.ValidationError("The id of a player is a UUID.")
        return player_id


class BonusGrantSerializer(GrantSerializer):
    amount = AmountField()
    max_stake = AmountField(required=False, allow_null=True)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)

    def terms(self) -> BonusTerms:
        """What the valid body grants."""
        sent: dict[str, Any] = self.validated_data
        names = ("amount", "wagering_multiple", "max_stake", "expires_at")
        return BonusTerms(**{name: sent.get(name) for name in names})  # type: ignore[arg-type]


class FreeSpinsGrantSerializer(GrantSerializer):
    game_id = StrictCharField(max_length=80, help_text="Id or slug")
    count = WholeNumberField(min_value=1, max_value=MOST_SPINS)
    value = AmountField()

    def terms(self) -> SpinTerms:
        """What the valid body grants."""
        sent: dict[str, Any] = self.validated_data
        multiple: Decimal | None = sent.get("wagering_multiple")
        return SpinTerms(sent["game_id"], sent["count"], sent["value"], multiple)
