"""Limits that people set themselves, time-outs and self-exclusions."""

from decimal import Decimal

import django.db.models.deletion
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models

import casino.ids
import casino.money


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0002_user_by_email"),
    ]

    operations = [
        migrations.CreateModel(
            name="Exclusion",
            fields=[
                ("id", models.UUIDField(default=casino.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("time_out", "Time Out"), ("self_exclusion", "Self Exclusion")], max_length=20
                    ),
                ),
                ("duration", models.CharField(max_length=10)),
                ("created_at", models.DateTimeField()),
                ("until", models.DateTimeField(blank=True, null=True)),
                (
                    "player",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="exclusions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("until__isnull", False), ("kind", "self_exclusion"), _connector="OR"),
                        name="only_a_self_exclusion_lasts_for_ever",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PlayerLimit",
            fields=[
                ("id", models.UUIDField(default=casino.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("currency", models.CharField(max_length=3)),
                ("kind", models.CharField(choices=[("deposit", "Deposit"), ("loss", "Loss")], max_length=10)),
                (
                    "period",
                    models.CharField(choices=[("day", "Day"), ("week", "Week"), ("month", "Month")], max_length=10),
                ),
                ("amount", casino.money.MoneyField(blank=True, null=True)),
                ("pending_amount", casino.money.MoneyField(blank=True, null=True)),
                ("pending_at", models.DateTimeField(blank=True, null=True)),
                (
                    "player",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="limits", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("player", "currency", "kind", "period"),
                        name="a_person_has_one_limit_of_a_kind_and_period",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount", None), ("amount__gt", 0), _connector="OR"),
                            models.Q(("pending_amount", None), ("pending_amount__gt", 0), _connector="OR"),
                            django.db.models.lookups.Exact(
                                models.F("amount"), models.Func(models.F("amount"), 2, function="trunc")
                            ),
                            ("amount__lte", Decimal("99999999999999")),
                            django.db.models.lookups.Exact(
                                models.F("pending_amount"), models.Func(models.F("pending_amount"), 2, function="trunc")
                            ),
                            ("pending_amount__lte", Decimal("99999999999999")),
                        ),
                        name="a_limit_is_an_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("pending_amount", None), ("pending_at__isnull", False), _connector="OR"),
                        name="a_waiting_limit_has_its_moment",
                    ),
                ],
            },
        ),
    ]
