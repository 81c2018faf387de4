"""The webhook inbox: what an authentic event means for a deposit, and what is done about it, once.

An event is looked at under the locks of the deposit's wallet, of its player's standing, then of the deposit. Money that
fits no deposit goes to suspense in the book it came in, and staff are told.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from casino import sets
from casino.money import format_money
from casino.strict_json import parse_json
from operators.models import Alert
from vip.points import lock_standings
from wallets import deposits, ledger, news, payout_events
from wallets.ledger import Journal
from wallets.models import (
    Account,
    Deposit,
    DepositStatus,
    ProviderAccount,
    TransferKind,
    WebhookEvent,
    WebhookVerdict,
)
from wallets.providers import PROVIDERS, Event, secrets_of, sign_headers, webhook_path

Settled = tuple[WebhookVerdict, str]
# What settling writes on the event's row, and what moves a deposit on.
SETTLED = ("type", "amount", "currency", "deposit_id", "verdict", "reason", "settled_at")
MOVED = ("status", "completed_at", "refunded_at", "provider_reference")
_BY_REFERENCE = sets.Read(Deposit, "WHERE reference = %s")
_LOCKED = sets.Read(Deposit, "WHERE id = %s FOR NO KEY UPDATE")


@dataclass(frozen=True)
class SignedEvent:
    """What a provider sends us: the account it is for, the headers and the raw body."""

    account: ProviderAccount
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """Where it is sent."""
        return webhook_path(self.account)


def sign_event(account: ProviderAccount, deposit: Deposit, kind: str, at: datetime) -> SignedEvent:
    """The event ``deposit.<kind>`` as the account's provider would send it now; its id is always the same."""
    data = {
        "reference": deposit.reference,
        "amount": format_money(deposit.amount),
        "currency": deposit.currency,
        "provider_reference": f"{account.provider}-{deposit.pk.hex[-12:]}",
    }
    body = json.dumps({"type": f"deposit.{kind}", "data": data}).encode()
    headers = sign_headers(secrets_of(account)[0], f"evt_{deposit.pk.hex}_{kind}", at, body)
    return SignedEvent(account, headers, body)


def settle(row: WebhookEvent, at: datetime | None = None) -> None:
    """Do what the stored event asks for, and write on its row what that was. Belongs into a transaction."""
    event = PROVIDERS[row.account.provider].parse(parse_json(row.body.encode()))
    row.type, row.amount, row.currency = event.type, event.amount, event.currency
    if payout_events.is_about_payout(row, event):
        payout_events.settle(row, event, at)
        return
    row.deposit = _find_deposit(row.account, event.reference)
    journal = ledger.lock([row.deposit.wallet_id] if row.deposit else [], at)
    if row.deposit is None:
        row.verdict, row.reason = _settle_unknown(row, event, journal)
    else:
        # What completes may earn XP, and standings are locked before deposits.
        lock_standings([row.deposit.player_id])
        (row.deposit,) = _LOCKED.ask(row.deposit.pk)()
        row.deposit.operator = journal.wallets[row.deposit.wallet_id].operator
        row.verdict, row.reason = _settle_known(row, row.deposit, event, journal, is_news=at is None)
    row.settled_at = journal.at
    sets.update(WebhookEvent, [row], SETTLED)


def _find_deposit(account: ProviderAccount, reference: str) -> Deposit | None:
    """The deposit that the account may settle under this reference: an operator's own account settles only its own."""
    found = _BY_REFERENCE.ask(reference)()
    if not found or account.operator_id not in (None, found[0].operator_id):
        return None
    return found[0]


def _settle_unknown(row: WebhookEvent, event: Event, journal: Journal) -> Settled:
    """No deposit has this reference: money goes to suspense in the account's book."""
    if event.type == "deposit.completed":
        return _receive_without_deposit(row, event, journal, "unknown reference")
    if event.type == "deposit.refunded":
        return _ask_staff(row, "unknown reference")
    return WebhookVerdict.IGNORED, "unknown reference" if event.type == "deposit.failed" else "unknown type"


def _settle_known(row: WebhookEvent, deposit: Deposit, event: Event, journal: Journal, *, is_news: bool) -> Settled:
    handler = _HANDLERS.get(event.type)
    if handler is None:
        return WebhookVerdict.IGNORED, "unknown type"
    before = deposit.status, deposit.refunded_at
    verdict, reason = handler(row, deposit, event, journal)
    if (deposit.status, deposit.refunded_at) != before:
        sets.update(Deposit, [deposit], MOVED)
        if is_news:
            news.tell_deposit(deposit, journal.at)
    if is_news and any(transfer.wallet_id for transfer in journal.transfers):
        news.tell_balance(journal.wallets[deposit.wallet_id], journal.at)
    return verdict, reason


