"""What reaching a level brings by default, and the programme's terms; an admin edits the rows."""

from django.db import migrations

BONUSES = {1: 5, 2: 25, 3: 100, 4: 500}


def create(apps, schema_editor):
    Level = apps.get_model("vip", "VipLevel")
    for number, bonus in BONUSES.items():
        Level.objects.filter(number=number, reward_bonus=0).update(reward_bonus=bonus)
    apps.get_model("vip", "VipProgramme").objects.get_or_create(id=1)


class Migration(migrations.Migration):
    dependencies = [("vip", "0004_rewards_costs_and_cashback")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
