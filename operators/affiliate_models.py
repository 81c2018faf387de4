"""Affiliates' tables: what each week earned them, line by line, and what was paid to them."""

from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from casino.ids import uuid7
from casino.money import ZERO, MoneyField, format_money, whole_units
from operators.scoping import ScopedQuerySet


class AffiliateStatementQuerySet(ScopedQuerySet):
    pass


class AffiliateStatement(models.Model):
    """One week of an affiliate: the play of the players referred, at the affiliate's operator, and its share.

    net = (wagers − wins) − (bonus_grants + free_spin_wins − forfeits); amount = (net + carried_in) × rate, rounded
    down to minor units, never below zero.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operator = models.ForeignKey("operators.Operator", models.PROTECT, related_name="affiliate_statements")
    affiliate = models.ForeignKey("operators.Affiliate", models.PROTECT, related_name="statements")
    week = models.DateField(help_text="The Monday on which the ISO week began")
    currency = models.CharField(max_length=3)
    wagers = MoneyField(help_text="Of real and bonus money")
    wins = MoneyField(help_text="Of real and bonus money, jackpots apart")
    bonus_grants = MoneyField()
    free_spin_wins = MoneyField()
    forfeits = MoneyField()
    carried_in = MoneyField(default=ZERO, help_text="What earlier weeks left below zero")
    rate = models.DecimalField(max_digits=6, decimal_places=4)
    amount = MoneyField(help_text="What the week earned")
    carried_out = MoneyField(default=ZERO, help_text="What is left below zero for the weeks to come")
    created_at = models.DateTimeField()

    objects = AffiliateStatementQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-week"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["affiliate", "week"], name="an_affiliates_week_is_accrued_once"),
            models.CheckConstraint(condition=Q(week__iso_week_day=1), name="a_statements_week_begins_on_monday"),
            models.CheckConstraint(
                condition=Q(amount__gte=0, carried_in__lte=0, carried_out__lte=0) & whole_units("amount"),
                name="a_statement_earns_or_carries",
            ),
            models.CheckConstraint(condition=Q(amount=0) | Q(carried_out=0), name="a_week_that_earns_carries_nothing"),
        ]

    def __str__(self) -> str:
        return f"{self.week}: {self.amount:.2f}"

    @property
    def ggr(self) -> Decimal:
        return self.wagers - self.wins

    @property
    def promotion_costs(self) -> Decimal:
        return self.bonus_grants + self.free_spin_wins - self.forfeits

    @property
    def net(self) -> Decimal:
        return self.ggr - self.promotion_costs

    @property
    def base(self) -> Decimal:
        """What the rate is taken of."""
        return self.net + self.carried_in

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Line by line: what it is, the formula with its numbers, the amount."""
        show = format_money
        percent = f"{self.rate * 100:f}".rstrip("0").rstrip(".")
        costs = (self.bonus_grants, self.free_spin_wins, self.forfeits)
        rows = [
            ("GGR of referred players", "wagers {} − wins {}", (self.wagers, self.wins), self.ggr),
            ("Promotion costs", "bonuses {} + free-spin wins {} − forfeits {}", costs, self.promotion_costs),
            ("Net", "{} − {}", (self.ggr, self.promotion_costs), self.net),
        ]
        if self.carried_in:
            rows.append(("With earlier weeks", "{} + ({})", (self.net, self.carried_in), self.base))
        earned = "{} × " + percent + " %" if self.base >= 0 else "{} is below zero: nothing is earned"
        rows.append(("Commission", earned, (self.base,), self.amount))
        if self.carried_out:
            rows.append(("Carried over", "{}", (self.base,), self.carried_out))
        return [
            {"line": line, "formula": f"{text.format(*map(show, numbers))} = {show(amount)}", "amount": show(amount)}
            for line, text, numbers, amount in rows
        ]


class AffiliatePayoutQuerySet(ScopedQuerySet):
    pass


class AffiliatePayout(models.Model):
    """What staff paid to an affiliate, never more than was accrued."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operator = models.ForeignKey("operators.Operator", models.PROTECT, related_name="affiliate_payouts")
    affiliate = models.ForeignKey("operators.Affiliate", models.PROTECT, related_name="payouts")
    currency = models.CharField(max_length=3)
    amount = MoneyField()
    reason = models.TextField()
    paid_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    idempotency_key = models.CharField(max_length=64)
    request_digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    objects = AffiliatePayoutQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["paid_by", "idempotency_key"], name="a_key_pays_an_affiliate_once"),
            models.CheckConstraint(condition=Q(amount__gt=0) & whole_units("amount"), name="a_payout_pays_something"),
        ]

    def __str__(self) -> str:
        return f"{self.amount:.2f} {self.currency}"
