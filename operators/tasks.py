"""Operators' periodic work: hints only; the rows say what is due, and each task may run twice and at once."""

from celery import shared_task
from django.utils import timezone

from operators import affiliates, rtp, seals


@shared_task
def accrue_affiliates() -> int:
    """Accrue the affiliates' weeks that are over; answers how many statements were written."""
    return affiliates.accrue_affiliates().accrued


@shared_task
def watch_rtp() -> int:
    """Judge the returns of all games; answers how many alerts that raised."""
    return rtp.watch(timezone.now())


@shared_task
def seal_ledger() -> int:
    """Seal the transfers and bets that can change no more; answers how many rows."""
    return seals.seal(timezone.now())
