"""How long each report and each page of the back office takes over a long history, and whether it scans the bets.

``python -m bench.report_times --bets 1000000`` makes throw-away servers, the demo and the history; with DATABASE_URL
set, it measures that database as it is (``--bets 0``) or loads it first. Prints the median of several requests, the
slowest statement, and every plan's scans of the table of bets.
"""

import argparse
import contextlib
import os
import re
from collections.abc import Iterator
from statistics import median
from time import perf_counter
from typing import Any

PASSES = 7
PAGES = (
    "/backoffice/", "/backoffice/betting/bet/", "/backoffice/wallets/transfer/", "/backoffice/wallets/wallet/",
    "/backoffice/users/user/", "/backoffice/wallets/deposit/", "/backoffice/wallets/withdrawal/",
    "/backoffice/games/game/", "/backoffice/rtp/",
)  # fmt: skip
SCAN = re.compile(r"(?:Parallel )?(?:Seq|Index|Index Only|Bitmap Heap) Scan[^\n]* on betting_bet\b[^\n]*")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bets", type=int, default=1_000_000)
    wanted = parser.parse_args()
    with _servers():
        import django

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casino.settings")
        os.environ.setdefault("DEBUG", "1")
        os.environ.setdefault("LOG_LEVEL", "WARNING")
        django.setup()
        if wanted.bets:
            _fill(wanted.bets)
        measure()


def measure() -> None:
    """Time every report as the platform and as staff of one operator."""
    from django.test import Client
    from rest_framework.test import APIClient

    from casino.users.models import Duty, User

    staff = User.objects.filter(duty=Duty.MANAGER).order_by("email")[0]
    for person in (User.objects.get(role="platform"), staff):
        client = APIClient()
        client.force_authenticate(person)
        browser = Client()
        browser.force_login(person)
        print(f"\nas {person}")
        addresses = [*((client, address) for address in _addresses(person)), *((browser, page) for page in PAGES)]
        for client, address in addresses:
            times, scans = _timed(client, address), _scans(client, address)
            print(
                f"{median(times) * 1000:8.1f} ms  {address}{''.join(f'{chr(10)}            {scan}' for scan in scans)}"
            )


def _addresses(person: Any) -> list[str]:
    """Every report, over the default 30 days, a middle week, and an interval that begins and ends within a day."""
    from datetime import timedelta

    from django.utils import timezone

    from betting.models import DailyTotal
    from casino.games.models import Game

    now = timezone.now()
    days = [f"{now - timedelta(days=days):%F}" for days in (20, 13)]
    week = f"from={days[0]}&to={days[1]}"
    hours = f"from={days[0]}T05:00:00Z&to={days[1]}T17:00:00Z"
    game = Game.objects.filter(operator=None).order_by("slug")[0].slug
    player = DailyTotal.objects.visible_to(person).order_by("day")[0].player_id
    ranges = ["", week, hours]
    return [
        *(f"/admin/rtp?{asked}" for asked in ranges),
        f"/admin/rtp?gameId={game}", f"/admin/rtp?playerId={player}", "/admin/rtp?seeded=exclude",
        *(f"/admin/games/{game}/performance?{asked}" for asked in ranges),
        *(f"/admin/financials?{asked}" for asked in ranges), "/admin/financials?seeded=exclude",
        "/admin/transactions", f"/admin/transactions?type=bets&playerId={player}", f"/admin/transactions?{week}",
        "/admin/players", "/admin/players?search=history-2", f"/admin/players/{player}",
        "/admin/alerts", "/admin/settings",
    ]  # fmt: skip


def _timed(client: Any, address: str) -> list[float]:
    times = []
    for _ in range(PASSES):
        began = perf_counter()
        answer = client.get(address)
        times.append(perf_counter() - began)
        assert answer.status_code == 200, answer.content
    return times


def _scans(client: Any, address: str) -> list[str]:
    """How the plans of a report's statements read the bets."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    found = []
    with connection.cursor() as cursor:
        for query in captured.captured_queries:
            if query["sql"].startswith("SELECT"):
                cursor.execute("EXPLAIN " + query["sql"])
                found += SCAN.findall("\n".join(row[0] for row in cursor.fetchall()))
    return found


def _fill(bets: int) -> None:
    from django.core.management import call_command

    from bench.load_history import load

    call_command("migrate", verbosity=0)
    call_command("seed_database", verbosity=0)
    load(bets)


@contextlib.contextmanager
def _servers() -> Iterator[None]:
    if os.environ.get("DATABASE_URL"):
        yield
        return
    from casino import embedded

    with embedded.throwaway() as urls:
        os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = urls.database_url, urls.redis_url
        yield


if __name__ == "__main__":
    main()
