"""What a payout provider's event means for a withdrawal: one outcome, whatever comes twice, late or reordered.

Nothing but the first outcome moves money; an event that contradicts it is put before staff.
"""

from datetime import datetime

from casino.money import format_money
from operators.models import Alert
from wallets import ledger, news
from wallets.models import Provider, ProviderAccount, WebhookEvent, WebhookVerdict
from wallets.providers import Event
from wallets.withdrawal_models import Withdrawal, WithdrawalStatus
from wallets.withdrawal_steps import advance, lock_withdrawal

Settled = tuple[WebhookVerdict, str]
OUTCOMES = {"payout.completed": WithdrawalStatus.COMPLETED, "payout.failed": WithdrawalStatus.FAILED}
FAILED_REASON = "The payout provider could not pay; the money is back in your balance."


def is_about_payout(row: WebhookEvent, event: Event) -> bool:
    """Whether the event tells the outcome of a payout, through an account that pays out."""
    return row.account.provider == Provider.PAYOUTS and event.type in OUTCOMES


def settle(row: WebhookEvent, event: Event, at: datetime | None = None) -> None:
    """Do what the stored event asks for, and write on its row what that was. Belongs into a transaction."""
    row.settled_at = at or ledger.database_clock()
    row.withdrawal = _find_withdrawal(row.account, event.reference)
    if row.withdrawal is None:
        row.verdict, row.reason = _ask_staff(row, "unknown reference")
    else:
        row.verdict, row.reason = _settle_known(row, row.withdrawal, event, at)
    row.save(update_fields=["type", "amount", "currency", "withdrawal", "verdict", "reason", "settled_at"])


def _find_withdrawal(account: ProviderAccount, reference: str) -> Withdrawal | None:
    """The withdrawal that the account may settle: an operator's own account settles only its own."""
    found = Withdrawal.objects.filter(reference=reference)
    if account.operator_id is not None:
        found = found.filter(operator=account.operator_id)
    return found.first()


def _settle_known(row: WebhookEvent, found: Withdrawal, event: Event, at: datetime | None) -> Settled:
    journal, withdrawal = lock_withdrawal(found.pk, at)
    row.withdrawal = withdrawal
    outcome = OUTCOMES[event.type]
    if withdrawal.status == outcome:
        return WebhookVerdict.IGNORED, f"already {outcome}"
    if withdrawal.status != WithdrawalStatus.PROCESSING:
        return _ask_staff(row, f"the withdrawal is {withdrawal.status}")
    if (event.amount, event.currency) != (withdrawal.amount, withdrawal.currency):
        return _ask_staff(row, "another amount or currency than the withdrawal's")
    withdrawal.provider_reference = event.provider_reference or withdrawal.provider_reference
    advance(journal, withdrawal, outcome, FAILED_REASON if outcome == WithdrawalStatus.FAILED else "")
    return WebhookVerdict.SETTLED, ""


def _ask_staff(row: WebhookEvent, reason: str) -> Settled:
    """Nothing moves; staff look at it."""
    book = row.withdrawal.operator_id if row.withdrawal else row.account.operator_id
    details = {
        "webhook_event": str(row.pk),
        "withdrawal": str(row.withdrawal.pk) if row.withdrawal else None,
        "amount": format_money(row.amount) if row.amount is not None else None,
        "currency": row.currency,
    }
    subject = f"An event {row.type} waits for a decision: {reason}"
    news.tell_alerts([Alert.objects.record("payout_unclear", subject, operator_id=book, details=details)])
    return WebhookVerdict.REVIEW, reason
