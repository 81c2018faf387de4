"""What several switches are called."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("games", "0002_initial")]
    operations = [migrations.AlterModelOptions("gameswitch", {"verbose_name_plural": "game switches"})]
