"""Bets, each one immutable row; what they are drawn from (seed pairs, remote services); the jackpots' pools."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from betting.rollups import DailyTotal, HourlyTotal, HourRollup, StatisticField
from casino.games.jackpots import JackpotLevel, LevelTerms, terms_constraints
from casino.games.models import Game, GameVersion
from casino.ids import uuid7
from casino.money import ZERO, MoneyField
from operators.models import Affiliate, Operator, RngProvider
from operators.scoping import ScopedQuerySet
from wallets.models import Wallet
from wallets.promotions import FreeSpins

__all__ = [
    "Bet",
    "BetType",
    "DailyTotal",
    "HourRollup",
    "HourlyTotal",
    "JackpotPending",
    "JackpotPool",
    "RngService",
    "SeedPair",
]


class SeedPairQuerySet(ScopedQuerySet):
    player_field = "player"


class SeedPair(models.Model):
    """A server seed (encrypted until revealed; its hash is published before play), a client seed and the next nonce."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="+")
    player = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="seed_pairs")
    server_seed = models.TextField(editable=False, help_text="Encrypted")
    server_seed_hash = models.CharField(max_length=64)
    next_server_seed = models.TextField(editable=False, help_text="Encrypted; takes over at rotation")
    next_server_seed_hash = models.CharField(max_length=64)
    client_seed = models.CharField(max_length=64)
    nonce = models.BigIntegerField(default=0, help_text="Of the next bet")
    created_at = models.DateTimeField(auto_now_add=True)
    revealed_at = models.DateTimeField(null=True, blank=True)

    objects = SeedPairQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["player", "operator"], condition=Q(revealed_at=None), name="a_player_has_one_seed_pair_in_force"
            ),
            models.CheckConstraint(condition=Q(nonce__gte=0), name="nonces_count_up"),
        ]

    def __str__(self) -> str:
        return self.server_seed_hash


class RngServiceQuerySet(ScopedQuerySet):
    pass


class RngService(models.Model):
    """Where an operator with the ``remote`` generator gets its random numbers; made by ``set_rng_service``."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operator = models.OneToOneField(Operator, models.PROTECT, related_name="rng_service")
    url = models.URLField(max_length=300)
    key = models.TextField(editable=False, help_text="Encrypted; signs the service's answers")
    timeout_ms = models.PositiveIntegerField(default=1000, help_text="Of one attempt")

    objects = RngServiceQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(timeout_ms__gte=50, timeout_ms__lte=5000), name="a_random_number_service_answers_soon"
            ),
        ]

    def __str__(self) -> str:
        return self.url


class BetType(models.TextChoices):
    REAL = "real"
    BONUS = "bonus"
    FREE_SPIN = "free_spin"


class BetQuerySet(ScopedQuerySet):
    player_field = "player"

    def with_facts(self) -> Self:
        """With the rows that a bet's document names."""
        return self.select_related("operator", "game", "game_version", "seed_pair").defer(
            "game_version__paytable", "game_version__par"
        )

    def with_proof(self) -> Self:
        """With what recomputing a bet takes."""
        return self.select_related("game_version", "seed_pair")


