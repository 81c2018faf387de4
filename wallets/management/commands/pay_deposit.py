"""``manage.py pay_deposit <reference>``: play the provider, so that a person can finish a deposit by hand."""

import json
from argparse import ArgumentParser
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from casino.errors import Refusal
from wallets.services import sign_payment

TIMEOUT_SECONDS = 10


class Command(BaseCommand):
    help = "Sign the provider's event that completes a pending deposit, and send it to the running site."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reference", help="the deposit's reference, such as D-7KX2M9QWRT")
        parser.add_argument(
            "--url", default=f"http://127.0.0.1:{settings.PORT}", help="the site (default: %(default)s)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        url: str = options["url"].rstrip("/")
        if not url.startswith(("http://", "https://")):
            raise CommandError(f"{url} is not an http address.")
        try:
            event = sign_payment(options["reference"].strip().upper(), timezone.now())
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        address = url + event.path
        headers = {"Content-Type": "application/json", **event.headers}
        try:
            with urlopen(Request(address, event.body, headers), timeout=TIMEOUT_SECONDS):  # noqa: S310 - http, see above
                self.stdout.write(f"Sent to {address}: the deposit is paid.")
        except HTTPError as error:
            raise CommandError(f"{address} answered {error.code}: {_detail_of(error)}") from None
        except (URLError, TimeoutError) as error:
            reason = error.reason if isinstance(error, URLError) else "no answer in time"
            raise CommandError(f"Nothing answers at {url} ({reason}); start the site, or name it with --url.") from None


def _detail_of(error: HTTPError) -> str:
    """What the problem document says."""
    try:
        return str(json.loads(error.read())["detail"])
    except (ValueError, KeyError, TypeError):
        return error.reason
