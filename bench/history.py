"""How fast bots play a past: the two lanes of ``seed_database --history-days``, each a process, through the services.

    python -m bench.history [--bets 50000] [--days 30] [--seed 5] [--audit] [--profile]

Prints what each tenth took: actions a second, and the CPU time an action of the lanes and of PostgreSQL, which is the
same on a machine that has other things to do; with ``--audit`` how long the ledger's audit took and what it found.
``--profile`` plays the first lane alone, in this process. Starts durable servers of its own, as ``bench.load`` does.
"""

import argparse
import cProfile
import os
import pstats
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bench.stack import Servers, bench_servers, cpu_seconds

TENTHS = 10
COUNTED = ("bets", "free_spins", "deposits", "withdrawals")
CORES = len(os.sched_getaffinity(0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bets", type=int, default=50_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--audit", action="store_true", help="audit the ledger at the end")
    parser.add_argument("--profile", action="store_true", help="play the first lane in this process, profiled")
    options = parser.parse_args()
    with bench_servers() as servers:
        os.environ |= servers.environment
        import django

        django.setup()
        measure(servers, options)


def measure(servers: Servers, options: Any) -> None:
    """Play the past and print what it took."""
    from django.utils import timezone

    from seeding.foreground import play_history
    from seeding.runs import open_history

    runs = open_history(options.days, options.bets, options.seed, timezone.now())
    profiler = cProfile.Profile()
    if options.profile:
        runs = runs[:1]
        profiler.enable()
    steps = Steps(sum(run.actions_due or 0 for run in runs), servers.leaders["postgres"])
    ended = play_history(runs, steps.watch)
    profiler.disable()
    print(f"{steps.now().at - steps.seen[0].at:.1f} s with the audits that end the runs and with folding")
    counts = {name: sum(run.totals["counts"].get(name, 0) for run in ended) for name in COUNTED}
    played = max(run.ended_at for run in ended if run.ended_at) - min(run.started_at for run in ended if run.started_at)
    bets = counts["bets"] + counts["free_spins"]
    print(f"{bets:,} bets in {played.total_seconds():.1f} s: {bets / played.total_seconds():.0f} bets/s; {counts}")
    print([run.totals["refusals"] for run in ended], [run.report and run.report["audit"] for run in ended])
    if options.profile:
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(120)
        pstats.Stats(profiler).sort_stats("tottime").print_stats(50)
    if options.audit:
        audit()


@dataclass(frozen=True)
class Moment:
    """How far the past is, and the CPU seconds that were used for it."""

    actions: int
    at: float
    python: float
    postgres: float


class Steps:
    """What each tenth of a past took, from what a watcher sees now and then."""

    def __init__(self, actions: int, postgres: int) -> None:
        self.actions, self.postgres = actions, postgres
        self.seen = [self.now()]

    def now(self, actions: int = 0) -> Moment:
        return Moment(actions, time.time(), cpu_seconds(os.getpid()), cpu_seconds(self.postgres))

    def watch(self, runs: list[Any]) -> None:
        done = sum(run.actions for run in runs)
        last = self.seen[-1]
        if done * TENTHS // self.actions > last.actions * TENTHS // self.actions:
            self.seen.append(moment := self.now(done))
            _tell(last, moment)
            if done == self.actions:
                _tell(self.seen[0], moment)


def _tell(first: Moment, last: Moment) -> None:
    """Print one line about what lies between."""
    actions = last.actions - first.actions
    python, postgres = (last.python - first.python) / actions, (last.postgres - first.postgres) / actions
    print(
        f"{first.actions:>9,} to {last.actions:>9,}: {actions / (last.at - first.at):5.0f} actions/s, CPU an action: "
        f"{python * 1000:.2f} ms Python, {postgres * 1000:.2f} ms PostgreSQL, "
        f"{CORES / (python + postgres):5.0f} a second if this machine did nothing else",
        flush=True,
    )


def audit() -> None:
    """Audit the ledger, and print how long it took."""
    from operators.audit import audit as find_breaches

    began = time.time()
    breaches = find_breaches()
    print(f"audited in {timedelta(seconds=round(time.time() - began))}: {breaches or 'sound'}")


if __name__ == "__main__":
    main()
