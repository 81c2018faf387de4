"""The shapes of runs for the API's description; the values are made by ``runs.run_document``."""

from rest_framework import serializers

from casino.api.fields import AmountField
from operators.report_serializers import FiguresSerializer
from seeding.models import Intensity, RunKind, RunStatus


class SeededSerializer(serializers.Serializer):
    """How many rows of each kind were made, and how many stood already."""

    created = serializers.DictField(child=serializers.IntegerField())
    existing = serializers.DictField(child=serializers.IntegerField())


class BotsMadeSerializer(serializers.Serializer):
    created = serializers.IntegerField()


class RunMoneySerializer(serializers.Serializer):
    currency = serializers.CharField()
    wagers = AmountField()
    wins = AmountField()
    ggr = AmountField()
    deposits = AmountField()
    withdrawals = AmountField()


class RunTotalsSerializer(serializers.Serializer):
    """Bets of real and bonus money; free spins apart."""

    bets = serializers.IntegerField()
    free_spins = serializers.IntegerField()
    deposits = serializers.IntegerField()
    withdrawals = serializers.IntegerField()
    bots = serializers.IntegerField()
    refused = serializers.IntegerField()
    money = RunMoneySerializer(many=True)


class StakesSerializer(serializers.Serializer):
    small = serializers.IntegerField()
    large = serializers.IntegerField()
    small_share = serializers.CharField(allow_null=True, help_text="Of the stakes, four decimals")


class RunGameSerializer(FiguresSerializer):
    game = serializers.SlugField()


class BreachSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    sentence = serializers.CharField()
    ids = serializers.ListField(child=serializers.CharField())


class RunAuditSerializer(serializers.Serializer):
    ok = serializers.BooleanField(allow_null=True)
    breaches = BreachSerializer(many=True)


class RunReportSerializer(RunTotalsSerializer):
    actions = serializers.IntegerField()
    seconds = serializers.CharField(allow_null=True)
    rate = serializers.CharField(allow_null=True, help_text="Actions per second")
    refusals = serializers.DictField(child=serializers.IntegerField(), help_text="How many, by code")
    stakes = StakesSerializer()
    play = FiguresSerializer()
    games = RunGameSerializer(many=True)
    audit = RunAuditSerializer()


class RunSerializer(serializers.Serializer):
    """A run of bots; ``report`` is null until it has ended and was audited."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(RunKind.choices)
    status = serializers.ChoiceField(RunStatus.choices)
    progress = serializers.FloatField(min_value=0, max_value=1)
    seed = serializers.IntegerField()
    intensity = serializers.ChoiceField(Intensity.choices, allow_null=True)
    duration_seconds = serializers.IntegerField(allow_null=True)
    actions = serializers.IntegerField()
    actions_due = serializers.IntegerField(allow_null=True)
    target_rate = serializers.IntegerField(allow_null=True, help_text="Actions per second")
    rate = serializers.FloatField(allow_null=True, help_text="Actions per second so far")
    eta_seconds = serializers.IntegerField(allow_null=True)
    totals = RunTotalsSerializer()
    report = RunReportSerializer(allow_null=True)
    error = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
