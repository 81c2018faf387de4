"""What each week earned affiliates, and what was paid to them."""

from decimal import Decimal

import django.db.models.deletion
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models

import casino.ids
import casino.money


class Migration(migrations.Migration):
    dependencies = [
        ("operators", "0005_withdrawal_limits"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AffiliatePayout",
            fields=[
                ("id", models.UUIDField(default=casino.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("currency", models.CharField(max_length=3)),
                ("amount", casino.money.MoneyField()),
                ("reason", models.TextField()),
                ("idempotency_key", models.CharField(max_length=64)),
                ("request_digest", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                (
                    "affiliate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="payouts", to="operators.affiliate"
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="affiliate_payouts",
                        to="operators.operator",
                    ),
                ),
                (
                    "paid_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(fields=("paid_by", "idempotency_key"), name="a_key_pays_an_affiliate_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__gt", 0),
                            django.db.models.lookups.Exact(
                                models.F("amount"), models.Func(models.F("amount"), 2, function="trunc")
                            ),
                            ("amount__lte", Decimal("99999999999999")),
                        ),
                        name="a_payout_pays_something",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AffiliateStatement",
            fields=[
                ("id", models.UUIDField(default=casino.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("week", models.DateField(help_text="The Monday on which the ISO week began")),
                ("currency", models.CharField(max_length=3)),
                ("wagers", casino.money.MoneyField(help_text="Of real and bonus money")),
                ("wins", casino.money.MoneyField(help_text="Of real and bonus money, jackpots apart")),
                ("bonus_grants", casino.money.MoneyField()),
                ("free_spin_wins", casino.money.MoneyField()),
                ("forfeits", casino.money.MoneyField()),
                (
                    "carried_in",
                    casino.money.MoneyField(default=Decimal("0"), help_text="What earlier weeks left below zero"),
                ),
                ("rate", models.DecimalField(decimal_places=4, max_digits=6)),
                ("amount", casino.money.MoneyField(help_text="What the week earned")),
                (
                    "carried_out",
                    casino.money.MoneyField(
                        default=Decimal("0"), help_text="What is left below zero for the weeks to come"
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "affiliate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="statements", to="operators.affiliate"
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="affiliate_statements",
                        to="operators.operator",
                    ),
                ),
            ],
            options={
                "ordering": ["-week"],
                "constraints": [
                    models.UniqueConstraint(fields=("affiliate", "week"), name="an_affiliates_week_is_accrued_once"),
                    models.CheckConstraint(
                        condition=models.Q(("week__iso_week_day", 1)), name="a_statements_week_begins_on_monday"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__gte", 0),
                            ("carried_in__lte", 0),
                            ("carried_out__lte", 0),
                            django.db.models.lookups.Exact(
                                models.F("amount"), models.Func(models.F("amount"), 2, function="trunc")
                            ),
                            ("amount__lte", Decimal("99999999999999")),
                        ),
                        name="a_statement_earns_or_carries",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount", 0), ("carried_out", 0), _connector="OR"),
                        name="a_week_that_earns_carries_nothing",
                    ),
                ],
            },
        ),
    ]
