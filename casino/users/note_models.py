"""The table of what an operator's staff note about players."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from casino.ids import uuid7
from operators.models import Operator
from operators.scoping import ScopedQuerySet


class PlayerNoteQuerySet(ScopedQuerySet):
    pass


class PlayerNote(models.Model):
    """One note about a player, for the staff of one operator. Rows are only ever added (a trigger says so)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="player_notes", db_index=False)
    player = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="notes", db_index=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    text = models.TextField()
    created_at = models.DateTimeField()

    objects = PlayerNoteQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["player", "operator", "id"], name="note_by_player")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~models.Q(text=""), name="a_note_says_something"),
        ]

    def __str__(self) -> str:
        return self.text[:60]
