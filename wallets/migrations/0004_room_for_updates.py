"""Room in the pages of bonuses, and an eager vacuum where every bet updates a row."""

from django.db import migrations

ROOM = """
ALTER TABLE wallets_bonus SET (fillfactor = 70);
ALTER TABLE wallets_wallet SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
"""
BACK = """
ALTER TABLE wallets_bonus RESET (fillfactor);
ALTER TABLE wallets_wallet RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_delay);
"""


class Migration(migrations.Migration):
    dependencies = [("wallets", "0003_level_rules")]
    operations = [migrations.RunSQL(ROOM, BACK)]
