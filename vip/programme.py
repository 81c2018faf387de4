"""The VIP programme's tables: its terms, what it cost and which book bore it, and the cashback paid.

A VIP cost is a bonus that the programme pays for, so it carries the bonus's id. Its shares are the statement that
explains, book by book, who pays how much of it and why.
"""

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from casino.ids import uuid7
from casino.money import MoneyField, whole_units
from operators.models import Operator
from operators.scoping import ScopedQuerySet


class VipProgramme(models.Model):
    """The one row of the programme's terms; the platform's share of costs is among the platform's settings."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    points_per_unit = models.DecimalField(
        max_digits=10, decimal_places=2, default=Decimal(100), help_text="Points that are worth 1.00 of bonus money"
    )
    redemption_wagering_multiple = models.DecimalField(max_digits=6, decimal_places=2, default=Decimal(10))
    cashback_wagering_multiple = models.DecimalField(max_digits=6, decimal_places=2, default=Decimal(1))
    bonus_days = models.PositiveIntegerField(default=30, help_text="Days until a VIP bonus or VIP free spins expire")

    class Meta:
        verbose_name = verbose_name_plural = "VIP programme"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="there_is_one_vip_programme"),
            models.CheckConstraint(
                condition=Q(
                    points_per_unit__gt=0,
                    redemption_wagering_multiple__gt=0,
                    cashback_wagering_multiple__gt=0,
                    bonus_days__gt=0,
                ),
                name="the_programmes_terms_are_positive",
            ),
        ]

    def __str__(self) -> str:
        return "VIP programme"


def programme() -> VipProgramme:
    """The terms in force; the defaults where no row says otherwise."""
    found: VipProgramme | None = VipProgramme.objects.first()
    return found or VipProgramme()


class VipCostKind(models.TextChoices):
    LEVEL_UP = "level_up"
    CASHBACK = "cashback"
    REDEMPTION = "redemption"


class VipCostQuerySet(ScopedQuerySet):
    pass


class VipCost(models.Model):
    """A bonus that the VIP programme pays for: what was paid out, where, and how it was split."""

    bonus = models.OneToOneField("wallets.Bonus", models.PROTECT, primary_key=True, related_name="vip_cost")
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="vip_costs", help_text="Who paid it out")
    player = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="vip_costs")
    kind = models.CharField(max_length=12, choices=VipCostKind.choices)
    currency = models.CharField(max_length=3)
    amount = MoneyField()
    platform_share = models.DecimalField(max_digits=5, decimal_places=4, help_text="The fraction in force")
    wagers_since = models.DateField(help_text="First day of the real wagers that split the operators' part")
    created_at = models.DateTimeField()

    objects = VipCostQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-bonus_id"]
        verbose_name = "VIP cost"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(amount__gt=0) & whole_units("amount"), name="a_vip_cost_costs_something"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount:.2f} {self.currency}"


class VipCostShareQuerySet(ScopedQuerySet):
    pass


class VipCostShare(models.Model):
    """What one book bears of a VIP cost; ``operator`` empty means the platform."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    cost = models.ForeignKey(VipCost, models.PROTECT, related_name="shares")
    operator = models.ForeignKey(Operator, models.PROTECT, null=True, related_name="vip_shares")
    wagers = MoneyField(
        null=True, help_text="The player's real wagers there in the month so far; none for the platform"
    )
    amount = MoneyField()

    objects = VipCostShareQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        verbose_name = "VIP cost share"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["cost", "operator"], name="a_book_bears_one_share_of_a_cost", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0) & whole_units("amount"), name="a_share_is_never_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount:.2f}"


class CashbackQuerySet(ScopedQuerySet):
    player_field = "player"


class Cashback(models.Model):
    """What a player got back of one week's net real loss at one operator: paid once, as a bonus."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="cashbacks")
    player = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="cashbacks")
    week = models.DateField(help_text="The Monday on which the ISO week began")
    wagers = MoneyField()
    wins = MoneyField(help_text="Jackpot wins included")
    level = models.ForeignKey("vip.VipLevel", models.PROTECT, related_name="+", help_text="When the week ended")
    rate = models.DecimalField(max_digits=6, decimal_places=4)
    amount = MoneyField()
    cost = models.OneToOneField(VipCost, models.PROTECT, related_name="cashback")
    created_at = models.DateTimeField()

    objects = CashbackQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["player", "operator", "week"], name="a_week_is_cashed_back_once"),
            models.CheckConstraint(condition=Q(week__iso_week_day=1), name="a_cashback_week_begins_on_monday"),
        ]

    def __str__(self) -> str:
        return f"{self.week}: {self.amount:.2f}"
