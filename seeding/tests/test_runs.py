"""Runs of bots: their deeds, their figures, their end; what a worker's death and two at once leave of them."""

import itertools
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Thread
from uuid import UUID, uuid4

import pytest
from django.db import connections
from django.utils import timezone

from betting import rollups
from betting.models import Bet
from betting.orders import Answer, Order
from casino.users.models import User
from operators.periods import last_days, parse_period
from operators.tallies import Selection, tally
from seeding import chunks, deeds, planning, runs, tasks
from seeding.chunks import play_chunk
from seeding.foreground import play_history, play_to_the_end
from seeding.models import Bot, Chunk, Run, RunStatus
from seeding.runs import RunOver, SimulationOrder, cancel_run, open_history, run_document, start_bots, start_simulation
from seeding.totals import tally_of
from wallets.models import Deposit
from wallets.withdrawal_models import Withdrawal

pytestmark = pytest.mark.usefixtures("books_close")
Start, Play = Callable[..., Run], Callable[[Run], Run]


def deeds_of(run: Run) -> tuple[int, int, int]:
    """The bets, deposits and withdrawals that stand under a run's keys."""
    prefix = {"idempotency_key__startswith": f"{run.pk.hex}-"}
    return tuple(table.objects.filter(**prefix).count() for table in (Bet, Deposit, Withdrawal))  # type: ignore[return-value]


def assert_counted(run: Run) -> None:
    """The run's totals are what stands in the tables: no deed lost, none doubled."""
    report = run.report
    assert report is not None
    assert deeds_of(run) == (report["bets"] + report["free_spins"], report["deposits"], report["withdrawals"])
    assert sum(deeds_of(run)) + report["refused"] == run.actions
    assert report["audit"] == {"ok": True, "breaches": []}


def test_a_run_plays_what_it_was_asked_for_and_reports_it(start: Start, play: Play):
    run = play(start(900))
    assert (run.status, run.actions) == (RunStatus.COMPLETED, 900)
    assert_counted(run)
    assert run.report["stakes"]["small"] + run.report["stakes"]["large"] == run.report["bets"]
    shown = run_document(run)
    assert (shown["progress"], shown["actions"], shown["eta_seconds"]) == (1.0, 900, None)


def test_a_runs_figures_are_those_of_the_reports(start: Start, play: Play):
    run = play(start(600))
    period = last_days(timezone.now())
    assert sum((tally_of(kept) for kept in run.totals["games"].values()), start=tally_of({})) == tally(
        Selection(period)
    )


def test_what_bots_play_can_be_left_out(start: Start, play: Play):
    play(start(300))
    rollups.fold(timezone.now())
    now = timezone.now()
    assert tally(Selection(parse_period({"seeded": "exclude"}, now))).bets == 0
    only, all_play = (tally(Selection(parse_period({"seeded": word}, now))) for word in ("only", "include"))
    assert only == all_play
    assert only.bets + only.free_spin_bets == Bet.objects.count() > 0
    assert not User.objects.filter(bot__isnull=False, is_seeded=False).exists()


def test_the_plan_of_a_seed_is_the_same_in_two_runs(start: Start):
    first, second = start(64, seed=99), start(64, seed=99)
    plans = []
    for run in (first, second):
        # Nothing was observed yet: the bots of both see empty wallets.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(deeds, "do_all", _interrupt)
            with pytest.raises(KeyboardInterrupt):
                play_chunk(run.pk, uuid4(), lease=timedelta(0))
        numbers = {seat.pk: seat.number for seat in run.seats.all()}
        plans.append([{**row, "seat": numbers[row["seat"]]} for row in Chunk.objects.get(run=run).plan])
        cancel_run(run.pk, wake=lambda _: None)
    temperaments = [
        list(run.seats.order_by("number").values_list("bot__temperament", flat=True)) for run in (first, second)
    ]
    same = [index for index, pair in enumerate(zip(*temperaments, strict=True)) if pair[0] == pair[1]]
    by_seat = [{row["seat"]: row for row in plan} for plan in plans]
    shared = [seat for seat in same if seat in by_seat[0] and seat in by_seat[1]]
    assert shared
    assert [by_seat[0][seat] for seat in shared] == [by_seat[1][seat] for seat in shared]


