"""Games that nobody had bet on when they were deleted: hidden at once, removed once no bet can be on its way to them.

Such a game has no version in force, by which it is shown to nobody and takes no bet, and its slug is free for another.
A bet that was under way when it was deleted still finds its rows; it makes the game a retired one, kept for that bet.
"""

from datetime import datetime, timedelta

from django.db import models, transaction

from casino.games.models import Game, GameVersion
from operators.models import SignificantEvent

# Far longer than any request or transaction lasts.
KEPT = timedelta(days=1)
_LONGEST_SLUG = 80


def remove_gone_games(at: datetime) -> int:
    """Remove for good what was deleted a day before ``at`` and is still unplayed; answers how many games."""
    gone = Game.objects.filter(version=None, retired_at__lt=at - KEPT)
    return sum(_remove(key) for key in gone.order_by("id").values_list("pk", flat=True))


def is_named_elsewhere(game: Game) -> bool:
    """Whether rows of other floors (bets, grants) name the game: whatever protects it from deletion."""
    return any(
        relation.related_model._base_manager.filter(**{relation.field.name: game}).exists()
        for relation in Game._meta.related_objects
        if relation.on_delete is models.PROTECT and relation.related_model is not GameVersion
    )


def slug_of_gone(game: Game) -> str:
    """A slug that leaves the game's own to others."""
    ending = f"-{game.pk.hex}"
    return game.slug[: _LONGEST_SLUG - len(ending)] + ending


@transaction.atomic
def _remove(key: object) -> bool:
    game: Game | None = Game.objects.select_for_update(skip_locked=True).filter(pk=key, version=None).first()
    if game is None:
        return False
    if is_named_elsewhere(game):
        game.version = game.versions.first()
        game.save(update_fields=["version"])
        named = {"game": str(game.pk), "slug": game.slug}
        SignificantEvent.objects.record("game.retired", operator_id=game.operator_id, after=named)
        return False
    game.versions.all().delete()
    game.delete()
    return True
