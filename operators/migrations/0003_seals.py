"""Transfers and bets say which transaction wrote them; seals over both are only ever added."""

from django.db import migrations, models

# The number is a default, so no statement that writes such rows needs to know of it. Rows that are there already get
# the number of this migration. An index of that kind costs a row almost nothing, as numbers grow with the table.
NUMBERED = """
ALTER TABLE wallets_transfer
  ADD COLUMN transaction_number bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint);
ALTER TABLE betting_bet
  ADD COLUMN transaction_number bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint);
CREATE INDEX transfer_by_transaction ON wallets_transfer USING brin (transaction_number) WITH (pages_per_range = 32);
CREATE INDEX bet_by_transaction ON betting_bet USING brin (transaction_number) WITH (pages_per_range = 32);
CREATE TRIGGER seals_are_only_added BEFORE UPDATE OR DELETE ON operators_seal
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER seals_are_never_emptied BEFORE TRUNCATE ON operators_seal
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
BACK = """
DROP TRIGGER seals_are_only_added ON operators_seal;
DROP TRIGGER seals_are_never_emptied ON operators_seal;
ALTER TABLE wallets_transfer DROP COLUMN transaction_number;
ALTER TABLE betting_bet DROP COLUMN transaction_number;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("operators", "0002_initial"),
        ("wallets", "0002_append_only"),
        ("betting", "0003_append_only"),
    ]
    operations = [
        migrations.CreateModel(
            name="Seal",
            fields=[
                (
                    "number",
                    models.BigIntegerField(help_text="1, 2, 3… without a gap", primary_key=True, serialize=False),
                ),
                ("sealed_at", models.DateTimeField()),
                ("from_transaction", models.BigIntegerField(unique=True)),
                ("until_transaction", models.BigIntegerField(help_text="Not included")),
                ("transfers", models.BigIntegerField(help_text="How many")),
                ("first_transfer", models.UUIDField(null=True)),
                ("last_transfer", models.UUIDField(null=True)),
                ("transfers_digest", models.CharField(max_length=64)),
                ("bets", models.BigIntegerField(help_text="How many")),
                ("first_bet", models.UUIDField(null=True)),
                ("last_bet", models.UUIDField(null=True)),
                ("bets_digest", models.CharField(max_length=64)),
                ("previous_hash", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
            ],
            options={
                "ordering": ["-number"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("number__gt", 0)), name="seals_are_numbered_from_one"),
                    models.CheckConstraint(
                        condition=models.Q(("until_transaction__gt", models.F("from_transaction"))),
                        name="a_seal_covers_transactions",
                    ),
                ],
            },
        ),
        migrations.RunSQL(NUMBERED, BACK),
    ]
