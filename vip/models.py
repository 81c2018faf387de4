"""VIP: the levels, and each person's standing, which is one for all operators."""

from decimal import Decimal
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from casino.games.models import Game
from casino.ids import uuid7
from casino.money import ZERO, MoneyField, whole_units
from operators.models import Operator
from operators.scoping import ScopedQuerySet
from vip.programme import Cashback, VipCost, VipCostShare, VipProgramme

# Django finds the programme's tables through this module.
PROGRAMME = (Cashback, VipCost, VipCostShare, VipProgramme)


class VipLevel(models.Model):
    """One step of the ladder; every figure is the platform's to edit."""

    number = models.PositiveSmallIntegerField(primary_key=True)
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=40)
    xp_required = models.DecimalField(max_digits=14, decimal_places=2)
    cashback_rate = models.DecimalField(max_digits=6, decimal_places=4, default=0)
    xp_multiplier = models.DecimalField(max_digits=6, decimal_places=4, default=1)
    max_bet_factor = models.DecimalField(max_digits=6, decimal_places=2, default=1)
    withdrawal_limit = MoneyField(default=5000, help_text="Per day, in the operator's currency")
    reward_bonus = MoneyField(default=ZERO, help_text="Granted on reaching the level, in the operator's currency")
    reward_wagering_multiple = models.DecimalField(max_digits=6, decimal_places=2, default=Decimal(10))
    reward_free_spins = models.PositiveIntegerField(default=0)
    reward_free_spin_value = MoneyField(default=Decimal("0.10"))
    reward_free_spin_game = models.ForeignKey(
        Game, models.PROTECT, null=True, blank=True, db_constraint=False, related_name="+",
        help_text="A game that all operators share",
    )  # fmt: skip

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["xp_required"], name="a_vip_level_has_its_own_threshold"),
            models.CheckConstraint(
                condition=Q(xp_required__gte=0, cashback_rate__gte=0, cashback_rate__lte=1, xp_multiplier__gt=0),
                name="a_vip_level_gives_and_never_takes",
            ),
            models.CheckConstraint(
                condition=Q(reward_bonus__gte=0, reward_wagering_multiple__gt=0, reward_free_spin_value__gt=0)
                & whole_units("reward_bonus", "reward_free_spin_value"),
                name="a_level_reward_gives_and_never_takes",
            ),
            models.CheckConstraint(
                condition=Q(reward_free_spins=0) | Q(reward_free_spin_game__isnull=False),
                name="a_rewards_free_spins_have_a_game",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StandingQuerySet(ScopedQuerySet):
    operator_field = "player__wallets__operator"
    player_field = "player"


class Standing(models.Model):
    """A person's VIP standing: XP, spendable points and the highest level earned. The one locked row of a person."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    player = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="standing")
    level = models.ForeignKey(VipLevel, models.PROTECT, default=0, db_constraint=False, related_name="standings")
    xp = models.DecimalField(max_digits=14, decimal_places=2, default=ZERO)
    points = models.DecimalField(max_digits=14, decimal_places=2, default=ZERO)

    objects = StandingQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(points__gte=0), name="points_are_never_overdrawn"),
        ]

    def __str__(self) -> str:
        return f"{self.player}: {self.level_id}"


class LevelReachedQuerySet(ScopedQuerySet):
    player_field = "player"

    def unrewarded(self) -> Self:
        """Whose reward is still due."""
        return self.filter(rewarded_at=None)

    def without_rules(self) -> Self:
        """For which the operator's bonus rules have still to be looked at."""
        return self.filter(rules_applied_at=None)


class LevelReached(models.Model):
    """A level that a person earned, once: levels are never lost, and their reward is granted once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    player = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="levels_reached")
    level = models.ForeignKey(VipLevel, models.PROTECT, related_name="reached_by")
    operator = models.ForeignKey(Operator, models.PROTECT, null=True, related_name="+", help_text="Where it was earned")
    reached_at = models.DateTimeField()
    rules_applied_at = models.DateTimeField(null=True, help_text="When the operator's level-up rules were applied")
    rewarded_at = models.DateTimeField(null=True, blank=True)
    bonus = models.OneToOneField("wallets.Bonus", models.PROTECT, null=True, blank=True, related_name="level_reached")
    free_spins = models.OneToOneField(
        "wallets.FreeSpins", models.PROTECT, null=True, blank=True, related_name="level_reached"
    )

    objects = LevelReachedQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["level"]
        verbose_name_plural = "levels reached"
        indexes: ClassVar = [
            models.Index(fields=["player"], condition=Q(rewarded_at=None), name="level_reward_due"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["player", "level"], name="a_level_is_reached_once"),
            models.CheckConstraint(
                condition=Q(rewarded_at__isnull=False) | Q(bonus=None, free_spins=None),
                name="a_reward_has_its_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.player}: {self.level}"


class PointsKind(models.TextChoices):
    DEPOSIT = "deposit"
    RULE = "rule"
    ADJUSTMENT = "adjustment"
    REDEMPTION = "redemption"


class PointsMovementQuerySet(ScopedQuerySet):
    player_field = "player"


class PointsMovement(models.Model):
    """XP and spendable points that came or went otherwise than by a bet (a bet's own row carries its points)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    player = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="points_movements")
    operator = models.ForeignKey(Operator, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=12, choices=PointsKind.choices)
    xp = models.DecimalField(max_digits=14, decimal_places=2, default=ZERO)
    points = models.DecimalField(max_digits=14, decimal_places=2, default=ZERO)
    reference = models.UUIDField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", help_text="Who asked for it"
    )
    reason = models.TextField(blank=True, default="")
    idempotency_key = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001 - NULL is never a twin
    request_digest = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField()

    objects = PointsMovementQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "reference"], name="a_cause_moves_points_once"),
            models.UniqueConstraint(fields=["actor", "kind", "idempotency_key"], name="a_key_moves_points_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.xp} XP"


def standing_of(player: Any) -> Standing:
    """The player's standing with its level; a fresh one for people who hold none."""
    found: Standing | None = Standing.objects.select_related("level").filter(player=player).first()
    return found or Standing(player=player, level=VipLevel.objects.get(number=0))
