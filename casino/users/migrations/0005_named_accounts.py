"""The back office calls people by what it shows of them: accounts."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0004_exclusions_only_added")]

    operations = [migrations.AlterModelOptions("user", {"ordering": ["-id"], "verbose_name": "account"})]