class Bet(models.Model):
    """One settled bet: what was staked, drawn, paid and counted. Never changed, never deleted (a trigger says so)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField()
    operator = models.ForeignKey(Operator, models.PROTECT, db_constraint=False, db_index=False, related_name="bets")
    player = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_constraint=False, db_index=False, related_name="bets"
    )
    wallet = models.ForeignKey(Wallet, models.PROTECT, db_constraint=False, db_index=False, related_name="bets")
    wallet_version = models.BigIntegerField(help_text="The wallet's version when the bet had ended")
    game = models.ForeignKey(Game, models.PROTECT, db_constraint=False, db_index=False, related_name="bets")
    game_version = models.ForeignKey(
        GameVersion, models.PROTECT, db_constraint=False, db_index=False, related_name="bets"
    )
    bet_type = models.CharField(max_length=10, choices=BetType.choices)
    currency = models.CharField(max_length=3)
    wager = MoneyField()
    win = MoneyField()
    multiplier = models.DecimalField(max_digits=20, decimal_places=6)
    unrounded_win = StatisticField(help_text="Wager × multiplier before rounding down")
    expected_win = StatisticField(help_text="Wager × the exact mean of this bet")
    variance = StatisticField(help_text="Wager² × the exact variance of this bet")
    real_before = MoneyField()
    real_after = MoneyField()
    bonus_before = MoneyField()
    bonus_after = MoneyField()
    jackpot_contribution = MoneyField(default=ZERO)
    jackpot_win = MoneyField(default=ZERO)
    jackpots = models.JSONField(default=list, help_text="Each level's contribution, pool, probability and what it paid")
    points = models.DecimalField(max_digits=14, decimal_places=2, default=ZERO)
    vip = models.JSONField(default=dict, help_text="XP, level and level-up as they stood after the bet")
    wagering = models.JSONField(default=dict, help_text="Progress of the deposit requirement and of each bonus")
    ggr = MoneyField()
    affiliate = models.ForeignKey(
        Affiliate, models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="bets"
    )
    affiliate_rate = models.DecimalField(max_digits=6, decimal_places=4, null=True)
    rng_provider = models.CharField(max_length=20, choices=RngProvider.choices)
    rng_evidence = models.JSONField(null=True, help_text="What a remote generator signed")
    free_spins = models.ForeignKey(
        FreeSpins, models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="bets"
    )
    seed_pair = models.ForeignKey(
        SeedPair, models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="bets"
    )
    nonce = models.BigIntegerField(null=True)
    selections = models.JSONField(null=True)
    outcome = models.JSONField()
    idempotency_key = models.CharField(max_length=64)
    request_digest = models.CharField(max_length=64)

    objects = BetQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["player", "id"], name="bet_by_player"),
            models.Index(fields=["operator", "id"], name="bet_by_operator"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["player", "idempotency_key"], name="a_key_plays_one_bet"),
            models.UniqueConstraint(fields=["seed_pair", "nonce"], name="a_nonce_plays_one_bet"),
            models.CheckConstraint(condition=Q(wager__gt=0, win__gte=0), name="a_bet_stakes_something"),
            models.CheckConstraint(
                condition=~Q(bet_type=BetType.REAL) | Q(real_before__gte=F("wager")),
                name="a_real_bet_was_covered_before_the_draw",
            ),
            models.CheckConstraint(
                condition=~Q(bet_type=BetType.BONUS) | Q(bonus_before__gte=F("wager")),
                name="a_bonus_bet_was_covered_before_the_draw",
            ),
            models.CheckConstraint(
                condition=Q(bet_type=BetType.FREE_SPIN, ggr=0)
                | (~Q(bet_type=BetType.FREE_SPIN) & Q(ggr=F("wager") - F("win"))),
                name="ggr_is_wager_less_win",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class JackpotPool(LevelTerms):
    """The money of one jackpot level, with the terms in force since its last win. ``value`` holds millionths."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    level = models.OneToOneField(JackpotLevel, models.PROTECT, related_name="pool")
    value = MoneyField(default=ZERO, help_text="What is folded in; pending contributions come on top")
    won_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(value__gte=0), name="a_pool_is_never_overdrawn"),
            *terms_constraints("jackpot_pool"),
        ]

    def __str__(self) -> str:
        return f"{self.level}: {self.value:.2f}"


class JackpotPending(models.Model):
    """Contributions of one batch to one pool from one operator, until they are folded in (then the row goes)."""

    id = models.BigAutoField(primary_key=True)
    pool = models.ForeignKey(JackpotPool, models.PROTECT, db_constraint=False, related_name="pending")
    operator = models.ForeignKey(Operator, models.PROTECT, db_constraint=False, db_index=False, related_name="+")
    amount = MoneyField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_contribution_adds_something"),
        ]

    def __str__(self) -> str:
        return f"{self.amount}"
