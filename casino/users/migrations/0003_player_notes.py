"""What staff note about players; rows are only ever added."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import casino.ids

APPEND_ONLY = """
CREATE TRIGGER notes_are_only_added BEFORE UPDATE OR DELETE ON users_playernote
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER notes_are_never_emptied BEFORE TRUNCATE ON users_playernote
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
BACK = """
DROP TRIGGER notes_are_only_added ON users_playernote;
DROP TRIGGER notes_are_never_emptied ON users_playernote;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("operators", "0002_initial"),
        ("users", "0002_login_sessions"),
        ("wallets", "0002_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="PlayerNote",
            fields=[
                ("id", models.UUIDField(default=casino.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("text", models.TextField()),
                ("created_at", models.DateTimeField()),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="player_notes",
                        to="operators.operator",
                    ),
                ),
                (
                    "player",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["player", "operator", "id"], name="note_by_player")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("text", ""), _negated=True), name="a_note_says_something"
                    )
                ],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, BACK),
    ]
