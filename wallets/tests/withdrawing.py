"""What the tests of money out share: what is asked for, and what moved since a moment."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from wallets.models import Transfer, Wallet
from wallets.withdrawal_models import Withdrawal

BODY = {"amount": "50.00", "method": "bank_transfer", "destination": {"account": "DE02120300000000202051"}}


@dataclass
class Books:
    """The transfers since this was made: ``books.moved()`` by route, ``books.unmoved()``."""

    seen: set[Any] = field(default_factory=lambda: set(Transfer.objects.values_list("pk", flat=True)))

    def moved(self) -> dict[str, Decimal]:
        total: Counter[str] = Counter()
        for transfer in Transfer.objects.exclude(pk__in=self.seen):
            total[f"{transfer.source} → {transfer.target}"] += transfer.amount  # type: ignore[assignment]
        return dict(total)  # type: ignore[arg-type]

    def unmoved(self) -> bool:
        return self.moved() == {}


def pockets(wallet: Wallet) -> tuple[Decimal, Decimal]:
    """Real and held, as they stand now."""
    wallet.refresh_from_db()
    return wallet.real, wallet.held


def timeline(withdrawal: Withdrawal) -> list[tuple[str, str]]:
    return [(step.status, step.reason) for step in withdrawal.steps.order_by("id")]
