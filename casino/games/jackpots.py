"""Jackpot groups and the terms of their levels: what feeds them, what they start from, when they drop."""

from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from casino.ids import uuid7
from casino.money import MoneyField


class JackpotGroup(models.Model):
    """Games that feed the same jackpots, in one currency; every operator of that currency takes part."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["slug"]

    def __str__(self) -> str:
        return self.name


class JackpotKind(models.TextChoices):
    PROGRESSIVE = "progressive"
    MUST_DROP = "must_drop"


class LevelTerms(models.Model):
    """The terms of one level. ``rate`` is the fraction of each wager that feeds it; ``odds`` the chance per unit
    wagered of a progressive; ``ceiling`` where a must-drop falls at the latest."""

    kind = models.CharField(max_length=12, choices=JackpotKind.choices, default=JackpotKind.PROGRESSIVE)
    rate = models.DecimalField(max_digits=6, decimal_places=4)
    seed = MoneyField()
    odds = models.DecimalField(
        max_digits=20, decimal_places=18, default=Decimal(0), help_text="Chance per unit wagered"
    )
    ceiling = MoneyField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def rtp(self) -> Fraction:
        """The level's part of the RTP at seed value: c + S·p for a progressive, c·(C + S)/(C − S) for a must-drop
        (the mean drop over the mean wagered between two drops)."""
        rate, seed = Fraction(self.rate), Fraction(self.seed)
        if self.kind == JackpotKind.PROGRESSIVE:
            return rate + seed * Fraction(self.odds)
        ceiling = Fraction(self.ceiling or 0)
        return rate * (ceiling + seed) / (ceiling - seed)


def terms_constraints(of: str) -> list[models.CheckConstraint]:
    """The constraints every table of level terms has, named after ``of``."""
    return [
        models.CheckConstraint(
            condition=Q(rate__gte=0, rate__lte=Decimal("0.1"), seed__gte=0, odds__gte=0, odds__lte=1),
            name=f"a_{of}_has_sound_terms",
        ),
        models.CheckConstraint(
            condition=Q(kind=JackpotKind.PROGRESSIVE, ceiling=None, odds__gt=0)
            | Q(kind=JackpotKind.MUST_DROP, ceiling__gt=F("seed")),
            name=f"a_{of}_can_be_won",
        ),
    ]


class JackpotLevel(LevelTerms):
    """One level of a group as an admin sets it; the pool takes new terms over at its next win."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    group = models.ForeignKey(JackpotGroup, models.PROTECT, related_name="levels")
    name = models.SlugField(max_length=20, help_text="mini, minor, major, grand")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["group", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["group", "name"], name="a_jackpot_group_names_its_levels"),
            *terms_constraints("jackpot_level"),
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.name}"


def jackpot_rtp(group: JackpotGroup | None) -> Fraction:
    """The group's part of the RTP of a real bet, jackpots at seed value."""
    return sum((level.rtp for level in group.levels.all()), Fraction(0)) if group else Fraction(0)
