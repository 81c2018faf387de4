"""VIP levels give the database a new revision when they change."""

from django.db import migrations

WATCHED = """
CREATE TRIGGER new_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON vip_viplevel
  FOR EACH STATEMENT EXECUTE FUNCTION casino_new_revision();
"""
BACK = """
DROP TRIGGER new_revision ON vip_viplevel;
"""


class Migration(migrations.Migration):
    dependencies = [("vip", "0004_room_for_updates"), ("operators", "0005_revision")]
    operations = [migrations.RunSQL(WATCHED, BACK)]
