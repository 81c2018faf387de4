"""How fast news travels: so many players listen, so many bets a second are settled, over a real server.

    python -m bench.feeds [--server daphne|granian] [--players 200] [--rate 200] [--seconds 10]

Prints messages a second and how long after their commit they arrived. Everything runs on this machine: servers,
players and the bets themselves share its processors. Needs no server; starts PostgreSQL and Valkey of its own.
"""

import argparse
import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", choices=("daphne", "granian"), default="daphne")
    parser.add_argument("--players", type=int, default=200)
    parser.add_argument("--rate", type=int, default=200, help="bets a second")
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args()

    from casino import embedded

    with embedded.throwaway() as urls:
        os.environ |= {
            "DATABASE_URL": urls.database_url, "REDIS_URL": urls.redis_url, "DEBUG": "1", "LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "casino.settings",
        }  # fmt: skip
        import django

        django.setup()
        measure(options)


def measure(options: Any) -> None:
    from django.conf import settings
    from django.core.management import call_command

    from casino import realtime
    from casino.embedded.processes import wait_until
    from casino.tests.listening import Crowd, feed_server, token_of
    from casino.tests.playing import Table, make_coin, make_crowd
    from operators.models import Operator

    call_command("migrate", verbosity=0)
    aurora = Operator.objects.create(slug="aurora", name="Aurora", currency="USD")
    make_coin()
    players = make_crowd(aurora, options.players)
    send = realtime.Publisher.send

    def stamped(self: Any, messages: Any) -> None:
        """Messages carry the moment of their row; here it is that after the commit, in which they are published."""
        now = datetime.now(UTC).isoformat()
        send(self, [replace(message, at=now) for message in messages])

    realtime.Publisher.send = stamped  # type: ignore[method-assign]
    tokens = [token_of(player) for player in players]
    with feed_server(options.server, settings.REDIS_URL) as at, Crowd(at, "/ws/player", tokens) as crowd:
        table = Table(players, options.rate, batch=max(options.rate // 10, 1))
        began = time.monotonic()
        table.play(options.rate * options.seconds)
        seconds = time.monotonic() - began
        wait_until(lambda: sum(m.kinds["bet.settled"] for m in crowd.members) == table.placed, 10)
    delays = sorted(delay for member in crowd.members for delay in member.delays)
    p50, p99 = (delays[int(len(delays) * part)] * 1000 for part in (0.5, 0.99))
    lost = 2 * table.placed - len(delays)
    print(
        f"{options.server}: {options.players} players, {table.placed / seconds:.0f} bets/s,"
        f" {len(delays) / seconds:.0f} messages/s delivered, {lost} missing,"
        f" {sum(member.resumes for member in crowd.members)} resumes;"
        f" after commit p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {delays[-1] * 1000:.1f} ms"
    )


if __name__ == "__main__":
    main()
