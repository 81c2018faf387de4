"""``make screenshots``: starts a casino, plays some weeks on it, and takes pictures of the back office's main pages."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page

from casino.tests.browsing import browser_at, chromium, visiting
from casino.tests.paying_out import ask_for_money
from casino.tests.running import PROJECT, Caller, fund, running_stack

FOLDER = PROJECT / "docs" / "screenshots"
MOST_BYTES = 250_000
DESKTOP, PHONE = {"width": 1280, "height": 780}, {"width": 390, "height": 844}


def main() -> None:
    """Take the pictures; says which files it wrote."""
    path = chromium()
    if path is None:
        raise SystemExit("The screenshots need Chromium: apt-get install chromium")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, running_stack(Path(home)) as stack:
        played = stack.manage("shell", "-v", "0", "-c", "from casino.tests.past import play; play()")
        assert played.returncode == 0, played.stderr
        for amount in ("120.00", "45.50", "80.00"):
            player = Caller(stack.url)
            player.register("aurora")
            fund(player, "200.00")
            ask_for_money(player, amount)
        take(path, stack.url)


def take(path: str, url: str) -> None:
    """The pictures of the casino at ``url``."""
    with browser_at(path) as browser:
        with visiting(browser, url, viewport=DESKTOP) as olga:
            olga.log_in("manager@aurora.test")
            for name, address in (
                ("overview", "/backoffice/?span=7d"),
                ("withdrawals", "/backoffice/wallets/withdrawal/"),
                ("rtp", "/backoffice/rtp/"),
            ):
                olga.open(address)
                _save(olga.page, name)
            # From the ledger to the wallet of whoever paid in last.
            olga.open("/backoffice/ledger/")
            olga.page.locator("table.dense a[href*='/ledger/wallet/']").first.click()
            olga.page.get_by_role("heading", name="Wallet of").wait_for()
            _save(olga.page, "wallet")
        with visiting(browser, url, viewport=DESKTOP, color_scheme="dark") as petra:
            petra.log_in("petra@platform.test")
            for name, address in (
                ("platform-dark", "/backoffice/?span=7d"),
                ("books", "/backoffice/books/?span=7d"),
                ("settings", "/backoffice/settings/"),
            ):
                petra.open(address)
                _save(petra.page, name)
        with visiting(browser, url, viewport=PHONE) as olga:
            olga.log_in("manager@aurora.test")
            olga.open("/backoffice/?span=7d")
            _save(olga.page, "phone")


def _save(page: Page, name: str) -> None:
    """A picture of what is in the window once the page has come to rest."""
    page.wait_for_load_state("networkidle")
    target = FOLDER / f"{name}.png"
    page.screenshot(path=target, animations="disabled")
    size = target.stat().st_size
    assert size < MOST_BYTES, f"{target} has {size} bytes"
    print(f"{target.relative_to(PROJECT)}: {size // 1000} kB")


if __name__ == "__main__":
    # With an address: of the casino that runs there, as it is.
    if len(sys.argv) > 1:
        take(chromium() or "chromium", sys.argv[1])
    else:
        main()
