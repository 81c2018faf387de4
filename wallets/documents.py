"""A wallet as the API and the feeds show it."""

from typing import Any

from casino.money import format_money
from wallets.models import Wallet


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
