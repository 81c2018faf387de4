"""One withdrawal under its locks: its money along its route, its next status, and the timeline entry that says so."""

from datetime import datetime
from typing import Any
from uuid import UUID

from casino.users.models import User
from wallets import ledger, news
from wallets.ledger import Journal
from wallets.models import Account, TransferKind
from wallets.withdrawal_models import OPEN, Withdrawal, WithdrawalStatus, WithdrawalStep

_MUTABLE = (
    "status",
    "is_automatic",
    "first_approver",
    "approver",
    "provider_reference",
    "attempts",
    "next_attempt_at",
    "decided_at",
    "ended_at",
)
# Which way the money goes when a withdrawal takes a status.
_ROUTES = {
    WithdrawalStatus.PENDING: (TransferKind.WITHDRAWAL_HOLD, Account.REAL, Account.HELD),
    WithdrawalStatus.PROCESSING: (TransferKind.WITHDRAWAL_SUBMISSION, Account.HELD, Account.PAYOUTS),
    WithdrawalStatus.COMPLETED: (TransferKind.WITHDRAWAL_PAYOUT, Account.PAYOUTS, Account.PSP),
    WithdrawalStatus.REJECTED: (TransferKind.WITHDRAWAL_RELEASE, Account.HELD, Account.REAL),
    WithdrawalStatus.CANCELLED: (TransferKind.WITHDRAWAL_RELEASE, Account.HELD, Account.REAL),
    WithdrawalStatus.FAILED: (TransferKind.WITHDRAWAL_FAILURE, Account.PAYOUTS, Account.REAL),
}


def lock_withdrawal(withdrawal_id: UUID, at: datetime | None = None) -> tuple[Journal, Withdrawal]:
    """Lock the withdrawal's wallet, then its row; raises Withdrawal.DoesNotExist. Belongs into a transaction."""
    wallet_id = Withdrawal.objects.values_list("wallet_id", flat=True).get(pk=withdrawal_id)
    journal = ledger.lock([wallet_id], at)
    rows = Withdrawal.objects.select_for_update(no_key=True, of=("self",)).select_related("player", "operator")
    withdrawal: Withdrawal = rows.get(pk=withdrawal_id)
    return journal, withdrawal


def advance(
    journal: Journal, withdrawal: Withdrawal, status: WithdrawalStatus, reason: str = "", actor: User | None = None
) -> None:
    """Give the locked withdrawal its next status: the money moves, what comes back repays debt first, feeds hear it.

    Approval moves nothing: the money stays held until it is submitted.
    """
    wallet = journal.wallets[withdrawal.wallet_id]
    if (route := _ROUTES.get(status)) is not None:
        kind, source, target = route
        leaves = target == Account.PSP
        book: dict[str, Any] = (
            {"operator_id": wallet.operator_id, "currency": wallet.currency} if leaves else {"wallet": wallet}
        )
        journal.move(kind, source, target, withdrawal.amount, reference=withdrawal.pk, **book)
        if target == Account.REAL:
            journal.repay_debt(wallet, withdrawal.amount, withdrawal.pk)
        journal.post()
        if not leaves:
            news.tell_balance(wallet, journal.at)
    withdrawal.status = status
    withdrawal.ended_at = None if status in OPEN else journal.at
    note(journal, withdrawal, reason, actor)


def note(journal: Journal, withdrawal: Withdrawal, reason: str = "", actor: User | None = None) -> None:
    """Store the locked withdrawal with an entry of its status on the timeline, and tell the feeds."""
    withdrawal.save(update_fields=_MUTABLE)
    WithdrawalStep.objects.create(
        withdrawal=withdrawal, status=withdrawal.status, reason=reason, actor=actor, at=journal.at
    )
    news.tell_withdrawal(withdrawal, journal.at)
