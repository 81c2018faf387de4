"""A revision of what hardly ever changes: every statement on a watched table gives the database a new one."""

from django.db import migrations

REVISION = """
CREATE TABLE casino_revision (is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only), revision uuid NOT NULL);
INSERT INTO casino_revision (revision) VALUES (gen_random_uuid());
CREATE FUNCTION casino_new_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE casino_revision SET revision = gen_random_uuid();
  RETURN NULL;
END
$$;
CREATE TRIGGER new_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON operators_operator
  FOR EACH STATEMENT EXECUTE FUNCTION casino_new_revision();
CREATE TRIGGER new_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON operators_affiliate
  FOR EACH STATEMENT EXECUTE FUNCTION casino_new_revision();
"""
BACK = """
DROP TRIGGER new_revision ON operators_affiliate;
DROP TRIGGER new_revision ON operators_operator;
DROP FUNCTION casino_new_revision();
DROP TABLE casino_revision;
"""


class Migration(migrations.Migration):
    dependencies = [("operators", "0004_operator_origins")]
    operations = [migrations.RunSQL(REVISION, BACK)]
