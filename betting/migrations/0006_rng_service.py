"""Where an operator with a remote generator gets its random numbers."""

import django.db.models.deletion
from django.db import migrations, models

import casino.ids


class Migration(migrations.Migration):
    dependencies = [
        ("betting", "0005_bet_free_spins_bet_rng_evidence_bet_unrounded_win_and_more"),
        ("operators", "0003_deposit_limits"),
    ]

    operations = [
        migrations.CreateModel(
            name="RngService",
            fields=[
                ("id", models.UUIDField(default=casino.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("url", models.URLField(max_length=300)),
                ("key", models.TextField(editable=False, help_text="Encrypted; signs the service's answers")),
                ("timeout_ms", models.PositiveIntegerField(default=1000, help_text="Of one attempt")),
                (
                    "operator",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="rng_service", to="operators.operator"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("timeout_ms__gte", 50), ("timeout_ms__lte", 5000)),
                        name="a_random_number_service_answers_soon",
                    )
                ],
            },
        ),
    ]
