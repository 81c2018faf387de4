"""Runs as others see them: start one, cancel one, show one. Playing them is ``chunks``'.

Whoever starts or cancels passes ``wake``, which hints to a worker that a run has something to do; the hint may get
lost, for the row says the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import randbelow
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from casino.errors import Conflict, FieldError, Invalid
from casino.users.models import User
from operators.models import Operator
from seeding import totals
from seeding.bots import first_turn, random_of
from seeding.models import CROWDS, RATES, Bot, Intensity, Run, RunKind, RunStatus, Seat, UnknownRun
from seeding.roster import NoOperators, gather_bots, make_bots
from wallets.documents import format_moment

Wake = Callable[[UUID], None]

MOST_MINUTES = 24 * 60
MOST_BOTS = 100_000
# More bots than these are made by a run.
MOST_BOTS_AT_ONCE = 500
MOST_SEED = 2**63 - 1
MOST_DAYS = 366
MOST_HISTORY_BETS = 10_000_000
MOST_HISTORY_CROWD = 1000
HISTORY_BETS_A_DAY = 1000
BETS_OF_TWO_LANES = 20_000
FAST_CROWD = 256


class RunOver(Conflict):
    """The run has ended (409)."""

    code = "run_over"
    detail = "This run is over."


@dataclass(frozen=True, slots=True)
class SimulationOrder:
    """What a simulation is asked for; ``parse_simulation`` makes one of texts."""

    minutes: float
    intensity: Intensity = Intensity.MEDIUM
    seed: int = 0
    is_paced: bool = True

    @property
    def rate(self) -> int:
        return RATES[self.intensity] if self.is_paced else 0

    @property
    def seconds(self) -> int:
        return max(1, round(self.minutes * 60))

    @property
    def actions(self) -> int | None:
        return self.rate * self.seconds if self.is_paced else None

    @property
    def crowd(self) -> int:
        return CROWDS[self.intensity] if self.is_paced else FAST_CROWD


def parse_simulation(
    duration: object, intensity: object = None, seed: object = None, *, is_paced: bool = True
) -> SimulationOrder:
    """The order that texts state: minutes (fractions allowed), an intensity, a whole number. Raises Invalid."""
    errors: list[FieldError] = []
    minutes = _minutes(duration, errors)
    chosen = Intensity.MEDIUM if intensity in (None, "") else intensity
    if chosen not in Intensity.values:
        errors.append(FieldError("intensity", f"intensity is one of {', '.join(Intensity.values)}."))
    number = _whole(seed, "seed", 0, MOST_SEED, errors) if seed not in (None, "") else new_seed()
    if errors:
        raise Invalid("Some parameters are not valid.", errors=errors)
    return SimulationOrder(minutes, Intensity(str(chosen)), number, is_paced)


def parse_count(count: object) -> int:
    """How many bots a text asks for: 1 to 100,000. Raises Invalid."""
    errors: list[FieldError] = []
    number = _whole(count, "count", 1, MOST_BOTS, errors)
    if errors:
        raise Invalid("Some parameters are not valid.", errors=errors)
    return number


def new_seed() -> int:
    """A seed that nobody chose."""
    return randbelow(2**31)


def start_simulation(order: SimulationOrder, *, by: User | None = None, wake: Wake) -> Run:
    """Queue a simulation with its crowd of bots, made where they are too few. Raises NoOperators."""
    now = timezone.now()
    with transaction.atomic():
        run = Run.objects.create(
            kind=RunKind.SIMULATION,
            seed=order.seed,
            intensity=order.intensity if order.is_paced else "",
            rate=order.rate,
            duration_seconds=order.seconds,
            actions_due=order.actions,
            due_at=now,
            requested_by=by,
        )
        _seat(run, gather_bots(order.crowd))
        _hint(wake, run.pk)
    return run


def start_bots(count: int, *, by: User | None = None, wake: Wake) -> Run | None:
    """Make ``count`` more bots: at once (None), or by a run where they are many. Raises NoOperators."""
    if count <= MOST_BOTS_AT_ONCE:
        make_bots(count)
        return None
    if not Operator.objects.open().exists():
        raise NoOperators
    with transaction.atomic():
        run = Run.objects.create(kind=RunKind.BOTS, seed=0, actions_due=count, due_at=timezone.now(), requested_by=by)
        _hint(wake, run.pk)
    return run


def parse_history(days: object, bets: object, seed: object) -> tuple[int, int, int | None] | None:
    """Days, actions and seed of a past as texts state them; None where no days were named. Raises Invalid."""
    if days is None:
        return None
    errors: list[FieldError] = []
    length = _whole(days, "history-days", 1, MOST_DAYS, errors)
    number = length * HISTORY_BETS_A_DAY
    if bets is not None:
        number = _whole(bets, "history-bets", 1, MOST_HISTORY_BETS, errors)
    drawn_by = None if seed is None else _whole(seed, "seed", 0, MOST_SEED, errors)
    if errors:
        raise Invalid("Some parameters are not valid.", errors=errors)
    return length, number, drawn_by


def open_history(days: int, bets: int, seed: int, now: datetime) -> list[Run]:
    """The runs that play a past of ``days`` days up to ``now`` with ``bets`` actions: those there are, or new ones.

    There is one past: where any was begun it is answered, whatever was asked for. A long one has two runs with bots of
    their own, so that two processes may play at once. Raises NoOperators.
    """
    with transaction.atomic():
        Operator.objects.select_for_update().order_by("pk").first()
        begun = list(Run.objects.filter(kind=RunKind.HISTORY).exclude(status__in=_ENDED_EARLY).order_by("id"))
        if begun:
            return begun
        until = now.astimezone(UTC).replace(second=0, microsecond=0)
        start = (until - timedelta(days=days)).replace(minute=0)
        runs, lanes = [], 2 if bets >= BETS_OF_TWO_LANES else 1
        for lane in range(lanes):
            due = bets // lanes + (lane < bets % lanes)
            run = Run.objects.create(
                kind=RunKind.HISTORY, seed=seed + lane, actions_due=due, past_from=start, past_until=until, due_at=now
            )
            crowd = max(24, min(MOST_HISTORY_CROWD, due // (days * 8)))
            _seat(run, make_bots(crowd, is_of_history=True, since=start))
            runs.append(run)
        return runs


_ENDED_EARLY = (RunStatus.CANCELLED, RunStatus.FAILED)


def cancel_run(run_id: UUID, *, wake: Wake) -> Run:
    """End a run early: what was done stands, nothing more begins. Raises UnknownRun, RunOver."""
    with transaction.atomic():
        run = Run.objects.select_for_update(no_key=True).filter(pk=run_id).first()
        if run is None:
            raise UnknownRun
        if not run.is_open:
            raise RunOver
        now = timezone.now()
        run.status, run.ended_at, run.due_at = RunStatus.CANCELLED, now, now
        run.save(update_fields=["status", "ended_at", "due_at"])
        _hint(wake, run.pk)
    return run


def find_run(run_id: UUID) -> Run:
    """The run with this id; raises UnknownRun."""
    run: Run | None = Run.objects.filter(pk=run_id).first()
    if run is None:
        raise UnknownRun
    return run


def waiting_runs(now: datetime, patience: timedelta = timedelta(seconds=3)) -> list[UUID]:
    """The runs that are overdue while nobody works on them: their worker died, or the hint got lost."""
    return list(Run.objects.waiting(now - patience).order_by("due_at").values_list("pk", flat=True)[:100])


def run_document(run: Run, now: datetime | None = None) -> dict[str, Any]:
    """The run's JSON object. ``rate`` is in actions per second so far; ``eta_seconds`` is null before it is known."""
    now = now or timezone.now()
    done, elapsed = progress(run, now), _elapsed(run, now)
    return {
        "id": str(run.pk),
        "kind": str(run.kind),
        "status": str(run.status),
        "progress": round(done, 4),
        "seed": run.seed,
        "intensity": str(run.intensity) or None,
        "duration_seconds": run.duration_seconds or None,
        "actions": run.actions,
        "actions_due": run.actions_due,
        "target_rate": run.rate or None,
        "rate": round(run.actions / elapsed, 2) if elapsed else None,
        "eta_seconds": round(elapsed * (1 - done) / done) if run.is_open and done and elapsed else None,
        "totals": totals.totals_document(run.totals),
        "report": run.report,
        "error": run.error or None,
        "created_at": format_moment(run.created_at),
        "started_at": run.started_at and format_moment(run.started_at),
        "ended_at": run.ended_at and format_moment(run.ended_at),
    }


