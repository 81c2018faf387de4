"""What a read costs the process that answers it: each GET of a player, alone through Django's middleware (WSGI), and
gathered with others through the lean door (``casino.api.reading``).

    python -m bench.reads [--times 200] [--profile PATH]

Prints the CPU time of each, and the statements of one that is alone. Needs no server; starts PostgreSQL and Valkey of
its own.
"""

import argparse
import asyncio
import cProfile
import io
import pstats
import time
from collections.abc import Callable
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
# Bets that the players have behind them, all together.
PLAYED = 240
# Reads that one look-up of callers serves.
GATHERED = 8
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
    """Call every path again and again, as one player and as several."""
    from django.db import connection

    from bench.crowd import Crowd
    from bench.settle import play
    from casino.api.throttling import PlayThrottle

    object.__setattr__(PlayThrottle.limit, "count", 10**9)
    crowd = Crowd(GATHERED)
    for _ in range(PLAYED // 60):
        play(crowd, 60)
    tokens = [gambler.token for gambler in crowd.gamblers]
    alone, gathered = _alone(tokens[0]), _gathered(tokens)
    for path in PATHS:
        for _ in range(10):
            alone(path)
            gathered(path)
        captured: list[str] = []

        def count(execute: Any, sql: str, *rest: Any, captured: list[str] = captured) -> Any:
            captured.append(sql)
            return execute(sql, *rest)

        with connection.execute_wrapper(count):
            alone(path)
        one = min(timed(lambda path=path: alone(path), options.times) for _ in range(ROUNDS))
        many = min(timed(lambda path=path: gathered(path), options.times // GATHERED) for _ in range(ROUNDS))
        print(
            f"{path:<20} alone {one:5.2f} ms CPU, {len(captured)} statements   gathered {many / GATHERED:5.2f} ms CPU"
        )
    if options.profile:
        profiler = cProfile.Profile()
        profiler.enable()
        for _ in range(options.times):
            alone(options.profile)
        profiler.disable()
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(90)


def _alone(token: str) -> Callable[[str], None]:
    """A call through the whole stack of middleware and views."""
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()

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

    return call


def _gathered(tokens: list[str]) -> Callable[[str], None]:
    """One call of each player at once, through the lean door; the event loop's part and the reader's thread count."""
    from casino.api.reading import with_lean_reads
    from casino.asgi import READS

    application = with_lean_reads(None, READS)

    async def call(path: str, token: str) -> None:
        address, _, query = path.partition("?")
        headers = [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {token}".encode())]
        scope = {
            "type": "http", "method": "GET", "path": address, "query_string": query.encode(), "scheme": "http",
            "headers": headers, "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1), "http_version": "1.1",
        }  # fmt: skip

        async def send(message: Any) -> None:
            if message.get("status", 200) != 200:
                raise SystemExit(f"{path}: {message['status']}")

        await application(scope, None, send)

    async def all_at_once(path: str) -> None:
        await asyncio.gather(*(call(path, token) for token in tokens))

    loop = asyncio.new_event_loop()
    return lambda path: loop.run_until_complete(all_at_once(path))


def timed(call: Any, times: int) -> float:
    """Milliseconds of CPU time that one call takes, of so many."""
    began = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - began) / times * 1000


if __name__ == "__main__":
    main()
