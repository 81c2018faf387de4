"""How fast news travels: so many players listen, so many bets a second are settled, over a real server.

    python -m bench.feeds [--server daphne|granian] [--players 200] [--rate 200] [--seconds 10] [--news-only]

Prints messages a second and how long after their commit they arrived. Everything runs on this machine: servers,
players and the bets themselves share its processors; ``--news-only`` tells the same bets again and again and settles
none, which shows what the feeds alone can carry. Needs no server; starts PostgreSQL and Valkey of its own.
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
    parser.add_argument("--news-only", action="store_true")
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
    """Set the table, let everybody listen, play, and print what was heard."""
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
    told: list[Any] = []
    send = realtime.Publisher.send

    def stamped(self: Any, messages: Any) -> None:
        """Messages carry the moment of their row; here it is that after the commit, in which they are published."""
        now = datetime.now(UTC).isoformat()
        told.append(messages)
        send(self, [replace(message, at=now) for message in messages])

    realtime.Publisher.send = stamped
    tokens = [token_of(player) for player in players]
    table = Table(players, options.rate, batch=max(options.rate // 10, 1))
    with feed_server(options.server, settings.REDIS_URL) as at, Crowd(at, "/ws/player", tokens) as crowd:
        if options.news_only:
            table.play(max(options.players, table.batch))
            batches, told[:] = list(told), []
            wait_until(lambda: sum(m.kinds["bet.settled"] for m in crowd.members) == table.placed, 10)
            for member in crowd.members:
                member.delays.clear()
        began = time.monotonic()
        if options.news_only:
            retell(batches, 10, options.seconds)
        else:
            table.play(options.rate * options.seconds)
        seconds = time.monotonic() - began
        expected = sum(message.feed.startswith("player:") for messages in told for message in messages)
        wait_until(lambda: sum(len(member.delays) for member in crowd.members) == expected, 10)
    report(options, crowd, expected, seconds)


def retell(batches: list[Any], per_second: int, seconds: int) -> None:
    """Publish the batches in turn, as if they had just been settled."""
    from casino import realtime

    began = time.monotonic()
    for number in range(per_second * seconds):
        realtime.publish(batches[number % len(batches)])
        time.sleep(max(0.0, began + (number + 1) / per_second - time.monotonic()))


def report(options: Any, crowd: Any, expected: int, seconds: float) -> None:
    """Print the figures."""
    delays = sorted(delay for member in crowd.members for delay in member.delays)
    p50, p99 = (delays[int(len(delays) * part)] * 1000 for part in (0.5, 0.99))
    what = "retold" if options.news_only else "settled"
    print(
        f"{options.server}: {options.players} players, {expected / 2 / seconds:.0f} bets/s {what},"
        f" {len(delays) / seconds:.0f} messages/s delivered, {expected - len(delays)} missing,"
        f" {sum(member.resumes for member in crowd.members)} resumes;"
        f" after commit p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {delays[-1] * 1000:.1f} ms",
        flush=True,
    )


if __name__ == "__main__":
    main()
