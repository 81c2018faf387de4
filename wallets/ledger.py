"""The ledger: the only code that moves money, along declared routes, in transfers that are never changed.

A unit of work locks its wallets once (``lock``), decides in memory (``Journal.move``) and writes sets
(``Journal.post``): one insert and one update whatever their number.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

from casino import sets
from casino.errors import Refusal
from casino.ids import uuid7
from casino.kept import ask_revision, kept_rows
from casino.money import is_whole
from casino.sets import Asked
from operators.models import Operator
from wallets.models import POCKETS, Account, Transfer, TransferKind, Wallet

A, K = Account, TransferKind
# What the ledger writes on a wallet.
STORED = ("real", "bonus", "held", "debt", "version", "wagering_required", "wagering_wagered")

# What may move in an operator's book, and in the platform's.
OPERATOR_ROUTES: dict[TransferKind, frozenset[tuple[Account, Account]]] = {
    K.DEPOSIT: frozenset({(A.PSP, A.REAL)}),
    K.DEPOSIT_MISMATCH: frozenset({(A.PSP, A.SUSPENSE)}),
    K.SUSPENSE_MATCHED: frozenset({(A.SUSPENSE, A.REAL)}),
    K.SUSPENSE_RETURNED: frozenset({(A.SUSPENSE, A.PSP)}),
    K.REFUND: frozenset({(A.REAL, A.PSP), (A.DEBT, A.PSP)}),
    K.DEBT_REPAID: frozenset({(A.REAL, A.DEBT)}),
    K.BONUS_GRANT: frozenset({(A.PROMOTIONS, A.BONUS)}),
    K.BONUS_CONVERSION: frozenset({(A.BONUS, A.REAL)}),
    K.BONUS_FORFEIT: frozenset({(A.BONUS, A.FORFEITS)}),
    K.STAKE: frozenset({(A.REAL, A.STAKES), (A.BONUS, A.BONUS_STAKES)}),
    K.WIN: frozenset({(A.WINS, A.REAL), (A.BONUS_WINS, A.BONUS)}),
    K.FREE_SPIN_WIN: frozenset({(A.PROMOTIONS, A.BONUS)}),
    K.JACKPOT_CONTRIBUTION: frozenset({(A.JACKPOT_COST, A.JACKPOT_CLEARING)}),
    K.JACKPOT_FOLD: frozenset({(A.JACKPOT_CLEARING, A.INTERCOMPANY)}),
    K.JACKPOT_WIN: frozenset({(A.INTERCOMPANY, A.REAL)}),
    K.WITHDRAWAL_HOLD: frozenset({(A.REAL, A.HELD)}),
    K.WITHDRAWAL_SUBMISSION: frozenset({(A.HELD, A.PAYOUTS)}),
    K.WITHDRAWAL_PAYOUT: frozenset({(A.PAYOUTS, A.PSP)}),
    K.WITHDRAWAL_RELEASE: frozenset({(A.HELD, A.REAL)}),
    K.WITHDRAWAL_FAILURE: frozenset({(A.PAYOUTS, A.REAL)}),
    K.VIP_COST: frozenset(
        {(A.VIP_COST, A.REAL), (A.VIP_COST, A.BONUS), (A.INTERCOMPANY, A.REAL), (A.INTERCOMPANY, A.BONUS)}
    ),
    K.VIP_SHARE: frozenset({(A.VIP_COST, A.INTERCOMPANY)}),
    K.AFFILIATE_ACCRUAL: frozenset({(A.AFFILIATE_COST, A.AFFILIATE_PAYABLE)}),
    K.AFFILIATE_PAYMENT: frozenset({(A.AFFILIATE_PAYABLE, A.PAYOUTS), (A.PAYOUTS, A.PSP)}),
    K.ADJUSTMENT: frozenset({(A.ADJUSTMENTS, A.REAL), (A.REAL, A.ADJUSTMENTS)}),
}
PLATFORM_ROUTES: dict[TransferKind, frozenset[tuple[Account, Account]]] = {
    K.DEPOSIT_MISMATCH: frozenset({(A.PSP, A.SUSPENSE)}),
    K.SUSPENSE_RETURNED: frozenset({(A.SUSPENSE, A.PSP)}),
    K.JACKPOT_FOLD: frozenset({(A.INTERCOMPANY, A.JACKPOT_POOL)}),
    K.JACKPOT_WIN: frozenset({(A.JACKPOT_POOL, A.INTERCOMPANY)}),
    K.JACKPOT_SEED: frozenset({(A.SEED_COST, A.JACKPOT_POOL)}),
    K.VIP_COST: frozenset({(A.VIP_COST, A.INTERCOMPANY)}),
    K.VIP_SHARE: frozenset({(A.INTERCOMPANY, A.VIP_CLEARING), (A.VIP_CLEARING, A.INTERCOMPANY)}),
}


class InsufficientFunds(Refusal):
    """The pocket holds less than the movement needs (402)."""

    status = 402
    code = "insufficient_funds"
    title = "Insufficient funds"
    detail = "The balance does not cover this amount."


class UndeclaredRouteError(Exception):
    """Code tried to move money along a route that is declared nowhere: a fault, never a refusal."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A transfer on its way to its table, with the attributes of ``Transfer``."""

    id: UUID
    operator_id: UUID | None
    kind: TransferKind
    source: Account
    target: Account
    currency: str
    wallet_id: UUID | None
    wallet_version: int | None
    pool_id: UUID | None
    counterparty_id: UUID | None
    amount: Decimal
    reference: UUID
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Locked:
    """Wallets that are locked, and the database's clock after that; no clock where there is no wallet."""

    wallet_ids: frozenset[UUID]
    at: datetime | None


