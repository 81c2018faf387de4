"""The platform's settings, and the colours that the RTP monitor saw."""

from decimal import Decimal

import django.db.models.deletion
from django.db import migrations, models

import casino.ids


class Migration(migrations.Migration):
    dependencies = [
        ("games", "0003_jackpotgroup_game_jackpot_group_jackpotlevel"),
        ("operators", "0006_affiliate_statements_and_payouts"),
    ]

    operations = [
        migrations.CreateModel(
            name="PlatformSettings",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "rtp_least_rounds",
                    models.PositiveIntegerField(default=10000, help_text="Fewer rounds get no verdict"),
                ),
                (
                    "rtp_amber",
                    models.DecimalField(
                        decimal_places=3, default=Decimal("2.58"), help_text="|z| from which", max_digits=6
                    ),
                ),
                (
                    "rtp_red",
                    models.DecimalField(
                        decimal_places=3, default=Decimal("3.89"), help_text="|z| from which", max_digits=6
                    ),
                ),
                (
                    "rtp_switches_off",
                    models.BooleanField(default=False, help_text="Whether a game that turns red is switched off"),
                ),
                (
                    "vip_platform_share",
                    models.DecimalField(
                        decimal_places=4,
                        default=Decimal("0.20"),
                        help_text="Of each VIP cost, the platform's part",
                        max_digits=5,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "platform settings",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(id=1), name="the_platform_has_one_row_of_settings"),
                    models.CheckConstraint(
                        condition=models.Q(rtp_amber__gt=0, rtp_red__gt=models.F("rtp_amber")),
                        name="red_lies_beyond_amber",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(vip_platform_share__gte=0, vip_platform_share__lte=1),
                        name="the_platforms_share_is_a_fraction_of_one",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RtpState",
            fields=[
                ("id", models.UUIDField(default=casino.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("verdict", models.CharField(help_text="ok, amber, red or too_few", max_length=10)),
                ("changed_at", models.DateTimeField()),
                (
                    "game",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="games.game"),
                ),
                (
                    "game_version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="games.gameversion",
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="operators.operator",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("game", "operator", "game_version"),
                        name="a_game_has_one_rtp_state_per_operator",
                        nulls_distinct=False,
                    ),
                ],
            },
        ),
    ]
