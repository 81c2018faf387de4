"""Room in the pages of open hours; jackpot contributions come and go every second, so their table is vacuumed at once."""

from django.db import migrations

ROOM = """
ALTER TABLE betting_hourrollup SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE betting_jackpotpending SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
"""
BACK = """
ALTER TABLE betting_hourrollup RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE betting_jackpotpending RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
"""


class Migration(migrations.Migration):
    dependencies = [("betting", "0003_append_only")]
    operations = [migrations.RunSQL(ROOM, BACK)]
