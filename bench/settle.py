"""What a settled bet costs this process: batches of slips through admission, settlement and their answers' bytes.

    python -m bench.settle [--batch 32] [--batches 100] [--players 500] [--profile]

Prints the Python CPU time a bet (of this process; PostgreSQL's is not in it), the wall time and the statements a batch.
Every game that needs no selections is played in turn. Needs no server; starts PostgreSQL and Valkey of its own.
"""

import argparse
import cProfile
import pstats
import statistics
import time
from itertools import count
from typing import Any

import orjson

from bench.inside import seeded_database

_numbers = count()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--batches", type=int, default=100)
    parser.add_argument("--players", type=int, default=500)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()

    with seeded_database():
        measure(options)


def measure(options: Any) -> None:
    """Play the batches and print what they took."""

    from bench.crowd import Crowd

    crowd = Crowd(options.players)
    for _ in range(5):
        play(crowd, options.batch)
    profiler = cProfile.Profile()
    if options.profile:
        profiler.enable()
    walls, cpu = [], time.process_time()
    for _ in range(options.batches):
        began = time.perf_counter()
        play(crowd, options.batch)
        walls.append(time.perf_counter() - began)
    cpu = (time.process_time() - cpu) / (options.batches * options.batch)
    profiler.disable()
    if options.profile:
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(110)
        pstats.Stats(profiler).sort_stats("tottime").print_stats(45)
    wall = statistics.median(walls) / options.batch
    print(f"batches of {options.batch}: {cpu * 1000:.3f} ms Python CPU a bet, {wall * 1000:.3f} ms wall a bet")
    print(f"{statements(crowd, options.batch)} statements a batch")


def play(crowd: Any, size: int) -> int:
    """One batch as the desk plays it, with its answers written; how many were settled."""
    from betting.admission import Slip, admit
    from betting.desk import place
    from betting.orders import Settled

    slips = [Slip(crowd.next_token(), f"settle-{next(_numbers):08d}", crowd.next_body()) for _ in range(size)]
    settled = [outcome.answer for outcome in place(admit(slips))]
    refused = [answer for answer in settled if not isinstance(answer, Settled)]
    if refused:
        raise SystemExit(f"{len(refused)} bets were refused, the first because: {refused[0]!r}")
    for answer in settled:
        orjson.dumps(answer.document)
    return len(settled)


def statements(crowd: Any, size: int) -> int:
    """How many statements one batch takes."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        play(crowd, size)
    return len(captured)


if __name__ == "__main__":
    main()
