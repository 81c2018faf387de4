"""The platform's own rows: its one row of settings, and the last colour that the RTP monitor saw for each game."""

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from casino.ids import uuid7


class PlatformSettingsQuerySet(models.QuerySet["PlatformSettings"]):
    def current(self) -> "PlatformSettings":
        """The settings in force: the row, or the defaults while nobody has changed any."""
        return self.first() or PlatformSettings()


class PlatformSettings(models.Model):
    """What the platform's admin sets for all operators; one row, made by the first change."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    rtp_least_rounds = models.PositiveIntegerField(default=10_000, help_text="Fewer rounds get no verdict")
    rtp_amber = models.DecimalField(max_digits=6, decimal_places=3, default=Decimal("2.58"), help_text="|z| from which")
    rtp_red = models.DecimalField(max_digits=6, decimal_places=3, default=Decimal("3.89"), help_text="|z| from which")
    rtp_switches_off = models.BooleanField(default=False, help_text="Whether a game that turns red is switched off")
    vip_platform_share = models.DecimalField(
        max_digits=5, decimal_places=4, default=Decimal("0.20"), help_text="Of each VIP cost, the platform's part"
    )

    objects = PlatformSettingsQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "platform settings"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="the_platform_has_one_row_of_settings"),
            models.CheckConstraint(
                condition=Q(rtp_amber__gt=0, rtp_red__gt=F("rtp_amber")), name="red_lies_beyond_amber"
            ),
            models.CheckConstraint(
                condition=Q(vip_platform_share__gte=0, vip_platform_share__lte=1),
                name="the_platforms_share_is_a_fraction_of_one",
            ),
        ]

    def __str__(self) -> str:
        return "The platform's settings"


class RtpState(models.Model):
    """The colour of a game version at an operator, or of a game overall (both empty), when the monitor last looked."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operator = models.ForeignKey("operators.Operator", models.CASCADE, null=True, related_name="+")
    game = models.ForeignKey("games.Game", models.CASCADE, related_name="+")
    game_version = models.ForeignKey("games.GameVersion", models.CASCADE, null=True, related_name="+")
    verdict = models.CharField(max_length=10, help_text="ok, amber, red or too_few")
    changed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["game", "operator", "game_version"],
                name="a_game_has_one_rtp_state_per_operator",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.game}: {self.verdict}"
