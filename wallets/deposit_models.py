"""Tables of money that comes in: accounts with providers, deposits, and the webhook inbox."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from casino.ids import new_reference, uuid7
from casino.money import MoneyField, whole_units
from operators.models import Operator
from operators.scoping import ScopedQuerySet


class Provider(models.TextChoices):
    CASHAPP = "cashapp"
    INSTORE_CASH = "instore_cash"
    INSTORE_CARD = "instore_card"
    GENERIC = "generic"
    PAYOUTS = "payouts"


class ProviderAccountQuerySet(ScopedQuerySet):
    pass


class ProviderAccount(models.Model):
    """The platform's (``operator`` empty) or an operator's account with a provider; secrets are encrypted at rest."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=20, choices=Provider.choices)
    operator = models.ForeignKey(Operator, models.PROTECT, null=True, blank=True, related_name="provider_accounts")
    secret = models.TextField(editable=False, help_text="The encrypted secret in force")
    previous_secret = models.TextField(editable=False, blank=True, default="", help_text="Accepted while rotating")
    settings = models.JSONField(default=dict, blank=True, help_text="What instructions show: for example the cashtag")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProviderAccountQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["provider", "operator"], name="a_book_has_one_account_per_provider", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} of {self.operator or 'the platform'}"


class DepositStatus(models.TextChoices):
    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REVIEW = "review"


def new_deposit_reference() -> str:
    return new_reference("D")


class DepositQuerySet(ScopedQuerySet):
    player_field = "player"


class Deposit(models.Model):
    """Money announced, then received through a provider; only a provider's signed event completes it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=20, unique=True, default=new_deposit_reference)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="deposits")
    player = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="deposits")
    wallet = models.ForeignKey("wallets.Wallet", models.PROTECT, related_name="deposits")
    amount = MoneyField()
    currency = models.CharField(max_length=3)
    method = models.CharField(max_length=20, choices=Provider.choices)
    status = models.CharField(max_length=10, choices=DepositStatus.choices, default=DepositStatus.PENDING)
    promo_code = models.CharField(max_length=40, blank=True, default="")
    instructions = models.JSONField(default=dict, help_text="How to pay, as the player was told")
    provider_reference = models.CharField(max_length=100, blank=True, default="")
    idempotency_key = models.CharField(max_length=64)
    request_digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)
    refunded_at = models.DateTimeField(null=True, blank=True, help_text="When the provider took the money back")

    objects = DepositQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["expires_at"], condition=Q(status=DepositStatus.PENDING), name="deposit_pending"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["player", "idempotency_key"], name="a_key_opens_one_deposit"),
            models.CheckConstraint(condition=Q(amount__gt=0) & whole_units("amount"), name="a_deposit_has_an_amount"),
            models.CheckConstraint(
                condition=~Q(status=DepositStatus.COMPLETED) | Q(completed_at__isnull=False),
                name="a_completed_deposit_has_its_moment",
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class WebhookVerdict(models.TextChoices):
    """What became of an event: ``stored`` waits for the sweeper, ``review`` moved nothing and waits for staff."""

    STORED = "stored"
    SETTLED = "settled"
    IGNORED = "ignored"
    SUSPENSE = "suspense"
    REVIEW = "review"
    INVALID = "invalid"


class WebhookEventQuerySet(ScopedQuerySet):
    """``visible_to`` shows staff what came through their own account or is about their deposits and withdrawals."""

    def visible_to(self, user: Any) -> Self:
        if user.is_authenticated and user.is_operator_staff:
            own = user.operator_id
            about = Q(deposit__operator=own) | Q(withdrawal__operator=own)
            return self.filter(Q(account__operator=own) | about)
        return super().visible_to(user)


class WebhookEvent(models.Model):
    """The inbox: every authentic event of a provider account, once for ever."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(ProviderAccount, models.PROTECT, related_name="events")
    event_id = models.CharField(max_length=128)
    body = models.TextField()
    type = models.CharField(max_length=40, blank=True, default="")
    amount = MoneyField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    verdict = models.CharField(max_length=10, choices=WebhookVerdict.choices, default=WebhookVerdict.STORED)
    reason = models.CharField(max_length=200, blank=True, default="")
    deposit = models.ForeignKey(Deposit, models.PROTECT, null=True, blank=True, related_name="events")
    withdrawal = models.ForeignKey("wallets.Withdrawal", models.PROTECT, null=True, blank=True, related_name="events")
    attempts = models.PositiveIntegerField(default=0)
    received_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = WebhookEventQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["received_at"], condition=Q(verdict=WebhookVerdict.STORED), name="webhook_waiting"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "event_id"], name="a_provider_event_is_stored_once"),
            models.CheckConstraint(
                condition=Q(verdict=WebhookVerdict.STORED, settled_at=None)
                | (~Q(verdict=WebhookVerdict.STORED) & Q(settled_at__isnull=False)),
                name="only_a_waiting_event_lacks_its_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.event_id}"
