"""The table of manual adjustments: made by one person, and above the operator's threshold checked by another."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from casino.ids import uuid7
from casino.money import MoneyField, whole_units
from operators.models import Operator
from operators.scoping import ScopedQuerySet


class AdjustmentStatus(models.TextChoices):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class AdjustmentQuerySet(ScopedQuerySet):
    def with_facts(self) -> Self:
        """With all that its document shows."""
        return self.select_related("player", "operator", "maker", "checker")


class Adjustment(models.Model):
    """Real money given to a player by hand (a positive ``amount``) or taken back; posted once it is approved."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="adjustments")
    player = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="adjustments")
    wallet = models.ForeignKey("wallets.Wallet", models.PROTECT, related_name="adjustments")
    amount = MoneyField()
    currency = models.CharField(max_length=3)
    reason = models.TextField()
    status = models.CharField(max_length=10, choices=AdjustmentStatus.choices, default=AdjustmentStatus.PENDING)
    needs_two_people = models.BooleanField()
    maker = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="adjustments_made")
    checker = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decision_reason = models.TextField(blank=True, default="")
    idempotency_key = models.CharField(max_length=64)
    request_digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = AdjustmentQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["maker", "idempotency_key"], name="a_key_makes_one_adjustment"),
            models.CheckConstraint(
                condition=~Q(amount=0) & Q(amount__gte=-99999999999999) & whole_units("amount"),
                name="an_adjustment_has_an_amount",
            ),
            models.CheckConstraint(
                condition=Q(checker=None) | ~Q(checker=F("maker")), name="nobody_checks_their_own_adjustment"
            ),
            models.CheckConstraint(
                condition=Q(needs_two_people=False) | ~Q(status=AdjustmentStatus.APPROVED) | Q(checker__isnull=False),
                name="two_people_approve_a_large_adjustment",
            ),
            models.CheckConstraint(
                condition=Q(status=AdjustmentStatus.PENDING, decided_at=None)
                | (~Q(status=AdjustmentStatus.PENDING) & Q(decided_at__isnull=False)),
                name="a_decided_adjustment_has_its_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount:+.2f} {self.currency}"
