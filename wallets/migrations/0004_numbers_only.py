"""Money columns hold numbers: NaN, which sorts above all of them, is kept out."""

from decimal import Decimal

import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("operators", "0003_deposit_limits"),
        ("wallets", "0003_bonusrule_bonus_freespins_and_more"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="deposit",
            name="a_deposit_has_an_amount",
        ),
        migrations.RemoveConstraint(
            model_name="transfer",
            name="a_transfer_moves_something",
        ),
        migrations.RemoveConstraint(
            model_name="wallet",
            name="a_wallet_holds_whole_minor_units",
        ),
        migrations.RemoveConstraint(
            model_name="wallet",
            name="wagering_never_runs_backwards",
        ),
        migrations.AddConstraint(
            model_name="deposit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount__gt", 0),
                    django.db.models.lookups.Exact(
                        models.F("amount"), models.Func(models.F("amount"), 2, function="trunc")
                    ),
                    ("amount__lte", Decimal("99999999999999")),
                ),
                name="a_deposit_has_an_amount",
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0), ("amount__lte", Decimal("99999999999999"))),
                name="a_transfer_moves_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="wallet",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    django.db.models.lookups.Exact(
                        models.F("real"), models.Func(models.F("real"), 2, function="trunc")
                    ),
                    ("real__lte", Decimal("99999999999999")),
                    django.db.models.lookups.Exact(
                        models.F("bonus"), models.Func(models.F("bonus"), 2, function="trunc")
                    ),
                    ("bonus__lte", Decimal("99999999999999")),
                    django.db.models.lookups.Exact(
                        models.F("held"), models.Func(models.F("held"), 2, function="trunc")
                    ),
                    ("held__lte", Decimal("99999999999999")),
                    django.db.models.lookups.Exact(
                        models.F("debt"), models.Func(models.F("debt"), 2, function="trunc")
                    ),
                    ("debt__lte", Decimal("99999999999999")),
                ),
                name="a_wallet_holds_whole_minor_units",
            ),
        ),
        migrations.AddConstraint(
            model_name="wallet",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("wagering_required__range", (0, Decimal("99999999999999"))),
                    ("wagering_wagered__range", (0, Decimal("99999999999999"))),
                ),
                name="wagering_never_runs_backwards",
            ),
        ),
    ]
