"""The shapes of bets, jackpots and fairness for the API's description; bets' values are ``betting.documents``'."""

from rest_framework import serializers

from casino.api.fields import StrictCharField, StrictSerializer


class ChipSerializer(serializers.Serializer):
    on = serializers.CharField(max_length=64)
    stake = serializers.CharField()


class BetBodySerializer(serializers.Serializer):
    game_id = serializers.CharField(help_text="Id or slug")
    wager = serializers.CharField(required=False, help_text="May be left out with free_spin")
    operator = serializers.SlugField(required=False)
    selections = ChipSerializer(many=True, required=False, allow_null=True)
    free_spin = serializers.UUIDField(required=False, allow_null=True)


class BetGameSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    slug = serializers.SlugField()
    name = serializers.CharField()
    version = serializers.IntegerField()


class JackpotWinSerializer(serializers.Serializer):
    level = serializers.CharField()
    amount = serializers.CharField()


class BetJackpotSerializer(serializers.Serializer):
    contribution = serializers.CharField()
    won = JackpotWinSerializer(many=True)


class JackpotLevelSerializer(serializers.Serializer):
    level = serializers.CharField()
    value = serializers.CharField(help_text="Six decimals, pending contributions included")
    seed = serializers.CharField()
    rate = serializers.CharField(help_text="Fraction of each wager")
    kind = serializers.ChoiceField(["progressive", "must_drop"])
    ceiling = serializers.CharField(required=False)


class JackpotGroupSerializer(serializers.Serializer):
    """Games that feed the same jackpots."""

    group = serializers.SlugField()
    currency = serializers.CharField()
    games = serializers.ListField(child=serializers.SlugField())
    levels = JackpotLevelSerializer(many=True)


class ChangeSerializer(serializers.Serializer):
    before = serializers.CharField()
    after = serializers.CharField()


class BalancesSerializer(serializers.Serializer):
    real = ChangeSerializer()
    bonus = ChangeSerializer()


class DepositProgressSerializer(serializers.Serializer):
    required = serializers.CharField()  # type: ignore[assignment]
    wagered = serializers.CharField()


class BonusProgressSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    staked = serializers.CharField()
    wagered = serializers.CharField()
    required = serializers.CharField()  # type: ignore[assignment]
    balance = serializers.CharField()
    status = serializers.CharField()


class BetWageringSerializer(serializers.Serializer):
    deposit = DepositProgressSerializer()
    bonuses = BonusProgressSerializer(many=True)
    converted = serializers.CharField()
    forfeited = serializers.CharField()


class BetVipSerializer(serializers.Serializer):
    points = serializers.CharField()
    xp = serializers.CharField()
    level = serializers.IntegerField()
    leveled_up = serializers.BooleanField()


class BetFairnessSerializer(serializers.Serializer):
    provider = serializers.ChoiceField(["system", "provably_fair", "remote"])
    server_seed_hash = serializers.CharField(allow_null=True)
    client_seed = serializers.CharField(allow_null=True)
    nonce = serializers.IntegerField(allow_null=True)


class BetSerializer(serializers.Serializer):
    """A settled bet; it never changes."""

    id = serializers.UUIDField()
    game = BetGameSerializer()
    operator = serializers.SlugField()
    currency = serializers.CharField()
    wager = serializers.CharField()
    win = serializers.CharField()
    bet_type = serializers.ChoiceField(["real", "bonus", "free_spin"])
    multiplier = serializers.CharField()
    selections = ChipSerializer(many=True, allow_null=True)
    outcome = serializers.DictField()
    jackpot = BetJackpotSerializer()
    balances = BalancesSerializer()
    wagering = BetWageringSerializer()
    vip = BetVipSerializer()
    ggr = serializers.CharField()
    fairness = BetFairnessSerializer()
    created_at = serializers.DateTimeField()


class FairnessSerializer(serializers.Serializer):
    """The seeds in force: what the next bet is drawn from, and the hash of the server seed that comes after."""

    server_seed_hash = serializers.CharField(help_text="SHA-256 of the server seed's text")
    next_server_seed_hash = serializers.CharField()
    client_seed = serializers.CharField()
    nonce = serializers.IntegerField(help_text="Of the next bet")


class RotationBodySerializer(StrictSerializer):
    client_seed = StrictCharField(
        required=False,
        trim_whitespace=False,
        help_text='1 to 64 printable ASCII characters without ":"; left out, the one in use stays',
    )


class RevealedSerializer(serializers.Serializer):
    server_seed = serializers.CharField()
    server_seed_hash = serializers.CharField()
    client_seed = serializers.CharField()
    last_nonce = serializers.IntegerField(allow_null=True, help_text="Null where nothing was played")


class RotationSerializer(serializers.Serializer):
    revealed = RevealedSerializer()
    current = FairnessSerializer()


class ProvenJackpotSerializer(serializers.Serializer):
    level = serializers.CharField()
    probability = serializers.CharField(help_text='Exact, as "a/b"')
    pool = serializers.CharField(help_text="The folded pool when it was drawn")
    hit = serializers.BooleanField()


class EvidenceSerializer(serializers.Serializer):
    """What a remote generator signed: HMAC-SHA256 of ``<request_id>:<index>:<seed>``."""

    request_id = serializers.CharField()
    index = serializers.IntegerField()
    seed = serializers.CharField()
    signature = serializers.CharField()


class ProofSerializer(serializers.Serializer):
    """All that it takes to recompute a bet."""

    bet_id = serializers.UUIDField()
    game_version = serializers.IntegerField()
    kind = serializers.CharField()
    paytable = serializers.DictField()
    selections = ChipSerializer(many=True, allow_null=True)
    server_seed = serializers.CharField(allow_null=True, help_text="Null until the seeds are rotated")
    server_seed_hash = serializers.CharField()
    client_seed = serializers.CharField()
    nonce = serializers.IntegerField()
    evidence = EvidenceSerializer(required=False, help_text="Of bets drawn from a remote generator")
    outcome = serializers.DictField()
    multiplier = serializers.CharField(help_text="Rounded down to six decimals")
    jackpots = ProvenJackpotSerializer(many=True)
