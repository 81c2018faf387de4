"""Bets are only ever added."""

from django.db import migrations

APPEND_ONLY = """
CREATE TRIGGER bets_are_only_added BEFORE UPDATE OR DELETE ON betting_bet
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bets_are_never_emptied BEFORE TRUNCATE ON betting_bet
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE betting_seedpair SET (fillfactor = 50);
"""
BACK = """
DROP TRIGGER bets_are_only_added ON betting_bet;
DROP TRIGGER bets_are_never_emptied ON betting_bet;
"""


class Migration(migrations.Migration):
    dependencies = [("betting", "0002_initial"), ("wallets", "0002_append_only")]
    operations = [migrations.RunSQL(APPEND_ONLY, BACK)]
