"""The chain of seals: what it covers, that nothing slips past it, and what it names when rows are changed by hand."""

import threading
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import Error, connection, transaction
from django.utils import timezone

from betting.models import Bet
from betting.services import place_bets
from casino.users.models import User
from operators import seals
from operators.audit import audit
from operators.seal_models import Seal
from operators.tasks import seal_ledger
from operators.tests.conftest import Cast
from wallets.models import Transfer

TRANSFERS = "the transfers under a seal are those that were sealed, to the last digit"
BETS = "the bets under a seal are those that were sealed, to the last digit"
HASHES = "every seal's hash is that of its facts and of the seal before it"
NUMBERS = "seals are numbered 1…n, and each begins where the one before it ends"
BEYOND = "transactions are numbered beyond the seals"
HEAD = "the chain of seals contains the head that was kept elsewhere"


def covered() -> tuple[int, int]:
    """How many transfers and bets the seals cover."""
    rows = list(Seal.objects.all())
    return sum(row.transfers for row in rows), sum(row.bets for row in rows)


def written() -> tuple[int, int]:
    return Transfer.objects.count(), Bet.objects.count()


def broken(*also: Any) -> dict[str, list[str]]:
    return {breach.check.sentence: breach.ids for breach in audit(also)}


def wait_for_neighbours() -> None:
    """Until no other database has an open transaction that began before what is written here, and holds seals back."""
    with connection.cursor() as cursor:
        for _ in range(1200):
            cursor.execute(
                "SELECT pg_sleep(0.05) FROM pg_stat_activity WHERE datname <> current_database()"
                " AND backend_xid::text::bigint <= (SELECT max(transaction_number) FROM wallets_transfer) LIMIT 1"
            )
            if not cursor.fetchall():
                return
    raise AssertionError("somebody's transaction does not end")


