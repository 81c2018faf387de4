"""Operators (the tenants), their affiliates, and the two journals that staff read: alerts and significant events."""

from typing import Any, ClassVar, Self
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Lower

from casino.errors import Missing
from casino.ids import uuid7
from casino.money import MoneyField
from operators.affiliate_models import AffiliatePayout, AffiliateStatement
from operators.platform import PlatformSettings, RtpState
from operators.scoping import ScopedQuerySet
from operators.seal_models import Seal

# Django finds the platform's tables through this module.
PLATFORM = (PlatformSettings, RtpState)
# And the affiliates' money.
AFFILIATES = (AffiliatePayout, AffiliateStatement)
# And the seals over the ledger.
SEALS = (Seal,)


class RngProvider(models.TextChoices):
    SYSTEM = "system", "The operating system's generator"
    PROVABLY_FAIR = "provably_fair", "Provably fair"
    REMOTE = "remote", "Remote service"


class UnknownOperator(Missing):
    """No open operator has this slug."""

    code = "unknown_operator"
    detail = "There is no such operator."


class OperatorQuerySet(ScopedQuerySet):
    operator_field = "pk"

    def open(self) -> Self:
        """Brands that take players."""
        return self.filter(is_open=True)

    def named(self, slug: str) -> "Operator":
        """The open operator with this slug; UnknownOperator otherwise."""
        operator: Operator | None = self.open().filter(slug=slug).first()
        if operator is None:
            raise UnknownOperator
        return operator


class Operator(models.Model):
    """A casino brand with one currency and its own money, staff, wallets, affiliates and settings."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    currency = models.CharField(max_length=3, default="USD", help_text="ISO 4217 code of a currency with two decimals")
    is_open = models.BooleanField(default=True)
    rng_provider = models.CharField(
        max_length=20, choices=RngProvider.choices, default=RngProvider.PROVABLY_FAIR, db_default="provably_fair"
    )
    max_bet = MoneyField(default=1000, help_text="Highest wager; a VIP level multiplies it by its factor")
    deposit_min = MoneyField(default=1, help_text="Lowest deposit")
    deposit_max = MoneyField(default=5000, help_text="Highest deposit")
    deposit_daily_max = MoneyField(default=10000, help_text="What a player may deposit in 24 hours")
    deposits_per_hour = models.PositiveIntegerField(default=20, help_text="How many deposits a player may open")
    withdrawal_min = MoneyField(default=10, help_text="Lowest withdrawal")
    withdrawal_daily_max = MoneyField(
        default=5000, help_text="What a player may withdraw in 24 hours; grows with the VIP levels' own limits"
    )
    withdrawals_per_day = models.PositiveIntegerField(
        default=20, help_text="How many withdrawals a player may ask for in 24 hours"
    )
    withdrawal_approval_threshold = MoneyField(default=1000, help_text="Above it two people approve a withdrawal")
    adjustment_threshold = MoneyField(default=100, help_text="Above it a second person approves an adjustment")
    points_per_unit = models.DecimalField(max_digits=8, decimal_places=4, default=1)
    bonus_points_factor = models.DecimalField(max_digits=6, decimal_places=4, default="0.5")
    bonus_wagering_multiple = models.DecimalField(
        max_digits=6, decimal_places=2, default=35, help_text="Of bonuses granted by hand without a multiple"
    )
    bonus_expires_days = models.PositiveIntegerField(
        default=30, help_text="How long what is granted by hand lasts, where nothing else was said"
    )
    affiliate_rate = models.DecimalField(max_digits=6, decimal_places=4, default="0.05")
    allowed_origins = ArrayField(
        models.CharField(max_length=270), default=list, blank=True,
        help_text="Of its own front ends, as https://play.example.com, by comma",
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OperatorQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["slug"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(currency__regex=r"^[A-Z]{3}$"), name="an_operator_has_one_iso_currency"
            ),
            models.CheckConstraint(condition=models.Q(max_bet__gt=0), name="an_operator_takes_some_bet"),
            models.CheckConstraint(
                condition=models.Q(deposit_min__gt=0, deposit_max__gte=models.F("deposit_min")),
                name="an_operator_takes_some_deposit",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    withdrawal_min__gt=0,
                    withdrawal_daily_max__gte=models.F("withdrawal_min"),
                    withdrawal_approval_threshold__gte=0,
                    adjustment_threshold__gte=0,
                ),
                name="an_operator_pays_some_withdrawal",
            ),
            models.CheckConstraint(
                condition=models.Q(bonus_wagering_multiple__range=(0, 100), bonus_expires_days__gt=0),
                name="an_operators_bonuses_can_be_won",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AffiliateQuerySet(ScopedQuerySet):
    pass


class Affiliate(models.Model):
    """A partner who refers players to one operator and earns a share of their net GGR."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="affiliates")
    name = models.CharField(max_length=80)
    code = models.CharField(max_length=40, help_text="What a player enters as the referral")
    rate = models.DecimalField(max_digits=6, decimal_places=4, default="0.05")
    carries_negative = models.BooleanField(default=False, help_text="Whether a negative week lowers the next ones")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AffiliateQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [
            models.UniqueConstraint("operator", Lower("code"), name="an_affiliate_code_is_unique_at_its_operator"),
            models.CheckConstraint(
                condition=models.Q(rate__gte=0, rate__lte=1), name="an_affiliate_rate_is_a_fraction_of_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"


class Severity(models.TextChoices):
    INFO = "info", "Info"
    WARNING = "warning", "Warning"
    CRITICAL = "critical", "Critical"


class AlertQuerySet(ScopedQuerySet):
    def record(
        self,
        kind: str,
        subject: str,
        *,
        operator_id: UUID | None = None,
        severity: Severity = Severity.WARNING,
        details: Any = None,
    ) -> "Alert":
        """Write one alert in the caller's transaction."""
        alert: Alert = self.create(
            kind=kind, subject=subject[:200], operator_id=operator_id, severity=severity, details=details or {}
        )
        return alert


class Alert(models.Model):
    """Something that staff should look at; ``operator`` empty means the platform's own staff."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operator = models.ForeignKey(Operator, models.PROTECT, null=True, blank=True, related_name="alerts")
    kind = models.CharField(max_length=40)
    severity = models.CharField(max_length=10, choices=Severity.choices, default=Severity.WARNING)
    subject = models.CharField(max_length=200)
    details = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(auto_now_add=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return self.subject


class SignificantEventQuerySet(ScopedQuerySet):
    def record(
        self,
        kind: str,
        *,
        operator_id: UUID | None = None,
        actor_id: UUID | None = None,
        player_id: UUID | None = None,
        reason: str = "",
        before: Any = None,
        after: Any = None,
    ) -> "SignificantEvent":
        """Write one event in the caller's transaction."""
        event: SignificantEvent = self.create(
            kind=kind,
            operator_id=operator_id,
            actor_id=actor_id,
            player_id=player_id,
            reason=reason,
            before=before,
            after=after,
        )
        return event


class SignificantEvent(models.Model):
    """Who changed what of consequence, why, and from what to what; never changed, never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operator = models.ForeignKey(Operator, models.PROTECT, null=True, blank=True, related_name="events")
    kind = models.CharField(max_length=40)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    player = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.TextField(blank=True, default="")
    before = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SignificantEventQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return self.kind
