"""Wallets, deposits, withdrawals and adjustments as the API and the feeds show them."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from casino.money import format_money
from operators.models import Alert
from wallets.adjustment_models import Adjustment
from wallets.models import Deposit, Wallet, WebhookEvent
from wallets.withdrawal_models import Withdrawal, WithdrawalStep


def wallet_document(wallet: Wallet) -> dict[str, Any]:
    """The wallet's JSON object; its ``operator`` should be loaded."""
    return {
        "id": str(wallet.pk),
        "operator": {"slug": wallet.operator.slug, "name": wallet.operator.name},
        "currency": wallet.currency,
        "real": format_money(wallet.real),
        "bonus": format_money(wallet.bonus),
        "held": format_money(wallet.held),
        "wagering": {
            "required": format_money(wallet.wagering_required),
            "wagered": format_money(wallet.wagering_wagered),
            "remaining": format_money(wallet.wagering_remaining),
        },
        "is_active": not wallet.is_blocked,
        "version": wallet.version,
    }


def deposit_document(deposit: Deposit) -> dict[str, Any]:
    """The deposit's JSON object; ``refunded_at`` is there only once the provider took the money back."""
    document: dict[str, Any] = {
        "id": str(deposit.pk),
        "reference": deposit.reference,
        "status": str(deposit.status),
        "amount": format_money(deposit.amount),
        "currency": deposit.currency,
        "method": str(deposit.method),
        "instructions": deposit.instructions,
        "expires_at": format_moment(deposit.expires_at),
        "created_at": format_moment(deposit.created_at),
    }
    if deposit.refunded_at is not None:
        document["refunded_at"] = format_moment(deposit.refunded_at)
    return document


def staff_deposit_document(deposit: Deposit) -> dict[str, Any]:
    """What staff see of a deposit; player and operator should be loaded."""
    return {
        **deposit_document(deposit),
        "player": {"id": str(deposit.player_id), "username": deposit.player.username},
        "operator": deposit.operator.slug,
    }


def webhook_event_document(event: WebhookEvent) -> dict[str, Any]:
    """A row of the inbox; account, deposit and withdrawal should be loaded with their operators.

    ``operator`` is the one in whose book it is, None being the platform.
    """
    about = event.deposit or event.withdrawal or event.account
    return {
        "id": str(event.pk),
        "provider": str(event.account.provider),
        "operator": about.operator.slug if about.operator else None,
        "event_id": event.event_id,
        "type": event.type,
        "verdict": str(event.verdict),
        "reason": event.reason,
        "deposit": event.deposit.reference if event.deposit else None,
        "amount": format_money(event.amount) if event.amount is not None else None,
        "currency": event.currency,
        "attempts": event.attempts,
        "received_at": format_moment(event.received_at),
        "settled_at": format_moment(event.settled_at) if event.settled_at else None,
    }


def withdrawal_document(withdrawal: Withdrawal) -> dict[str, Any]:
    """The withdrawal's JSON object; its ``steps`` should be loaded. The timeline names no staff."""
    return {
        "id": str(withdrawal.pk),
        "reference": withdrawal.reference,
        "status": str(withdrawal.status),
        "amount": format_money(withdrawal.amount),
        "currency": withdrawal.currency,
        "method": str(withdrawal.method),
        "timeline": [_step_document(step) for step in withdrawal.steps.all()],
        "created_at": format_moment(withdrawal.created_at),
    }


def _step_document(step: WithdrawalStep) -> dict[str, str]:
    entry = {"status": str(step.status), "at": format_moment(step.at)}
    return entry | ({"reason": step.reason} if step.reason else {})


def staff_withdrawal_document(withdrawal: Withdrawal) -> dict[str, Any]:
    """What staff see of a withdrawal; player, operator and approvers should be loaded."""
    approvers = [person for person in (withdrawal.first_approver, withdrawal.approver) if person is not None]
    return {
        **withdrawal_document(withdrawal),
        "player": {"id": str(withdrawal.player_id), "username": withdrawal.player.username},
        "operator": withdrawal.operator.slug,
        "destination": withdrawal.destination,
        "needs_two_people": withdrawal.needs_two_people,
        "is_automatic": withdrawal.is_automatic,
        "approved_by": [{"id": str(person.pk), "username": person.username} for person in approvers],
        "provider_reference": withdrawal.provider_reference,
    }


def adjustment_document(adjustment: Adjustment) -> dict[str, Any]:
    """The adjustment's JSON object; player, operator, maker and checker should be loaded."""
    return {
        "id": str(adjustment.pk),
        "status": str(adjustment.status),
        "player": {"id": str(adjustment.player_id), "username": adjustment.player.username},
        "operator": adjustment.operator.slug,
        "amount": format_money(adjustment.amount),
        "currency": adjustment.currency,
        "reason": adjustment.reason,
        "needs_two_people": adjustment.needs_two_people,
        "made_by": adjustment.maker.username,
        "checked_by": adjustment.checker.username if adjustment.checker else None,
        "decision_reason": adjustment.decision_reason or None,
        "created_at": format_moment(adjustment.created_at),
        "decided_at": format_moment(adjustment.decided_at) if adjustment.decided_at else None,
    }


@lru_cache(64)
def format_moment(moment: datetime) -> str:
    """RFC 3339 in UTC, to the microsecond."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def alert_document(alert: Alert) -> dict[str, Any]:
    """The alert's JSON object; its ``operator`` (a slug; None for the platform's own) should be loaded."""
    return {
        "id": str(alert.pk),
        "operator": alert.operator.slug if alert.operator else None,
        "kind": alert.kind,
        "severity": str(alert.severity),
        "subject": alert.subject,
        "created_at": format_moment(alert.created_at),
        "acknowledged_at": format_moment(alert.acknowledged_at) if alert.acknowledged_at else None,
        "details": alert.details,
    }
