"""The same bet on Bun, Hono, Zod and Drizzle, side by side with ours, on the same PostgreSQL: `make bench-peer`.

    python -m bench.against_peer [--rounds 3] [--seconds 10] [--connections 32]

The peer (``bench/peer/``) is a small, idiomatic application: one process, one transaction a bet, a pool of 16
connections; its packages come from npm. It does the heart of a bet only: session, key, wallet lock, draw, bet row, four
entries, wagering, points, four contributions; no limits, bonuses, rollups, exclusions or feeds. Casino and peer take
turns, so a slow moment of the machine hits both.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from bench.load import machine, make_files, play
from bench.stack import PROJECT, BenchStack, bench_stack
from casino.embedded import processes

PEER = PROJECT / "bench" / "peer"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--players", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    for program in ("wrk", "npm"):
        if shutil.which(program) is None:
            sys.exit(f"{program} is missing: install it (on Debian or Ubuntu: apt-get install {program}).")
    subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit"], cwd=PEER, check=True)
    with bench_stack() as stack, tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "ours", Path(folder) / "theirs"
        make_files(stack, ours, options.players)
        url, peer = start_peer(stack, theirs)
        try:
            compare({"casino": (stack.bets, ours), "peer": (url, theirs)}, options)
        finally:
            processes.end(peer, 15, 10)


def compare(sides: dict[str, tuple[str, Path]], options: argparse.Namespace) -> None:
    """Let both play in turn and print what each reached, and the ratio."""
    print(machine())
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(options.rounds + 1):
        for name, (url, folder) in sides.items():
            found = play([(url, 0, options.connections)], folder, options.seconds if turn else 3)[0]
            if not turn:
                continue  # the first turn warms both
            rates[name].append(found["statuses"].get("201", 0) / found["seconds"])
            print(f"{name:<7} {rates[name][-1]:7.0f} bets/s  {found['latency_ms']}  {found['statuses']}", flush=True)
    middle = {name: statistics.median(found) for name, found in rates.items()}
    print(f"median: {middle}; the casino settles {middle['casino'] / middle['peer']:.1f} times as many")


def start_peer(stack: BenchStack, folder: Path) -> tuple[str, "subprocess.Popen[bytes]"]:
    """The peer on a database of its own in the casino's PostgreSQL; its URL and process."""
    parts = urlsplit(stack.environment["DATABASE_URL"])
    with psycopg.connect(parts.geturl(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE peer")
    database = parts._replace(path="/peer").geturl()
    with psycopg.connect(database) as connection:
        connection.execute((PEER / "schema.sql").read_text())
        tokens = [row[0] for row in connection.execute("SELECT token FROM sessions").fetchall()]
    folder.mkdir()
    (folder / "tokens").write_text("\n".join(tokens))
    (folder / "bodies").write_text(
        "\n".join(json.dumps({"game_id": f"game-{number}", "wager": "1.00"}) for number in range(1, 21))
    )
    port = processes.free_port()
    log = (stack.home / "peer.log").open("wb")
    process = subprocess.Popen(
        [str(PEER / "node_modules" / ".bin" / "bun"), "run", "server.ts"], cwd=PEER, stdout=log, stderr=log,
        env=os.environ | {"DATABASE_URL": database, "PORT": str(port), "NODE_ENV": "production"},
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    assert processes.wait_until(lambda: not processes.is_free(port), 20), processes.tail(stack.home / "peer.log")
    return url, process


if __name__ == "__main__":
    main()
