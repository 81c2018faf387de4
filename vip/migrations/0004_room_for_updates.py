"""Room in the pages of standings: every bet updates one, and a row that finds room beside it touches no index."""

from django.db import migrations

ROOM = """
ALTER TABLE vip_standing SET (fillfactor = 50);
"""
BACK = """
ALTER TABLE vip_standing RESET (fillfactor);
"""


class Migration(migrations.Migration):
    dependencies = [("vip", "0003_level_rules")]
    operations = [migrations.RunSQL(ROOM, BACK)]
