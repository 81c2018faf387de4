"""The second factor: set up, used and removed over REST; and money that staff decide about only once it was shown."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from casino.tests.access import address_of, fingerprint, things_of
from casino.tests.test_access_matrix import (
    TABLE,
    Cast,
    bodies_of,
    callers,
    coin,
    ever_lose,
    make_game,
    make_jackpot,
    order_of,
    play,
    world,
)  # fmt: skip
from casino.users.models import User
from casino.users.tests import conftest as people
from conftest import PASSWORD
from operators.models import SignificantEvent
from operators.tests.backoffice_world import World

__all__ = ["callers", "coin", "ever_lose", "make_game", "make_jackpot", "order_of", "play", "world"]
stranger, log_in, second_factor = people.stranger, people.log_in, people.second_factor
pytestmark = pytest.mark.django_db
ABOUT_MONEY = [
    "PUT admin/withdrawals/<uuid:pk>", "POST admin/adjustments", "PUT admin/adjustments/<uuid:pk>",
    "PUT admin/deposits/<uuid:pk>", "POST admin/webhooks/<uuid:pk>/replay", "POST admin/webhooks/<uuid:pk>/return",
    "POST admin/webhooks/<uuid:pk>/match", "POST admin/affiliates/<uuid:pk>/payouts", "POST admin/bonuses",
    "POST admin/free-spins",
]  # fmt: skip


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An authenticator app: ``app(secret)`` shows the code of now, ``app(secret, 50)`` one of another time."""

    def show(secret: str, steps: int = 0) -> str:
        monkeypatch.setattr(people, "SECRET", secret)
        return people.code_now(steps)

    return show


def set_up(client: Any, app: Any) -> tuple[str, list[str]]:
    """Set an app up over REST; answers its secret and the recovery codes."""
    begun = client.post("/auth/mfa/enrol", {"password": PASSWORD})
    assert begun.status_code == 200, begun.content
    secret = begun.json()["secret"]
    assert f"secret={secret}" in begun.json()["uri"]
    done = client.post("/auth/mfa/confirm", {"code": app(secret)})
    assert done.status_code == 200, done.content
    return secret, done.json()["recovery_codes"]


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_an_app_is_set_up_and_then_asked_for(log_in: Any, stranger: Any, alice: User, app: Any):
    client = log_in(alice)
    nothing = {"is_set_up": False, "is_shown": False, "recovery_codes_left": 0}
    assert client.get("/auth/mfa").json() == nothing
    secret, codes = set_up(client, app)
    assert len(set(codes)) == 10
    assert client.get("/auth/mfa").json() == {"is_set_up": True, "is_shown": True, "recovery_codes_left": 10}

    name = {"email": alice.email, "password": PASSWORD}
    assert code_of(stranger().post("/auth/login", name)) == (401, "mfa_required")
    # The code of the set-up was used; a recovery code serves once.
    assert code_of(stranger().post("/auth/login", name | {"code": app(secret)})) == (401, "invalid_credentials")
    assert stranger().post("/auth/login", name | {"code": codes[0]}).status_code == 200
    assert code_of(stranger().post("/auth/login", name | {"code": codes[0]})) == (401, "invalid_credentials")
    shown = client.post("/auth/mfa/recovery-codes", {"password": PASSWORD})
    assert shown.json() == {"recovery_codes": codes[1:]}
    assert shown["Content-Security-Policy"].startswith("default-src 'none'")
    assert client.post("/auth/mfa/remove", {"password": PASSWORD}).status_code == 204
    assert client.get("/auth/mfa").json() == nothing
    assert stranger().post("/auth/login", name).status_code == 200
    assert list(SignificantEvent.objects.filter(actor_id=alice.pk).order_by("id").values_list("kind", flat=True)) == [
        "mfa.set_up", "mfa.removed",
    ]  # fmt: skip


def test_a_stolen_session_changes_nothing_about_it(log_in: Any, alice: User, app: Any):
    client = log_in(alice)
    assert code_of(client.post("/auth/mfa/enrol", {"password": "wrong-horse-7"})) == (400, "invalid")
    assert code_of(client.post("/auth/mfa/confirm", {"code": "123456"})) == (409, "mfa_not_set_up")
    secret, _ = set_up(client, app)
    before = fingerprint()
    for path in ("/auth/mfa/remove", "/auth/mfa/recovery-codes"):
        assert client.post(path, {}).status_code == 400
        assert client.post(path, {"password": PASSWORD, "code": "1"}).status_code == 400
    assert client.post("/auth/mfa/remove", {"password": "wrong-horse-7"}).status_code == 400
    assert client.post("/auth/mfa/remove", {"code": app(secret, 50)}).status_code == 400
    assert code_of(client.post("/auth/mfa/enrol", {"password": PASSWORD})) == (409, "mfa_set_up")
    assert fingerprint() == before


