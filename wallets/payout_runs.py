"""Approved withdrawals on their way to the payout provider: submitted once, asked about until the outcome is known.

Three steps, each of which may be the last that a dying process takes: the money goes to ``payouts`` in one transaction;
the provider is asked without any lock, always under the withdrawal's reference; its answer is noted in another. The
sweeper does again what was cut short, and the provider still pays once. An answer that nobody knows releases nothing.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from operators.models import Alert
from wallets import news, payouts
from wallets.payouts import PayoutAnswer, PayoutOrder
from wallets.withdrawal_models import Withdrawal, WithdrawalStatus
from wallets.withdrawal_steps import advance, lock_withdrawal

logger = logging.getLogger(__name__)
# Whoever has just asked is given so long to note the answer.
PATIENCE = timedelta(minutes=1)
# The provider is asked again when its event has not come, and ever more rarely while it gives no clear answer.
EVENT_PATIENCE = timedelta(minutes=15)
LONGEST_PAUSE = timedelta(hours=1)
ATTEMPTS_BEFORE_ALERT = 5
SENT = "Sent to the payout provider."
SENT_SIMULATED = "Sent to the simulated payout provider: no real money moves."


def submit_withdrawals(now: datetime | None = None, batch: int = 200) -> int:
    """Submit what is approved and ask again about what is due; answers how many. May run twice at once.

    None while PAYOUTS_ENABLED is off: what is approved waits, and is submitted once it is on again.
    """
    if not settings.PAYOUTS_ENABLED:
        return 0
    now = now or timezone.now()
    due = Q(status=WithdrawalStatus.APPROVED) | Q(status=WithdrawalStatus.PROCESSING, next_attempt_at__lte=now)
    ids = list(Withdrawal.objects.filter(due).order_by("id").values_list("pk", flat=True)[:batch])
    return sum(_submit_apart(pk) for pk in ids)


def submit_withdrawal(withdrawal_id: UUID, at: datetime | None = None) -> bool:
    """Take one withdrawal as far as it goes now; answers whether the provider was asked. ``at`` dates history runs.

    Nobody is asked while PAYOUTS_ENABLED is off.
    """
    if not settings.PAYOUTS_ENABLED:
        return False
    order = _claim(withdrawal_id, at)
    if order is None:
        return False
    answer = _ask(order, at)
    _take_answer(withdrawal_id, answer, at)
    return True


def _submit_apart(withdrawal_id: UUID) -> bool:
    """One that fails holds up no other."""
    try:
        return submit_withdrawal(withdrawal_id)
    except Exception:
        logger.exception("withdrawal %s was not submitted", withdrawal_id)
        return False


def _claim(withdrawal_id: UUID, at: datetime | None) -> PayoutOrder | None:
    """Put an approved withdrawal's money on its way, or take up one that is due; None when neither is so."""
    with transaction.atomic():
        journal, withdrawal = lock_withdrawal(withdrawal_id, at)
        is_new = withdrawal.status == WithdrawalStatus.APPROVED
        if not is_new and not _is_due(withdrawal, journal.at):
            return None
        withdrawal.attempts += 1
        withdrawal.next_attempt_at = journal.at + PATIENCE
        if is_new:
            is_simulated = isinstance(payouts.PROVIDER, payouts.SimulatedProvider)
            advance(journal, withdrawal, WithdrawalStatus.PROCESSING, SENT_SIMULATED if is_simulated else SENT)
        else:
            withdrawal.save(update_fields=["attempts", "next_attempt_at"])
    return PayoutOrder(
        key=withdrawal.reference,
        operator_id=withdrawal.operator_id,
        amount=withdrawal.amount,
        currency=withdrawal.currency,
        method=withdrawal.method,
        account=withdrawal.destination["account"],
    )


def _is_due(withdrawal: Withdrawal, at: datetime) -> bool:
    asked_at = withdrawal.next_attempt_at
    return withdrawal.status == WithdrawalStatus.PROCESSING and asked_at is not None and asked_at <= at


def _ask(order: PayoutOrder, at: datetime | None) -> PayoutAnswer:
    """The provider's answer; whatever goes wrong on the way means that nobody knows."""
    try:
        return payouts.PROVIDER.pay(order, at)
    except Exception:
        logger.exception("the payout provider gave no answer to %s", order.key)
        return PayoutAnswer(payouts.UNKNOWN, reason="no answer")


def _take_answer(withdrawal_id: UUID, answer: PayoutAnswer, at: datetime | None) -> None:
    """Note the answer, unless an event has told the outcome meanwhile."""
    with transaction.atomic():
        journal, withdrawal = lock_withdrawal(withdrawal_id, at)
        if withdrawal.status != WithdrawalStatus.PROCESSING:
            return
        withdrawal.provider_reference = answer.provider_reference or withdrawal.provider_reference
        if answer.status == payouts.COMPLETED:
            advance(journal, withdrawal, WithdrawalStatus.COMPLETED)
        elif answer.status == payouts.FAILED:
            advance(journal, withdrawal, WithdrawalStatus.FAILED, answer.reason)
        else:
            is_accepted = answer.status == payouts.ACCEPTED
            pause = EVENT_PATIENCE if is_accepted else _pause(withdrawal.attempts)
            withdrawal.next_attempt_at = journal.at + pause
            withdrawal.save(update_fields=["provider_reference", "next_attempt_at"])
            if withdrawal.attempts == ATTEMPTS_BEFORE_ALERT:
                _alert(withdrawal, answer)


def _pause(attempts: int) -> timedelta:
    """Twice as long after each attempt."""
    longest = int(LONGEST_PAUSE / PATIENCE)
    return PATIENCE * min(1 << min(attempts, 10), longest)


def _alert(withdrawal: Withdrawal, answer: PayoutAnswer) -> None:
    subject = f"Withdrawal {withdrawal.reference}: its outcome is unknown after {withdrawal.attempts} attempts"
    details = {"withdrawal": str(withdrawal.pk), "answer": answer.status, "reason": answer.reason}
    alert = Alert.objects.record("payout_stuck", subject, operator_id=withdrawal.operator_id, details=details)
    news.tell_alerts([alert])
