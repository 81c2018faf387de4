"""When players' logins began and ended."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import casino.ids


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="LoginSession",
            fields=[
                ("id", models.UUIDField(default=casino.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("started_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "player",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="login_sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["player", "started_at"], name="login_session_by_player")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("expires_at__gte", models.F("started_at")),
                            models.Q(("ended_at", None), ("ended_at__gte", models.F("started_at")), _connector="OR"),
                        ),
                        name="a_login_ends_after_it_began",
                    )
                ],
            },
        ),
    ]
