"""Playing a run chunk by chunk, under a lease: plan and write down, do, take stock. A killed worker loses nothing.

Each chunk's deeds are decided and stored in one transaction, done under keys of their own, and counted in another,
together with the bots' moods. Who takes over a lease that ran out finds the plan and does the same deeds again, which
changes nothing where they were done; who lost a lease is turned away when it takes stock.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from operators.audit import audit
from seeding import deeds, totals
from seeding.models import Chunk, Run, RunKind, RunStatus
from seeding.planning import ASIDE, TICK, gives_way, is_played, plan_chunk, planned_deeds, show
from seeding.roster import make_bots
from wallets.ledger import database_clock

logger = logging.getLogger(__name__)
LEASE = timedelta(seconds=20)
# The audit of a large house takes its time.
AUDIT_LEASE = timedelta(minutes=10)
# A chunk that fails so often in a row ends its run.
MOST_FAILURES = 3


@dataclass(frozen=True, slots=True)
class Step:
    """What playing a chunk came to: ``is_over``, or when there is something to do next (None: somebody else plays)."""

    is_over: bool = False
    due_at: datetime | None = None


class LeaseLostError(Exception):
    """Somebody else has taken the run over."""


def play_chunk(run_id: UUID, token: UUID, *, lease: timedelta = LEASE, keeps: bool = False) -> Step:
    """Play the next chunk of a run, or finish what is left of one that is over.

    ``token`` names the caller; with ``keeps`` the lease stays with them for the next chunk. A fault gives the lease
    back and is counted; too many in a row end the run as failed. What the caller raises (a Ctrl-C) goes through.
    """
    try:
        found = _take_up(run_id, token, lease, keeps=keeps)
        if isinstance(found, Step):
            return found
        if found is None:
            return _finish(run_id, token)
        run, chunk = found
        planned = list(planned_deeds(run, chunk))
        done = deeds.do_all(planned) if run.is_open else deeds.look_up(planned)
        return _take_stock(run_id, token, done, lease=lease if keeps else None)
    except LeaseLostError:
        return Step()
    except Exception as fault:
        logger.exception("run %s: its chunk failed", run_id)
        return _note_failure(run_id, token, fault)


def _take_up(run_id: UUID, token: UUID, lease: timedelta, *, keeps: bool) -> Step | tuple[Run, Chunk] | None:
    """Take the lease and the chunk in hand, planning one where it is time; None: the run has only to be finished."""
    with transaction.atomic():
        run, now = _lock(run_id)
        if not run.is_open and run.report is not None:
            return Step(is_over=True)
        if run.lease_token not in (None, token) and run.leased_until and run.leased_until > now:
            return Step()
        chunk = Chunk.objects.filter(run=run, is_done=False).first()
        if run.is_open and chunk is None and run.due_at > now:
            # A message that comes much too early is a second one: another goes on with the run when it is time.
            return Step(due_at=run.due_at if keeps or run.due_at - now < TICK / 2 else None)
        if run.status == RunStatus.QUEUED:
            run.status, run.started_at = RunStatus.RUNNING, now
        if chunk is None and run.is_open and (plan := plan_chunk(run, now, alone=keeps)):
            run.chunks += 1
            run.due_at = now + TICK
            chunk = Chunk.objects.create(run=run, number=run.chunks, plan=plan)
        waits = chunk is None and run.is_open and not is_played(run, now)
        run.lease_token, run.leased_until = (None, None) if waits and not keeps else (token, now + lease)
        run.save(update_fields=["lease_token", "leased_until", "status", "started_at", "chunks", "due_at"])
    if waits:
        return Step(due_at=run.due_at)
    return None if chunk is None else (run, chunk)


def _lock(run_id: UUID, token: UUID | None = None) -> tuple[Run, datetime]:
    """The run's locked row and the database's clock; raises LeaseLostError where ``token`` holds the lease no more."""
    run = Run.objects.select_for_update(no_key=True).get(pk=run_id)
    if token is not None and run.lease_token != token:
        raise LeaseLostError
    return run, database_clock()


def _take_stock(run_id: UUID, token: UUID, done: list[deeds.Done], *, lease: timedelta | None) -> Step:
    """Count what the chunk did, let the bots see it, and close it, if the lease still holds."""
    with transaction.atomic():
        run, now = _lock(run_id, token)
        chunk = Chunk.objects.get(run=run, is_done=False)
        if run.kind == RunKind.BOTS and run.is_open:
            made = len(make_bots(chunk.plan[0]["bots"]))
            run.actions += made
            run.totals = {"counts": {"bots": run.actions}}
        elif run.kind != RunKind.BOTS:
            run.actions += sum(deed.planned.deed.times if run.is_open else deed.outcome.settled for deed in done)
            run.totals = totals.add(run.totals, done)
            show(done)
        Chunk.objects.filter(pk=chunk.pk).update(is_done=True, plan=[])
        run.failures = 0
        if not run.rate or not run.is_open:
            run.due_at = now + ASIDE if lease is None and gives_way(run) else now
        run.lease_token, run.leased_until = (token, now + lease) if lease else (None, None)
        run.save(update_fields=["actions", "totals", "failures", "due_at", "lease_token", "leased_until"])
    return Step(due_at=run.due_at)


def _finish(run_id: UUID, token: UUID) -> Step:
    """Write the report of a run that has played all it was asked for, or was ended; the audit sees it whole."""
    with transaction.atomic():
        run, now = _lock(run_id, token)
        if run.is_open:
            # The audit's time is not the run's.
            run.totals = {**run.totals, "played_at": run.totals.get("played_at") or now.isoformat()}
        Run.objects.filter(pk=run_id).update(leased_until=now + AUDIT_LEASE, totals=run.totals)
    breaches = audit()
    with transaction.atomic():
        run, now = _lock(run_id, token)
        if run.is_open:
            run.status = RunStatus.COMPLETED
            run.ended_at = datetime.fromisoformat(run.totals["played_at"])
        run.report = totals.report_document(run, breaches)
        run.lease_token = run.leased_until = None
        run.save(update_fields=["status", "ended_at", "report", "lease_token", "leased_until"])
    return Step(is_over=True)


def _note_failure(run_id: UUID, token: UUID, fault: Exception) -> Step:
    """Give the lease back after a fault; the run fails when its chunk failed too often."""
    with transaction.atomic():
        run, now = _lock(run_id)
        if run.lease_token not in (None, token):
            return Step()
        if not run.is_open:
            # Only its report was missing: it says that nobody could tell whether the books close.
            run.report = totals.report_document(run, None)
            run.lease_token = run.leased_until = None
            run.save(update_fields=["report", "lease_token", "leased_until"])
            return Step(is_over=True)
        run.failures, run.due_at = run.failures + 1, now + TICK
        run.lease_token = run.leased_until = None
        run.save(update_fields=["failures", "due_at", "lease_token", "leased_until"])
        if run.failures < MOST_FAILURES:
            return Step(due_at=run.due_at)
        run.status, run.ended_at = RunStatus.FAILED, now
        run.error = f"{type(fault).__name__}: {fault}"[:300]
        run.save(update_fields=["status", "ended_at", "error"])
    return Step(due_at=now)
