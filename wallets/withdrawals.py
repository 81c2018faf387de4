"""Withdrawals up to the decision: asked for, cancelled, approved or rejected. Each verb is one transaction.

A withdrawal changes under the lock of its wallet, then of its own row. What is approved is paid by ``payout_runs``.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from casino.errors import Conflict, Invalid, NotPermitted
from casino.idempotency import IdempotencyKeyReused, digest
from casino.money import format_money
from casino.users.exclusions import is_self_excluded
from casino.users.models import User
from operators.models import SignificantEvent
from wallets import eligibility, endings, ledger, payout_runs
from wallets.ledger import Journal
from wallets.models import Wallet
from wallets.refusals import NoWallet
from wallets.withdrawal_models import Withdrawal, WithdrawalStatus
from wallets.withdrawal_steps import advance, lock_withdrawal, note


class WithdrawalNotPending(Conflict):
    """The withdrawal has moved on (409)."""

    code = "not_pending"
    detail = "This withdrawal is not pending any more."


class SecondPersonNeeded(NotPermitted):
    """Somebody who has decided on this matter may not decide on it again (403)."""

    detail = "You have approved this withdrawal already; the second decision is another person's."


class DebtBeforePayout(Conflict):
    """The player came to owe money since they asked (409)."""

    code = "account_in_debt"
    detail = "The player owes money by now; reject this withdrawal, and the debt is repaid from it."


@dataclass(frozen=True)
class Requested:
    """The withdrawal as it stands now, and whether this key had asked for it before."""

    withdrawal: Withdrawal
    is_replay: bool = False


def request_withdrawal(
    player: User,
    amount: Decimal,
    method: str,
    account: str,
    *,
    operator: str | None = None,
    waive_bonuses: bool = False,
    key: str | None = None,
    at: datetime | None = None,
) -> Requested:
    """Hold ``amount`` of the player's real money at an operator (its slug; the active one by default) for a withdrawal.

    ``key`` makes it happen once; ``at`` dates the withdrawals of history runs. Raises IdempotencyKeyReused,
    NoWallet, or what ``eligibility.check`` raises.
    """
    key = key or uuid4().hex
    asked = digest([amount, method, account, operator, waive_bonuses])
    if (before := _requested_before(player, key, asked)) is not None:
        return before
    wallet = _find_wallet(player, operator)
    withdrawal = Withdrawal(
        operator=wallet.operator,
        player=player,
        wallet=wallet,
        amount=amount,
        currency=wallet.currency,
        method=method,
        destination={"account": account},
        needs_two_people=amount > wallet.operator.withdrawal_approval_threshold,
        idempotency_key=key,
        request_digest=asked,
    )
    try:
        return _write_request(withdrawal, at, waives=waive_bonuses)
    except IntegrityError:
        # The same key, at the same moment, for another operator's wallet: no common lock made it wait.
        if (before := _requested_before(player, key, asked)) is None:
            raise
        return before


def cancel_withdrawal(withdrawal_id: UUID) -> Withdrawal:
    """The player wants the money back; WithdrawalNotPending when it has moved on."""
    with transaction.atomic():
        journal, withdrawal = lock_withdrawal(withdrawal_id)
        _require_pending(withdrawal)
        advance(journal, withdrawal, WithdrawalStatus.CANCELLED)
        return _shown(withdrawal_id)


def decide_withdrawal(withdrawal_id: UUID, staff: User, status: str, reason: str) -> Withdrawal:
    """Approve or reject a pending withdrawal on behalf of ``staff``, who may do so by their duty."""
    if status == WithdrawalStatus.APPROVED:
        return approve_withdrawal(withdrawal_id, staff, reason)
    if status == WithdrawalStatus.REJECTED:
        return reject_withdrawal(withdrawal_id, staff, reason)
    raise Invalid.field("status", "A withdrawal is approved or rejected.")


def approve_withdrawal(withdrawal_id: UUID, staff: User, reason: str, at: datetime | None = None) -> Withdrawal:
    """Let the money go; above the threshold the first approval is noted and a second person's is due.

    Once it is fully approved it is submitted after commit. Raises WithdrawalNotPending, SecondPersonNeeded or
    DebtBeforePayout.
    """
    with transaction.atomic():
        journal, withdrawal = lock_withdrawal(withdrawal_id, at)
        _require_pending(withdrawal)
        if withdrawal.first_approver_id == staff.pk:
            raise SecondPersonNeeded
        if journal.wallets[withdrawal.wallet_id].debt:
            raise DebtBeforePayout
        _record(withdrawal, "withdrawal.approved", staff, reason)
        if withdrawal.needs_two_people and withdrawal.first_approver_id is None:
            withdrawal.first_approver = staff
            note(journal, withdrawal, reason, staff)
        else:
            withdrawal.approver = staff
            _approve(journal, withdrawal, reason, staff, at)
        return _shown(withdrawal_id)


def approve_automatically(withdrawal_id: UUID, at: datetime | None = None) -> Withdrawal:
    """Approve a seeded player's withdrawal without a person, and flag it so; NotPermitted for anybody else's."""
    with transaction.atomic():
        journal, withdrawal = lock_withdrawal(withdrawal_id, at)
        _require_pending(withdrawal)
        if not withdrawal.player.is_seeded:
            raise NotPermitted("Only seeded players' withdrawals are approved automatically.")
        withdrawal.is_automatic = True
        _approve(journal, withdrawal, "Approved automatically: a seeded player's.", None, at)
        return _shown(withdrawal_id)


def reject_withdrawal(withdrawal_id: UUID, staff: User, reason: str) -> Withdrawal:
    """Give the money back to the player. Raises WithdrawalNotPending, or SecondPersonNeeded for its first approver."""
    with transaction.atomic():
        journal, withdrawal = lock_withdrawal(withdrawal_id)
        _require_pending(withdrawal)
        if withdrawal.first_approver_id == staff.pk:
            raise SecondPersonNeeded
        _record(withdrawal, "withdrawal.rejected", staff, reason)
        withdrawal.decided_at = journal.at
        advance(journal, withdrawal, WithdrawalStatus.REJECTED, reason, staff)
        return _shown(withdrawal_id)


def _requested_before(player: User, key: str, asked: str) -> Requested | None:
    """What this key asked for; IdempotencyKeyReused when that was something else."""
    withdrawal = Withdrawal.objects.with_facts().filter(player=player, idempotency_key=key).first()
    if withdrawal is None:
        return None
    if withdrawal.request_digest != asked:
        raise IdempotencyKeyReused
    return Requested(withdrawal, is_replay=True)


def _find_wallet(player: User, operator: str | None) -> Wallet:
    """The player's wallet; a brand that has closed still pays out."""
    wallets = Wallet.objects.with_operator().filter(player=player)
    named = {"operator__slug": operator} if operator is not None else {"operator": player.operator_id}
    wallet: Wallet | None = wallets.filter(**named).first()
    if wallet is None:
        raise NoWallet
    return wallet


