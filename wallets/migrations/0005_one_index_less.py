"""Transfers by operator are found by (operator, source): an index of the operator alone costs every bet two entries."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("wallets", "0004_room_for_updates"), ("operators", "0005_revision")]

    operations = [
        migrations.AlterField(
            "transfer",
            "operator",
            models.ForeignKey(
                null=True,
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="operators.operator",
            ),
        ),
    ]