def progress(run: Run, now: datetime) -> float:
    """How much of the run is done, 0 to 1."""
    if run.status == RunStatus.COMPLETED:
        return 1.0
    if run.actions_due:
        return run.actions / run.actions_due
    return min(1.0, _elapsed(run, now) / run.duration_seconds) if run.duration_seconds else 0.0


def _elapsed(run: Run, now: datetime) -> float:
    if run.started_at is None:
        return 0.0
    return max(0.0, ((run.ended_at or now) - run.started_at).total_seconds())


def _seat(run: Run, bots: list[Bot]) -> None:
    Seat.objects.bulk_create(
        Seat(run=run, bot=bot, number=number, turn=first_turn(random_of(run.seed, number, -1)))
        for number, bot in enumerate(bots)
    )


def _hint(wake: Wake, run_id: UUID) -> None:
    # A broker that is away loses the hint; the sweeper finds the row.
    transaction.on_commit(lambda: wake(run_id), robust=True)


def _minutes(value: object, errors: list[FieldError]) -> float:
    try:
        minutes = float(str(value))
        if not 1 / 60 <= minutes <= MOST_MINUTES:
            raise ValueError(value)
    except ValueError:
        errors.append(FieldError("duration", f"duration is a number of minutes up to {MOST_MINUTES}."))
        return 0.0
    return minutes


def _whole(value: object, name: str, least: int, most: int, errors: list[FieldError]) -> int:
    text = str(value)
    if text.isascii() and text.isdigit() and len(text) <= 19 and least <= int(text) <= most:
        return int(text)
    errors.append(FieldError(name, f"{name} is a whole number from {least} to {most}."))
    return 0
