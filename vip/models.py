"""VIP: the levels, and each person's standing, which is one for all operators."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from casino.ids import uuid7
from casino.money import ZERO, MoneyField
from operators.scoping import ScopedQuerySet


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

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["xp_required"], name="a_vip_level_has_its_own_threshold"),
            models.CheckConstraint(
                condition=Q(xp_required__gte=0, cashback_rate__gte=0, cashback_rate__lte=1, xp_multiplier__gt=0),
                name="a_vip_level_gives_and_never_takes",
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


def standing_of(player: Any) -> Standing:
    """The player's standing with its level; a fresh one for people who hold none."""
    found: Standing | None = Standing.objects.select_related("level").filter(player=player).first()
    return found or Standing(player=player, level=VipLevel.objects.get(number=0))
