"""Promotions' tables: the rules that grant, the bonuses and the free spins granted. Rows are ended, never deleted."""

from decimal import Decimal
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from casino.games.models import Game
from casino.ids import uuid7
from casino.money import ZERO, MoneyField, whole_units
from operators.models import Operator
from operators.scoping import ScopedQuerySet


class BonusStatus(models.TextChoices):
    ACTIVE = "active"
    CONVERTED = "converted"
    EXHAUSTED = "exhausted"
    EXPIRED = "expired"
    WAIVED = "waived"


class BonusSource(models.TextChoices):
    FIRST_DEPOSIT = "first_deposit"
    DEPOSIT = "any_deposit"
    PROMO_CODE = "promo_code"
    LEVEL_UP = "level_up"
    MANUAL = "manual"
    FREE_SPINS = "free_spins"
    CASHBACK = "cashback"
    REDEMPTION = "redemption"


class Trigger(models.TextChoices):
    FIRST_DEPOSIT = "first_deposit"
    ANY_DEPOSIT = "any_deposit"
    PROMO_CODE = "promo_code"
    LEVEL_UP = "level_up"
    MANUAL = "manual"


class BonusRuleQuerySet(ScopedQuerySet):
    def in_force(self, at: Any) -> Self:
        """Rules whose period includes ``at``."""
        started = Q(starts_at=None) | Q(starts_at__lte=at)
        return self.filter(started, Q(ends_at=None) | Q(ends_at__gt=at), is_active=True)


class BonusRule(models.Model):
    """When an operator grants what. ``match_percent`` is of the deposit, up to ``cap``; money in its currency."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="bonus_rules")
    name = models.CharField(max_length=80)
    trigger = models.CharField(max_length=20, choices=Trigger.choices)
    code = models.CharField(max_length=40, blank=True, default="", help_text="What a player enters, for promo codes")
    match_percent = models.DecimalField(max_digits=7, decimal_places=2, default=ZERO)
    cap = MoneyField(null=True, blank=True, help_text="Highest matched amount")
    amount = MoneyField(default=ZERO, help_text="Fixed amount, beside any match")
    min_deposit = MoneyField(default=ZERO)
    free_spins = models.PositiveIntegerField(default=0)
    free_spin_value = MoneyField(default=Decimal("0.10"))
    free_spin_game = models.ForeignKey(Game, models.PROTECT, null=True, blank=True, related_name="+")
    xp = models.DecimalField(max_digits=14, decimal_places=2, default=ZERO, help_text="Fixed XP")
    xp_percent = models.DecimalField(max_digits=7, decimal_places=2, default=ZERO, help_text="XP per 100 deposited")
    wagering_multiple = models.DecimalField(max_digits=6, decimal_places=2, default=Decimal(35))
    max_stake = MoneyField(null=True, blank=True, help_text="Empty: min(5.00, max(1.00, 10 % of the grant))")
    conversion_cap = MoneyField(null=True, blank=True)
    expires_days = models.PositiveIntegerField(default=30)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    is_once_per_player = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = BonusRuleQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                "operator", Lower("code"), condition=~Q(code=""), name="a_promo_code_is_unique_at_its_operator"
            ),
            models.CheckConstraint(
                condition=Q(
                    match_percent__gte=0, amount__gte=0, xp__gte=0, xp_percent__gte=0, wagering_multiple__gte=0
                ),
                name="a_bonus_rule_gives_and_never_takes",
            ),
            models.CheckConstraint(
                condition=~Q(trigger=Trigger.PROMO_CODE) | ~Q(code=""), name="a_promo_code_rule_has_its_code"
            ),
            models.CheckConstraint(
                condition=Q(free_spins=0) | Q(free_spin_game__isnull=False, free_spin_value__gt=0),
                name="free_spins_have_a_game_and_a_value",
            ),
            # Empty ones pass: a condition over nothing is not false.
            models.CheckConstraint(
                condition=whole_units("cap", "amount", "min_deposit", "free_spin_value", "max_stake", "conversion_cap")
                & Q(cap__gte=0, min_deposit__gte=0, max_stake__gt=0, conversion_cap__gte=0, expires_days__gt=0),
                name="a_bonus_rule_has_terms_that_a_wallet_can_keep",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RuleUseQuerySet(ScopedQuerySet):
    operator_field, player_field = "rule__operator", "player"


class RuleUse(models.Model):
    """A rule granted once, for a deposit or a level: what makes it once per player, whatever it gave."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rule = models.ForeignKey(BonusRule, models.PROTECT, related_name="uses", db_index=False)
    player = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    deposit = models.ForeignKey("wallets.Deposit", models.PROTECT, null=True, related_name="rules_used")
    level_reached = models.ForeignKey("vip.LevelReached", models.PROTECT, null=True, related_name="rules_used")
    used_at = models.DateTimeField()

    objects = RuleUseQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rule", "deposit"], name="a_deposit_uses_a_rule_once"),
            models.UniqueConstraint(fields=["rule", "level_reached"], name="a_level_uses_a_rule_once"),
            models.CheckConstraint(
                condition=Q(deposit=None, level_reached__isnull=False) | Q(deposit__isnull=False, level_reached=None),
                name="a_rule_is_used_for_one_cause",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} for {self.deposit or self.level_reached}"


