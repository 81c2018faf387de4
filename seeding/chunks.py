"""Playing a run chunk by chunk, under a lease: plan and write down, do, take stock. A killed worker loses nothing.

Each chunk's deeds are decided and stored in one transaction, done under keys of their own, and counted in another,
together with the bots' moods. Who takes over a lease that ran out finds the plan and does the same deeds again, which
changes nothing where they were done; who lost a lease is turned away when it takes stock.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from betting.services import BATCH_ORDERS
from operators.audit import audit
from seeding import deeds, totals
from seeding.bots import REST, Deed, Mood, decide, observe, pause, random_of
from seeding.models import Chunk, Run, RunKind, RunStatus, Seat
from seeding.roster import STEP_BOTS, make_bots
from seeding.shape import moment_of
from seeding.sights import read_sights
from seeding.temperaments import TEMPERAMENTS
from wallets.ledger import database_clock

logger = logging.getLogger(__name__)
LEASE = timedelta(seconds=20)
# The audit of a large house takes its time.
AUDIT_LEASE = timedelta(minutes=10)
# A paced run plays what is due once a second.
TICK = timedelta(seconds=1)
MOST_ACTIONS = 512
# How many bets a bot may leave to autoplay where nobody watches the clock.
BURST = 8
# Deeds of a past that are dated alike, so that they fill a batch, lie within so long.
LEAST_GRAIN, MOST_GRAIN = timedelta(minutes=5), timedelta(minutes=30)
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
        planned = list(_planned(run, chunk))
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
        if chunk is None and run.is_open and (plan := _plan(run, now)):
            run.chunks += 1
            run.due_at = now + TICK
            chunk = Chunk.objects.create(run=run, number=run.chunks, plan=plan)
        waits = chunk is None and run.is_open and not _is_played(run, now)
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


def _is_played(run: Run, now: datetime) -> bool:
    if run.actions_due is not None:
        return run.actions >= run.actions_due
    return run.started_at is not None and now >= run.started_at + timedelta(seconds=run.duration_seconds)


def _plan(run: Run, now: datetime) -> list[dict[str, object]]:
    """The deeds of the next chunk, of as many as are due; an empty plan where none is, and ``due_at`` says when."""
    if run.kind == RunKind.BOTS:
        left = (run.actions_due or 0) - run.actions
        return [{"bots": min(left, STEP_BOTS)}] if left else []
    due = _due_actions(run, now)
    if due <= 0:
        run.due_at = now + TICK
        return []
    return _decide_all(run, due, now)


def _due_actions(run: Run, now: datetime) -> int:
    if _is_played(run, now):
        return 0
    if not run.rate:
        left = MOST_ACTIONS if run.actions_due is None else run.actions_due - run.actions
        return min(left, MOST_ACTIONS)
    assert run.started_at is not None
    assert run.actions_due is not None
    elapsed = (now - run.started_at).total_seconds()
    return min(int(elapsed * run.rate), run.actions_due, run.actions + MOST_ACTIONS) - run.actions


def _decide_all(run: Run, due: int, now: datetime) -> list[dict[str, object]]:
    """Let the bots whose turn it is decide, one deed each, until ``due`` actions are planned; stores their moods."""
    plan: list[dict[str, object]] = []
    actions, burst = 0, 1 if run.rate else BURST
    for seats in _in_turn(run, due):
        players = deeds.read_players(seat.bot_id for seat in seats)
        at = _moment(run, run.actions + actions)
        sights = read_sights(players.values(), at or now)
        asked = []
        for seat in seats:
            if actions >= due:
                break
            temperament = TEMPERAMENTS[seat.bot.temperament]
            random = random_of(run.seed, seat.number, seat.deeds)
            mood = Mood.from_json(seat.mood)
            most = min(burst, due - actions)
            deed, mood = decide(temperament, mood, sights[seat.bot_id], random, most)
            seat.deeds, seat.mood = seat.deeds + 1, mood.as_json()
            seat.turn += pause(temperament, mood, random)
            asked.append(seat)
            if deed.kind == REST:
                continue
            moment = _moment(run, run.actions + actions)
            plan.append({"seat": seat.pk, "at": moment and moment.isoformat(), **deed.as_json()})
            actions += deed.times
        _store(asked)
        # Whose turn it is not is asked only where a pace must be kept, or nobody else wants to play.
        if actions >= due or (plan and not run.rate):
            break
    return plan


def _in_turn(run: Run, due: int) -> Iterator[list[Seat]]:
    """The seats by turn, each once: first about as many as have something to do, then the others."""
    rows = Seat.objects.filter(run=run).select_related("bot").order_by("turn", "number")
    most = due * 2 if run.rate else min(due // 3, Seat.objects.filter(run=run).count() // 4)
    first = list(rows[: max(16, most)])
    yield first
    yield list(rows.exclude(pk__in=[seat.pk for seat in first]))


def _moment(run: Run, deed: int) -> datetime | None:
    """When a history's deed was done, in steps of a few minutes; None for what happens now."""
    if run.past_from is None or run.past_until is None or run.actions_due is None:
        return None
    moment = moment_of(min(deed, run.actions_due - 1), run.actions_due, run.past_from, run.past_until)
    fills_a_batch = (run.past_until - run.past_from) * BATCH_ORDERS / run.actions_due
    grain = min(max(LEAST_GRAIN, fills_a_batch), MOST_GRAIN)
    return max(run.past_from, moment - (moment - run.past_from) % grain)


