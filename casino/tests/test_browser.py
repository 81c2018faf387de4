"""The back office in a real browser, against the running casino: what staff do all day, and nothing in the console."""

import warnings
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, WebSocketRoute, expect

from casino.tests.browsing import Visitor, browser_at, chromium, visiting
from casino.tests.paying_out import ask_for_money, bet
from casino.tests.running import Caller, Stack, fund, running_stack

pytestmark = [pytest.mark.xdist_group("stack"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home: Path = tmp_path_factory.mktemp("browser")
    with running_stack(home) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        warnings.warn("NO CHROMIUM: the back office is NOT tested in a browser", stacklevel=1)
        pytest.skip("there is no Chromium")
    with browser_at(path) as running:
        yield running


@pytest.fixture
def olga(browser: Browser, stack: Stack) -> Iterator[Visitor]:
    """Aurora's manager, at the overview."""
    with visiting(browser, stack.url) as visitor:
        visitor.log_in("manager@aurora.test")
        yield visitor


@pytest.fixture
def petra(browser: Browser, stack: Stack) -> Iterator[Visitor]:
    with visiting(browser, stack.url) as visitor:
        visitor.log_in("petra@platform.test")
        yield visitor


@pytest.fixture(scope="module")
def alice(stack: Stack) -> Caller:
    """A player at Aurora with 200.00 of real money and no bonus."""
    player = Caller(stack.url)
    player.register("aurora")
    fund(player, "200.00")
    return player


def name_of(player: Caller) -> str:
    return str(player.call("GET", "/auth/user").json()["username"])


def figure(visitor: Visitor, card: str) -> Decimal:
    shown = visitor.page.locator(f"[data-operator='aurora'] [data-card='{card}']").inner_text()
    return Decimal(shown.replace(",", ""))


def test_olga_sees_a_bet_the_moment_it_is_played(olga: Visitor, alice: Caller):
    expect(olga.page.locator("#live-state")).to_have_text("Live")
    before = figure(olga, "wagers")
    bet(alice, "comet-wheel", "1.00")
    row = olga.page.locator("#ticker li", has_text=name_of(alice)).first
    expect(row).to_contain_text("comet-wheel")
    expect(row).to_contain_text("1.00 USD")
    expect(olga.page.locator("[data-operator='aurora'] [data-card='wagers']")).to_have_text(f"{before + 1:,.2f}")
    assert olga.complaints == []


def test_petra_sees_every_operators_figures_move(petra: Visitor, alice: Caller):
    expect(petra.page.locator("#live-state")).to_have_text("Live")
    before = figure(petra, "wagers")
    bet(alice, "comet-wheel", "1.50")
    shown = petra.page.locator("[data-operator='aurora'] [data-card='wagers']")
    expect(shown).to_have_text(f"{before + Decimal('1.5'):,.2f}")
    assert petra.complaints == []


def test_what_was_played_while_the_feed_was_away_comes_after_it(browser: Browser, stack: Stack, alice: Caller):
    sockets: list[WebSocketRoute] = []

    def carry(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    with visiting(browser, stack.url) as visitor:
        visitor.page.route_web_socket("**/ws/**", carry)
        visitor.log_in("manager@aurora.test")
        state = visitor.page.locator("#live-state")
        expect(state).to_have_text("Live")
        sockets[-1].close(code=1011)
        played = bet(alice, "comet-wheel", "0.70")
        expect(visitor.page.locator(f"#ticker li[data-row='{played['id']}']")).to_contain_text("0.70 USD")
        expect(state).to_have_text("Live")
        assert len(sockets) == 2


def test_the_overview_goes_on_without_its_feed(browser: Browser, stack: Stack, alice: Caller):
    with visiting(browser, stack.url) as visitor:
        visitor.page.route_web_socket("**/ws/**", lambda socket: socket.close())
        visitor.log_in("manager@aurora.test")
        expect(visitor.page.locator("#live-state")).to_contain_text("every 5 s")
        before = figure(visitor, "wagers")
        bet(alice, "comet-wheel", "2.00")
        expect(visitor.page.locator("[data-operator='aurora'] [data-card='wagers']")).to_have_text(
            f"{before + 2:,.2f}", timeout=12_000
        )


def test_every_page_of_the_menu_opens_without_a_complaint(olga: Visitor, petra: Visitor):
    seen: set[str] = set()
    for visitor in (olga, petra):
        links = visitor.page.locator("#menu a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
        assert len(links) > 15
        # What both have in their menus is opened once.
        for address in sorted(set(links) - seen):
            visitor.page.goto(visitor.url + address, wait_until="domcontentloaded")
            assert visitor.page.locator("h1").first.inner_text()
        seen |= set(links)
        assert visitor.complaints == []


@pytest.mark.parametrize("address", ["/", "/docs", "/docs/problems"])
def test_the_open_pages_are_refused_nothing(browser: Browser, stack: Stack, address: str):
    with visiting(browser, stack.url) as visitor:
        visitor.open(address)
        visitor.page.wait_for_load_state("networkidle")
        if address == "/docs":
            expect(visitor.page.get_by_text("/bets").first).to_be_visible()
        assert visitor.complaints == []


def test_the_menu_opens_by_keyboard_on_a_phone(browser: Browser, stack: Stack):
    with visiting(browser, stack.url, viewport={"width": 390, "height": 844}) as visitor:
        visitor.log_in("manager@aurora.test")
        menu, toggle = visitor.page.locator("#menu"), visitor.page.locator("#menu-toggle")
        expect(menu).to_be_hidden()
        toggle.focus()
        visitor.page.keyboard.press("Enter")
        expect(menu).to_be_visible()
        visitor.page.keyboard.press("Escape")
        expect(menu).to_be_hidden()
        expect(toggle).to_be_focused()
        # Nothing is wider than the screen.
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390
        assert visitor.complaints == []


def test_a_setting_changes_with_a_reason_and_stands_in_the_events(olga: Visitor):
    olga.open("/backoffice/settings/")
    olga.page.get_by_label("Deposits per hour").fill("17")
    olga.page.get_by_role("button", name="Save").click()
    expect(olga.page.get_by_text("Say why.")).to_be_visible()
    olga.page.get_by_label("Why").fill("Fewer at once")
    olga.page.get_by_role("button", name="Save").click()
    expect(olga.page.get_by_text("Saved; it is in force.")).to_be_visible()
    olga.open("/backoffice/events/?kind=settings.changed")
    row = olga.page.locator("table.dense tbody tr").first
    expect(row).to_contain_text("Fewer at once")
    expect(row).to_contain_text("20 → 17")


def test_olga_approves_a_withdrawal_and_nobody_approves_it_again(olga: Visitor, alice: Caller, stack: Stack):
    asked = ask_for_money(alice, "20.00")
    olga.open("/backoffice/wallets/withdrawal/")
    olga.page.get_by_role("link", name=str(asked["reference"])).click()
    approve = olga.page.get_by_role("link", name="Approve")
    address = str(approve.get_attribute("href"))
    # The same form in a second window, as a colleague might have it open.
    second = olga.context.new_page()
    second.goto(olga.url + address)
    second.get_by_label("Reason").fill("I had not seen that it was done")
    approve.click()
    olga.page.get_by_label("Reason").fill("Account checked")
    olga.page.get_by_role("button", name="Approve").click()
    expect(olga.page.locator(".messagelist .success")).to_be_visible()

    second.get_by_role("button", name="Approve").click()
    expect(second.locator(".errornote, .messagelist .error, .refused")).to_be_visible()
    shown = alice.call("GET", f"/withdrawals/{asked['id']}").json()
    assert [step["status"] for step in shown["timeline"]].count("approved") == 1
    assert olga.complaints == []
    audit = stack.manage("audit_ledger")
    assert audit.returncode == 0, audit.stdout + audit.stderr


def test_petra_switches_the_paytable_of_a_game(petra: Visitor, alice: Caller):
    assert bet(alice, "comet-wheel", "0.10")["game"]["version"] == 1  # type: ignore[index]
    petra.open("/backoffice/games/game/?q=comet-wheel")
    petra.page.get_by_role("link", name="Comet Wheel").first.click()
    petra.page.get_by_role("link", name="Change paytable").click()
    paytable = petra.page.get_by_label("Paytable")
    paytable.fill(paytable.input_value().replace('"4"', '"3"'))
    petra.page.get_by_label("Reason").fill("A calmer wheel")
    petra.page.get_by_role("button", name="Preview").click()
    expect(petra.page.get_by_text("90.740741").first).to_be_visible()
    petra.page.get_by_role("button", name="Save").click()
    expect(petra.page.get_by_text("Version 2 of Comet Wheel is in force; its RTP is 90.740741 %.")).to_be_visible()
    assert bet(alice, "comet-wheel", "0.10")["game"]["version"] == 2  # type: ignore[index]
    assert petra.complaints == []