@dataclass
class Journal:
    """What one unit of work moves: ``wallets`` locked by id, ``at`` the database's clock and ``revision`` that of what
    is kept (``casino.kept``), both under the lock."""

    wallets: dict[UUID, Wallet]
    at: datetime
    revision: UUID | None = None
    transfers: list[Entry] = field(default_factory=list)

    def move(  # noqa: PLR0913 - an entry has that many facts
        self,
        kind: TransferKind,
        source: Account,
        target: Account,
        amount: Decimal,
        *,
        reference: UUID,
        wallet: Wallet | None = None,
        operator_id: UUID | None = None,
        currency: str = "",
        counterparty_id: UUID | None = None,
        pool_id: UUID | None = None,
    ) -> None:
        """Move ``amount`` (> 0) from ``source`` to ``target``, in memory until ``post``.

        With a ``wallet`` the book is its operator's; without one, ``operator_id``'s or the platform's, and
        ``currency`` is due. Raises InsufficientFunds when a pocket does not cover it, UndeclaredRouteError for a route
        that is not declared.
        """
        book = wallet.operator_id if wallet else operator_id
        routes = OPERATOR_ROUTES if book else PLATFORM_ROUTES
        if (source, target) not in routes.get(kind, ()) or amount <= 0:
            raise UndeclaredRouteError(f"{kind}: {source} → {target} of {amount}")
        if wallet is not None:
            _apply(wallet, source, target, amount)
        self.transfers.append(
            Entry(
                id=uuid7(self.at),
                operator_id=book,
                kind=kind,
                source=source,
                target=target,
                currency=wallet.currency if wallet else currency,
                wallet_id=wallet.pk if wallet else None,
                wallet_version=wallet.version if wallet else None,
                pool_id=pool_id,
                counterparty_id=counterparty_id,
                amount=amount,
                reference=reference,
                created_at=self.at,
            )
        )

    def repay_debt(self, wallet: Wallet, credited: Decimal, reference: UUID) -> None:
        """Repay what the player owes from money just credited to them, in memory; nothing when nothing is owed."""
        if repaid := min(wallet.debt, credited):
            self.move(
                TransferKind.DEBT_REPAID, Account.REAL, Account.DEBT, repaid, reference=reference, wallet=wallet
            )  # fmt: skip

    def post(self) -> None:
        """Write every transfer and every locked wallet: two statements, or parts of ``sets.together``."""
        sets.insert(Transfer, self.transfers)
        sets.update(Wallet, self.wallets.values(), STORED)


