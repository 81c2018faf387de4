"""Betting's periodic work; every task may run twice and at once."""

from celery import shared_task
from django.utils import timezone

from betting import jackpots, rollups


@shared_task(ignore_result=True)
def fold_jackpots() -> int:
    """Fold pending contributions into their pools; answers how many pools changed."""
    return jackpots.fold()


@shared_task(ignore_result=True)
def fold_rollups() -> int:
    """Fold closed hours into totals; answers how many rows."""
    return rollups.fold(timezone.now())
