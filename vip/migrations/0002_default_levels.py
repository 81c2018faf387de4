"""The ladder every platform starts with; an admin edits the rows."""

from django.db import migrations

LEVELS = [
    # number, slug, name, XP, cashback, XP multiplier, max-bet factor, withdrawal limit a day
    (0, "bronze", "Bronze", 0, "0", "1", "1", 5000),
    (1, "silver", "Silver", 1000, "0.03", "1.1", "1.5", 10000),
    (2, "gold", "Gold", 5000, "0.05", "1.25", "2", 20000),
    (3, "platinum", "Platinum", 20000, "0.08", "1.5", "3", 50000),
    (4, "diamond", "Diamond", 100000, "0.10", "2", "5", 100000),
]


def create(apps, schema_editor):
    names = (
        "number",
        "slug",
        "name",
        "xp_required",
        "cashback_rate",
        "xp_multiplier",
        "max_bet_factor",
        "withdrawal_limit",
    )
    Level = apps.get_model("vip", "VipLevel")
    Level.objects.bulk_create(Level(**dict(zip(names, level, strict=True))) for level in LEVELS)


class Migration(migrations.Migration):
    dependencies = [("vip", "0001_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
