"""What staff decide about money that fits no deposit: it is matched to one, or returned to the provider.

An event's verdict is ``suspense`` for as long as its money is there. Decisions are made under the locks of the
deposit's wallet, of its player's standing, of the deposit, then of its events: of two at once, one finds it done.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from casino.errors import Conflict, Invalid, Refusal
from casino.money import ZERO, format_money
from casino.strict_json import parse_json
from casino.users.models import User
from operators.models import SignificantEvent
from vip.points import lock_standings
from wallets import ledger, news
from wallets.deposits import UnknownDeposit, complete
from wallets.ledger import Journal
from wallets.models import Account, Deposit, DepositStatus, TransferKind, WebhookEvent, WebhookVerdict
from wallets.providers import PROVIDERS
from wallets.webhooks import book_of

# Events about a deposit that wait for its decision.
WAITING = (WebhookVerdict.SUSPENSE, WebhookVerdict.REVIEW, WebhookVerdict.INVALID)


class DepositNotInReview(Conflict):
    """The deposit waits for no decision, or not any more (409)."""

    code = "not_in_review"
    detail = "This deposit is not in review any more."


class DepositCompleted(Conflict):
    """The deposit has had its money already (409)."""

    code = "already_completed"
    detail = "This deposit is completed already."


class NotInSuspense(Conflict):
    """The event has no money in suspense, or not any more (409)."""

    code = "not_in_suspense"
    detail = "This event has no money in suspense any more."


class NothingInSuspense(Refusal):
    """No money waits for the deposit."""

    code = "nothing_in_suspense"
    detail = "No money is in suspense for this deposit; nothing can be credited."


class CurrencyDiffers(Refusal):
    """Money in suspense for the deposit is in another currency than the deposit; it can only be returned."""

    code = "currency_differs"
    detail = "Money in another currency than the deposit's cannot be credited; return it."


class TakenBack(Refusal):
    """The provider says that it took the deposit's money back; it can only be returned."""

    code = "taken_back"
    detail = "The provider has announced that it takes this money back; return it."


class SamePaymentTwice(Refusal):
    """Two events tell of one payment at the provider; one of them is to be returned first."""

    code = "same_payment_twice"
    detail = "Two events tell of the same payment; return one of them first."


class AnotherBook(Refusal):
    """The event's money is in another book than the deposit's operator's; no money moves between the two."""

    code = "another_book"
    detail = "This money is not in the book of the deposit's operator; return it."


class DepositInReview(Refusal):
    """The event's money is all that waits for a deposit in review; the decision is the deposit's."""

    code = "deposit_in_review"
    detail = "This money belongs to a deposit in review; decide on that deposit."


def decide_deposit(deposit_id: UUID, staff: User, status: str, reason: str) -> Deposit:
    """Complete a deposit in review with what is in suspense for it, or fail it and return the money.

    Raises DepositNotInReview, and for a completion what can be wrong with the money: NothingInSuspense,
    CurrencyDiffers, TakenBack or SamePaymentTwice.
    """
    if status not in (DepositStatus.COMPLETED, DepositStatus.FAILED):
        raise Invalid.field("status", "A deposit in review is completed or failed.")
    with transaction.atomic():
        journal, deposit = _lock_deposit(deposit_id)
        if deposit.status != DepositStatus.REVIEW:
            raise DepositNotInReview
        if status == DepositStatus.COMPLETED:
            _credit(journal, deposit, staff, reason)
        else:
            _return(journal, deposit, staff, reason)
    return deposit


def match_event(event_id: UUID, staff: User, reference: str, reason: str) -> WebhookEvent:
    """Credit an event's money to the deposit it was meant for, with what is in suspense for that deposit already.

    Raises UnknownDeposit for a reference that ``staff`` cannot see, NotInSuspense, DepositCompleted, AnotherBook,
    DepositInReview, or what a completion raises.
    """
    found = Deposit.objects.visible_to(staff).filter(reference=reference).first()
    if found is None:
        raise UnknownDeposit(f"No deposit has the reference {reference}.")
    with transaction.atomic():
        journal, deposit = _lock_deposit(found.pk)
        event = _lock_suspense(event_id)
        if book_of(event) != deposit.operator_id:
            raise AnotherBook
        if event.deposit and event.deposit != deposit and event.deposit.status == DepositStatus.REVIEW:
            raise DepositInReview
        if deposit.status == DepositStatus.COMPLETED:
            raise DepositCompleted
        event.deposit = deposit
        event.save(update_fields=["deposit"])
        _credit(journal, deposit, staff, reason)
    return WebhookEvent.objects.get(pk=event_id)


def return_event(event_id: UUID, staff: User, reason: str) -> WebhookEvent:
    """Give an event's money back to the provider, out of the book it is in.

    Raises NotInSuspense; DepositInReview where that would leave a deposit in review with nothing to decide about.
    """
    known = WebhookEvent.objects.get(pk=event_id)
    with transaction.atomic():
        journal, deposit = _lock_deposit(known.deposit_id) if known.deposit_id else (ledger.lock([]), None)
        event = _lock_suspense(event_id)
        if event.deposit_id != known.deposit_id:
            raise NotInSuspense
        others = WebhookEvent.objects.filter(deposit=deposit, verdict=WebhookVerdict.SUSPENSE).exclude(pk=event_id)
        if deposit and deposit.status == DepositStatus.REVIEW and not others.exists():
            raise DepositInReview
        before = _facts_of_event(event)
        _move_back(journal, [event])
        journal.post()
        _close([event], "returned to the provider", journal)
        player_id = deposit.player_id if deposit else None
        SignificantEvent.objects.record(
            "webhook.returned", operator_id=book_of(event), actor_id=staff.pk, player_id=player_id, reason=reason,
            before=before, after=_facts_of_event(event) | {"webhook_events": [str(event.pk)]},
        )  # fmt: skip
    return event


