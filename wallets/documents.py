"""Wallets and deposits as the API and the feeds show them."""

from datetime import UTC, datetime
from typing import Any

from casino.money import format_money
from wallets.models import Deposit, Wallet


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


def format_moment(moment: datetime) -> str:
    """RFC 3339 in UTC, to the microsecond."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
