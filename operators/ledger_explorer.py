"""Why a balance is what it is: an account's or a wallet's transfers, newest first, each with the balance after it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.db.models import Case, F, Q, Sum, When

from betting.models import Bet
from casino.errors import Missing, Unavailable
from casino.money import ZERO
from operators.models import Operator
from operators.snapshots import one_snapshot
from wallets.models import POCKETS, Account, Deposit, Transfer, TransferKind, Wallet
from wallets.withdrawal_models import Withdrawal

K = TransferKind
# An account with that many movements is for the audit, not for a page.
PATIENCE_MILLISECONDS = 4000
_WITHDRAWALS = (K.WITHDRAWAL_HOLD, K.WITHDRAWAL_SUBMISSION, K.WITHDRAWAL_PAYOUT, K.WITHDRAWAL_RELEASE,
                K.WITHDRAWAL_FAILURE)  # fmt: skip
# The list in which the row stands that a transfer's reference names.
CAUSES: dict[str, str] = {
    **dict.fromkeys((K.DEPOSIT, K.SUSPENSE_MATCHED, K.REFUND), "wallets_deposit"),
    **dict.fromkeys((K.DEPOSIT_MISMATCH, K.SUSPENSE_RETURNED), "wallets_webhookevent"),
    **dict.fromkeys((K.STAKE, K.WIN, K.FREE_SPIN_WIN, K.JACKPOT_CONTRIBUTION, K.JACKPOT_WIN), "betting_bet"),
    **dict.fromkeys(_WITHDRAWALS, "wallets_withdrawal"),
    **dict.fromkeys((K.BONUS_GRANT, K.BONUS_CONVERSION, K.BONUS_FORFEIT), "wallets_bonus"),
    **dict.fromkeys((K.VIP_COST, K.VIP_SHARE), "vip_vipcost"),
    K.AFFILIATE_ACCRUAL: "operators_affiliatestatement",
    K.AFFILIATE_PAYMENT: "operators_affiliatepayout",
    K.ADJUSTMENT: "wallets_adjustment",
}


class UnknownWallet(Missing):
    """There is no such wallet, or it is another operator's."""

    code = "unknown_wallet"
    detail = "There is no such wallet."


class AccountTooLarge(Unavailable):
    """Adding up the account takes longer than a page may."""

    code = "account_too_large"
    detail = "This account has too many movements to add up here; look at a wallet, or at the statement of the book."


@dataclass(frozen=True)
class Entry:
    """A transfer as one account sees it: what it changed there and the balance after it."""

    transfer: Transfer
    change: Decimal
    balance: Decimal


@dataclass(frozen=True)
class WalletEntry:
    """A transfer with the wallet's four pockets after it."""

    transfer: Transfer
    pockets: dict[str, Decimal]


def account_entries(
    operator: Operator | None, currency: str, account: str, below: UUID | None, limit: int
) -> tuple[list[Entry], UUID | None]:
    """A page of an account's entries in a book (None: the platform's), and where the next begins. Two statements.

    ``debt`` counts what players owe. Raises AccountTooLarge where it takes too long.
    """
    rows = Transfer.objects.filter(Q(source=account) | Q(target=account), operator=operator, currency=currency)
    rows = rows.filter(pk__lt=below) if below else rows
    turn = -1 if account == Account.DEBT else 1
    with one_snapshot(), _patience():
        found = list(rows.select_related("wallet__player").order_by("-id")[: limit + 1])
        moved = Case(When(target=account, then=F("amount")), default=-F("amount"))
        balance = (rows.order_by().aggregate(sum=Sum(moved))["sum"] or ZERO) * turn
    entries = []
    for transfer in found[:limit]:
        change = (transfer.amount if transfer.target == account else -transfer.amount) * turn
        entries.append(Entry(transfer, change, balance))
        balance -= change
    return entries, entries[-1].transfer.pk if len(found) > limit else None


def read_wallet(
    user: Any, wallet_id: UUID, below: int | None, limit: int
) -> tuple[Wallet, list[WalletEntry], int | None]:
    """A wallet that ``user`` may see, a page of its transfers, and where the next begins (None: the first ever is on
    it, before which every pocket was empty). Three statements. Raises UnknownWallet."""
    with one_snapshot():
        wallets = Wallet.objects.visible_to(user).select_related("player", "operator")
        wallet: Wallet | None = wallets.filter(pk=wallet_id).first()
        if wallet is None:
            raise UnknownWallet
        pockets = {str(pocket): getattr(wallet, pocket) for pocket in POCKETS}
        rows = Transfer.objects.filter(wallet=wallet)
        if below is not None:
            newer = rows.filter(wallet_version__gte=below).order_by().values_list("source", "target")
            for source, target, amount in newer.annotate(sum=Sum("amount")):
                _undo(pockets, source, target, amount)
            rows = rows.filter(wallet_version__lt=below)
        found = list(rows.order_by("-wallet_version")[: limit + 1])
    entries = []
    for transfer in found[:limit]:
        entries.append(WalletEntry(transfer, dict(pockets)))
        _undo(pockets, transfer.source, transfer.target, transfer.amount)
    return wallet, entries, entries[-1].transfer.wallet_version if len(found) > limit else None


def causes_of(transfers: Sequence[Transfer]) -> dict[UUID, str]:
    """What the bets, deposits and withdrawals behind these transfers were, in words, by reference: three statements."""
    named: dict[str, set[UUID]] = {}
    for transfer in transfers:
        named.setdefault(CAUSES.get(transfer.kind, ""), set()).add(transfer.reference)
    words: dict[UUID, str] = {}
    for bet in _rows(Bet, named.get("betting_bet"), "game__name", "wager", "win", "bet_type"):
        words[bet["pk"]] = f"{bet['game__name']}: {bet['wager']:.2f} → {bet['win']:.2f}, {bet['bet_type']}"
    for kind, model, label in (
        ("wallets_deposit", Deposit, "deposit"),
        ("wallets_withdrawal", Withdrawal, "withdrawal"),
    ):
        for row in _rows(model, named.get(kind), "reference"):
            words[row["pk"]] = f"{label} {row['reference']}"
    return words


def _rows(model: Any, ids: set[UUID] | None, *columns: str) -> list[dict[str, Any]]:
    return list(model.objects.filter(pk__in=ids).values("pk", *columns)) if ids else []


def _undo(pockets: dict[str, Decimal], source: str, target: str, amount: Decimal) -> None:
    """Take a movement back out of the pockets, as the ledger put it in."""
    for account, change in ((source, amount), (target, -amount)):
        if account in pockets:
            pockets[account] += -change if account == Account.DEBT else change


@contextmanager
def _patience() -> Iterator[None]:
    """Give up after ``PATIENCE_MILLISECONDS``; the connection stays usable."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(PATIENCE_MILLISECONDS)])
            yield
            cursor.execute("SELECT set_config('statement_timeout', '0', true)")
    except OperationalError as error:
        if "statement timeout" not in str(error):
            raise
        raise AccountTooLarge from None
