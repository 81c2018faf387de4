"""The back office's pages, as everybody's staff: what they show, what they cost, and that no neighbour is on them."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from casino.admin import BackOffice, Page
from casino.users.models import User
from operators.models import Alert, SignificantEvent
from operators.tests.conftest import Cast
from wallets.models import Wallet
from wallets.withdrawal_models import Withdrawal

pytestmark = pytest.mark.django_db
PAGES = ["", "figures/", "alerts/", "books/", "rtp/", "ledger/", "ledger/?account=real", "events/", "settings/"]
TABLES = ["alerts/", "books/", "rtp/", "ledger/", "events/"]
SPANS = ["today", "yesterday", "7d", "30d", "month"]


@pytest.fixture
def as_staff() -> Callable[[User], Client]:
    def log_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return log_in


def page(client: Client, address: str, **asked: str) -> Any:
    return client.get(f"/backoffice/{address}", asked or None)


def names_of(user: User) -> tuple[str, ...]:
    """What may not stand on this person's pages."""
    return {"aurora": ("Borealis", "borealis", "boris", "carla"), "borealis": ("Aurora", "aurora", "alice", "carla")}[
        user.operator.slug  # type: ignore[union-attr]
    ]


def own_rows(history: Cast) -> None:
    """An alert and an event at each operator, named for it."""
    for operator in history.operators.values():
        Alert.objects.record("rtp", f"RTP at {operator.name}", operator_id=operator.pk)
        SignificantEvent.objects.record("settings.changed", operator_id=operator.pk, reason=f"At {operator.name}")


@pytest.mark.parametrize("address", PAGES)
def test_staff_meet_their_own_operator_only(
    address: str, history: Cast, olga: User, fiona: User, sam: User, bruno: User, as_staff: Any
):
    own_rows(history)
    for user in (olga, fiona, sam, bruno):
        answer = page(as_staff(user), address)
        assert answer.status_code == 200, answer.content
        text = answer.content.decode()
        assert [name for name in names_of(user) if name in text] == []
        if address != "figures/":
            assert user.operator.name in text  # type: ignore[union-attr]


@pytest.mark.parametrize("address", PAGES)
def test_the_platform_sees_all_or_the_one_it_names(address: str, history: Cast, petra: User, as_staff: Any):
    client = as_staff(petra)
    assert page(client, address).status_code == 200
    named = client.get(f"/backoffice/{address}{'&' if '?' in address else '?'}operator=borealis")
    assert named.status_code == 200
    assert "orealis" in named.content.decode() or address == "settings/"


@pytest.mark.parametrize("address", PAGES)
def test_another_operators_page_is_not_there(address: str, history: Cast, olga: User, alice: User, as_staff: Any):
    joined = "&" if "?" in address else "?"
    answer = as_staff(olga).get(f"/backoffice/{address}{joined}operator=borealis")
    assert answer.status_code == 404
    assert "Borealis" not in answer.content.decode()
    for client in (as_staff(alice), Client()):
        assert client.get(f"/backoffice/{address}").status_code == 302


@pytest.mark.parametrize("span", SPANS)
def test_the_overview_has_the_figures_of_the_reports(span: str, history: Cast, olga: User, api: Any, as_staff: Any):
    shown = page(as_staff(olga), "figures/", span=span).json()["cards"]["aurora"]
    about = page(as_staff(olga), "", span=span).context["board"].span.period
    book = api(olga).get("/admin/financials", {"from": about.first, "to": about.last}).data
    for card, name in (("ggr", "ggr"), ("wagers", "wagers"), ("bonus_cost", "promotion_costs"), ("ngr", "ngr")):
        assert shown[card]["value"] == f"{Decimal(book[name]):,.2f}", card
    assert shown["deposits"]["value"] == f"{Decimal(book['deposits']['sum']):,.2f}"
    returns = api(olga).get("/admin/rtp", {"from": about.first, "to": about.last}).data["totals"]
    assert shown["rtp"] == {"value": returns["rtp"] or "–", "note": f"theory {returns['theoretical_rtp'] or '–'} %"}


def test_active_players_and_first_deposits_are_counted_once(history: Cast, olga: User, as_staff: Any, fund: Any):
    month = page(as_staff(olga), "figures/", span="30d").json()["cards"]["aurora"]
    assert month["active"]["value"] == "3"
    assert (month["first_deposits"]["value"], month["deposits"]["note"]) == ("2", "2 completed")
    fund(history.players["alice"], "25.00")
    fund(history.players["bella"], "40.00")
    today = page(as_staff(olga), "figures/").json()["cards"]["aurora"]
    assert today["deposits"] == {"value": "65.00", "note": "2 completed"}
    assert today["first_deposits"] == {"value": "1", "note": "40.00 USD"}


def test_currencies_are_never_added_up(history: Cast, petra: User, as_staff: Any):
    board = page(as_staff(petra), "", span="30d").context["board"]
    assert [(section.operator.slug, section.operator.currency) for section in board.sections] == [
        ("aurora", "USD"), ("borealis", "USD"), ("cascade", "EUR"),
    ]  # fmt: skip
    assert list(board.pools) == ["USD"]


def test_each_card_leads_to_a_page_that_opens(history: Cast, olga: User, petra: User, as_staff: Any):
    for user, asked in ((olga, {}), (petra, {"operator": "aurora"})):
        client = as_staff(user)
        sections = page(client, "", span="7d", **asked).context["sections"]
        addresses = {card.address for section in sections for card in section["cards"] if card.address}
        assert len(addresses) > 5
        assert {address: client.get(address).status_code for address in addresses} == dict.fromkeys(addresses, 200)