def _on_completed(row: WebhookEvent, deposit: Deposit, event: Event, journal: Journal) -> Settled:
    if (mismatch := _mismatch(row, deposit, event)) or deposit.status == DepositStatus.REVIEW:
        return _receive_without_deposit(row, event, journal, mismatch or "the deposit is in review")
    if deposit.status != DepositStatus.COMPLETED:
        deposits.complete(journal, deposit, event.provider_reference)
        journal.post()
        return WebhookVerdict.SETTLED, ""
    known, sent = deposit.provider_reference, event.provider_reference
    if known and sent and known != sent:
        return _receive_without_deposit(row, event, journal, "a second payment for a completed deposit")
    return WebhookVerdict.IGNORED, "already completed"


def _on_failed(row: WebhookEvent, deposit: Deposit, _event: Event, _journal: Journal) -> Settled:
    if deposit.status != DepositStatus.PENDING:
        return WebhookVerdict.IGNORED, f"already {deposit.status}"
    if _is_of_another_provider(row, deposit):
        return _ask_staff(row, "another provider than the deposit's")
    deposit.status = DepositStatus.FAILED
    return WebhookVerdict.SETTLED, ""


def _on_refunded(row: WebhookEvent, deposit: Deposit, event: Event, journal: Journal) -> Settled:
    if (mismatch := _mismatch(row, deposit, event)) or deposit.status == DepositStatus.REVIEW:
        return _ask_staff(row, mismatch or "the deposit is in review")
    if deposit.refunded_at is not None:
        return WebhookVerdict.IGNORED, "already refunded"
    deposits.refund(journal, deposit)
    journal.post()
    _alert(row, "deposit_refunded", f"Deposit {deposit.reference} was taken back by the provider")
    return WebhookVerdict.SETTLED, ""


_HANDLERS: dict[str, Callable[[WebhookEvent, Deposit, Event, Journal], Settled]] = {
    "deposit.completed": _on_completed,
    "deposit.failed": _on_failed,
    "deposit.refunded": _on_refunded,
}


def _mismatch(row: WebhookEvent, deposit: Deposit, event: Event) -> str:
    """In what the event differs from the deposit it names, if anything."""
    if _is_of_another_provider(row, deposit):
        return "another provider than the deposit's"
    if event.currency != deposit.currency:
        return "another currency than the deposit's"
    if event.amount != deposit.amount:
        return "another amount than the deposit's"
    return ""


def _is_of_another_provider(row: WebhookEvent, deposit: Deposit) -> bool:
    return row.account.provider != deposit.method


def _receive_without_deposit(row: WebhookEvent, event: Event, journal: Journal, reason: str) -> Settled:
    """The money is there but fits no deposit: into suspense, in the book of the deposit or else of the account."""
    _put_in_review(row)
    if event.amount is None or not event.currency:
        _alert(row, "deposit_unreadable", "A payment was announced without a usable amount or currency")
        return WebhookVerdict.INVALID, "no usable amount or currency"
    journal.move(
        TransferKind.DEPOSIT_MISMATCH,
        Account.PSP,
        Account.SUSPENSE,
        event.amount,
        reference=row.pk,
        operator_id=book_of(row),
        currency=event.currency,
    )
    journal.post()
    _alert(row, "deposit_mismatched", f"{event.amount:.2f} {event.currency} went to suspense: {reason}")
    return WebhookVerdict.SUSPENSE, reason


def _ask_staff(row: WebhookEvent, reason: str) -> Settled:
    """Nothing moves; staff look at it."""
    _put_in_review(row)
    _alert(row, "webhook_unclear", f"An event {row.type} waits for a decision: {reason}")
    return WebhookVerdict.REVIEW, reason


def _put_in_review(row: WebhookEvent) -> None:
    """A deposit that was credited stays completed: its own money is not in doubt."""
    if row.deposit and row.deposit.status != DepositStatus.COMPLETED:
        row.deposit.status = DepositStatus.REVIEW


def book_of(row: WebhookEvent) -> UUID | None:
    """The operator in whose book the event's money is; None for the platform's."""
    return row.deposit.operator_id if row.deposit else row.account.operator_id


def _alert(row: WebhookEvent, kind: str, subject: str) -> None:
    """Tell the staff whose book it is."""
    details = {
        "webhook_event": str(row.pk),
        "provider": row.account.provider,
        "deposit": str(row.deposit.pk) if row.deposit else None,
        "amount": format_money(row.amount) if row.amount is not None else None,
        "currency": row.currency,
    }
    news.tell_alerts([Alert.objects.record(kind, subject, operator_id=book_of(row), details=details)])