def _write_request(withdrawal: Withdrawal, at: datetime | None, *, waives: bool) -> Requested:
    """Decide, hold and store under the wallet's lock, where a second one with the same key finds the first's row."""
    player = withdrawal.player
    with transaction.atomic():
        journal = ledger.lock([withdrawal.wallet_id], at)
        wallet = journal.wallets[withdrawal.wallet_id]
        before = _requested_before(player, withdrawal.idempotency_key, withdrawal.request_digest)
        if before is not None:
            return before
        excluded = is_self_excluded(player.pk, journal.at)
        eligibility.check(wallet, player, withdrawal.amount, journal.at, waives=waives, excluded=excluded)
        if waives:
            endings.waive_all(journal, wallet)
        withdrawal.created_at = journal.at
        withdrawal.save(force_insert=True)
        advance(journal, withdrawal, WithdrawalStatus.PENDING)
    return Requested(_shown(withdrawal.pk))


def _approve(journal: Journal, withdrawal: Withdrawal, reason: str, staff: User | None, at: datetime | None) -> None:
    withdrawal.decided_at = journal.at
    advance(journal, withdrawal, WithdrawalStatus.APPROVED, reason, staff)
    # A process that dies before this leaves the row approved, and the sweeper finds it.
    transaction.on_commit(lambda: payout_runs.submit_withdrawal(withdrawal.pk, at), robust=True)


def _require_pending(withdrawal: Withdrawal) -> None:
    if withdrawal.status != WithdrawalStatus.PENDING:
        raise WithdrawalNotPending


def _shown(withdrawal_id: UUID) -> Withdrawal:
    """The withdrawal with all that its documents show."""
    withdrawal: Withdrawal = Withdrawal.objects.with_facts().get(pk=withdrawal_id)
    return withdrawal


def _record(withdrawal: Withdrawal, kind: str, staff: User, reason: str) -> None:
    facts: dict[str, Any] = {"withdrawal": str(withdrawal.pk), "amount": format_money(withdrawal.amount)}
    SignificantEvent.objects.record(
        kind,
        operator_id=withdrawal.operator_id,
        actor_id=staff.pk,
        player_id=withdrawal.player_id,
        reason=reason,
        before=facts | {"status": str(withdrawal.status)},
        after=facts | {"is_second_approval": withdrawal.first_approver_id is not None},
    )