def statements(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_pages_cost_few_statements_and_as_many_for_all_operators(
    history: Cast, petra: User, olga: User, as_staff: Any, wallet_of: Any
):
    own_rows(history)
    wallet = wallet_of(history.players["alice"])
    for address in (*PAGES[2:], f"ledger/wallet/{wallet.pk}/"):
        for user in (olga, petra):
            assert statements(as_staff(user), f"/backoffice/{address}") <= 12, (address, user)
    assert statements(as_staff(petra), "/backoffice/") <= 36
    assert statements(as_staff(petra), "/backoffice/?operator=aurora") <= 42


def test_each_table_is_also_a_file(history: Cast, olga: User, as_staff: Any):
    own_rows(history)
    SignificantEvent.objects.record("settings.changed", operator_id=olga.operator_id, reason="=HYPERLINK(1)")
    for address in TABLES:
        answer = page(as_staff(olga), address, format="csv")
        assert answer["Content-Type"].startswith("text/csv"), address
        assert len(answer.content.splitlines()) > 1, address
        assert "orealis" not in answer.content.decode()
    assert "'=HYPERLINK(1)" in page(as_staff(olga), "events/", format="csv").content.decode()


def test_every_page_names_itself_and_its_place_in_the_menu(history: Cast, olga: User, petra: User, as_staff: Any):
    for user in (olga, petra):
        client = as_staff(user)
        menu = client.get("/backoffice/").context["menu"]
        links = [link["url"] for section in menu for link in section["links"]]
        assert len(links) == len(set(links))
        assert {url: client.get(url).status_code for url in links} == dict.fromkeys(links, 200)
    titles = [section["title"] for section in menu]
    assert titles == ["Overview", "Money", "Players", "Games", "Promotions", "Reports", "Platform"]


def test_the_menu_calls_people_accounts(history: Cast, olga: User, as_staff: Any):
    page = as_staff(olga).get("/backoffice/users/user/").content.decode()
    assert '<a href="/backoffice/users/user/" aria-current="page">Accounts</a>' in page
    assert "<title>Accounts · Back office</title>" in page
    assert ">Users<" not in page


def test_a_page_of_the_platforms_is_hidden_from_staff(olga: User, petra: User, as_staff: Any):
    added = Page("vault/", "vault", "Vault", "Platform", lambda request: None, is_platforms=True)  # type: ignore[arg-type,return-value]
    assert "Vault" not in as_staff(olga).get("/backoffice/").content.decode()
    guarded = admin.site._guarded(added)  # type: ignore[attr-defined]
    request = as_staff(olga).get("/backoffice/").wsgi_request
    assert guarded(request).status_code == 404


def test_lists_that_nobody_scoped_are_the_platforms_alone(olga: User, petra: User, as_staff: Any):
    foreign = ["auth/group/", "account/emailaddress/", "mfa/authenticator/", "games/category/"]
    for address in foreign:
        assert as_staff(petra).get(f"/backoffice/{address}").status_code == 200
        for tail in ("", "add/"):
            assert as_staff(olga).get(f"/backoffice/{address}{tail}").status_code == 403, address
    text = as_staff(olga).get("/backoffice/").content.decode()
    assert [address for address in foreign if address in text] == []


class OpenHouse(admin.ModelAdmin):
    """As a careless package might write it: everybody may everything."""

    def everybody(self, request: Any, *args: Any) -> bool:
        return True

    has_module_permission = has_view_permission = has_add_permission = everybody
    has_change_permission = has_delete_permission = everybody


def test_a_list_that_lets_everybody_in_is_still_the_platforms(rf: Any, olga: User, petra: User):
    site = BackOffice("another")
    site.register(Group, OpenHouse)
    registered = site._registry[Group]
    for user, may in ((olga, False), (petra, True)):
        request = rf.get("/")
        request.user = user
        assert registered.has_module_permission(request) is may
        assert set(registered.get_model_perms(request).values()) == {may}
    assert "view_on_site" not in {getattr(found, "name", None) for found in site.get_urls()}


def test_the_headers_allow_nothing_unsafe(history: Cast, olga: User, as_staff: Any, client: Client):
    for address in ("/backoffice/", "/backoffice/login/", "/backoffice/rtp/", "/backoffice/users/user/", "/", "/docs",
                    "/docs/problems", "/games", "/healthz", "/nowhere"):  # fmt: skip
        answer = as_staff(olga).get(address)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'"), address
        assert "unsafe" not in policy
        text = answer.content.decode()
        assert "<script>" not in text
        assert "<style" not in text.replace("<noscript><style", "")
        assert ' style="' not in text


def test_the_overview_shows_who_waits_and_since_when(
    history: Cast, olga: User, as_staff: Any, wallet_of: Any, api: Any
):
    assert page(as_staff(olga), "figures/").json()["cards"]["aurora"]["pending"]["note"] == "0.00 USD · nobody waits"
    sonia = history.players["sonia"]
    Wallet.objects.filter(pk=wallet_of(sonia).pk).update(wagering_required=0)
    body = {"amount": "50.00", "method": "bank_transfer", "destination": {"account": "DE02120300000000202051"}}
    answer = api(sonia).post("/withdrawals", body | {"waive_bonuses": True}, headers={"Idempotency-Key": "k" * 16})
    assert answer.status_code == 201, answer.data
    Withdrawal.objects.update(created_at=timezone.now() - timedelta(hours=3, minutes=1), status="pending")
    Alert.objects.record("rtp", "Look", operator_id=olga.operator_id)
    client = as_staff(olga)
    shown = page(client, "figures/").json()["cards"]["aurora"]["pending"]
    assert shown["value"] == "1"
    assert shown["note"].replace("\xa0", " ") == "50.00 USD · oldest waits 3 hours, 1 minute"
    assert "1 open alert<" in page(client, "").content.decode()
