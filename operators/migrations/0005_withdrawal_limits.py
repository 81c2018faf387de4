"""What an operator pays out at once and in a day, and above which amounts a second person decides."""

from django.db import migrations, models

import casino.money


class Migration(migrations.Migration):
    dependencies = [
        ("operators", "0004_bonus_defaults"),
    ]

    operations = [
        migrations.AddField(
            model_name="operator",
            name="adjustment_threshold",
            field=casino.money.MoneyField(default=100, help_text="Above it a second person approves an adjustment"),
        ),
        migrations.AddField(
            model_name="operator",
            name="withdrawal_approval_threshold",
            field=casino.money.MoneyField(default=1000, help_text="Above it two people approve a withdrawal"),
        ),
        migrations.AddField(
            model_name="operator",
            name="withdrawal_daily_max",
            field=casino.money.MoneyField(
                default=5000, help_text="What a player may withdraw in 24 hours; grows with the VIP levels' own limits"
            ),
        ),
        migrations.AddField(
            model_name="operator",
            name="withdrawal_min",
            field=casino.money.MoneyField(default=10, help_text="Lowest withdrawal"),
        ),
        migrations.AddField(
            model_name="operator",
            name="withdrawals_per_day",
            field=models.PositiveIntegerField(
                default=20, help_text="How many withdrawals a player may ask for in 24 hours"
            ),
        ),
        migrations.AddConstraint(
            model_name="operator",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("adjustment_threshold__gte", 0),
                    ("withdrawal_approval_threshold__gte", 0),
                    ("withdrawal_daily_max__gte", models.F("withdrawal_min")),
                    ("withdrawal_min__gt", 0),
                ),
                name="an_operator_pays_some_withdrawal",
            ),
        ),
    ]
