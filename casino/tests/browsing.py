"""A real browser for the tests and the screenshots: Debian's Chromium, which is never downloaded from anywhere else."""

import os
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]  # fmt: skip
DEMO_PASSWORD = "demo-Passw0rd"  # of the demo's accounts, which exist only while DEBUG
INSTALL_SECONDS = 240


def chromium() -> str | None:
    """The path of Chromium, installed first where it is missing and this is root; None, and a warning, where not."""
    if path := shutil.which("chromium"):
        return path
    if os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
            subprocess.run(command, capture_output=True, timeout=INSTALL_SECONDS, check=False)
    path = shutil.which("chromium")
    if path is None:
        warnings.warn(
            "NO CHROMIUM: the back office is NOT tested in a browser (apt-get install chromium)", stacklevel=2
        )
    return path


@contextmanager
def browser_at(path: str) -> Iterator[Browser]:
    """A browser without a screen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visitor:
    """A person at a browser of their own; ``complaints`` is what the console says of errors and refused content."""

    context: BrowserContext
    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def open(self, address: str) -> None:
        self.page.goto(f"{self.url}{address}", wait_until="load")

    def log_in(self, email: str, password: str = DEMO_PASSWORD) -> None:
        """Come in through the back office's own door."""
        self.open("/backoffice/login/?next=/backoffice/")
        self.page.get_by_label("E-mail or name").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url(f"{self.url}/backoffice/")


@contextmanager
def visiting(browser: Browser, url: str, **options: object) -> Iterator[Visitor]:
    """A new visitor of the site, with nothing remembered."""
    context = browser.new_context(**options)  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    visitor = Visitor(context, context.new_page(), url)

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            visitor.complaints.append(f"{message.text} at {message.location.get('url')}")

    visitor.page.on("console", hear)
    visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    try:
        yield visitor
    finally:
        context.close()