@pytest.fixture
def seal_now(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Seal what the test's own transaction has written, which otherwise would have to end first."""

    def own() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text::bigint + 1")
            return int(cursor.fetchone()[0])

    monkeypatch.setattr(seals, "ended_before", own)
    return lambda: seals.seal(timezone.now())


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("books_close")
def test_every_committed_row_is_sealed_once_and_none_that_may_still_come(
    alice: User, boris: User, coin: Any, fund: Any, play: Any
):
    fund(alice, "10.00")
    play(alice, "coin", "1.00")
    wait_for_neighbours()
    assert seal_ledger() == sum(written()) > 0
    assert covered() == written()
    assert seal_ledger() == 0
    assert Seal.objects.count() == 1

    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def slowly() -> None:
        with transaction.atomic():
            fund(boris, "5.00")
            begun.set()
            may_end.wait(20)
        connection.close()
        ended.set()

    thread = threading.Thread(target=slowly)
    thread.start()
    assert begun.wait(20)
    # Written and committed after the slow one began: neither may be sealed before the slow one has ended.
    play(alice, "coin", "1.00")
    before = covered()
    assert seal_ledger() == 0
    may_end.set()
    thread.join()
    assert ended.is_set()
    wait_for_neighbours()
    assert seal_ledger() == sum(written()) - sum(before)
    assert covered() == written()
    first, second = Seal.objects.order_by("number")
    assert (first.number, second.number, second.previous_hash) == (1, 2, first.hash)
    assert (first.from_transaction, second.from_transaction) == (0, first.until_transaction)


@pytest.mark.usefixtures("books_close")
def test_history_is_sealed_as_it_comes_in(alice: User, coin: Any, fund: Any, order_of: Any, seal_now: Any):
    fund(alice, "10.00")
    renumber(10)
    seals_until(11)
    assert (before := covered()) == written()
    place_bets([order_of(alice, "coin", "1.00")], at=timezone.now() - timedelta(days=300))
    assert seal_now() == sum(written()) - sum(before)
    assert Seal.objects.count() == 2
    assert covered() == written()
    assert min(Bet.objects.values_list("created_at", flat=True)) < timezone.now() - timedelta(days=299)


def renumber(number: int) -> None:
    """Let what the test's own transaction has written be an earlier one's."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in ("wallets_transfer", "betting_bet"):
            cursor.execute(f"UPDATE {table} SET transaction_number = %s WHERE transaction_number > 100", [number])
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def seals_until(end: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seals, "ended_before", lambda: end)
        assert seals.seal(timezone.now())


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("books_close")
def test_much_is_sealed_in_pieces(alice: User, coin: Any, fund: Any, play: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(seals, "SEAL_ROWS", 5)
    fund(alice, "20.00")
    for _ in range(8):
        play(alice, "coin", "1.00")
    wait_for_neighbours()
    assert seal_ledger() == sum(written())
    assert covered() == written()
    assert Seal.objects.count() > 3
    assert all(row.transfers + row.bets <= 8 for row in Seal.objects.all())


@pytest.mark.django_db(transaction=True)
def test_two_sealers_at_once_write_one_chain(alice: User, coin: Any, fund: Any, play: Any, books_close: None):
    fund(alice, "20.00")
    play(alice, "coin", "1.00")
    wait_for_neighbours()
    answers: list[int] = []

    def run() -> None:
        answers.append(seals.seal(timezone.now()))
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [0, 0, 0, sum(written())]
    assert covered() == written()


def test_a_database_restored_with_lower_numbers_is_not_sealed_wrongly(alice: User, fund: Any, seal_now: Any):
    fund(alice, "10.00")
    seal_now()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE operators_seal SET until_transaction = until_transaction + 1000000")
    with pytest.raises(seals.BehindTheSealsError):
        seal_now()
    assert Seal.objects.count() == 1
    assert "seal 1" in broken()[BEYOND]


def test_seals_are_only_added(alice: User, fund: Any, seal_now: Any):
    fund(alice, "10.00")
    seal_now()
    for change in ("UPDATE operators_seal SET transfers = 0", "DELETE FROM operators_seal", "TRUNCATE operators_seal"):
        with pytest.raises(Error, match="only ever added"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
    assert broken() == {}


@pytest.mark.django_db
def test_a_seal_covers_every_column():
    for model, columns in ((Transfer, seals.TRANSFER_COLUMNS), (Bet, seals.BET_COLUMNS)):
        assert sorted(columns) == sorted(field.column for field in model._meta.concrete_fields)
        with connection.cursor() as cursor:
            described = connection.introspection.get_table_description(cursor, model._meta.db_table)
        assert {column.name for column in described} == {*columns, "transaction_number"}


@pytest.mark.usefixtures("books_close")
def test_the_texts_that_are_sealed_depend_on_no_sessions_settings(history: Cast, seal_now: Any):
    assert seal_now()
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL timezone = 'Asia/Tokyo'; SET LOCAL datestyle = 'German'; SET LOCAL bytea_output = escape"
        )
        cursor.execute("SET LOCAL intervalstyle = 'iso_8601'; SET LOCAL extra_float_digits = -5")
        assert broken() == {}
        cursor.execute("SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL bytea_output = hex")


FIRST_BET = "id = (SELECT id FROM betting_bet ORDER BY id LIMIT 1)"
FIRST_TRANSFER = "id = (SELECT id FROM wallets_transfer ORDER BY id LIMIT 1)"
ONE_TRANSFER = "id = (SELECT id FROM wallets_transfer WHERE kind = 'stake' ORDER BY id DESC LIMIT 1)"
COPY = "INSERT INTO {0} SELECT r.* FROM {0} t, jsonb_populate_record(t, jsonb_build_object({1})) r WHERE t.{2}"
OTHER_DIGITS = "translate(outcome::text, '0123456789', '1234567898')::jsonb"
# The sentence that says so, what was changed, and the seal that is named.
CORRUPTIONS = [
    (BETS, f"UPDATE betting_bet SET outcome = jsonb_set(outcome, '{{added}}', '1') WHERE {FIRST_BET}", 1),
    (BETS, f"UPDATE betting_bet SET outcome = {OTHER_DIGITS} WHERE {FIRST_BET}", 1),
    (BETS, f"UPDATE betting_bet SET selections = '[]' WHERE {FIRST_BET}", 1),
    (BETS, f"UPDATE betting_bet SET multiplier = multiplier + 0.000001 WHERE {FIRST_BET}", 1),
    (BETS, f"UPDATE betting_bet SET created_at = created_at - interval '1 microsecond' WHERE {FIRST_BET}", 1),
    (BETS, f"UPDATE betting_bet SET rng_provider = 'system' WHERE {FIRST_BET}", 1),
    (BETS, f"UPDATE betting_bet SET rng_evidence = '{{}}' WHERE {FIRST_BET}", 1),
    (BETS, f"UPDATE betting_bet SET points = points + 0.01 WHERE {FIRST_BET}", 1),
    (BETS, f"UPDATE betting_bet SET idempotency_key = 'another-key' WHERE {FIRST_BET}", 1),
    (BETS, f"UPDATE betting_bet SET request_digest = repeat('0', 64) WHERE {FIRST_BET}", 1),
    (BETS, f"UPDATE betting_bet SET expected_win = expected_win + 0.000000000001 WHERE {FIRST_BET}", 1),
    (BETS, f"UPDATE betting_bet SET affiliate_rate = 0.05 WHERE {FIRST_BET}", 1),
    (BETS, f"UPDATE betting_bet SET vip = '{{}}' WHERE {FIRST_BET}", 1),
    (BETS, f"UPDATE betting_bet SET transaction_number = transaction_number + 1 WHERE {FIRST_BET}", 1),
    (BETS, f"UPDATE betting_bet SET transaction_number = transaction_number + 1 WHERE {FIRST_BET}", 2),
    (BETS, f"UPDATE betting_bet SET transaction_number = -1 WHERE {FIRST_BET}", 1),
    (BETS, f"DELETE FROM betting_bet WHERE {FIRST_BET}", 1),
    (BETS, "DELETE FROM betting_bet WHERE id = (SELECT id FROM betting_bet ORDER BY id DESC LIMIT 1)", 3),
    (BETS, COPY.format("betting_bet", "'id', gen_random_uuid(), 'idempotency_key', 'copy', 'nonce', 99", FIRST_BET), 1),
    (TRANSFERS, f"UPDATE wallets_transfer SET amount = amount + 0.000001 WHERE {FIRST_TRANSFER}", 1),
    (TRANSFERS, f"UPDATE wallets_transfer SET created_at = created_at + interval '1 second' WHERE {ONE_TRANSFER}", 3),
    (TRANSFERS, f"UPDATE wallets_transfer SET reference = gen_random_uuid() WHERE {FIRST_TRANSFER}", 1),
    (TRANSFERS, f"UPDATE wallets_transfer SET pool_id = gen_random_uuid() WHERE {ONE_TRANSFER}", 3),
    (TRANSFERS, f"UPDATE wallets_transfer SET kind = 'adjustment' WHERE {FIRST_TRANSFER}", 1),
    (TRANSFERS, f"UPDATE wallets_transfer SET id = gen_random_uuid() WHERE {ONE_TRANSFER}", 3),
    (TRANSFERS, f"DELETE FROM wallets_transfer WHERE {FIRST_TRANSFER}", 1),
    (TRANSFERS, f"DELETE FROM wallets_transfer WHERE {ONE_TRANSFER}", 3),
    (
        TRANSFERS,
        COPY.format("wallets_transfer", "'id', gen_random_uuid(), 'wallet_version', 99, 'reference', gen_random_uuid()",
                    FIRST_TRANSFER),
        1,
    ),
    (HASHES, "UPDATE operators_seal SET hash = repeat('a', 64) WHERE number = 2", 2),
    (HASHES, "UPDATE operators_seal SET hash = repeat('a', 64) WHERE number = 2", 3),
    (HASHES, "UPDATE operators_seal SET sealed_at = sealed_at + interval '1 microsecond' WHERE number = 1", 1),
    (HASHES, "UPDATE operators_seal SET bets_digest = repeat('b', 64) WHERE number = 3", 3),
    (HASHES, "UPDATE operators_seal SET previous_hash = repeat('0', 64) WHERE number = 2", 2),
    (HASHES, "DELETE FROM operators_seal WHERE number = 2", 3),
    (NUMBERS, "DELETE FROM operators_seal WHERE number = 2", 3),
    (NUMBERS, "DELETE FROM operators_seal WHERE number = 1", 2),
    (NUMBERS, "UPDATE operators_seal SET number = 7 WHERE number = 3", 7),
    (NUMBERS, "UPDATE operators_seal SET until_transaction = until_transaction + 1 WHERE number = 1", 2),
]  # fmt: skip


@pytest.fixture
def sealed(alice: User, make_game: Any, fund: Any, play: Any, seal_now: Any) -> None:
    """A deposit and a bet under the first seal, a bet under the second and another under the third."""
    make_game("dice", kind="dice", paytable={"faces": 10000, "edge": "0.04"})
    fund(alice, "10.00")
    for number in range(3):
        play(alice, "dice", "1.00", selections=[{"on": "under:4950", "stake": "1.00"}])
        renumber(10 + number)
        seals_until(11 + number)
    assert [row.bets for row in Seal.objects.all()] == [1, 1, 1]
    assert covered() == written()
    assert broken() == {}


@pytest.mark.parametrize(("sentence", "change", "number"), CORRUPTIONS)
def test_what_was_changed_behind_a_seal_is_found_and_the_seal_named(
    sealed: None, sentence: str, change: str, number: int
):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL session_replication_role = replica")
        cursor.execute(change)
        assert cursor.rowcount == 1
    named = broken()[sentence]
    assert any(offender.split(" (")[0] == f"seal {number}" for offender in named), named


def test_every_check_of_the_seals_is_proved_by_a_corruption():
    assert {sentence for sentence, _, _ in CORRUPTIONS} | {BEYOND} == {check.sentence for check in seals.CHECKS}


def run(*options: str) -> tuple[int, str]:
    output = StringIO()
    try:
        call_command("audit_ledger", *options, stdout=output)
    except SystemExit as end:
        return int(end.code or 0), output.getvalue()
    return 0, output.getvalue()


def test_the_command_seals_at_once_and_prints_the_head(alice: User, fund: Any, seal_now: Any):
    fund(alice, "10.00")
    output = StringIO()
    call_command("seal_ledger", stdout=output)
    assert output.getvalue() == f"{sum(written())} rows sealed; head: {Seal.objects.get()}\n"
    assert covered() == written()


def test_a_chain_forged_from_its_first_seal_on_misses_the_head_that_was_kept(sealed: None):
    kept = str(seals.head())
    code, text = run(f"--head={kept}")
    assert (code, f"Head of the seals, to be kept elsewhere: {kept}\n" in text) == (0, True)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM operators_seal")
        cursor.execute(f"UPDATE betting_bet SET outcome = '{{}}' WHERE {FIRST_BET}")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    seals_until(13)
    assert run()[0] == 0
    code, text = run(f"--head={kept}")
    assert (code, f" 15  BROKEN  {HEAD}: seal 3\n" in text) == (1, True)
    with pytest.raises(CommandError, match="--head"):
        run("--head=3")
    assert Seal.objects.count() == 1
