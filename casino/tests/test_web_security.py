"""What a browser is told, what a page of another origin may, where the platform calls, and what its logs keep silent
about."""

import logging
import os
import socket
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.test import Client

from betting import rng_service
from betting.ingress import with_lean_bets
from casino.api.logs import JsonFormatter
from casino.content_security import DATA, PAGE
from casino.spreadsheets import pieces
from casino.tests.listening import token_of
from casino.users.models import User
from conftest import PASSWORD
from operators.models import Operator
from wallets.models import Deposit
from wallets.tests.conftest import SendingProvider

PROJECT = Path(__file__).resolve().parent.parent.parent
ELSEWHERE, FRONT_END = "https://elsewhere.example", "https://play.example"
PRODUCTION = {
    "SECRET_KEY": "Zk3!vQ9x-Tw7_Lp2#Hs8=Rb5+Yd1?Gm6*Nc4&Jf0%Ku" * 2, "ALLOWED_HOSTS": "casino.example",
    "DATABASE_URL": "postgresql://casino@127.0.0.1:1/casino", "REDIS_URL": "redis://127.0.0.1:1/0",
    "FIELD_ENCRYPTION_KEYS": "ZGV2ZWxvcG1lbnQtb25seS1rZXktbm90LXNlY3JldCE=", "TRUSTED_PROXY_COUNT": "1",
}  # fmt: skip