def test_guessing_is_counted_with_the_accounts_other_failures(log_in: Any, stranger: Any, alice: User):
    client = log_in(alice)
    assert client.post("/auth/mfa/enrol", {"password": PASSWORD}).status_code == 200
    answers = [client.post("/auth/mfa/confirm", {"code": "00000x"}).status_code for _ in range(6)]
    assert answers == [400] * 5 + [429]
    assert client.post("/auth/mfa/enrol", {"password": PASSWORD}).status_code == 429
    assert stranger().post("/auth/login", {"email": alice.email, "password": PASSWORD}).status_code == 429


def test_the_secret_lies_encrypted(log_in: Any, alice: User, app: Any):
    from allauth.mfa.models import Authenticator
    from django.contrib.sessions.models import Session

    client = log_in(alice)
    secret = client.post("/auth/mfa/enrol", {"password": PASSWORD}).json()["secret"]
    assert secret not in str([session.get_decoded() for session in Session.objects.all()])
    assert client.post("/auth/mfa/confirm", {"code": app(secret)}).status_code == 200
    assert secret not in str(list(Authenticator.objects.values_list("data", flat=True)))


@pytest.mark.parametrize("line", ABOUT_MONEY)
def test_staff_decide_about_money_only_with_a_second_factor(
    line: str, callers: Cast, world: World, log_in: Any, second_factor: Any, olga: User, settings: Any
):
    settings.STAFF_MFA_REQUIRED = True
    things, bodies, (method, route) = things_of(world), bodies_of(world), line.split(" ", 1)
    address, before = address_of(route, things), fingerprint()
    refused = callers["olga"].send(method, address, bodies.get(line))
    assert code_of(refused) == (403, "mfa_required")
    # An app alone is not enough: this session never saw its code.
    second_factor(olga)
    assert code_of(callers["olga"].send(method, address, bodies.get(line))) == (403, "mfa_required")
    User.objects.get(pk=olga.pk).authenticator_set.all().delete()
    assert fingerprint() == before
    assert callers["sam"].send(method, address, bodies.get(line)).json()["code"] == "not_permitted"


def test_every_route_of_finance_and_every_grant_is_among_them():
    finance = {line for line, letters in TABLE.items() if letters.startswith("1333") and letters[4] in "2x"}
    assert finance - set(ABOUT_MONEY) == set()


def test_who_logged_in_with_a_code_decides(
    callers: Cast, world: World, stranger: Any, second_factor: Any, olga: User, settings: Any
):
    settings.STAFF_MFA_REQUIRED = True
    second_factor(olga)
    client = stranger()
    login = {"email": olga.email, "password": PASSWORD, "code": people.code_now()}
    token = client.post("/auth/login", login).json()["token"]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    decision = {"status": "approved", "reason": "Fine"}
    assert client.put(f"/admin/withdrawals/{world.withdrawal.pk}", decision).status_code == 200
    # What is not about money needs none.
    assert callers["olga"].call("PATCH", "/admin/settings", {"reason": "Because"}).status_code == 200


def test_the_back_office_asks_for_it_too(world: World, second_factor: Any, olga: User, settings: Any):
    settings.STAFF_MFA_REQUIRED = True
    client, before = Client(), fingerprint()
    client.force_login(olga)
    page = f"/backoffice/wallets/withdrawal/{world.withdrawal.pk}/do/approve/"
    answer = {"reason": "Fine", "key": uuid4().hex}
    for refused in (client.get(page), client.post(page, answer)):
        assert refused.status_code == 403
        assert "authenticator app" in refused.content.decode()
    many = {"action": "approve", "_selected_action": str(world.withdrawal.pk), "confirmed": "1"} | answer
    client.post("/backoffice/wallets/withdrawal/", many)
    player = User.objects.get(username="anna").pk
    for name in ("bonus", "spins", "adjust"):
        assert client.get(f"/backoffice/users/user/{player}/do/{name}/").status_code == 403
    assert client.get(f"/backoffice/users/user/{player}/do/unblock/").status_code == 200
    assert {name for name, digest in fingerprint().items() if digest != before[name]} <= {"users_user"}

    second_factor(olga)
    client = Client()
    login = {"username": olga.email, "password": PASSWORD, "code": people.code_now()}
    assert client.post("/backoffice/login/", login).status_code == 302
    assert client.post(page, answer).status_code == 302
    world.withdrawal.refresh_from_db()
    assert world.withdrawal.status != "pending"


def test_off_it_asks_nobody(callers: Cast, world: World):
    decision = {"status": "approved", "reason": "Fine"}
    assert callers["fiona"].call("PUT", f"/admin/withdrawals/{world.withdrawal.pk}", decision).status_code == 200