class BonusQuerySet(ScopedQuerySet):
    player_field = "player"

    def active(self) -> Self:
        """Oldest first: the order in which they pay."""
        return self.filter(status=BonusStatus.ACTIVE).order_by("id")


class Bonus(models.Model):
    """Bonus money granted once: what is left, how far its wagering is, how it ended."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="bonuses")
    player = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="bonuses")
    wallet = models.ForeignKey("wallets.Wallet", models.PROTECT, related_name="bonuses")
    source = models.CharField(max_length=20, choices=BonusSource.choices)
    rule = models.ForeignKey(BonusRule, models.PROTECT, null=True, blank=True, related_name="bonuses")
    deposit = models.ForeignKey("wallets.Deposit", models.PROTECT, null=True, blank=True, related_name="bonuses")
    status = models.CharField(max_length=10, choices=BonusStatus.choices, default=BonusStatus.ACTIVE)
    granted = MoneyField()
    balance = MoneyField()
    wagering_multiple = models.DecimalField(max_digits=6, decimal_places=2)
    required = MoneyField()
    wagered = MoneyField(default=ZERO)
    max_stake = MoneyField()
    conversion_cap = MoneyField(null=True, blank=True)
    converted = MoneyField(default=ZERO)
    forfeited = MoneyField(default=ZERO)
    reason = models.TextField(blank=True, default="")
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="granted_bonuses"
    )
    idempotency_key = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001 - NULL is never a twin
    request_digest = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = BonusQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        verbose_name_plural = "bonuses"
        indexes: ClassVar = [
            models.Index(fields=["wallet"], condition=Q(status="active"), name="bonus_active"),
            models.Index(fields=["expires_at"], condition=Q(status="active"), name="bonus_expiring"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["granted_by", "idempotency_key"], name="a_key_grants_one_bonus"),
            models.UniqueConstraint(fields=["rule", "deposit"], name="a_deposit_earns_a_rule_once"),
            models.CheckConstraint(
                condition=Q(granted__gt=0, balance__gte=0, wagered__gte=0, required__gte=0, max_stake__gt=0),
                name="a_bonus_is_never_overdrawn",
            ),
            models.CheckConstraint(
                condition=Q(status="active", ended_at=None)
                | (~Q(status="active") & Q(balance=0, ended_at__isnull=False)),
                name="an_ended_bonus_is_empty",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.granted:.2f}"


class FreeSpinsQuerySet(ScopedQuerySet):
    player_field = "player"


class FreeSpins(models.Model):
    """A grant of free spins of a fixed value on one game; what they win gathers in one bonus."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="free_spins")
    player = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="free_spins")
    wallet = models.ForeignKey("wallets.Wallet", models.PROTECT, related_name="free_spins")
    game = models.ForeignKey(Game, models.PROTECT, related_name="free_spins")
    source = models.CharField(max_length=20, choices=BonusSource.choices)
    rule = models.ForeignKey(BonusRule, models.PROTECT, null=True, blank=True, related_name="granted_free_spins")
    deposit = models.ForeignKey("wallets.Deposit", models.PROTECT, null=True, blank=True, related_name="free_spins")
    count = models.PositiveIntegerField()
    remaining = models.PositiveIntegerField()
    value = MoneyField()
    wagering_multiple = models.DecimalField(max_digits=6, decimal_places=2, default=Decimal(35))
    conversion_cap = MoneyField(null=True, blank=True)
    bonus = models.OneToOneField(Bonus, models.PROTECT, null=True, blank=True, related_name="from_free_spins")
    reason = models.TextField(blank=True, default="")
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="granted_free_spins"
    )
    idempotency_key = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001 - NULL is never a twin
    request_digest = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    objects = FreeSpinsQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        verbose_name_plural = "free spins"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["granted_by", "idempotency_key"], name="a_key_grants_free_spins_once"),
            models.UniqueConstraint(fields=["rule", "deposit"], name="a_deposit_earns_a_rules_spins_once"),
            models.CheckConstraint(
                condition=Q(count__gt=0, remaining__lte=models.F("count"), value__gt=0),
                name="free_spins_are_spun_once_each",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} × {self.value:.2f}"