def in_production(*arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
    """A management command with production's settings and nothing else in its environment."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=PROJECT, env=kept | PRODUCTION | changed, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip


def test_production_passes_djangos_own_inspection():
    done = in_production("check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_production_answers_with_strict_transport_and_secure_cookies():
    script = (
        "from django.test import Client\n"
        "secure = Client(headers={'host': 'casino.example', 'x-forwarded-proto': 'https'}).get('/')\n"
        "plain = Client(headers={'host': 'casino.example'}).get('/bets')\n"
        "print(secure['Strict-Transport-Security'], secure.cookies['csrftoken'].output(), sep='\\n')\n"
        "print(plain.status_code, plain['Location'])\n"
        "print(Client(headers={'host': 'evil.example', 'x-forwarded-proto': 'https'}).get('/').status_code)\n"
    )
    done = in_production("shell", "-v", "0", "-c", script)
    transport, cookie, redirect, stranger = done.stdout.strip().splitlines()[-4:]
    assert transport == "max-age=31536000; includeSubDomains; preload"
    assert "Secure" in cookie
    assert "SameSite=Lax" in cookie
    assert redirect == "301 https://casino.example/bets"
    assert stranger == "400"


@pytest.mark.django_db
@pytest.mark.parametrize(("address", "policy"), [
    ("/", PAGE), ("/docs", PAGE), ("/docs/problems", PAGE), ("/backoffice/login/", PAGE), ("/backoffice/nothing", PAGE),
    ("/healthz", DATA), ("/schema", DATA), ("/games", DATA), ("/bets", DATA), ("/nothing/here", DATA),
])  # fmt: skip
def test_every_answer_says_what_a_browser_may_load(client: Client, address: str, policy: str):
    answer = client.get(address)
    assert answer["Content-Security-Policy"] == policy
    assert "unsafe" not in policy
    assert (answer["X-Content-Type-Options"], answer["Referrer-Policy"]) == ("nosniff", "same-origin")
    assert answer["X-Frame-Options"] == "DENY"


def test_the_lean_door_says_so_too(settings: Any):
    settings.SECURE_HSTS_SECONDS = 60
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", b"Bearer x"), (b"content-type", b"application/json")]
    call = with_lean_bets(None)({"type": "http", "method": "POST", "path": "/bets", "headers": headers}, receive, send)  # type: ignore[arg-type]
    with pytest.raises(StopIteration):
        call.send(None)  # type: ignore[attr-defined]
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    assert (sent[0]["status"], told["content-security-policy"]) == (400, DATA)
    assert told["strict-transport-security"] == "max-age=60; includeSubDomains; preload"


@pytest.mark.django_db
def test_a_page_of_another_origin_changes_nothing_by_cookie(alice: User):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    body = {"username": "mallory"}
    for headers in ({}, {"Origin": ELSEWHERE}, {"Referer": f"{ELSEWHERE}/page"}, {"X-CSRFToken": "x" * 64}):
        answer = client.patch("/auth/user", body, content_type="application/json", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    client.get("/")
    proof = {"X-CSRFToken": client.cookies["csrftoken"].value}
    stolen = client.patch("/auth/user", body, content_type="application/json", headers=proof | {"Origin": ELSEWHERE})
    assert stolen.status_code == 403
    alice.refresh_from_db()
    assert alice.username == "alice"
    assert client.patch("/auth/user", body, content_type="application/json", headers=proof).status_code == 200


@pytest.mark.django_db
def test_the_back_office_takes_no_form_of_another_origin(olga: User):
    client = Client(enforce_csrf_checks=True)
    login = {"username": olga.email, "password": PASSWORD}
    assert client.post("/backoffice/login/", login).status_code == 403
    client.force_login(olga)
    assert client.post("/backoffice/logout/").status_code == 403
    assert client.get("/backoffice/").status_code == 200


@pytest.mark.django_db
def test_only_named_origins_may_read_answers_and_never_by_cookie(client: Client, settings: Any):
    settings.CORS_ALLOWED_ORIGINS = [FRONT_END]
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,idempotency-key"}
    allowed = client.options("/bets", headers=ask | {"Origin": FRONT_END})
    assert allowed["Access-Control-Allow-Origin"] == FRONT_END
    assert {"authorization", "idempotency-key"} <= set(allowed["Access-Control-Allow-Headers"].split(", "))
    read = client.get("/games", headers={"Origin": FRONT_END})
    assert (read["Access-Control-Allow-Origin"], read["Vary"].lower().count("origin")) == (FRONT_END, 1)
    assert "X-Request-ID" in read["Access-Control-Expose-Headers"]
    for origin in (ELSEWHERE, "null", "https://play.example.evil.example", "http://play.example", FRONT_END + ":444"):
        for answer in (client.options("/bets", headers=ask | {"Origin": origin}),
                       client.get("/games", headers={"Origin": origin})):  # fmt: skip
            assert "Access-Control-Allow-Origin" not in answer
    assert "Access-Control-Allow-Credentials" not in read


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "169.254.169.254", "10.0.0.5", "192.168.1.1", "::1", "::ffff:10.0.0.5", "fd00::1"]
)
def test_a_name_that_leads_into_our_network_is_not_called(address: str, monkeypatch: pytest.MonkeyPatch, settings: Any):
    """Whatever else the name stands for, and however harmless it looked when it was set."""
    settings.ALLOW_LOOPBACK_SERVICES = False
    called: list[Any] = []
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(socket.AF_INET, 1, 6, "", ("9.9.9.9", 443)), (family, 1, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(socket, "create_connection", lambda *asked, **__: called.append(asked))
    line = rng_service._Line(rng_service.urlsplit("https://rng.example.com/seeds"), 1.0)
    with pytest.raises(OSError, match="its network"):
        line.connect()
    assert called == []


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("http://x")'])
def test_no_cell_of_any_file_is_a_formula(cell: str):
    (text,) = pieces([[cell, "-12.50"]])
    assert text.lstrip('"').startswith("'")
    assert text.rstrip().endswith(",-12.50")
    writers = [
        str(path.relative_to(PROJECT))
        for app in ("casino", "operators", "wallets", "vip", "betting", "seeding")
        for path in (PROJECT / app).rglob("*.py")
        if "tests" not in path.parts and "csv.writer" in path.read_text()
    ]
    assert writers == ["casino/spreadsheets.py"]


@pytest.mark.django_db
def test_logs_keep_silent_about_secrets(
    aurora: Operator, provider_account: Any, olga: User, caplog: pytest.LogCaptureFixture, settings: Any
):
    caplog.set_level(logging.DEBUG)
    client, email, secret = Client(), "nina@players.test", "Quiet-horse-77"

    def send(path: str, body: Any, token: str = "", method: str = "post") -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return getattr(client, method)(path, body, content_type="application/json", headers=headers)

    registered = send("/auth/register", {"email": email, "username": "nina", "password": secret, "operator": "aurora"})
    assert registered.status_code == 201
    assert send("/auth/login", {"email": email, "password": "Wrong-horse-77"}).status_code == 401
    token = send("/auth/login", {"email": email, "password": secret}).json()["token"]
    assert send("/deposits", {"amount": "50.00", "method": "generic"}, token).status_code == 201
    assert SendingProvider().says("completed", Deposit.objects.get()).status_code == 200
    assert SendingProvider("whsec_" + "A" * 44).says("completed", Deposit.objects.get()).status_code == 401
    account = "DE02120300000000202051"
    asked = {"amount": "20.00", "method": "bank_transfer", "destination": {"account": account}}
    assert send("/withdrawals", asked, token).status_code in (201, 422)
    assert send("/auth/password/reset", {"email": email}).status_code == 204
    assert send("/auth/password", {"current": secret, "new": "Quiet-horse-78"}, token).status_code == 204
    assert client.post("/backoffice/login/", {"username": olga.email, "password": PASSWORD}).status_code == 302
    assert send("/auth/logout", None, token).status_code == 204
    kept_silent = [
        secret, "Wrong-horse-77", "Quiet-horse-78", PASSWORD, email, olga.email, token, registered.json()["token"],
        client.cookies["sessionid"].value, account, settings.DEMO_WEBHOOK_SECRET, settings.SECRET_KEY,
        *settings.FIELD_ENCRYPTION_KEYS,
    ]  # fmt: skip
    # What the site logs at any level; statements with their values are logged by Django while DEBUG only.
    records = [record for record in caplog.records if record.name != "django.db.backends"]
    text = "\n".join(JsonFormatter().format(record) for record in records)
    assert "/auth/login" in text
    assert [one for one in kept_silent if one in text] == []
    assert Decimal(Deposit.objects.get().amount) == 50
    assert site_settings.LOGGING["root"]["level"] != "DEBUG"


@pytest.mark.django_db
def test_a_session_cookie_is_hidden_from_scripts(olga: User):
    client = Client()
    client.post("/backoffice/login/", {"username": olga.email, "password": PASSWORD})
    cookie = client.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    # A token in the address is not read: it would end up in logs and histories.
    assert Client().get(f"/wallets?token={token_of(olga)}").status_code == 401
