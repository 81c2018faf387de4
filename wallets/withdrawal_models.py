"""Tables of money that leaves: withdrawals, their timeline, and the payouts of the simulated provider."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from casino.ids import new_reference, uuid7
from casino.money import MoneyField, whole_units
from operators.models import Operator
from operators.scoping import ScopedQuerySet


class WithdrawalStatus(models.TextChoices):
    PENDING = "pending"
    APPROVED = "approved"
    PROCESSING = "processing"
    COMPLETED = "completed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    FAILED = "failed"


class WithdrawalMethod(models.TextChoices):
    BANK_TRANSFER = "bank_transfer"
    CASHAPP = "cashapp"
    INSTORE_CASH = "instore_cash"


# Not decided yet whether the money leaves.
OPEN = (WithdrawalStatus.PENDING, WithdrawalStatus.APPROVED, WithdrawalStatus.PROCESSING)
# The money came back to the player.
WITHOUT_PAYMENT = (WithdrawalStatus.REJECTED, WithdrawalStatus.CANCELLED, WithdrawalStatus.FAILED)
PASSED = (
    WithdrawalStatus.APPROVED,
    WithdrawalStatus.PROCESSING,
    WithdrawalStatus.COMPLETED,
    WithdrawalStatus.FAILED,
)


def new_withdrawal_reference() -> str:
    return new_reference("W")


class WithdrawalQuerySet(ScopedQuerySet):
    player_field = "player"

    def with_facts(self) -> Self:
        """With all that its documents show."""
        return self.select_related("player", "operator", "first_approver", "approver").prefetch_related("steps")


class Withdrawal(models.Model):
    """Money on its way out: held when it is asked for, decided by staff, paid by a provider under one fixed key.

    ``reference`` is that key. ``needs_two_people`` is fixed when it is asked for. While ``processing``,
    ``next_attempt_at`` says when the provider is asked (again) what became of it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=20, unique=True, default=new_withdrawal_reference)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="withdrawals")
    player = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="withdrawals")
    wallet = models.ForeignKey("wallets.Wallet", models.PROTECT, related_name="withdrawals")
    amount = MoneyField()
    currency = models.CharField(max_length=3)
    method = models.CharField(max_length=20, choices=WithdrawalMethod.choices)
    destination = models.JSONField(help_text="Where the player wants it: {account}")
    status = models.CharField(max_length=10, choices=WithdrawalStatus.choices, default=WithdrawalStatus.PENDING)
    needs_two_people = models.BooleanField(default=False)
    is_automatic = models.BooleanField(default=False, help_text="Approved by no person: seeded players' only")
    first_approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    provider_reference = models.CharField(max_length=100, blank=True, default="")
    attempts = models.PositiveIntegerField(default=0, help_text="How often the provider was asked")
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    idempotency_key = models.CharField(max_length=64)
    request_digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = WithdrawalQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["status", "id"], condition=Q(status__in=OPEN), name="withdrawal_open"),
            models.Index(fields=["wallet", "created_at"], name="withdrawal_by_wallet"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["player", "idempotency_key"], name="a_key_asks_for_one_withdrawal"),
            models.UniqueConstraint(
                fields=["wallet"], condition=Q(status__in=OPEN), name="a_wallet_has_one_open_withdrawal"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0) & whole_units("amount"), name="a_withdrawal_has_an_amount"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=PASSED) | Q(approver__isnull=False) | Q(is_automatic=True),
                name="a_withdrawal_leaves_by_somebodys_decision",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=PASSED)
                | Q(needs_two_people=False)
                | Q(is_automatic=True)
                | (Q(first_approver__isnull=False) & ~Q(first_approver=F("approver"))),
                name="two_people_approve_a_large_withdrawal",
            ),
            models.CheckConstraint(
                condition=~Q(status=WithdrawalStatus.PROCESSING) | Q(next_attempt_at__isnull=False),
                name="a_withdrawal_in_processing_is_asked_about",
            ),
            models.CheckConstraint(
                condition=Q(status__in=OPEN, ended_at=None) | (~Q(status__in=OPEN) & Q(ended_at__isnull=False)),
                name="an_ended_withdrawal_has_its_moment",
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class WithdrawalStep(models.Model):
    """One entry of a withdrawal's timeline, which its player can read. Rows are only ever added (a trigger says so)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    withdrawal = models.ForeignKey(Withdrawal, models.PROTECT, related_name="steps")
    status = models.CharField(max_length=10, choices=WithdrawalStatus.choices)
    reason = models.TextField(blank=True, default="")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.withdrawal_id}: {self.status}"


class SimulatedStatus(models.TextChoices):
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    FAILED = "failed"


class SimulatedPayout(models.Model):
    """What the simulated payout provider keeps: one payout per key, however often it is sent. No money moves by it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=64, unique=True)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="+")
    amount = MoneyField()
    currency = models.CharField(max_length=3)
    method = models.CharField(max_length=20)
    account = models.CharField(max_length=100)
    status = models.CharField(max_length=10, choices=SimulatedStatus.choices, default=SimulatedStatus.ACCEPTED)
    created_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True, help_text="When its event was received")

    objects: Any = models.Manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["created_at"], condition=Q(told_at=None), name="simulated_payout_due"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0) & whole_units("amount"), name="a_payout_has_an_amount"),
        ]

    def __str__(self) -> str:
        return self.key