def lock(wallet_ids: Iterable[UUID], at: datetime | None = None) -> Journal:
    """Lock the wallets, in id order, and answer the journal to move their money in.

    ``at`` dates the transfers; by default the database's clock, read under the lock. Three statements: the lock, then
    reads with a fresh snapshot. Must run inside a transaction.
    """
    return _lock(_BY_ID, [sets.array(wallet_ids)], at)


def lock_accounts(accounts: Iterable[tuple[UUID, UUID]], at: datetime | None = None) -> Journal:
    """``lock`` for wallets named by (player id, operator id); pairs without a wallet are left out."""
    return _lock(OF_ACCOUNTS, columns_of(accounts), at)


def ask_locks(accounts: Iterable[tuple[UUID, UUID]]) -> Asked[Locked]:
    """Lock the wallets of accounts, by the first question of a pipeline: what is asked after it is read under the
    locks. ``open_journal`` takes the answer."""
    return _ask_locks(OF_ACCOUNTS, columns_of(accounts))


def open_journal(locked: Locked, wallets: Iterable[Wallet], revision: UUID | None, at: datetime | None) -> Journal:
    """The journal of wallets that are all ``locked``, as they were read after the locks."""
    found = {wallet.pk: wallet for wallet in wallets}
    operators = OPERATORS.find({wallet.operator_id for wallet in found.values()}, revision)
    for wallet in found.values():
        wallet.operator = operators[wallet.operator_id]
    return Journal(found, at or locked.at or database_clock(), revision=revision)


def columns_of(accounts: Iterable[tuple[UUID, UUID]]) -> list[str]:
    """Pairs of (player id, operator id) as the two arrays that ``OF_ACCOUNTS`` takes."""
    pairs = list(accounts)
    return [sets.array(player_id for player_id, _ in pairs), sets.array(operator_id for _, operator_id in pairs)]


OPERATORS = kept_rows(Operator)
_BY_ID = "id = ANY(%s::uuid[])"
OF_ACCOUNTS = "(player_id, operator_id) IN (SELECT * FROM unnest(%s::uuid[], %s::uuid[]))"


def _lock(condition: str, parameters: list[str], at: datetime | None) -> Journal:
    locked = _ask_locks(condition, parameters)
    wallets = sets.Read(Wallet, f"WHERE {condition}", out=("created_at",)).ask(*parameters)
    revision, held = ask_revision(), locked()
    # An account may have been opened between the lock and the read.
    return open_journal(held, (wallet for wallet in wallets() if wallet.pk in held.wallet_ids), revision(), at)


def _ask_locks(condition: str, parameters: list[str]) -> Asked[Locked]:
    # The clock is asked outside of the locking query, which would evaluate it before it waits.
    locked = sets.ask(
        "SELECT array_agg(id), max(clock_timestamp()) FROM ("
        f"SELECT id FROM wallets_wallet WHERE {condition} ORDER BY id FOR NO KEY UPDATE) AS locked",
        *parameters,
    )

    def answer() -> Locked:
        ((ids, moment),) = locked()
        return Locked(frozenset(ids or ()), moment)

    return answer


def database_clock() -> datetime:
    """The database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def _apply(wallet: Wallet, source: Account, target: Account, amount: Decimal) -> None:
    """Move between the wallet's pockets in memory; ``debt`` counts what went out of it, so its sign is turned."""
    if not is_whole(amount):
        raise UndeclaredRouteError(f"a wallet holds whole minor units, not {amount}")
    for account, change in ((source, -amount), (target, amount)):
        if account not in POCKETS:
            continue
        balance = getattr(wallet, account) + (-change if account == Account.DEBT else change)
        if balance < 0:
            raise InsufficientFunds
        setattr(wallet, account, balance)
    wallet.version += 1
