"""Money in: open, cancel and expire deposits; receive and settle providers' events. Each verb is one transaction."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone

from casino import sets
from casino.errors import Invalid
from casino.idempotency import IdempotencyKeyReused, digest
from casino.strict_json import parse_json
from casino.users.limits import check_deposit
from casino.users.models import User
from operators.models import Alert, Operator
from wallets import ledger, news, webhooks
from wallets.deposits import DepositNotPending, UnknownDeposit, check_limits
from wallets.models import Deposit, DepositStatus, Provider, ProviderAccount, Wallet, WebhookEvent, WebhookVerdict
from wallets.providers import DEPOSIT_METHODS, PROVIDERS, NotAuthentic, find_account, find_collector
from wallets.refusals import Blocked, NoWallet

logger = logging.getLogger(__name__)
# After so many failures to settle an event its staff are told; the sweeper goes on trying.
ATTEMPTS_BEFORE_ALERT = 5
_BY_ID = sets.Read(Deposit, "WHERE id = %s")
_BY_KEY = sets.Read(Deposit, "WHERE player_id = %s AND idempotency_key = %s")
_WALLET = sets.Read(Wallet, "WHERE player_id = %s AND operator_id = %s")


@dataclass(frozen=True)
class OpenedDeposit:
    """The deposit as it stands now, and whether this key had opened it before."""

    deposit: Deposit
    is_replay: bool = False


def open_deposit(
    player: User,
    amount: Decimal,
    method: str,
    *,
    operator: str | None = None,
    promo_code: str = "",
    key: str | None = None,
    at: datetime | None = None,
) -> OpenedDeposit:
    """Announce a deposit of ``amount`` at an operator (its slug; the player's active one by default). Moves no money.

    ``key`` makes it happen once; ``at`` dates the deposits of history runs. Raises IdempotencyKeyReused,
    UnknownOperator, NoWallet, Blocked, Excluded, OwnLimitReached, Invalid (method), LimitExceeded or VelocityExceeded.
    """
    key = key or uuid4().hex
    asked = digest({"amount": amount, "method": method, "operator": operator, "promo_code": promo_code})
    if (before := _opened_before(player, key, asked)) is not None:
        return before
    wallet = _find_wallet(player, operator)
    account = _find_collector(method, wallet.operator)
    deposit = Deposit(
        operator=wallet.operator,
        player=player,
        wallet=wallet,
        amount=amount,
        currency=wallet.currency,
        method=method,
        promo_code=promo_code,
        idempotency_key=key,
        request_digest=asked,
    )
    deposit.instructions = PROVIDERS[method].instructions(deposit, account)
    try:
        return _write_deposit(deposit, at)
    except IntegrityError:
        # The same key, at the same moment, for another operator's wallet: no common lock made it wait.
        if (before := _opened_before(player, key, asked)) is None:
            raise
        return before


def cancel_deposit(deposit_id: UUID) -> Deposit:
    """The player does not want to pay any more; DepositNotPending when it has moved on."""
    with transaction.atomic():
        rows = Deposit.objects.select_for_update(no_key=True, of=("self",)).select_related("player")
        deposit: Deposit = rows.get(pk=deposit_id)
        if deposit.status != DepositStatus.PENDING:
            raise DepositNotPending
        deposit.status = DepositStatus.CANCELLED
        deposit.save(update_fields=["status"])
        news.tell_deposit(deposit, timezone.now())
    return deposit


def expire_deposits(now: datetime | None = None, batch: int = 500) -> int:
    """End the pending deposits whose time is over; answers how many. Money that still comes is credited."""
    now = now or timezone.now()
    with transaction.atomic():
        due: Any = Deposit.objects.filter(status=DepositStatus.PENDING, expires_at__lte=now).order_by("expires_at")
        rows = list(due.select_for_update(no_key=True, skip_locked=True, of=("self",)).select_related("player")[:batch])
        for deposit in rows:
            deposit.status = DepositStatus.EXPIRED
            news.tell_deposit(deposit, now)
        Deposit.objects.filter(pk__in=[deposit.pk for deposit in rows]).update(status=DepositStatus.EXPIRED)
    return len(rows)


def receive_webhook(
    provider: str,
    operator_slug: str | None,
    headers: Mapping[str, str],
    body: bytes,
    *,
    at: datetime | None = None,
) -> WebhookEvent:
    """Verify the raw event, store it once for ever, and settle it in the same transaction; answers its row.

    An event that cannot be settled stays ``stored`` for the sweeper. ``at`` is now, unless a history run says
    otherwise. Raises NotAuthentic (unknown account, wrong signature or time) and Malformed (not JSON).
    """
    now = at or timezone.now()
    account = find_account(provider, operator_slug)
    if account is None:
        raise NotAuthentic
    event_id = PROVIDERS[account.provider].verify(account, headers, body, now)
    parse_json(body)
    with transaction.atomic():
        row, is_new = WebhookEvent.objects.get_or_create(
            account=account, event_id=event_id, defaults={"body": body.decode(), "received_at": now}
        )
        if is_new:
            row.account = account
            _try_to_settle(row, at)
    return row


def settle_stored_webhooks(batch: int = 200) -> int:
    """Settle events that could not be settled when they came; answers how many could now. May run twice at once."""
    waiting = WebhookEvent.objects.filter(verdict=WebhookVerdict.STORED).order_by("attempts", "received_at")
    return sum(settle_waiting(pk) for pk in list(waiting.values_list("pk", flat=True)[:batch]))


def deposit_through_webhook(
    player: User,
    amount: Decimal,
    *,
    method: str = Provider.GENERIC,
    operator: str | None = None,
    key: str | None = None,
    at: datetime | None = None,
) -> Deposit:
    """Open a deposit and let the provider's signed event complete it: the whole path in one call.

    With a ``key`` it may run again after a crash and still credits once. Raises what ``open_deposit`` raises.
    """
    deposit = open_deposit(player, amount, method, operator=operator, key=key, at=at).deposit
    event = _sign_completion(deposit, at or timezone.now())
    slug = event.account.operator.slug if event.account.operator else None
    receive_webhook(method, slug, event.headers, event.body, at=at)
    (completed,) = _BY_ID.ask(deposit.pk)()
    return completed


def sign_payment(reference: str, at: datetime) -> webhooks.SignedEvent:
    """The event with which its provider would complete a pending deposit at this moment.

    Raises UnknownDeposit or DepositNotPending.
    """
    deposit = Deposit.objects.select_related("operator").filter(reference=reference).first()
    if deposit is None:
        raise UnknownDeposit(f"No deposit has the reference {reference}.")
    if deposit.status != DepositStatus.PENDING:
        raise DepositNotPending(f"Deposit {reference} is {deposit.status}, not pending.")
    return _sign_completion(deposit, at)


def settle_waiting(pk: UUID) -> bool:
    """Settle one waiting event unless another sweeper has it; answers whether that succeeded."""
    with transaction.atomic():
        rows: Any = WebhookEvent.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        row = rows.select_related("account__operator").filter(pk=pk, verdict=WebhookVerdict.STORED).first()
        return row is not None and _try_to_settle(row, None)


def _sign_completion(deposit: Deposit, at: datetime) -> webhooks.SignedEvent:
    return webhooks.sign_event(_find_collector(deposit.method, deposit.operator), deposit, "completed", at)


def _opened_before(player: User, key: str, asked: str) -> OpenedDeposit | None:
    """What this key opened; IdempotencyKeyReused when that was something else."""
    found = _BY_KEY.ask(player.pk, key)()
    if not found:
        return None
    (deposit,) = found
    if deposit.request_digest != asked:
        raise IdempotencyKeyReused
    return OpenedDeposit(deposit, is_replay=True)


def _find_wallet(player: User, operator: str | None) -> Wallet:
    house = Operator.objects.named(operator or (player.operator.slug if player.operator else ""))
    found = _WALLET.ask(player.pk, house.pk)()
    if not found:
        raise NoWallet
    (wallet,) = found
    wallet.operator = house
    return wallet


def _find_collector(method: str, operator: Operator) -> ProviderAccount:
    """The account that takes the money; Invalid where the method is not offered here."""
    account = find_collector(method, operator) if method in DEPOSIT_METHODS else None
    if account is None or not PROVIDERS[method].is_ready(account):
        raise Invalid.field("method", f"Deposits by {method} are not offered here.", "not_offered")
    return account


def _write_deposit(deposit: Deposit, at: datetime | None) -> OpenedDeposit:
    """Decide and store under the wallet's lock, where a second request with the same key finds the first one's row."""
    with transaction.atomic():
        journal = ledger.lock([deposit.wallet_id], at)
        wallet = journal.wallets[deposit.wallet_id]
        if (before := _opened_before(deposit.player, deposit.idempotency_key, deposit.request_digest)) is not None:
            return before
        if deposit.player.is_blocked or wallet.is_blocked:
            raise Blocked
        check_deposit(deposit.player, wallet.currency, deposit.amount, journal.at)
        check_limits(wallet, deposit.amount, journal.at)
        deposit.created_at = journal.at
        deposit.expires_at = journal.at + PROVIDERS[deposit.method].ttl
        sets.insert(Deposit, [deposit])
        deposit._state.adding = False
        # As the database keeps them, so that a replay answers the same bytes.
        deposit.refresh_from_db(fields=["instructions"])
        if at is None:  # history is no news
            news.tell_deposit(deposit, journal.at)
    return OpenedDeposit(deposit)


def _try_to_settle(row: WebhookEvent, at: datetime | None) -> bool:
    """Settle inside a savepoint: a fault takes back what it did, and the event waits."""
    try:
        with transaction.atomic():
            webhooks.settle(row, at)
    except Exception:
        logger.exception("webhook event %s was not settled", row.pk)
        row.refresh_from_db()
        row.attempts += 1
        row.save(update_fields=["attempts"])
        if row.attempts == ATTEMPTS_BEFORE_ALERT:
            subject = f"Event {row.event_id} could not be settled {row.attempts} times"
            details = {"webhook_event": str(row.pk), "provider": row.account.provider}
            alert = Alert.objects.record("webhook_stuck", subject, operator_id=row.account.operator_id, details=details)
            news.tell_alerts([alert])
        return False
    return True
