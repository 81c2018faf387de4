"""The shapes of reports for the API's description; the values are made by ``operators.reports`` and ``financials``."""

from rest_framework import serializers

from casino.api.fields import AmountField
from operators.figures import Verdict
from wallets.models import POCKETS

_PERCENT = "Percent, two decimals; null without wagers"


class NamedPlayerSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    username = serializers.CharField()


class ReportGameSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    slug = serializers.SlugField()
    name = serializers.CharField()


class FreeSpinFiguresSerializer(serializers.Serializer):
    bets = serializers.IntegerField()
    value = AmountField()
    wins = AmountField()


class JackpotFiguresSerializer(serializers.Serializer):
    contributions = serializers.CharField(help_text="Six decimals")
    wins = AmountField()


class FiguresSerializer(serializers.Serializer):
    """What bets add up to: real and bonus money; free spins and jackpots apart."""

    bets = serializers.IntegerField()
    wagers = AmountField()
    wins = AmountField()
    ggr = AmountField(help_text="Wagers − wins")
    rtp = serializers.CharField(allow_null=True, help_text=_PERCENT)
    theoretical_rtp = serializers.CharField(allow_null=True, help_text=_PERCENT)
    standard_error = serializers.CharField(allow_null=True, help_text="Of the RTP, in percent points")
    z = serializers.CharField(allow_null=True, help_text="Standard errors between the return and its mean")
    verdict = serializers.ChoiceField([verdict.value for verdict in Verdict])
    free_spins = FreeSpinFiguresSerializer()
    jackpots = JackpotFiguresSerializer()


class VersionFiguresSerializer(FiguresSerializer):
    version = serializers.IntegerField()


class PlayerFiguresSerializer(FiguresSerializer):
    player = NamedPlayerSerializer()


class GameFiguresSerializer(FiguresSerializer):
    game = ReportGameSerializer()


class SessionSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    player = NamedPlayerSerializer()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True, help_text="null: still in force")


class SessionFiguresSerializer(FiguresSerializer):
    session = SessionSerializer()


class AsOfSerializer(serializers.Serializer):
    """Of reports that may be read from a replica."""

    as_of = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="Where reports are read from a replica: complete up to that moment (null: not known)",
    )


class SessionRtpReportSerializer(AsOfSerializer):
    """One player's RTP by login; at most 100 logins, the latest. A bet counts for the login that began last among
    those in force at its moment."""

    operator = serializers.SlugField(allow_null=True, help_text="null: all")
    currency = serializers.CharField(allow_null=True, help_text="null where several are added up")
    to = serializers.CharField()
    totals = FiguresSerializer()
    outside = FiguresSerializer(help_text="Bets for which no login was in force, such as a bot's")
    sessions = SessionFiguresSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field]:
        return {**super().get_fields(), "from": serializers.CharField()}


class RtpReportSerializer(AsOfSerializer):
    """Actual beside theoretical RTP; at most 100 players, those with the highest wagers."""

    operator = serializers.SlugField(allow_null=True, help_text="null: all")
    currency = serializers.CharField(allow_null=True, help_text="null where several are added up")
    to = serializers.CharField()
    totals = FiguresSerializer()
    games = GameFiguresSerializer(many=True)
    players = PlayerFiguresSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field]:
        return {**super().get_fields(), "from": serializers.CharField()}


class PerformanceSerializer(AsOfSerializer):
    """How a game did; at most 100 players, those with the highest wagers."""

    game = ReportGameSerializer()
    version = serializers.IntegerField(help_text="In force")
    operator = serializers.SlugField(allow_null=True, help_text="null: all")
    currency = serializers.CharField(allow_null=True, help_text="null where several are added up")
    to = serializers.CharField()
    totals = FiguresSerializer()
    by_version = VersionFiguresSerializer(many=True)
    players = PlayerFiguresSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field]:
        return {**super().get_fields(), "from": serializers.CharField()}


class FinancialOperatorSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    slug = serializers.SlugField()
    name = serializers.CharField()


class PocketsSerializer(serializers.Serializer):
    real = AmountField()
    bonus = AmountField()
    held = AmountField()
    debt = AmountField()


class PocketLineSerializer(serializers.Serializer):
    """opening + in − out = closing."""

    opening = AmountField()
    out = AmountField()
    closing = AmountField()

    def get_fields(self) -> dict[str, serializers.Field]:
        return {**super().get_fields(), "in": AmountField()}


class PocketStatementSerializer(serializers.Serializer):
    """How each pocket of the players came to its balance."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {str(pocket): PocketLineSerializer() for pocket in POCKETS}


class CountAndSumSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    sum = AmountField()


class WithdrawalFiguresSerializer(CountAndSumSerializer):
    pending_count = serializers.IntegerField(help_text="Waiting for staff now")
    pending_sum = AmountField()


class AffiliateFiguresSerializer(serializers.Serializer):
    accrued = AmountField()
    paid = AmountField()


class OperatorFinancialsSerializer(AsOfSerializer):
    """One operator's book."""

    operator = FinancialOperatorSerializer()
    currency = serializers.CharField()
    to = serializers.CharField()
    balances = PocketsSerializer(help_text="Of the players, at the interval's end")
    statement = PocketStatementSerializer()
    deposits = CountAndSumSerializer()
    refunds = AmountField()
    withdrawals = WithdrawalFiguresSerializer()
    wagers = AmountField()
    wins = AmountField()
    ggr = AmountField()
    promotion_costs = AmountField()
    jackpot_contributions = serializers.CharField(help_text="Six decimals")
    jackpot_wins = AmountField()
    jackpot_liability = serializers.CharField(help_text="Six decimals; what the pools do not have yet, now")
    vip_costs = AmountField()
    affiliate = AffiliateFiguresSerializer()
    ngr = serializers.CharField(help_text="Six decimals where contributions leave millionths in it")

    def get_fields(self) -> dict[str, serializers.Field]:
        return {**super().get_fields(), "from": serializers.CharField()}


class PoolsSerializer(serializers.Serializer):
    """opening + contributions + seeds − paid = closing; six decimals."""

    opening = serializers.CharField()
    contributions = serializers.CharField()
    seeds = serializers.CharField()
    paid = serializers.CharField()
    closing = serializers.CharField()


class SuspenseSerializer(serializers.Serializer):
    out = AmountField()

    def get_fields(self) -> dict[str, serializers.Field]:
        return {**super().get_fields(), "in": AmountField()}


class PlatformBookSerializer(serializers.Serializer):
    """The platform's own book in one currency."""

    operator = serializers.CharField(allow_null=True, help_text="Always null")
    currency = serializers.CharField()
    to = serializers.CharField()
    jackpots = PoolsSerializer()
    jackpot_liability = serializers.CharField(help_text="Six decimals")
    vip_costs = AmountField()
    suspense = SuspenseSerializer()

    def get_fields(self) -> dict[str, serializers.Field]:
        return {**super().get_fields(), "from": serializers.CharField()}


class AllFinancialsSerializer(AsOfSerializer):
    """Every operator's book, and the platform's own in each currency."""

    to = serializers.CharField()
    operators = OperatorFinancialsSerializer(many=True)
    platform = PlatformBookSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field]:
        return {**super().get_fields(), "from": serializers.CharField()}
