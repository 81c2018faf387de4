"""What this project relies on of allauth, piece by piece: an update that changes one of them fails here by name."""

from collections.abc import Callable, Iterator

import pytest
from allauth.account.adapter import get_adapter
from allauth.account.forms import ResetPasswordForm, UserTokenForm
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.headless.tokens.strategies.sessions import SessionTokenStrategy
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.cached_db import SessionStore
from django.core import mail
from django.http import HttpRequest
from django.test import RequestFactory
from django.urls import NoReverseMatch, reverse

from casino.users.models import User
from casino.users.tests.conftest import SECRET, code_now
from conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_under_way() -> Iterator[HttpRequest]:
    """A request inside AccountMiddleware's context."""
    request = RequestFactory().post("/auth/login")
    request.session = SessionStore()
    request.user = AnonymousUser()
    with context.request_context(request):
        yield request


def test_the_adapters_are_ours_and_its_own_signup_is_shut(request_under_way: HttpRequest) -> None:
    assert type(get_adapter()).__module__ == type(get_mfa_adapter()).__module__ == "casino.users.registration"
    assert get_adapter().is_open_for_signup(request_under_way) is False


@pytest.mark.parametrize("name", ["account_login", "account_signup", "headless:app:account:login"])
def test_none_of_its_pages_is_mounted(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name)


def test_the_adapter_authenticates_by_stored_email(request_under_way: HttpRequest, alice: User) -> None:
    def authenticate(email: str, password: str) -> User | None:
        found: User | None = get_adapter().authenticate(request_under_way, email=email, password=password)
        return found

    assert authenticate(alice.email, PASSWORD) == alice
    assert authenticate(alice.email, "wrong-horse-7") is None
    assert authenticate("nobody@aurora.test", PASSWORD) is None
    assert authenticate("alice", PASSWORD) is None


def test_the_adapter_hands_out_people_who_are_switched_off(request_under_way: HttpRequest, alice: User) -> None:
    """Which is why ``check_credentials`` looks at ``is_active`` itself."""
    User.objects.filter(pk=alice.pk).update(is_active=False)
    found = get_adapter().authenticate(request_under_way, email=alice.email, password=PASSWORD)
    assert found == alice
    assert not found.is_active


def test_a_second_address_of_another_account_logs_nobody_in(
    stranger: Callable[..., object], request_under_way: HttpRequest, alice: User, boris: User
) -> None:
    """allauth tries everybody who ever claimed the address; ``check_credentials`` wants the one who has it."""
    from casino.users.registration import check_credentials
    from casino.users.services import InvalidCredentials

    boris.set_password("battery-staple-8")
    boris.save()
    EmailAddress.objects.create(user=boris, email=alice.email)
    found = get_adapter().authenticate(request_under_way, email=alice.email, password="battery-staple-8")
    assert found == boris
    with pytest.raises(InvalidCredentials):
        check_credentials(request_under_way, alice.email, "battery-staple-8")
    assert check_credentials(request_under_way, alice.email, PASSWORD) == alice


def test_the_adapter_logs_in_and_out(request_under_way: HttpRequest, alice: User) -> None:
    get_adapter().login(request_under_way, alice)
    key = request_under_way.session.session_key
    assert request_under_way.session[SESSION_KEY] == str(alice.pk)
    request_under_way.session.save()

    get_adapter().logout(request_under_way)
    assert key is not None
    assert not SessionStore().exists(key)
    assert SESSION_KEY not in request_under_way.session


def test_the_adapter_checks_and_sets_passwords(request_under_way: HttpRequest, alice: User) -> None:
    assert get_adapter().clean_password("battery-staple-8", alice) == "battery-staple-8"
    get_adapter().set_password(alice, "battery-staple-8")
    stored = User.objects.get(pk=alice.pk)
    assert stored.check_password("battery-staple-8")
    assert stored.password.startswith("argon2$argon2id$")


def test_a_session_token_is_the_session_key_and_finds_the_session(request_under_way: HttpRequest) -> None:
    request_under_way.session["fact"] = 1
    token = SessionTokenStrategy().create_session_token(request_under_way)
    assert token == request_under_way.session.session_key
    found = SessionTokenStrategy().lookup_session(token)
    assert found is not None
    assert found["fact"] == 1

    found.flush()
    assert SessionTokenStrategy().lookup_session(token) is None


def test_the_reset_form_mails_a_key_that_the_token_form_reads(request_under_way: HttpRequest, alice: User) -> None:
    form = ResetPasswordForm(data={"email": alice.email})
    assert form.is_valid()
    form.save(request_under_way)
    key = mail.outbox[0].body.split("/password-reset/")[1].split()[0]
    uid, _, token = key.partition("-")
    assert uid == alice.pk.hex

    read = UserTokenForm(data={"uidb36": uid, "key": token})
    assert read.is_valid()
    assert read.reset_user == alice
    assert not UserTokenForm(data={"uidb36": uid, "key": token[:-1]}).is_valid()
    assert not UserTokenForm(data={"uidb36": "x", "key": token}).is_valid()
    alice.set_password("battery-staple-8")
    alice.save()
    assert not UserTokenForm(data={"uidb36": uid, "key": token}).is_valid()


def test_the_code_form_checks_a_code_once(
    request_under_way: HttpRequest, alice: User, second_factor: Callable[[User], None]
) -> None:
    assert not is_mfa_enabled(alice, [Authenticator.Type.TOTP])
    second_factor(alice)
    assert is_mfa_enabled(alice, [Authenticator.Type.TOTP])

    code = code_now()
    form = AuthenticateForm(data={"code": code}, user=alice)
    assert form.is_valid()
    form.authenticator.record_usage()
    stored = Authenticator.objects.get()
    assert stored.last_used_at is not None
    assert SECRET not in stored.data["secret"]
    assert not AuthenticateForm(data={"code": code}, user=alice).is_valid()
    assert not AuthenticateForm(data={"code": code_now(steps=50)}, user=alice).is_valid()


def test_a_recovery_code_stands_in_for_the_app(request_under_way: HttpRequest, alice: User) -> None:
    codes = Authenticator.objects.create(
        user=alice,
        type=Authenticator.Type.RECOVERY_CODES,
        data={"used_mask": 0, "seed": get_mfa_adapter().encrypt("seed")},
    ).wrap()
    code = codes.generate_codes()[0]
    assert AuthenticateForm(data={"code": code}, user=alice).is_valid()
    assert not AuthenticateForm(data={"code": code}, user=alice).is_valid()
