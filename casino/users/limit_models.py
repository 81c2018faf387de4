"""Tables of players' protection: limits that people set themselves, time-outs and self-exclusions."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from casino.ids import uuid7
from casino.money import MoneyField, whole_units


class LimitKind(models.TextChoices):
    DEPOSIT = "deposit"
    LOSS = "loss"


class LimitPeriod(models.TextChoices):
    """Calendar periods in UTC: days, ISO weeks (from Monday), months."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class PlayerLimit(models.Model):
    """A person's own limit in one currency, over all operators; no ``amount`` means none.

    What waits (``pending_at`` set; its amount empty for a removal) is in force from its moment on, without anybody
    writing the row.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    player = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="limits")
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=10, choices=LimitKind.choices)
    period = models.CharField(max_length=10, choices=LimitPeriod.choices)
    amount = MoneyField(null=True, blank=True)
    pending_amount = MoneyField(null=True, blank=True)
    pending_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["player", "currency", "kind", "period"], name="a_person_has_one_limit_of_a_kind_and_period"
            ),
            models.CheckConstraint(
                condition=(Q(amount=None) | Q(amount__gt=0))
                & (Q(pending_amount=None) | Q(pending_amount__gt=0))
                & whole_units("amount", "pending_amount"),
                name="a_limit_is_an_amount",
            ),
            models.CheckConstraint(
                condition=Q(pending_amount=None) | Q(pending_at__isnull=False), name="a_waiting_limit_has_its_moment"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} a {self.period}"

    def in_force(self, at: datetime) -> Decimal | None:
        """The limit at ``at``: what waited is in force once its moment has come."""
        return self.pending_amount if self.pending_at is not None and self.pending_at <= at else self.amount

    def is_waiting(self, at: datetime) -> bool:
        """Whether a higher limit, or none, is still to come."""
        return self.pending_at is not None and self.pending_at > at


class ExclusionKind(models.TextChoices):
    TIME_OUT = "time_out"
    SELF_EXCLUSION = "self_exclusion"


class Exclusion(models.Model):
    """A person shut out of play and deposits at their own wish, everywhere; no ``until`` means for ever.

    Rows are only ever added, so nothing shortens one.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    player = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="exclusions")
    kind = models.CharField(max_length=20, choices=ExclusionKind.choices)
    duration = models.CharField(max_length=10)
    created_at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(until__isnull=False) | Q(kind=ExclusionKind.SELF_EXCLUSION),
                name="only_a_self_exclusion_lasts_for_ever",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.duration}"
