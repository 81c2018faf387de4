"""The table of players' logins: when each began and ended, so that play can be told apart by session."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from casino.ids import uuid7


class LoginSession(models.Model):
    """One login of a player. It ends when they log out or their password changes, or else at ``expires_at``.

    A bet belongs to the login that began last among those in force at the bet's moment.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    player = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="login_sessions", db_index=False, editable=False
    )
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["player", "started_at"], name="login_session_by_player")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(expires_at__gte=F("started_at")) & (Q(ended_at=None) | Q(ended_at__gte=F("started_at"))),
                name="a_login_ends_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.player_id} since {self.started_at}"
