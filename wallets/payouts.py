"""Paying out: what a payout provider is asked and answers, and the simulated one, honest about being simulated.

A provider is asked under a fixed key: however often it is sent, one payout is made for it. Nothing here moves money of
ours, and no lock of ours may be held while a provider is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from wallets import ledger
from wallets.withdrawal_models import SimulatedPayout, SimulatedStatus

ACCEPTED, COMPLETED, FAILED, UNKNOWN = "accepted", "completed", "failed", "unknown"


@dataclass(frozen=True)
class PayoutOrder:
    """What a provider is asked to pay, under its ``key``."""

    key: str
    operator_id: UUID
    amount: Decimal
    currency: str
    method: str
    account: str


@dataclass(frozen=True)
class PayoutAnswer:
    """What a provider says of a payout: ``accepted`` (its event will follow), ``completed``, ``failed`` or ``unknown``.

    ``details`` is its answer as it came.
    """

    status: str
    provider_reference: str = ""
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


class PayoutProvider(Protocol):
    """Whoever pays: one call, which may be repeated, and may raise or answer ``unknown`` when nobody knows."""

    def pay(self, order: PayoutOrder, at: datetime | None = None) -> PayoutAnswer:
        """Pay the order, or say what became of it if its key is known already."""


class SimulatedProvider:
    """Pays nobody: keeps one row for each key, and says so in every answer (``"simulated": true``).

    Its event follows a little later (``payout_simulator``): completed, or failed where the account begins with "fail".
    """

    def pay(self, order: PayoutOrder, at: datetime | None = None) -> PayoutAnswer:
        asked = {
            "operator_id": order.operator_id,
            "amount": order.amount,
            "currency": order.currency,
            "method": order.method,
            "account": order.account,
        }
        payout, _ = SimulatedPayout.objects.get_or_create(
            key=order.key, defaults=asked | {"created_at": at or ledger.database_clock()}
        )
        if any(getattr(payout, name) != value for name, value in asked.items()):
            # As real providers have it, a key stands for one payout for ever.
            return PayoutAnswer(UNKNOWN, reason="the key was used for another payout")
        return answer_of(payout)


def answer_of(payout: SimulatedPayout) -> PayoutAnswer:
    """What the simulated provider says of one of its payouts."""
    reference = f"SIM-{payout.pk.hex[-12:]}"
    details = {"id": reference, "status": str(payout.status), "simulated": True}
    reason = "the simulated provider knows no such account" if payout.status == SimulatedStatus.FAILED else ""
    return PayoutAnswer(payout.status, reference, reason, details)


PROVIDER: PayoutProvider = SimulatedProvider()
