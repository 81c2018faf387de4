"""What PostgreSQL itself can do here, side by side: `make bench-db`.

    python -m bench.database [--seconds 10] [--clients 1 2 8]

pgbench's TPC-B, then the statements of settled bets: of a bet alone, and of the batches of 32 that the desk sends. They
are those that a real ``place_bets`` sent, caught with their values, 16 different sets of players, replayed by pgbench.
A replay ends in a rollback, so that the same keys can be played again, and in a commit of one row, which waits for the
disk as a bet does. pgbench comes with the embedded PostgreSQL.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.load import machine
from bench.stack import bench_servers

SETS = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 2, 8])
    options = parser.parse_args()
    with bench_servers() as servers, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        os.environ |= servers.environment | {"DEBUG": "1"}
        import django

        django.setup()
        print(machine())
        url = servers.environment["DATABASE_URL"]
        _pgbench(servers.postgres, "--initialize", "--scale", "20", "--quiet", url)
        scripts = {size: catch(folder, size) for size in (1, 32)}
        for clients in options.clients:
            rate = _rate(servers.postgres, url, clients, options.seconds, [])
            print(f"{clients:>3} clients: TPC-B {rate:7.0f} transactions/s", flush=True)
            for size, files in scripts.items():
                rate = _rate(servers.postgres, url, clients, options.seconds, files)
                print(f"{clients:>3} clients: bets in batches of {size:>2}: {rate * size:7.0f} bets/s", flush=True)


def catch(folder: Path, size: int) -> list[Path]:
    """Scripts of the statements that batches of ``size`` bets send, no player in two of them."""
    from bench.crowd import Crowd
    from betting.admission import Slip, admit
    from betting.orders import Order
    from betting.services import place_bets

    from django.db import connection, transaction  # isort: skip

    connection.cursor().execute("CREATE TABLE IF NOT EXISTS bench_commit (at timestamptz)")
    crowd, files = Crowd(size * SETS, prefix=f"catch{size}"), []
    for number in range(SETS):
        caught: list[str] = []

        def note(execute: Any, sql: str, parameters: Any, many: bool, context: Any, caught: Any = caught) -> Any:
            text = sql if parameters is None else connection.ops.compose_sql(sql, parameters)
            caught.append(re.sub(r"\s+", " ", text).strip())
            return execute(sql, parameters, many, context)

        slips = [
            Slip(crowd.next_token(), f"caught-{size}-{number}-{place}", crowd.next_body()) for place in range(size)
        ]
        orders = [one.order for one in admit(slips) if isinstance(one.order, Order)]
        with transaction.atomic(), connection.execute_wrapper(note):
            place_bets(orders)
            transaction.set_rollback(True)
        end = ["ROLLBACK", "INSERT INTO bench_commit VALUES (now())"]
        file = folder / f"{size}-{number}.sql"
        # A colon in front of a name would be a variable of pgbench's.
        lines = [line for line in ["BEGIN", *caught, *end] if not re.match(r"(SAVEPOINT|RELEASE)", line)]
        file.write_text("".join(f"{line};\n" for line in lines))
        files.append(file)
    return files


def _rate(postgres: Any, url: str, clients: int, seconds: int, files: list[Path]) -> float:
    chosen = [part for file in files for part in ("--file", str(file))]
    protocol = ["--protocol", "simple"] if files else ["--protocol", "prepared"]
    output = _pgbench(
        postgres,
        "--no-vacuum",
        "--client",
        str(clients),
        "--jobs",
        "1",
        "--time",
        str(seconds),
        *protocol,
        *chosen,
        url,
    )
    found = re.search(r"tps = ([\d.]+)", output)
    if found is None:
        sys.exit(f"pgbench gave no result:\n{output}")
    return float(found[1])


def _pgbench(postgres: Any, *arguments: str) -> str:
    command = [str(postgres.launch.programs / "pgbench"), *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(answer.stderr)
    return answer.stdout


if __name__ == "__main__":
    main()
