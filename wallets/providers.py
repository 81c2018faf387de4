"""Payment providers: our accounts with them, their signed events, and one class for each way to pay in.

Events are signed as Standard Webhooks has it: HMAC-SHA256 over ``id.timestamp.body`` with a ``whsec_`` secret.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from django.db import transaction

from casino import sets
from casino.encryption import decrypt, encrypt
from casino.errors import Refusal
from casino.money import format_money, parse_amount
from operators.models import Operator
from wallets.barcodes import barcode_svg
from wallets.models import Deposit, Provider, ProviderAccount

TOLERANCE_SECONDS = 300
_PREFIX = "whsec_"
_EVENT_ID = re.compile(r"[\x21-\x7e]{1,128}", re.ASCII)
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
_REFERENCE = re.compile(r"[A-Z0-9-]{1,20}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


class NotAuthentic(Refusal):
    """The event is not signed by this account now: unknown account, wrong signature or wrong time, all the same."""

    status = 401
    code = "invalid_signature"
    title = "Signature not valid"
    detail = "The event carries no valid signature of this account at this time."


# --- Signatures ---


def new_webhook_secret(key: bytes) -> str:
    """The ``whsec_`` form of a key (24 to 64 bytes)."""
    return _PREFIX + base64.b64encode(key).decode()


def sign(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """The signature ``v1,<base64>``; raises ValueError for a secret that is not ``whsec_<base64>``."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(_key_of(secret), signed, "sha256")).decode()


