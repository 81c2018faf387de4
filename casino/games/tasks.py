"""The games' periodic work; every task may run twice and at once."""

from celery import shared_task
from django.utils import timezone

from casino.games import removals


@shared_task
def remove_gone_games() -> int:
    """Remove games that were deleted a day ago and that nobody has played; answers how many."""
    return removals.remove_gone_games(timezone.now())
