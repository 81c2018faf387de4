"""Runs' tasks: a message is a hint that a run has something to do; the run's row says what, and who may."""

from uuid import UUID, uuid4

from celery import shared_task
from django.utils import timezone

from seeding import chunks, runs


@shared_task
def play(run_id: str) -> None:
    """Play a run's next chunk, and hint at the one after it for when it is due."""
    step = chunks.play_chunk(UUID(run_id), uuid4())
    if step.due_at is not None:
        seconds = (step.due_at - timezone.now()).total_seconds()
        play.apply_async((run_id,), countdown=max(0.0, seconds))


@shared_task
def sweep() -> int:
    """Hint at the runs that are overdue while nobody works on them; answers how many."""
    found = runs.waiting_runs(timezone.now())
    for run_id in found:
        wake(run_id)
    return len(found)


def wake(run_id: UUID) -> None:
    """Hint to a worker that this run has something to do."""
    # One attempt: a broker that is away must not keep anybody waiting, for the sweeper asks again.
    play.apply_async((str(run_id),), retry=False)
