"""An index for financial reports: the transfers that are not as many as the bets."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("wallets", "0006_withdrawals_and_adjustments")]
    operations = [
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(
                condition=models.Q(
                    (
                        "kind__in",
                        ("stake", "win", "free_spin_win", "jackpot_contribution", "jackpot_fold"),
                    ),
                    _negated=True,
                ),
                fields=["operator", "created_at"],
                name="transfer_apart_from_play",
            ),
        ),
    ]
