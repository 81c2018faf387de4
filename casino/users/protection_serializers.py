"""The shapes of players' protection: own limits, exclusions, and blocks by staff."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from casino.api.fields import AmountField, StrictCharField, StrictSerializer
from casino.money import format_money
from casino.users.blocks import Block
from casino.users.exclusions import DURATIONS, InForce
from casino.users.limit_models import Exclusion, ExclusionKind, LimitKind, LimitPeriod
from casino.users.limits import OwnLimits
from wallets.documents import format_moment


class PeriodLimitsBodySerializer(StrictSerializer):
    """What is left out stays as it is; null removes a limit."""

    day = AmountField(required=False, allow_null=True)
    week = AmountField(required=False, allow_null=True)
    month = AmountField(required=False, allow_null=True)


class LimitsBodySerializer(StrictSerializer):
    deposit = PeriodLimitsBodySerializer(required=False)
    loss = PeriodLimitsBodySerializer(required=False)

    @property
    def wanted(self) -> dict[str, dict[str, Decimal | None]]:
        """Kind → period → amount."""
        sent: dict[str, dict[str, Decimal | None]] = self.validated_data
        return {kind: dict(periods) for kind, periods in sent.items()}


class PendingLimitSerializer(serializers.Serializer):
    """A higher limit, or none (null), that waits."""

    limit = AmountField(allow_null=True)
    effective_at = serializers.DateTimeField()


class LimitSerializer(serializers.Serializer):
    """Null: no limit."""

    limit = AmountField(allow_null=True)
    used = AmountField(help_text="Of the calendar period (UTC) that runs now; a net win counts as 0.00")
    pending = PendingLimitSerializer(allow_null=True)


class PeriodLimitsSerializer(serializers.Serializer):
    day = LimitSerializer()
    week = LimitSerializer()
    month = LimitSerializer()


class InForceSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(ExclusionKind.choices)
    until = serializers.DateTimeField(allow_null=True)


class LimitsSerializer(serializers.Serializer):
    """A person's own limits in the currency of their active operator, over all operators of it."""

    currency = serializers.CharField()
    deposit = PeriodLimitsSerializer()
    loss = PeriodLimitsSerializer()
    exclusion = InForceSerializer(allow_null=True)

    def to_representation(self, instance: OwnLimits) -> dict[str, Any]:
        return {
            "currency": instance.currency,
            **{
                str(kind): {str(period): _limit_document(instance, kind, period) for period in LimitPeriod}
                for kind in LimitKind
            },
            "exclusion": instance.exclusion and _exclusion_document(instance.exclusion),
        }


class ExclusionBodySerializer(StrictSerializer):
    kind = serializers.ChoiceField(ExclusionKind.choices)
    duration = serializers.ChoiceField(
        [duration for durations in DURATIONS.values() for duration in durations],
        help_text="24h, 7d or 30d of a time-out; 6m, 12m, 60m or permanent of a self-exclusion",
    )


class ExclusionSerializer(serializers.Serializer):
    """An exclusion; no ``until`` means for ever."""

    kind = serializers.ChoiceField(ExclusionKind.choices)
    duration = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    def to_representation(self, instance: Exclusion) -> dict[str, Any]:
        return {
            **_exclusion_document(InForce(instance.kind, instance.until)),
            "duration": instance.duration,
            "created_at": format_moment(instance.created_at),
        }


class BlockBodySerializer(StrictSerializer):
    reason = StrictCharField(max_length=500)


class BlockedPlayerSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    username = serializers.CharField()


class BlockSerializer(serializers.Serializer):
    """Whether a player is blocked, at an operator or (null) everywhere."""

    player = BlockedPlayerSerializer()
    operator = serializers.CharField(allow_null=True)
    is_blocked = serializers.BooleanField()

    def to_representation(self, instance: Block) -> dict[str, Any]:
        return {
            "player": {"id": str(instance.player.pk), "username": instance.player.username},
            "operator": instance.operator and instance.operator.slug,
            "is_blocked": instance.is_blocked,
        }


def _limit_document(own: OwnLimits, kind: LimitKind, period: LimitPeriod) -> dict[str, Any]:
    row = own.limits.get((kind, period))
    amount = row.in_force(own.at) if row else None
    pending = None
    if row is not None and row.pending_at is not None and row.is_waiting(own.at):
        pending = {"limit": _money(row.pending_amount), "effective_at": format_moment(row.pending_at)}
    return {"limit": _money(amount), "used": format_money(own.used[kind][period]), "pending": pending}


def _exclusion_document(exclusion: InForce) -> dict[str, Any]:
    return {"kind": str(exclusion.kind), "until": exclusion.until and format_moment(exclusion.until)}


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else format_money(amount)
