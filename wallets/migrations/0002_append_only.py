"""Transfers and the steps of withdrawals are only ever added; wallets keep room for the next version of their row."""

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER transfers_are_only_added BEFORE UPDATE OR DELETE ON wallets_transfer
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transfers_are_never_emptied BEFORE TRUNCATE ON wallets_transfer
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER steps_are_only_added BEFORE UPDATE OR DELETE ON wallets_withdrawalstep
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER steps_are_never_emptied BEFORE TRUNCATE ON wallets_withdrawalstep
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE wallets_wallet SET (fillfactor = 50);
"""
BACK = """
DROP TRIGGER steps_are_only_added ON wallets_withdrawalstep;
DROP TRIGGER steps_are_never_emptied ON wallets_withdrawalstep;
DROP TRIGGER transfers_are_only_added ON wallets_transfer;
DROP TRIGGER transfers_are_never_emptied ON wallets_transfer;
DROP FUNCTION refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("wallets", "0001_initial")]
    operations = [migrations.RunSQL(APPEND_ONLY, BACK)]
