"""Exclusions are only ever added: nothing shortens one, or says that it was never there."""

from django.db import migrations

APPEND_ONLY = """
CREATE TRIGGER exclusions_are_only_added BEFORE UPDATE OR DELETE ON users_exclusion
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER exclusions_are_never_emptied BEFORE TRUNCATE ON users_exclusion
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
BACK = """
DROP TRIGGER exclusions_are_only_added ON users_exclusion;
DROP TRIGGER exclusions_are_never_emptied ON users_exclusion;
"""


class Migration(migrations.Migration):
    dependencies = [("users", "0003_player_notes"), ("wallets", "0002_append_only")]
    operations = [migrations.RunSQL(APPEND_ONLY, BACK)]
