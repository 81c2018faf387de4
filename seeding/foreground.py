"""Playing runs to their end here and now: in this process for the shell, in several for a long past.

A run that is played here is leased like any other: should this process die, a worker goes on with it.
"""

import os
import signal
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from django.db import connections
from django.utils import timezone

from betting import jackpots, rollups
from casino.serving import settle_down
from seeding.chunks import LEASE, Step, play_chunk
from seeding.models import Run

# How long to sleep at most before looking again.
NAP_SECONDS = 0.5
# A history folds its jackpots and hours so often: nobody else may be there to do it.
FOLD_SECONDS = 5.0

Watch = Callable[[list[Run]], None]


def play_to_the_end(run_id: UUID, watch: Watch, *, token: UUID | None = None, lease: timedelta = LEASE) -> Run:
    """Play a run, or wait for who plays it, until its report is written; ``watch`` sees it after every step."""
    token = token or uuid4()
    while True:
        step = play_chunk(run_id, token, lease=lease, keeps=True)
        run = Run.objects.get(pk=run_id)
        watch([run])
        if step.is_over:
            return run
        _nap(step)


def play_history(runs: Sequence[Run], watch: Watch) -> list[Run]:
    """Play the runs of a history, one process each, and wait for them; the hours they filled are folded at the end.

    An interrupt stops the processes; the runs stay open and may be taken up again. Raises ChildProcessError where a
    process broke.
    """
    ids = [run.pk for run in runs]
    waiting = [run.pk for run in runs if run.report is None]
    # A connection cannot be shared with a forked process.
    connections.close_all()
    children = [_fork(run_id) for run_id in waiting] if len(waiting) > 1 else []
    try:
        if children:
            _wait_for(children, ids, watch)
        for run_id in waiting if not children else []:
            play_to_the_end(run_id, watch)
    finally:
        for child in children:
            _stop(child)
    jackpots.fold()
    rollups.fold(timezone.now())
    return list(Run.objects.filter(pk__in=ids).order_by("id"))


def _nap(step: Step) -> None:
    due = (step.due_at - timezone.now()).total_seconds() if step.due_at else NAP_SECONDS
    if due > 0:
        time.sleep(min(due, NAP_SECONDS))


def _fork(run_id: UUID) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        settle_down()
        play_to_the_end(run_id, lambda _: None)
        status = 0
    finally:
        os._exit(status)


def _wait_for(children: list[int], ids: list[UUID], watch: Watch) -> None:
    """Watch until every process has ended; those that have are taken off the list."""
    folded_at = time.monotonic()
    while children:
        time.sleep(NAP_SECONDS)
        watch(list(Run.objects.filter(pk__in=ids).order_by("id")))
        if time.monotonic() - folded_at >= FOLD_SECONDS:
            jackpots.fold()
            folded_at = time.monotonic()
        for child in list(children):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                children.remove(child)
                if status:
                    raise ChildProcessError(
                        f"A process that played the past broke ({os.waitstatus_to_exitcode(status)})."
                    )


def _stop(child: int) -> None:
    os.kill(child, signal.SIGTERM)
    os.waitpid(child, 0)
