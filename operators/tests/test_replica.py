"""Reports read a replica where there is one, say as of when, and never what the replica does not have yet."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections
from django.test.utils import override_settings
from django.utils import timezone

from betting.models import Bet
from casino.embedded.postgres import Postgres
from casino.embedded.server import running
from casino.users.models import User
from operators import snapshots
from operators.tests.test_transactions import read_csv

WITH_REPLICA = pytest.mark.django_db(transaction=True, databases=["default", "replica"])


class Replica(Postgres):
    """A streaming replica of the tests' own cluster."""

    def __init__(self, folder: Path, primary: dict[str, Any]) -> None:
        super().__init__(folder, throwaway=True)
        self.primary = primary

    @property
    def url(self) -> str:
        of = self.primary
        return f"postgresql://{of['USER']}:{of['PASSWORD']}@127.0.0.1:{self.port}/{of['NAME']}"

    def _make_cluster(self) -> None:
        of = self.primary
        address = f"host={of['HOST']} port={of['PORT']} user={of['USER']} password={of['PASSWORD']}"
        self._run(
            "pg_basebackup", "-D", str(self.cluster), "-d", address, "--write-recovery-conf", "--checkpoint=fast",
            "--wal-method=stream", "--no-sync",
        )  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def server(django_db_setup: None, tmp_path_factory: Any) -> Iterator[None]:
    """The replica, known to Django under its alias."""
    # Not below a test's own folder, which nobody but its owner may enter.
    folder = Path("/tmp") / f"casino-replica-{os.getpid()}"
    replica = Replica(folder, connection.settings_dict)
    try:
        with running(replica, tmp_path_factory.mktemp("replica") / "log"):
            # A mirror is what Django does not empty after a test.
            test = connection.settings_dict["TEST"] | {"MIRROR": "default"}
            settings.DATABASES["replica"] = connection.settings_dict | {"PORT": replica.port, "TEST": test}
            yield
    finally:
        settings.DATABASES.pop("replica", None)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def replica(transactional_db: None) -> Iterator[Callable[[], None]]:
    """Reports read the replica; answers how to wait until it has all that is committed."""
    with override_settings(DATABASE_ROUTERS=["operators.snapshots.ReplicaRouter"]):
        yield wait_for_replay
    connections["replica"].close()


def wait_for_replay() -> None:
    with connection.cursor() as primary, connections["replica"].cursor() as cursor:
        primary.execute("SELECT pg_current_wal_insert_lsn()")
        (position,) = primary.fetchone()
        for _ in range(1000):
            cursor.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn, pg_sleep(0.05)", [position])
            if cursor.fetchone()[0]:
                return
    raise AssertionError("the replica does not follow")


def pause_replay(command: str) -> None:
    with connections["replica"].cursor() as cursor:
        cursor.execute(f"SELECT pg_wal_replay_{command}()")


@WITH_REPLICA
def test_reports_read_the_replica_and_say_as_of_when(
    replica: Any, alice: User, coin: Any, fund: Any, play: Any, petra: User, api: Any
):
    fund(alice, "20.00")
    play(alice, "coin", "1.00")
    replica()
    addresses = [
        "/admin/rtp", f"/admin/rtp?group=session&playerId={alice.pk}", "/admin/games/coin/performance",
        "/admin/financials", "/admin/financials?operator=aurora", "/admin/financials?seeded=exclude",
        "/admin/transactions",
    ]  # fmt: skip

    def asked() -> list[Any]:
        answers = [api(petra).get(address) for address in addresses]
        assert [answer.status_code for answer in answers] == [200] * len(addresses)
        return [answer.data for answer in answers]

    pause_replay("pause")
    played = play(alice, "coin", "2.00")
    before = asked()
    assert [data["totals"]["wagers"] for data in before[:3]] == ["1.00"] * 3
    assert before[4]["wagers"] == "1.00"
    assert str(played.pk) not in {row["id"] for row in before[6]["results"]}
    rows = read_csv(api(petra).get("/admin/transactions?format=csv"))
    assert [rows[4][0], len(rows)] == ["As of", 6 + 2]
    for data in before:
        moment = datetime.fromisoformat(data["as_of"])
        assert timezone.now() - timedelta(minutes=1) < moment < played.created_at + timedelta(seconds=1)
    # What is not a report reads the primary.
    assert len(api(alice).get("/transactions").data["results"]) == 3
    assert "as_of" not in api(alice).get("/transactions").data
    assert Bet.objects.count() == 2

    pause_replay("resume")
    replica()
    after = asked()
    assert [data["totals"]["wagers"] for data in after[:3]] == ["3.00"] * 3
    assert str(played.pk) in {row["id"] for row in after[6]["results"]}
    assert all(new["as_of"] > old["as_of"] for new, old in zip(after, before, strict=True))


@WITH_REPLICA
def test_every_statement_of_a_report_goes_to_the_replica(replica: Any, alice: User, coin: Any, petra: User):
    replica()
    with snapshots.report_snapshot() as about:
        assert list(about) == ["as_of"]
        assert User.objects.get(pk=alice.pk)._state.db == "replica"
        assert snapshots.reading_from() == "replica"
    assert User.objects.get(pk=alice.pk)._state.db == snapshots.reading_from() == "default"
