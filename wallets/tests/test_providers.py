"""Signatures as Standard Webhooks has them, accounts with their secrets, and what events say."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from operators.models import Operator
from wallets.models import ProviderAccount
from wallets.providers import (
    PROVIDERS,
    NotAuthentic,
    find_account,
    find_collector,
    new_webhook_secret,
    open_provider_account,
    rotate_provider_secret,
    secrets_of,
    sign,
    sign_headers,
    verify,
)

SECRET, OTHER = new_webhook_secret(b"k" * 24), new_webhook_secret(b"o" * 32)
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
BODY = b'{"type": "deposit.completed"}'


def test_a_signature_is_the_one_of_the_specification():
    # The example of the Standard Webhooks specification.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    assert sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_the_reference_library_accepts_what_we_sign_and_we_what_it_signs():
    now = datetime.now(UTC)
    body = '{"amount": "25.00", "note": "ünïcode"}'
    Webhook(SECRET).verify(body, sign_headers(SECRET, "evt_1", now, body.encode()))
    theirs = {
        "webhook-id": "evt_2",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("evt_2", now, body),
    }
    assert verify([SECRET], theirs, body.encode(), now) == "evt_2"
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(body, sign_headers(SECRET, "evt_1", now, body.encode()))


@given(event_id=st.from_regex(r"[!-~]{1,128}", fullmatch=True), body=st.binary(max_size=200))
def test_whatever_is_signed_verifies(event_id: str, body: bytes):
    assert verify([SECRET], sign_headers(SECRET, event_id, NOW, body), body, NOW) == event_id


@given(position=st.integers(0, len(BODY) * 8 - 1))
def test_one_flipped_bit_is_noticed(position: int):
    altered = bytearray(BODY)
    altered[position // 8] ^= 1 << position % 8
    with pytest.raises(NotAuthentic):
        verify([SECRET], sign_headers(SECRET, "evt", NOW, BODY), bytes(altered), NOW)


@pytest.mark.parametrize(("seconds", "is_taken"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_five_minutes_either_way_are_tolerated(seconds: int, is_taken: bool):
    headers = sign_headers(SECRET, "evt", NOW, BODY)
    then = NOW + timedelta(seconds=seconds)
    if is_taken:
        assert verify([SECRET], headers, BODY, then) == "evt"
    else:
        with pytest.raises(NotAuthentic):
            verify([SECRET], headers, BODY, then)


def test_one_of_several_signatures_by_one_of_several_secrets_is_enough():
    headers = sign_headers(OTHER, "evt", NOW, BODY)
    wrong = sign(new_webhook_secret(b"x" * 24), "evt", int(NOW.timestamp()), BODY)
    headers["webhook-signature"] = f"v1a,whatever {wrong} {headers['webhook-signature']} v2,x"
    assert verify([SECRET, OTHER], headers, BODY, NOW) == "evt"
    with pytest.raises(NotAuthentic):
        verify([SECRET], headers, BODY, NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": ""},
        {"webhook-id": "other"},
        {"webhook-id": "e" * 129},
        {"webhook-id": "é"},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "1772366400.0"},
        {"webhook-timestamp": "-1772366400"},
        {"webhook-timestamp": "١٢٣"},
        {"webhook-timestamp": "9" * 12},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,é"},
    ],
)
def test_headers_that_are_not_as_they_were_signed_are_refused(change: dict[str, str]):
    with pytest.raises(NotAuthentic):
        verify([SECRET], sign_headers(SECRET, "evt", NOW, BODY) | change, BODY, NOW)


def test_header_names_have_no_case():
    headers = {name.title(): value for name, value in sign_headers(SECRET, "evt", NOW, BODY).items()}
    assert verify([SECRET], headers, BODY, NOW) == "evt"


@pytest.mark.parametrize("secret", ["", "secret", "whsec_", "whsec_!!!!", "whsec_c2hvcnQ="])
def test_a_malformed_secret_opens_no_account(db: None, secret: str):
    with pytest.raises(ValueError, match="A webhook secret"):
        open_provider_account("generic", None, secret)
    assert not ProviderAccount.objects.exists()


def test_secrets_are_encrypted_at_rest_and_rotate(aurora: Operator):
    account, is_new = open_provider_account("generic", aurora, SECRET)
    assert is_new
    assert secrets_of(account) == [SECRET]
    assert SECRET not in account.secret
    rotated = rotate_provider_secret(account.pk, OTHER)
    assert secrets_of(rotated) == [OTHER, SECRET]
    third = new_webhook_secret(b"3" * 24)
    assert secrets_of(rotate_provider_secret(account.pk, third)) == [third, OTHER]


def test_opening_an_account_again_changes_nothing(aurora: Operator):
    open_provider_account("generic", aurora, SECRET)
    account, is_new = open_provider_account("generic", aurora, OTHER)
    assert not is_new
    assert secrets_of(account) == [SECRET]


def test_an_account_is_found_by_its_address_while_it_is_active(aurora: Operator, borealis: Operator):
    platform, _ = open_provider_account("generic", None, settings.DEMO_WEBHOOK_SECRET)
    own, _ = open_provider_account("generic", aurora, SECRET)
    assert find_account("generic", None) == platform
    assert find_account("generic", "aurora") == own
    assert find_account("generic", "borealis") is None
    assert find_account("cashapp", None) is None
    ProviderAccount.objects.filter(pk=own.pk).update(is_active=False)
    assert find_account("generic", "aurora") is None


def test_players_pay_to_the_operators_own_account_once_it_is_set_up(aurora: Operator):
    own, _ = open_provider_account("cashapp", aurora, SECRET)
    assert find_collector("cashapp", aurora) == own
    platform, _ = open_provider_account("cashapp", None, SECRET, {"cashtag": "$platform"})
    assert find_collector("cashapp", aurora) == platform
    ProviderAccount.objects.filter(pk=own.pk).update(settings={"cashtag": "$aurora"})
    assert find_collector("cashapp", aurora) == own


@pytest.mark.parametrize(
    "payload",
    [None, [], "text", 3, {}, {"type": 7, "data": []}, {"type": "x", "data": {"amount": True, "reference": ["D-1"]}}],
)
def test_an_event_that_says_nothing_reads_as_nothing(payload: Any):
    event = PROVIDERS["generic"].parse(payload)
    assert (event.reference, event.amount, event.currency) == ("", None, "")


@pytest.mark.parametrize(
    ("amount", "read"),
    [
        ("25.00", Decimal(25)),
        (25, Decimal(25)),
        (Decimal("25.5"), Decimal("25.50")),
        ("0", None),
        ("-1", None),
        ("1.001", None),
        ("1e3", None),
        ("NaN", None),
    ],
)
def test_amounts_are_read_exactly_or_not_at_all(amount: Any, read: Decimal | None):
    assert PROVIDERS["generic"].parse({"data": {"amount": amount}}).amount == read
