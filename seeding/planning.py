"""What a run's next chunk is to be: how many actions are due, whose turn it is, what they decide, and when that was."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from seeding.bots import BET, REST, Deed, Mood, decide, observe, pause, random_of
from seeding.deeds import HISTORY_BATCH, Done, Planned, read_players
from seeding.models import Chunk, Run, RunKind
from seeding.roster import STEP_BOTS
from seeding.seats import in_turn, read_seats, store_seats
from seeding.shape import HOUR, moment_of
from seeding.sights import read_sights
from seeding.temperaments import TEMPERAMENTS

# A paced run plays what is due once a second.
TICK = timedelta(seconds=1)
# How long a run without a pace steps aside after each chunk while a paced one shares its worker.
ASIDE = timedelta(seconds=5)
MOST_ACTIONS = 512
# Of a past that is played by a process of its own, where nobody waits for anything else.
MOST_PAST_ACTIONS = 2048
# How many bets a bot may leave to autoplay where nobody watches the clock, and in a past.
BURST, PAST_BURST = 8, 16


def plan_chunk(run: Run, now: datetime, *, alone: bool = False) -> list[dict[str, object]]:
    """The deeds of the next chunk, of as many as are due; an empty plan where none is, and ``due_at`` says when.

    The run's row is locked. ``alone``: the caller plays nothing else meanwhile, so that a past's chunk may be long.
    """
    if run.kind == RunKind.BOTS:
        left = (run.actions_due or 0) - run.actions
        return [{"bots": min(left, STEP_BOTS)}] if left else []
    due = _due_actions(run, now, MOST_PAST_ACTIONS if alone and run.kind == RunKind.HISTORY else MOST_ACTIONS)
    if due <= 0:
        run.due_at = now + TICK
        return []
    return _decide_all(run, due, now)


def is_played(run: Run, now: datetime) -> bool:
    """Whether the run has done all it was asked for."""
    if run.actions_due is not None:
        return run.actions >= run.actions_due
    return run.started_at is not None and now >= run.started_at + timedelta(seconds=run.duration_seconds)


def gives_way(run: Run) -> bool:
    """Whether the run, which keeps no pace, is to leave its worker to one that does."""
    return run.is_open and not run.rate and Run.objects.open().filter(rate__gt=0).exists()


def planned_deeds(run: Run, chunk: Chunk) -> Iterator[Planned]:
    """The chunk's deeds as they were written down, with the players who do them."""
    if run.kind == RunKind.BOTS:
        return
    seats = read_seats(int(row["seat"]) for row in chunk.plan)
    players = read_players(seat.bot_id for seat in seats.values())
    for place, row in enumerate(chunk.plan):
        yield Planned(
            place=place,
            seat=row["seat"],
            player=players[seats[row["seat"]].bot_id],
            deed=Deed.from_json(row),
            key=f"{run.pk.hex}-{chunk.number}-{place}",
            at=datetime.fromisoformat(row["at"]) if row["at"] else None,
        )


def show(done: list[Done]) -> None:
    """Let the bots see what became of their deeds."""
    by_seat = {deed.planned.seat: deed for deed in done}
    seats = list(read_seats(by_seat).values())
    for seat in seats:
        deed = by_seat[seat.pk]
        seat.mood = observe(Mood.from_json(seat.mood), deed.planned.deed, deed.outcome).as_json()
    store_seats(seats)


def _due_actions(run: Run, now: datetime, most: int) -> int:
    if is_played(run, now):
        return 0
    if not run.rate:
        left = most if run.actions_due is None else run.actions_due - run.actions
        return min(left, most)
    assert run.started_at is not None
    assert run.actions_due is not None
    elapsed = (now - run.started_at).total_seconds()
    return min(int(elapsed * run.rate), run.actions_due, run.actions + most) - run.actions


def _decide_all(run: Run, due: int, now: datetime) -> list[dict[str, object]]:
    """Let the bots whose turn it is decide, one deed each, until ``due`` actions are planned; stores their moods."""
    plan: list[dict[str, object]] = []
    actions, burst = 0, 1 if run.rate else PAST_BURST if run.past_from else BURST
    past = _Past.of(run)
    for seats in in_turn(run, due * 2 // burst):
        players = read_players(seat.bot_id for seat in seats)
        sights = read_sights(players.values(), past.moment(actions) if past else now)
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
            at = past.date(actions, deed).isoformat() if past else None
            plan.append({"seat": seat.pk, "at": at, **deed.as_json()})
            actions += deed.times
        store_seats(asked)
        # Whose turn it is not is asked only where a pace must be kept, or nobody else wants to play.
        if actions >= due or (plan and not run.rate):
            break
    return plan


@dataclass
class _Past:
    """When a history's deeds were done: those of one hour that fill a batch are dated alike, as the first of them."""

    start: datetime
    until: datetime
    done: int
    deeds: int
    batch: datetime | None = None
    bets: int = 0

    @classmethod
    def of(cls, run: Run) -> "_Past | None":
        """The past that the run plays, so far as it has come; None for what happens now."""
        if run.past_from is None or run.past_until is None or run.actions_due is None:
            return None
        return cls(run.past_from, run.past_until, run.actions, run.actions_due)

    def moment(self, action: int) -> datetime:
        """When an action of the chunk is due by the shape of the past."""
        return moment_of(min(self.done + action, self.deeds - 1), self.deeds, self.start, self.until)

    def date(self, action: int, deed: Deed) -> datetime:
        """The moment of a deed that begins with this action of the chunk; asked for in the deeds' order."""
        moment, bets = self.moment(action), deed.times if deed.kind == BET else 0
        hour = (moment - self.start) // HOUR
        if self.batch is None or (self.batch - self.start) // HOUR != hour or self.bets + bets > HISTORY_BATCH:
            self.batch, self.bets = moment, 0
        self.bets += bets
        return self.batch
