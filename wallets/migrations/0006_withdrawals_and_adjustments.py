"""Withdrawals with their timeline, the simulated provider's payouts, and manual adjustments."""

from decimal import Decimal

import django.db.models.deletion
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models

import casino.ids
import casino.money
import wallets.withdrawal_models

APPEND_ONLY = """
CREATE TRIGGER steps_are_only_added BEFORE UPDATE OR DELETE ON wallets_withdrawalstep
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER steps_are_never_emptied BEFORE TRUNCATE ON wallets_withdrawalstep
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
BACK = """
DROP TRIGGER steps_are_only_added ON wallets_withdrawalstep;
DROP TRIGGER steps_are_never_emptied ON wallets_withdrawalstep;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("operators", "0005_withdrawal_limits"),
        ("wallets", "0005_rule_uses"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Withdrawal",
            fields=[
                ("id", models.UUIDField(default=casino.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "reference",
                    models.CharField(
                        default=wallets.withdrawal_models.new_withdrawal_reference, max_length=20, unique=True
                    ),
                ),
                ("amount", casino.money.MoneyField()),
                ("currency", models.CharField(max_length=3)),
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("bank_transfer", "Bank Transfer"),
                            ("cashapp", "Cashapp"),
                            ("instore_cash", "Instore Cash"),
                        ],
                        max_length=20,
                    ),
                ),
                ("destination", models.JSONField(help_text="Where the player wants it: {account}")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("approved", "Approved"),
                            ("processing", "Processing"),
                            ("completed", "Completed"),
                            ("rejected", "Rejected"),
                            ("cancelled", "Cancelled"),
                            ("failed", "Failed"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("needs_two_people", models.BooleanField(default=False)),
                (
                    "is_automatic",
                    models.BooleanField(default=False, help_text="Approved by no person: seeded players' only"),
                ),
                ("provider_reference", models.CharField(blank=True, default="", max_length=100)),
                ("attempts", models.PositiveIntegerField(default=0, help_text="How often the provider was asked")),
                ("next_attempt_at", models.DateTimeField(blank=True, null=True)),
                ("idempotency_key", models.CharField(max_length=64)),
                ("request_digest", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "approver",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "first_approver",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="withdrawals", to="operators.operator"
                    ),
                ),
                (
                    "player",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="withdrawals",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="withdrawals", to="wallets.wallet"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="webhookevent",
            name="withdrawal",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="events",
                to="wallets.withdrawal",
            ),
        ),
        migrations.CreateModel(
            name="WithdrawalStep",
            fields=[
                ("id", models.UUIDField(default=casino.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("approved", "Approved"),
                            ("processing", "Processing"),
                            ("completed", "Completed"),
                            ("rejected", "Rejected"),
                            ("cancelled", "Cancelled"),
                            ("failed", "Failed"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reason", models.TextField(blank=True, default="")),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "withdrawal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="wallets.withdrawal"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Adjustment",
            fields=[
                ("id", models.UUIDField(default=casino.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("amount", casino.money.MoneyField()),
                ("currency", models.CharField(max_length=3)),
                ("reason", models.TextField()),
                (
                    "status",
                    models.CharField(
                        choices=[("pending", "Pending"), ("approved", "Approved"), ("rejected", "Rejected")],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("needs_two_people", models.BooleanField()),
                ("decision_reason", models.TextField(blank=True, default="")),
                ("idempotency_key", models.CharField(max_length=64)),
                ("request_digest", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "checker",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "maker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="adjustments_made",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="adjustments", to="operators.operator"
                    ),
                ),
                (
                    "player",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="adjustments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "wallet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="adjustments", to="wallets.wallet"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(fields=("maker", "idempotency_key"), name="a_key_makes_one_adjustment"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount", 0), _negated=True),
                            ("amount__gte", -99999999999999),
                            django.db.models.lookups.Exact(
                                models.F("amount"), models.Func(models.F("amount"), 2, function="trunc")
                            ),
                            ("amount__lte", Decimal("99999999999999")),
                        ),
                        name="an_adjustment_has_an_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("checker", None), models.Q(("checker", models.F("maker")), _negated=True), _connector="OR"
                        ),
                        name="nobody_checks_their_own_adjustment",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("needs_two_people", False),
                            models.Q(("status", "approved"), _negated=True),
                            ("checker__isnull", False),
                            _connector="OR",
                        ),
                        name="two_people_approve_a_large_adjustment",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at", None), ("status", "pending")),
                            models.Q(models.Q(("status", "pending"), _negated=True), ("decided_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="a_decided_adjustment_has_its_moment",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SimulatedPayout",
            fields=[
                ("id", models.UUIDField(default=casino.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=64, unique=True)),
                ("amount", casino.money.MoneyField()),
                ("currency", models.CharField(max_length=3)),
                ("method", models.CharField(max_length=20)),
                ("account", models.CharField(max_length=100)),
                (
                    "status",
                    models.CharField(
                        choices=[("accepted", "Accepted"), ("completed", "Completed"), ("failed", "Failed")],
                        default="accepted",
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("told_at", models.DateTimeField(blank=True, help_text="When its event was received", null=True)),
                (
                    "operator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="operators.operator"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("told_at", None)), fields=["created_at"], name="simulated_payout_due"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__gt", 0),
                            django.db.models.lookups.Exact(
                                models.F("amount"), models.Func(models.F("amount"), 2, function="trunc")
                            ),
                            ("amount__lte", Decimal("99999999999999")),
                        ),
                        name="a_payout_has_an_amount",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="withdrawal",
            index=models.Index(
                condition=models.Q(("status__in", ("pending", "approved", "processing"))),
                fields=["status", "id"],
                name="withdrawal_open",
            ),
        ),
        migrations.AddIndex(
            model_name="withdrawal",
            index=models.Index(fields=["wallet", "created_at"], name="withdrawal_by_wallet"),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.UniqueConstraint(
                fields=("player", "idempotency_key"), name="a_key_asks_for_one_withdrawal"
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ("pending", "approved", "processing"))),
                fields=("wallet",),
                name="a_wallet_has_one_open_withdrawal",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount__gt", 0),
                    django.db.models.lookups.Exact(
                        models.F("amount"), models.Func(models.F("amount"), 2, function="trunc")
                    ),
                    ("amount__lte", Decimal("99999999999999")),
                ),
                name="a_withdrawal_has_an_amount",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ("approved", "processing", "completed", "failed")), _negated=True),
                    ("approver__isnull", False),
                    ("is_automatic", True),
                    _connector="OR",
                ),
                name="a_withdrawal_leaves_by_somebodys_decision",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ("approved", "processing", "completed", "failed")), _negated=True),
                    ("needs_two_people", False),
                    ("is_automatic", True),
                    models.Q(
                        ("first_approver__isnull", False),
                        models.Q(("first_approver", models.F("approver")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="two_people_approve_a_large_withdrawal",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "processing"), _negated=True),
                    ("next_attempt_at__isnull", False),
                    _connector="OR",
                ),
                name="a_withdrawal_in_processing_is_asked_about",
            ),
        ),
        migrations.AddConstraint(
            model_name="withdrawal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("status__in", ("pending", "approved", "processing"))),
                    models.Q(
                        models.Q(("status__in", ("pending", "approved", "processing")), _negated=True),
                        ("ended_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="an_ended_withdrawal_has_its_moment",
            ),
        ),
        migrations.RunSQL(APPEND_ONLY, BACK),
    ]