def _interrupt(_planned: object) -> None:
    raise KeyboardInterrupt


def test_a_chunk_done_again_does_nothing_twice(start: Start, play: Play):
    run = start(200)
    with pytest.MonkeyPatch.context() as patch:
        # The worker dies after its deeds, before it takes stock.
        patch.setattr(chunks, "_take_stock", _interrupt_stock)
        with pytest.raises(KeyboardInterrupt):
            play_chunk(run.pk, uuid4(), lease=timedelta(0))
    done = deeds_of(run)
    assert sum(done) > 0
    assert Run.objects.get(pk=run.pk).actions == 0
    play_chunk(run.pk, uuid4())
    assert deeds_of(run) == done
    assert Run.objects.get(pk=run.pk).actions == sum(done)
    assert_counted(play(run))


def _interrupt_stock(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_who_lost_the_lease_is_turned_away(start: Start, play: Play):
    run, original = start(100), deeds.do_all
    with pytest.MonkeyPatch.context() as patch:

        def slow(planned: list[deeds.Planned]) -> list[deeds.Done]:
            done = original(planned)
            patch.setattr(deeds, "do_all", original)
            play_chunk(run.pk, uuid4())
            return done

        patch.setattr(deeds, "do_all", slow)
        step = play_chunk(run.pk, uuid4(), lease=timedelta(0))
    assert (step.is_over, step.due_at) == (False, None)
    assert_counted(play(run))


def test_a_leased_run_is_left_alone(start: Start, play: Play):
    run = start(40)
    Run.objects.filter(pk=run.pk).update(lease_token=uuid4(), leased_until=timezone.now() + timedelta(seconds=2))
    assert play_chunk(run.pk, uuid4()) == chunks.Step()
    assert sum(deeds_of(run)) == 0
    assert play(run).actions == 40


def test_a_worker_killed_twenty_times_loses_and_doubles_nothing(start: Start, play: Play):
    run = start(1000)
    in_hand = Counter[int]()
    for kill in range(20):
        holder = Run.objects.get(pk=run.pk).lease_token
        worker = _fork_worker(run)
        while Run.objects.get(pk=run.pk).lease_token == holder:
            time.sleep(0.002)
        # It has just begun with a chunk; each kill comes a little later than the one before.
        time.sleep(0.01 * kill)
        os.kill(worker, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == -signal.SIGKILL
        in_hand[Chunk.objects.filter(run=run, is_done=False).count()] += 1
    assert in_hand[1] >= 10, "the kills hit chunks in hand"
    ended = play(run)
    assert (ended.status, ended.actions) == (RunStatus.COMPLETED, 1000)
    assert_counted(ended)


def _fork_worker(run: Run) -> int:
    """A process that plays the run under a lease that is soon over, until it is killed."""
    connections.close_all()
    worker = os.fork()
    if not worker:
        try:
            play_to_the_end(run.pk, lambda _: None, lease=timedelta(milliseconds=20))
        finally:
            signal.pause()
    return worker


def test_a_cancelled_run_does_no_more_and_says_what_it_did(start: Start, play: Play, woken: list[UUID]):
    run = start(2000)
    play_chunk(run.pk, uuid4())
    cancel_run(run.pk, wake=woken.append)
    done = deeds_of(run)
    assert woken == [run.pk, run.pk]
    ended = play(run)
    assert (ended.status, deeds_of(run)) == (RunStatus.CANCELLED, done)
    assert 0 < ended.actions < 2000
    assert_counted(ended)
    with pytest.raises(RunOver):
        cancel_run(run.pk, wake=woken.append)
    assert Run.objects.get(pk=run.pk).report == ended.report


def test_a_run_cancelled_amid_its_chunk_counts_what_was_done(start: Start, play: Play):
    run, original = start(2000), deeds._move
    moved = []
    with pytest.MonkeyPatch.context() as patch:

        def stumble(done: deeds.Done) -> None:
            if len(moved) == 5:
                raise KeyboardInterrupt
            original(done)
            moved.append(done)

        patch.setattr(deeds, "_move", stumble)
        with pytest.raises(KeyboardInterrupt):
            play_chunk(run.pk, uuid4(), lease=timedelta(0))
    cancel_run(run.pk, wake=lambda _: None)
    ended = play(run)
    assert (ended.report["deposits"], ended.actions) == (5, 5)
    assert_counted(ended)


def test_runs_at_once_keep_to_their_own_bots(start: Start, play: Play):
    started = [start(200, seed=seed) for seed in (1, 2, 3)]
    seated = [set(run.seats.values_list("bot", flat=True)) for run in started]
    assert len(set.union(*seated)) == sum(map(len, seated))

    def work(run: Run) -> None:
        try:
            play(run)
        finally:
            connections.close_all()

    threads = [Thread(target=work, args=(run,)) for run in started]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for run in Run.objects.all():
        assert (run.status, run.actions) == (RunStatus.COMPLETED, 200)
        assert_counted(run)
    assert Bot.objects.count() == sum(map(len, seated))


def test_a_paced_run_keeps_its_pace(house: None, play: Play):
    run = start_simulation(SimulationOrder(minutes=0.25, seed=4), wake=lambda _: None)
    ended = play(run)
    assert (ended.actions, ended.actions_due) == (150, 150)
    assert 9 <= float(ended.report["rate"]) <= 11
    assert_counted(ended)


def test_a_run_without_a_pace_steps_aside_for_one_that_keeps_it(house: None, start: Start):
    (past,) = open_history(1, 5000, seed=3, now=timezone.now())
    alone = play_chunk(past.pk, uuid4())
    assert alone.due_at is not None
    assert alone.due_at <= timezone.now()
    paced = start_simulation(SimulationOrder(minutes=1, seed=4), wake=lambda _: None)
    step = play_chunk(past.pk, uuid4())
    assert step.due_at is not None
    assert step.due_at > timezone.now() + planning.ASIDE - timedelta(seconds=1)
    done = Run.objects.get(pk=past.pk).actions
    # Asked again too early, nothing is done: the worker is the paced run's.
    assert play_chunk(past.pk, uuid4()) == chunks.Step()
    assert Run.objects.get(pk=past.pk).actions == done > 0
    cancel_run(paced.pk, wake=lambda _: None)
    Run.objects.filter(pk=past.pk).update(due_at=timezone.now())
    freed = play_chunk(past.pk, uuid4())
    assert freed.due_at is not None
    assert freed.due_at <= timezone.now()
    assert Run.objects.get(pk=past.pk).actions > done


def test_a_history_in_a_process_of_its_own_gives_way_to_nobody(house: None):
    (past,) = open_history(1, 5000, seed=3, now=timezone.now())
    start_simulation(SimulationOrder(minutes=1, seed=4), wake=lambda _: None)
    step = play_chunk(past.pk, uuid4(), keeps=True)
    assert step.due_at is not None
    assert step.due_at <= timezone.now()


def test_the_bets_of_a_past_are_settled_in_batches_that_are_full_or_end_with_their_hour(
    house: None, monkeypatch: pytest.MonkeyPatch
):
    batches: list[tuple[int, datetime]] = []
    settle = deeds.place_bets

    def place(orders: list[Order], at: datetime) -> list[Answer]:
        batches.append((len(orders), at))
        return settle(orders, at)

    monkeypatch.setattr(deeds, "place_bets", place)
    for module in (deeds, planning):
        monkeypatch.setattr(module, "HISTORY_BATCH", 40)
    (past,) = open_history(1, 2000, seed=3, now=timezone.now())
    token, ended = uuid4(), set()
    for _ in range(4):
        play_chunk(past.pk, token, keeps=True)
        ended |= {moment for _, moment in batches[-1:]}
    assert len(batches) > len(ended) + 4
    moments = [moment for _, moment in batches]
    assert moments == sorted(set(moments))
    assert {bet.created_at for bet in Bet.objects.all()} == set(moments)
    for (size, moment), (_, following) in itertools.pairwise(batches):
        is_full, is_of_its_hour = 40 - planning.PAST_BURST < size <= 40, following.hour != moment.hour
        assert is_full or is_of_its_hour or moment in ended


def test_a_chunk_that_always_fails_ends_its_run(start: Start, play: Play, monkeypatch: pytest.MonkeyPatch):
    run = start(50)

    def break_down(_planned: object) -> None:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(deeds, "do_all", break_down)
    ended = play(run)
    assert (ended.status, ended.error, ended.actions) == (RunStatus.FAILED, "RuntimeError: no such thing", 0)
    assert sum(deeds_of(run)) == 0


def test_the_sweeper_hints_at_runs_that_nobody_goes_on_with(start: Start, monkeypatch: pytest.MonkeyPatch):
    run, hints = start(50), []
    monkeypatch.setattr(tasks, "wake", hints.append)
    assert tasks.sweep() == 0
    Run.objects.filter(pk=run.pk).update(due_at=timezone.now() - timedelta(seconds=10))
    assert tasks.sweep() == 1
    Run.objects.filter(pk=run.pk).update(leased_until=timezone.now() + timedelta(seconds=30), lease_token=uuid4())
    assert tasks.sweep() == 0
    Run.objects.filter(pk=run.pk).update(leased_until=timezone.now() - timedelta(seconds=4))
    assert tasks.sweep() == 1
    assert hints == [run.pk, run.pk]


def test_a_task_plays_a_chunk_and_hints_at_the_next(start: Start, monkeypatch: pytest.MonkeyPatch):
    run, hints = start(600), []
    monkeypatch.setattr(tasks.play, "apply_async", lambda args, countdown: hints.append((args, countdown)))
    tasks.play(str(run.pk))
    assert hints == [((str(run.pk),), 0.0)]
    assert 0 < Run.objects.get(pk=run.pk).actions < 600
    assert Run.objects.get(pk=run.pk).leased_until is None


def test_many_bots_are_made_by_a_run(house: None, play: Play, woken: list[UUID]):
    assert start_bots(3, wake=woken.append) is None
    assert Bot.objects.count() == 3
    run = start_bots(runs.MOST_BOTS_AT_ONCE + 50, wake=woken.append)
    assert run is not None
    assert woken == [run.pk]
    ended = play(run)
    assert (ended.status, ended.actions, Bot.objects.count()) == (RunStatus.COMPLETED, 550, 553)
    bots = User.objects.filter(bot__isnull=False)
    assert not any(bot.has_usable_password() for bot in bots[:20])
    assert bots.filter(is_seeded=True).count() == 553
    assert set(bots.values_list("operator__slug", flat=True)) == {"aurora", "borealis", "cascade"}


def test_a_past_is_dated_honestly_and_played_once(house: None):
    now = timezone.now()
    runs_of_past = open_history(5, 700, seed=1, now=now)
    (ended,) = play_history(runs_of_past, lambda _: None)
    assert (ended.status, ended.actions) == (RunStatus.COMPLETED, 700)
    assert_counted(ended)
    moments = list(Bet.objects.order_by("id").values_list("created_at", flat=True))
    assert moments == sorted(moments)
    assert ended.past_from <= moments[0] < moments[-1] <= now
    assert len({moment.date() for moment in moments}) >= 5
    assert [run.pk for run in open_history(9, 900, seed=2, now=now)] == [ended.pk]
    assert play_history([ended], lambda _: None) == [ended]
    assert Bet.objects.count() == len(moments)
