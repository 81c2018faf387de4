"""Games, their switches and jackpots give the database a new revision when they change."""

from django.db import migrations

WATCHED = """
CREATE TRIGGER new_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON games_category
  FOR EACH STATEMENT EXECUTE FUNCTION casino_new_revision();
CREATE TRIGGER new_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON games_game
  FOR EACH STATEMENT EXECUTE FUNCTION casino_new_revision();
CREATE TRIGGER new_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON games_gameswitch
  FOR EACH STATEMENT EXECUTE FUNCTION casino_new_revision();
CREATE TRIGGER new_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON games_jackpotgroup
  FOR EACH STATEMENT EXECUTE FUNCTION casino_new_revision();
CREATE TRIGGER new_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON games_jackpotlevel
  FOR EACH STATEMENT EXECUTE FUNCTION casino_new_revision();
"""
BACK = """
DROP TRIGGER new_revision ON games_jackpotlevel;
DROP TRIGGER new_revision ON games_jackpotgroup;
DROP TRIGGER new_revision ON games_gameswitch;
DROP TRIGGER new_revision ON games_game;
DROP TRIGGER new_revision ON games_category;
"""


class Migration(migrations.Migration):
    dependencies = [("games", "0003_name_of_switches"), ("operators", "0005_revision")]
    operations = [migrations.RunSQL(WATCHED, BACK)]
