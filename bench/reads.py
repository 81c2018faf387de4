"""What a read costs the web process: each GET of a player through the whole stack of middleware and views.

    python -m bench.reads [--times 200] [--profile PATH]

Prints the CPU time and the statements of each. Needs no server; starts PostgreSQL and Valkey of its own.
"""

import argparse
import cProfile
import io
import pstats
import time
from typing import Any

from bench.inside import seeded_database

PATHS = (
    "/wallets",
    "/bets?limit=10",
    "/games?limit=25",
    "/jackpots",
    "/vip/user",
    "/bonuses",
    "/session",
    "/auth/user",
)
# Bets that the player has behind them.
PLAYED = 30
# The least of so many rounds counts: what else the machine does only adds.
ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--profile", help="print where this path spends its time")
    options = parser.parse_args()

    with seeded_database(DATABASE_CONN_MAX_AGE="600"):
        measure(options)


def measure(options: Any) -> None:
    """Call every path again and again as one player."""
    from django.core.wsgi import get_wsgi_application
    from django.db import connection

    from bench.crowd import Crowd
    from bench.settle import play
    from casino.api.throttling import PlayThrottle

    application = get_wsgi_application()
    crowd = Crowd(1)
    token = crowd.next_token()
    play(crowd, PLAYED)
    object.__setattr__(PlayThrottle.limit, "count", 10**9)

    def call(path: str) -> None:
        address, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": address, "QUERY_STRING": query, "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1", "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(), "wsgi.url_scheme": "http", "HTTP_AUTHORIZATION": f"Bearer {token}",
        }  # fmt: skip
        statuses: list[str] = []
        answer = application(environ, lambda status, headers, error=None: statuses.append(status))
        b"".join(answer)
        answer.close()
        if statuses != ["200 OK"]:
            raise SystemExit(f"{path}: {statuses}")

    for path in PATHS:
        for _ in range(10):
            call(path)
        captured: list[str] = []

        def count(execute: Any, sql: str, *rest: Any, captured: list[str] = captured) -> Any:
            captured.append(sql)
            return execute(sql, *rest)

        with connection.execute_wrapper(count):
            call(path)
        took = min(timed(lambda path=path: call(path), options.times) for _ in range(ROUNDS))
        print(f"{path:<20} {took:6.2f} ms CPU {len(captured):3} statements")
    if options.profile:
        profiler = cProfile.Profile()
        profiler.enable()
        for _ in range(options.times):
            call(options.profile)
        profiler.disable()
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(90)


def timed(call: Any, times: int) -> float:
    """Milliseconds of CPU time that one call takes, of so many."""
    began = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - began) / times * 1000


if __name__ == "__main__":
    main()
