"""The ladder every platform starts with, and the programme's terms; an admin edits the rows."""

from django.db import migrations

NAMES = (
    "number", "slug", "name", "xp_required", "cashback_rate", "xp_multiplier", "max_bet_factor", "withdrawal_limit",
    "reward_bonus",
)  # fmt: skip
LEVELS = [
    (0, "bronze", "Bronze", 0, "0", "1", "1", 5000, 0),
    (1, "silver", "Silver", 1000, "0.03", "1.1", "1.5", 10000, 5),
    (2, "gold", "Gold", 5000, "0.05", "1.25", "2", 20000, 25),
    (3, "platinum", "Platinum", 20000, "0.08", "1.5", "3", 50000, 100),
    (4, "diamond", "Diamond", 100000, "0.10", "2", "5", 100000, 500),
]


def create(apps, schema_editor):
    level = apps.get_model("vip", "VipLevel")
    level.objects.bulk_create(level(**dict(zip(NAMES, row, strict=True))) for row in LEVELS)
    apps.get_model("vip", "VipProgramme").objects.get_or_create(id=1)


class Migration(migrations.Migration):
    dependencies = [("vip", "0001_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