def _planned(run: Run, chunk: Chunk) -> Iterator[deeds.Planned]:
    if run.kind == RunKind.BOTS:
        return
    seats = {seat.pk: seat for seat in Seat.objects.filter(pk__in=[row["seat"] for row in chunk.plan])}
    players = deeds.read_players(seat.bot_id for seat in seats.values())
    for place, row in enumerate(chunk.plan):
        yield deeds.Planned(
            place=place,
            seat=row["seat"],
            player=players[seats[row["seat"]].bot_id],
            deed=Deed.from_json(row),
            key=f"{run.pk.hex}-{chunk.number}-{place}",
            at=datetime.fromisoformat(row["at"]) if row["at"] else None,
        )


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
            _show(done)
        Chunk.objects.filter(pk=chunk.pk).update(is_done=True, plan=[])
        run.failures = 0
        if not run.rate or not run.is_open:
            run.due_at = now
        run.lease_token, run.leased_until = (token, now + lease) if lease else (None, None)
        run.save(update_fields=["actions", "totals", "failures", "due_at", "lease_token", "leased_until"])
    return Step(due_at=run.due_at)


def _show(done: list[deeds.Done]) -> None:
    """Let the bots see what became of their deeds."""
    by_seat = {deed.planned.seat: deed for deed in done}
    seats = list(Seat.objects.filter(pk__in=by_seat).select_related("bot"))
    for seat in seats:
        deed = by_seat[seat.pk]
        seat.mood = observe(Mood.from_json(seat.mood), deed.planned.deed, deed.outcome).as_json()
    _store(seats)


def _store(seats: list[Seat]) -> None:
    """Write the seats' moods and turns in one statement."""
    rows = sorted(seats, key=lambda seat: seat.pk)
    if not rows:
        return
    field = Seat._meta.get_field("mood")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE seeding_seat AS old SET deeds = new.deeds, turn = new.turn, mood = new.mood"
            " FROM unnest(%s::bigint[], %s::int[], %s::float8[], %s::jsonb[]) AS new(id, deeds, turn, mood)"
            " WHERE old.id = new.id",
            [
                [row.pk for row in rows],
                [row.deeds for row in rows],
                [row.turn for row in rows],
                [field.get_db_prep_value(row.mood, connection) for row in rows],
            ],
        )


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