def _lock_deposit(deposit_id: UUID) -> tuple[Journal, Deposit]:
    found = Deposit.objects.get(pk=deposit_id)
    journal = ledger.lock([found.wallet_id])
    # What completes may earn XP, and standings are locked before deposits.
    lock_standings([found.player_id])
    rows: Any = Deposit.objects.select_for_update(no_key=True, of=("self",)).select_related("player", "operator")
    deposit: Deposit = rows.get(pk=deposit_id)
    return journal, deposit


def _lock_suspense(event_id: UUID) -> WebhookEvent:
    """The event, locked, with its money still in suspense; NotInSuspense otherwise."""
    rows: Any = WebhookEvent.objects.select_for_update(no_key=True, of=("self",))
    event: WebhookEvent = rows.select_related("account__operator", "deposit__operator").get(pk=event_id)
    if event.verdict != WebhookVerdict.SUSPENSE:
        raise NotInSuspense
    return event


def _lock_waiting(deposit: Deposit) -> tuple[list[WebhookEvent], list[WebhookEvent]]:
    """The events that wait for the deposit's decision, and those of them whose money is in suspense."""
    rows: Any = WebhookEvent.objects.select_for_update(no_key=True, of=("self",)).select_related("account")
    waiting = list(rows.filter(deposit=deposit, verdict__in=WAITING).order_by("id"))
    return waiting, [event for event in waiting if event.verdict == WebhookVerdict.SUSPENSE]


def _credit(journal: Journal, deposit: Deposit, staff: User, reason: str) -> None:
    """Complete the deposit with what is in suspense for it, which becomes its amount; debt is repaid from it first."""
    waiting, funds = _lock_waiting(deposit)
    before = _facts(deposit, funds)
    payments = _check_funds(deposit, waiting, funds)
    deposit.amount = sum((event.amount or ZERO for event in funds), ZERO)
    complete(journal, deposit, next(iter(payments), ""), from_suspense=True)
    journal.post()
    deposit.save(update_fields=["amount", "status", "completed_at", "provider_reference"])
    _close(waiting, f"matched to {deposit.reference}", journal)
    _record("deposit.matched", deposit, staff, reason, before, _facts(deposit, funds))
    news.tell_deposit(deposit, journal.at)
    news.tell_balance(journal.wallets[deposit.wallet_id], journal.at)


def _check_funds(deposit: Deposit, waiting: Sequence[WebhookEvent], funds: Sequence[WebhookEvent]) -> list[str]:
    """Refuse what cannot be credited; answers what the provider calls the payments, where it says so."""
    if not funds:
        raise NothingInSuspense
    if deposit.refunded_at is not None or any(event.type == "deposit.refunded" for event in waiting):
        raise TakenBack
    if any(event.currency != deposit.currency for event in funds):
        raise CurrencyDiffers
    told = [(event.account_id, _payment_of(event)) for event in funds]
    payments = [(account_id, payment) for account_id, payment in told if payment]
    if len(set(payments)) < len(payments):
        raise SamePaymentTwice
    return [payment for _, payment in payments]


def _payment_of(event: WebhookEvent) -> str:
    return PROVIDERS[event.account.provider].parse(parse_json(event.body.encode())).provider_reference


def _return(journal: Journal, deposit: Deposit, staff: User, reason: str) -> None:
    """Fail the deposit, and give back whatever is in suspense for it."""
    waiting, funds = _lock_waiting(deposit)
    before = _facts(deposit, funds)
    for event in funds:
        event.deposit = deposit
    _move_back(journal, funds)
    journal.post()
    deposit.status = DepositStatus.FAILED
    deposit.save(update_fields=["status"])
    _close(waiting, "returned to the provider", journal)
    _record("deposit.returned", deposit, staff, reason, before, _facts(deposit, funds))
    news.tell_deposit(deposit, journal.at)


def _move_back(journal: Journal, funds: Iterable[WebhookEvent]) -> None:
    for event in funds:
        assert event.amount is not None, "money in suspense has an amount"
        journal.move(
            TransferKind.SUSPENSE_RETURNED,
            Account.SUSPENSE,
            Account.PSP,
            event.amount,
            reference=event.pk,
            operator_id=book_of(event),
            currency=event.currency,
        )


def _close(events: Sequence[WebhookEvent], outcome: str, journal: Journal) -> None:
    """The events wait no more: what had money is settled, what had none is done with."""
    for event in events:
        had_money = event.verdict == WebhookVerdict.SUSPENSE
        event.verdict = WebhookVerdict.SETTLED if had_money else WebhookVerdict.IGNORED
        event.reason = f"{event.reason}; {outcome}" if had_money else f"{event.reason}; decided by staff"
        event.settled_at = journal.at
    WebhookEvent.objects.bulk_update(events, ["verdict", "reason", "settled_at"])


def _facts(deposit: Deposit, funds: Sequence[WebhookEvent]) -> dict[str, Any]:
    return {
        "deposit": str(deposit.pk),
        "status": str(deposit.status),
        "amount": format_money(deposit.amount),
        "webhook_events": [str(event.pk) for event in funds],
    }


def _facts_of_event(event: WebhookEvent) -> dict[str, Any]:
    amount: Decimal = event.amount or ZERO
    return {"verdict": str(event.verdict), "amount": format_money(amount), "currency": event.currency}


def _record(
    kind: str, deposit: Deposit, staff: User, reason: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    SignificantEvent.objects.record(
        kind,
        operator_id=deposit.operator_id,
        actor_id=staff.pk,
        player_id=deposit.player_id,
        reason=reason,
        before=before,
        after=after,
    )