def sign_headers(secret: str, event_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers with which a provider sends ``body`` at this moment."""
    timestamp = int(at.timestamp())
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, event_id, timestamp, body),
    }


def verify(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """The event's id, if one of ``secrets`` signed the raw body within five minutes of ``now``; NotAuthentic else."""
    sent = {name.lower(): value for name, value in headers.items()}
    event_id, timestamp = sent.get("webhook-id", ""), sent.get("webhook-timestamp", "")
    if not _EVENT_ID.fullmatch(event_id) or not _TIMESTAMP.fullmatch(timestamp):
        raise NotAuthentic
    given = [part.encode() for part in sent.get("webhook-signature", "").split(" ") if part.startswith("v1,")]
    is_signed = False
    for secret in secrets:
        due = sign(secret, event_id, int(timestamp), body).encode()
        for signature in given:
            is_signed |= hmac.compare_digest(due, signature)
    if not is_signed or abs(int(now.timestamp()) - int(timestamp)) > TOLERANCE_SECONDS:
        raise NotAuthentic
    return event_id


def _key_of(secret: str) -> bytes:
    encoded = secret.removeprefix(_PREFIX)
    if encoded == secret:
        raise ValueError(f"A webhook secret begins with {_PREFIX}.")
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise ValueError("A webhook secret is base64 after its prefix.") from None
    if len(key) < 24:
        raise ValueError("A webhook secret has at least 24 bytes.")
    return key


# --- Accounts ---

_ACTIVE = "WHERE provider = %s AND is_active AND"
_PLATFORMS = sets.Read(ProviderAccount, f"{_ACTIVE} operator_id IS NULL")
_OF_SLUG = sets.Read(ProviderAccount, f"{_ACTIVE} operator_id = (SELECT id FROM operators_operator WHERE slug = %s)")
_COLLECTORS = sets.Read(ProviderAccount, f"{_ACTIVE} (operator_id = %s OR operator_id IS NULL)")


def open_provider_account(
    provider: str, operator: Operator | None, secret: str, settings: Mapping[str, Any] | None = None
) -> tuple[ProviderAccount, bool]:
    """The account of the operator (None: the platform) with a provider, and whether it was made now.

    One that stands already keeps its secret and settings. Raises ValueError for a malformed secret.
    """
    _key_of(secret)
    return ProviderAccount.objects.get_or_create(
        provider=provider,
        operator=operator,
        defaults={"secret": encrypt(secret), "settings": dict(settings or {})},
    )


def rotate_provider_secret(account_id: UUID, secret: str) -> ProviderAccount:
    """Put ``secret`` in force; the one before stays accepted until the next rotation."""
    _key_of(secret)
    with transaction.atomic():
        account: ProviderAccount = ProviderAccount.objects.select_for_update(no_key=True).get(pk=account_id)
        account.previous_secret, account.secret = account.secret, encrypt(secret)
        account.save(update_fields=["secret", "previous_secret"])
    return account


def secrets_of(account: ProviderAccount) -> list[str]:
    """The secrets that sign for the account now: the current one first, then the previous."""
    return [decrypt(stored) for stored in (account.secret, account.previous_secret) if stored]


def find_account(provider: str, operator_slug: str | None) -> ProviderAccount | None:
    """The active account behind a webhook address; no slug means the platform's own."""
    if operator_slug is None:
        found = _PLATFORMS.ask(str(provider))()
    else:
        found = _OF_SLUG.ask(str(provider), operator_slug)()
    return found[0] if found else None


def find_collector(method: str, operator: Operator) -> ProviderAccount | None:
    """The account to which the operator's players pay: its own with settings, else the platform's, else its own."""
    accounts = {account.operator_id: account for account in _COLLECTORS.ask(str(method), operator.pk)()}
    own, platforms = accounts.get(operator.pk), accounts.get(None)
    if own is not None:
        own.operator = operator
        if own.settings:
            return own
    return platforms or own


def webhook_path(account: ProviderAccount) -> str:
    """Where the provider sends the account's events."""
    own = f"/{account.operator.slug}" if account.operator else ""
    return f"/webhooks/{account.provider}{own}"


# --- Providers ---


@dataclass(frozen=True)
class Event:
    """What an authentic event says; ``amount`` None and texts empty where it says nothing that makes sense."""

    type: str
    reference: str
    amount: Decimal | None
    currency: str
    provider_reference: str


class PaymentProvider:
    """A way to pay: what the player is told, how the provider proves who it is, and how its events read."""

    name: ClassVar[str]
    takes_deposits: ClassVar[bool] = True
    ttl: ClassVar[timedelta] = timedelta(hours=24)

    # What the account's settings must hold, because the instructions show it.
    needs: ClassVar[tuple[str, ...]] = ()

    def is_ready(self, account: ProviderAccount) -> bool:
        """Whether the account can take deposits."""
        return self.takes_deposits and all(account.settings.get(name) for name in self.needs)

    def instructions(self, deposit: Deposit, account: ProviderAccount) -> dict[str, Any]:
        """What the player is told to do."""
        raise NotImplementedError

    def verify(self, account: ProviderAccount, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """The event's id; raises NotAuthentic."""
        return verify(secrets_of(account), headers, body, now)

    def parse(self, payload: Any) -> Event:
        """What the event's JSON says."""
        content = payload if isinstance(payload, dict) else {}
        data = content.get("data")
        data = data if isinstance(data, dict) else {}
        try:
            amount = parse_amount(data.get("amount"))
        except ValueError:
            amount = None
        return Event(
            type=_text(content.get("type"), 40),
            reference=_matching(_REFERENCE, data.get("reference")),
            amount=amount if amount is not None and amount > 0 else None,
            currency=_matching(_CURRENCY, data.get("currency")),
            provider_reference=_text(data.get("provider_reference"), 100),
        )


class Generic(PaymentProvider):
    """Any provider that speaks Standard Webhooks."""

    name = Provider.GENERIC

    def instructions(self, deposit: Deposit, account: ProviderAccount) -> dict[str, Any]:
        return {"reference": deposit.reference, "webhook": webhook_path(account)}


class CashApp(PaymentProvider):
    """Send the amount to our cashtag and quote the reference."""

    name = Provider.CASHAPP
    needs = ("cashtag",)

    def instructions(self, deposit: Deposit, account: ProviderAccount) -> dict[str, Any]:
        return {"cashtag": account.settings["cashtag"], **_amount_and_reference(deposit)}


class InStoreCash(PaymentProvider):
    """Show the barcode, or say the code, at the till and pay there."""

    name: ClassVar[str] = Provider.INSTORE_CASH

    def instructions(self, deposit: Deposit, account: ProviderAccount) -> dict[str, Any]:
        barcode = {"symbology": "code128", "text": deposit.reference, "svg": barcode_svg(deposit.reference)}
        return {"code": deposit.reference, "barcode": barcode, **_amount_and_reference(deposit)}


class InStoreCard(InStoreCash):
    name = Provider.INSTORE_CARD


class Payouts(PaymentProvider):
    """Pays money out; takes none in."""

    name = Provider.PAYOUTS
    takes_deposits = False


PROVIDERS: dict[str, PaymentProvider] = {
    str(provider.name): provider for provider in (CashApp(), InStoreCash(), InStoreCard(), Generic(), Payouts())
}
DEPOSIT_METHODS = [name for name, provider in PROVIDERS.items() if provider.takes_deposits]


def _amount_and_reference(deposit: Deposit) -> dict[str, str]:
    return {
        "amount": format_money(deposit.amount),
        "currency": deposit.currency,
        "reference": deposit.reference,
    }


def _matching(pattern: re.Pattern[str], value: Any) -> str:
    """``value`` if it is a text of this form, else nothing: it may be anything that JSON can say."""
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""


def _text(value: Any, length: int) -> str:
    """``value`` cut to what a column holds."""
    return value.encode("utf-8", "replace").decode()[:length] if isinstance(value, str) else ""
