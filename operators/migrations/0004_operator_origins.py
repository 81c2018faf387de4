"""Operators name the origins of their own front ends."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("operators", "0003_seals")]

    operations = [
        migrations.AddField(
            "operator",
            "allowed_origins",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=270),
                blank=True,
                default=list,
                help_text="Of its own front ends, as https://play.example.com, by comma",
                size=None,
            ),
        ),
    ]
