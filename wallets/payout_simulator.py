"""The other side of the simulated payout provider: a little after it accepted a payout, its signed event says how it
ended. It goes through the same door as any provider's."""

import json
import logging
from datetime import datetime, timedelta
from secrets import token_bytes
from uuid import UUID

from django.utils import timezone

from casino.money import format_money
from operators.models import Operator
from wallets import services
from wallets.models import Provider, ProviderAccount
from wallets.payouts import answer_of
from wallets.providers import find_collector, new_webhook_secret, open_provider_account, secrets_of, sign_headers
from wallets.webhooks import SignedEvent
from wallets.withdrawal_models import SimulatedPayout, SimulatedStatus

logger = logging.getLogger(__name__)
# How long the simulated provider takes.
DELAY = timedelta(seconds=5)


def send_due_events(now: datetime | None = None, batch: int = 200) -> int:
    """Send the events of the payouts that have taken long enough; answers how many. May run twice and at once."""
    due = SimulatedPayout.objects.filter(told_at=None, created_at__lte=(now or timezone.now()) - DELAY)
    return sum(_send_apart(pk) for pk in list(due.order_by("created_at").values_list("pk", flat=True)[:batch]))


def send_event(key: str, at: datetime | None = None) -> None:
    """End the payout with this key and send its event now; ``at`` dates history runs."""
    payout = SimulatedPayout.objects.select_related("operator").get(key=key)
    if payout.status == SimulatedStatus.ACCEPTED:
        fails = payout.account.lower().startswith("fail")
        payout.status = SimulatedStatus.FAILED if fails else SimulatedStatus.COMPLETED
        payout.save(update_fields=["status"])
    event = _sign(payout, at or timezone.now())
    slug = event.account.operator.slug if event.account.operator else None
    services.receive_webhook(Provider.PAYOUTS, slug, event.headers, event.body, at=at)
    payout.told_at = at or timezone.now()
    payout.save(update_fields=["told_at"])


def _send_apart(payout_id: UUID) -> bool:
    """One that fails holds up no other."""
    try:
        send_event(SimulatedPayout.objects.values_list("key", flat=True).get(pk=payout_id))
    except Exception:
        logger.exception("the event of simulated payout %s was not sent", payout_id)
        return False
    return True


def _sign(payout: SimulatedPayout, at: datetime) -> SignedEvent:
    """The payout's event; sent twice it has the same id."""
    account = _account_of(payout.operator)
    answer = answer_of(payout)
    data = {
        "reference": payout.key,
        "amount": format_money(payout.amount),
        "currency": payout.currency,
        "provider_reference": answer.provider_reference,
        "simulated": True,
    }
    body = json.dumps({"type": f"payout.{payout.status}", "data": data}).encode()
    headers = sign_headers(secrets_of(account)[0], f"evt_{payout.pk.hex}_{payout.status}", at, body)
    return SignedEvent(account, headers, body)


def _account_of(operator: Operator) -> ProviderAccount:
    """The account through which the operator pays out; the simulated provider opens one for the platform at need."""
    account = find_collector(Provider.PAYOUTS, operator)
    return account or open_provider_account(Provider.PAYOUTS, None, new_webhook_secret(token_bytes(32)))[0]
