"""The ledger: declared routes only, nothing overdrawn, every movement numbered and never changed."""

from collections.abc import Callable
from decimal import Decimal
from threading import Event, Thread
from time import sleep
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from casino.users.models import User
from wallets import ledger
from wallets.ledger import InsufficientFunds, UndeclaredRouteError
from wallets.models import Account, Transfer, TransferKind, Wallet

pytestmark = pytest.mark.usefixtures("books_close")
A, K = Account, TransferKind


@pytest.fixture
def purse(alice: User, fund: Any) -> Wallet:
    """Alice's wallet with 100.00."""
    return fund(alice, "100.00")


def _execute(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def _move(wallet: Wallet, kind: TransferKind, source: Account, target: Account, amount: str, **facts: Any) -> None:
    with transaction.atomic():
        journal = ledger.lock([wallet.pk])
        journal.move(
            kind, source, target, Decimal(amount), wallet=journal.wallets[wallet.pk], reference=uuid4(), **facts
        )
        journal.post()


@pytest.mark.parametrize(
    ("kind", "source", "target", "amount"),
    [
        (K.DEPOSIT, A.REAL, A.PSP, "1.00"),
        (K.DEPOSIT, A.PSP, A.BONUS, "1.00"),
        (K.STAKE, A.REAL, A.WINS, "1.00"),
        (K.JACKPOT_SEED, A.SEED_COST, A.JACKPOT_POOL, "1.00"),
        (K.STAKE, A.REAL, A.STAKES, "0"),
        (K.STAKE, A.REAL, A.STAKES, "-1.00"),
        (K.STAKE, A.REAL, A.STAKES, "0.001"),
    ],
)
def test_money_moves_along_declared_routes_in_whole_units_only(
    purse: Wallet, kind: TransferKind, source: Account, target: Account, amount: str
):
    with pytest.raises(UndeclaredRouteError):
        _move(purse, kind, source, target, amount)
    assert Transfer.objects.count() == 1


def test_the_platforms_book_has_routes_of_its_own():
    journal = ledger.lock([])
    with pytest.raises(UndeclaredRouteError):
        journal.move(K.STAKE, A.REAL, A.STAKES, Decimal(1), reference=uuid4(), currency="USD")
    journal.move(K.JACKPOT_SEED, A.SEED_COST, A.JACKPOT_POOL, Decimal("0.000001"), reference=uuid4(), currency="USD")
    journal.post()
    assert Transfer.objects.get().operator_id is None


def test_a_pocket_is_never_overdrawn(purse: Wallet):
    with pytest.raises(InsufficientFunds):
        _move(purse, K.WITHDRAWAL_HOLD, A.REAL, A.HELD, "100.01")
    purse.refresh_from_db()
    assert (purse.real, purse.held, purse.version) == (Decimal(100), Decimal(0), 1)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("real = -1", "a_wallet_is_never_overdrawn"),
        ("debt = -0.01", "a_wallet_is_never_overdrawn"),
        ("held = 1.001", "a_wallet_holds_whole_minor_units"),
        ("real = 'NaN'", "a_wallet_holds_whole_minor_units"),
        ("wagering_wagered = -1", "wagering_never_runs_backwards"),
        ("wagering_required = 'NaN'", "wagering_never_runs_backwards"),
    ],
)
def test_the_database_itself_refuses_what_no_wallet_holds(purse: Wallet, change: str, name: str):
    with pytest.raises(IntegrityError, match=name):
        _execute(f"UPDATE wallets_wallet SET {change}")
    purse.refresh_from_db()
    assert purse.real == Decimal(100)


@pytest.mark.parametrize("amount", ["0", "-1", "'NaN'"])
def test_the_database_itself_refuses_a_transfer_of_nothing(purse: Wallet, amount: str):
    with pytest.raises(IntegrityError, match="a_transfer_moves_something"):
        _execute(
            "INSERT INTO wallets_transfer SELECT (jsonb_populate_record(t, jsonb_build_object("
            f"'id', gen_random_uuid(), 'reference', gen_random_uuid(), 'wallet_version', 2, 'amount', {amount}))).*"
            " FROM wallets_transfer t"
        )


def test_each_movement_of_a_wallet_takes_the_next_number(alice: User, purse: Wallet, fund: Any):
    fund(alice, "5.00")
    fund(alice, "6.00")
    assert list(Transfer.objects.order_by("wallet_version").values_list("wallet_version", flat=True)) == [1, 2, 3]
    purse.refresh_from_db()
    assert (purse.version, purse.real) == (3, Decimal(111))


def test_debt_counts_what_went_out_of_it(alice: User, wallet_of: Callable[[User], Wallet], purse: Wallet):
    with transaction.atomic():
        journal = ledger.lock([purse.pk])
        journal.move(K.REFUND, A.DEBT, A.PSP, Decimal(7), wallet=journal.wallets[purse.pk], reference=uuid4())
        assert journal.wallets[purse.pk].debt == Decimal(7)
        journal.move(K.DEBT_REPAID, A.REAL, A.DEBT, Decimal(7), wallet=journal.wallets[purse.pk], reference=uuid4())
        assert (journal.wallets[purse.pk].debt, journal.wallets[purse.pk].real) == (Decimal(0), Decimal(93))
        with pytest.raises(InsufficientFunds):
            journal.move(K.DEBT_REPAID, A.REAL, A.DEBT, Decimal(1), wallet=journal.wallets[purse.pk], reference=uuid4())
    assert wallet_of(alice).version == 1, "nothing was posted"


def test_a_cause_posts_once(purse: Wallet):
    reference = Transfer.objects.get().reference
    journal = ledger.lock([purse.pk])
    wallet = journal.wallets[purse.pk]
    journal.move(K.DEPOSIT, A.PSP, A.REAL, Decimal(100), wallet=wallet, reference=reference)
    with pytest.raises(IntegrityError, match="a_cause_posts_once"), transaction.atomic():
        journal.post()


def test_a_cause_posts_once_without_a_wallet_too():
    journal = ledger.lock([])
    reference = uuid4()
    for _ in range(2):
        journal.move(K.DEPOSIT_MISMATCH, A.PSP, A.SUSPENSE, Decimal(1), reference=reference, currency="USD")
    with pytest.raises(IntegrityError, match="a_cause_posts_once"), transaction.atomic():
        journal.post()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE wallets_transfer SET amount = amount",
        "DELETE FROM wallets_transfer",
        "TRUNCATE wallets_transfer CASCADE",
    ],
)
def test_transfers_are_only_ever_added(purse: Wallet, statement: str):
    _execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(DatabaseError, match="only ever added"):
        _execute(statement)
    assert Transfer.objects.count() == 1


def test_the_journal_is_dated_by_the_database_unless_a_history_run_says_otherwise(purse: Wallet):
    before = ledger.database_clock()
    assert before <= ledger.lock([purse.pk]).at <= ledger.database_clock()
    assert before <= ledger.lock([]).at
    assert ledger.lock([purse.pk], before).at == before


@pytest.mark.django_db(transaction=True)
def test_who_waited_for_a_wallet_is_dated_after_the_wait(purse: Wallet):
    asked, moments = Event(), []

    def wait_for_it() -> None:
        try:
            with transaction.atomic():
                asked.set()
                moments.append(ledger.lock([purse.pk]).at)
        finally:
            connection.close()

    with transaction.atomic():
        ledger.lock([purse.pk])
        waiting = Thread(target=wait_for_it)
        waiting.start()
        asked.wait()
        sleep(0.2)
        released = ledger.database_clock()
    waiting.join()
    assert moments[0] > released
