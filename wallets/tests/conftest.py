"""A provider that signs and sends events, and looks at where the money is."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from operators.models import Operator
from wallets.models import Deposit, Transfer
from wallets.providers import new_webhook_secret, open_provider_account, sign_headers

AURORAS_SECRET = new_webhook_secret(b"aurora" * 6)
_numbers = count()


@dataclass
class SendingProvider:
    """Sends what a provider would: ``provider.says("completed", deposit)``. Each event gets an id of its own."""

    secret: str = settings.DEMO_WEBHOOK_SECRET
    path: str = "/webhooks/generic"

    def says(self, kind: str, deposit: Deposit, event_id: str | None = None, **data: Any) -> Any:
        """The event ``deposit.<kind>`` about this deposit; ``data`` overrides what it says."""
        facts = {
            "reference": deposit.reference,
            "amount": f"{deposit.amount:.2f}",
            "currency": deposit.currency,
            "provider_reference": "psp-1",
        }
        return self.sends({"type": f"deposit.{kind}", "data": facts | data}, event_id)

    def sends(self, content: Any, event_id: str | None = None, *, late_seconds: int = 0) -> Any:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        at = timezone.now() - timedelta(seconds=late_seconds)
        return self.posts(body, sign_headers(self.secret, event_id or f"event-{next(_numbers)}", at, body))

    def posts(self, body: bytes, headers: dict[str, str]) -> Any:
        """The raw request, as a stranger without session or CSRF token sends it."""
        client = Client(enforce_csrf_checks=True, headers=headers)
        return client.post(self.path, body, content_type="application/json")


@pytest.fixture
def provider(provider_account: Any) -> SendingProvider:
    """The generic provider, through the platform's account."""
    return SendingProvider()


@pytest.fixture
def auroras_provider(aurora: Operator) -> SendingProvider:
    """The generic provider, through Aurora's own account."""
    open_provider_account("generic", aurora, AURORAS_SECRET)
    return SendingProvider(AURORAS_SECRET, "/webhooks/generic/aurora")


@pytest.fixture
def moved(db: None) -> Callable[[], dict[str, Decimal]]:
    """What has moved so far, by route: ``{"psp → real": Decimal(25)}``."""

    def sums() -> dict[str, Decimal]:
        total: Counter[str] = Counter()
        for transfer in Transfer.objects.all():
            total[f"{transfer.source} → {transfer.target}"] += transfer.amount  # type: ignore[assignment]
        return dict(total)  # type: ignore[arg-type]

    return sums
