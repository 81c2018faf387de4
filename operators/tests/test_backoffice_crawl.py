"""Every page of the back office, as each role reaches it by links and as the registry lists it: none breaks, none tells
of a neighbour."""

import re
from collections import Counter
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit
from uuid import uuid4

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import resolve, reverse

from casino.admin import Rows, Scoped
from casino.users.models import User
from operators.tests.backoffice_world import World, world

__all__ = ["world"]
pytestmark = pytest.mark.django_db
HREF = re.compile(r'href="([^"]+)"')
# So many pages of one kind (a view and the names of its parameters) are enough to know the kind.
OF_A_KIND = 1
PAGES = ("changelist", "add", "export")


def logged_in(user: User) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(user)
    return client


def text_of(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return unescape(content.decode())


def walk(client: Client) -> dict[str, tuple[int, str]]:
    """Every page that links lead to from the first, by address: its status and its text."""
    found: dict[str, tuple[int, str]] = {}
    kinds: Counter[Any] = Counter()
    waiting = ["/backoffice/"]
    while waiting:
        address = waiting.pop(0)
        split = urlsplit(address)
        if address in found or not split.path.startswith("/backoffice/") or "logout" in address:
            continue
        name = resolve(split.path).view_name
        # A tab or a status is a page of its own; ids and dates are not.
        asked = tuple((key, value if key in ("tab", "who") else "") for key, value in sorted(parse_qsl(split.query)))
        asked = tuple(pair for pair in asked if pair[0] != "_changelist_filters")
        kinds[name, asked] += 1
        if kinds[name, asked] > OF_A_KIND or len(asked) > 1:
            continue
        answer = client.get(address)
        text = text_of(answer)
        found[address] = (answer.status_code, text)
        if answer.status_code in (301, 302):
            waiting.append(urljoin(address, answer["Location"]))
        elif "html" in answer["Content-Type"]:
            waiting += [urljoin(address, unescape(link)) for link in HREF.findall(text)]
    return found


def registered() -> list[tuple[str, Any]]:
    """The lists of the site, each with the names of its pages' addresses."""
    site = admin.site
    return [(f"admin:{model._meta.app_label}_{model._meta.model_name}", rows) for model, rows in site._registry.items()]


def listed(client: Client, walked: dict[str, tuple[int, str]]) -> dict[str, tuple[int, str]]:
    """The pages of every registered list that no link led to."""
    found = {}
    for name, rows in registered():
        for page in PAGES:
            if page == "export" and not isinstance(rows, Rows):
                continue
            address = reverse(f"{name}_{page}")
            if address in walked:
                continue
            answer = client.get(address)
            found[address] = (answer.status_code, text_of(answer))
    return found


def test_no_page_breaks_and_none_names_a_neighbour(
    world: World, olga: User, fiona: User, sam: User, bruno: User, petra: User
):
    faults: list[Any] = []
    for user, secrets in ((olga, world.boreals), (fiona, world.boreals), (sam, world.boreals), (bruno, world.auroras),
                          (petra, set())):  # fmt: skip
        client = logged_in(user)
        walked = walk(client)
        pages = {**walked, **listed(client, walked)}
        for address, (status, text) in pages.items():
            shown = sorted(secret for secret in secrets if secret in text)
            if (status >= 400 and status not in (403, 404)) or shown:
                faults.append((user.username, address, status, shown))
        # A link that is shown leads somewhere: what a role may not see, it is not offered.
        faults += [(user.username, address, status) for address, (status, _) in walked.items() if status >= 400]
        reached = {resolve(urlsplit(address).path).view_name for address, (status, _) in pages.items() if status == 200}
        assert {"admin:wallets_withdrawal_changelist", "admin:betting_bet_export"} <= reached
        assert {"admin:wallets_withdrawal_change", "admin:games_game_history"} <= reached
        assert len(pages) > 100, (user, len(pages))
    assert faults == [], "\n".join(map(str, faults))


def test_a_neighbours_row_answers_like_a_row_that_never_was(world: World, bruno: User, petra: User):
    client = logged_in(bruno)
    asked = 0
    for name, rows in registered():
        row = _of_aurora(rows.model, world)
        if row is None or not isinstance(rows, Scoped) or isinstance(row.pk, int):
            continue
        for page in ("change", "history", "delete"):
            theirs, nobodys = (client.get(reverse(f"{name}_{page}", args=[key])) for key in (row.pk, uuid4()))
            assert theirs.status_code == nobodys.status_code != 200, (name, page)
            assert theirs.get("Location") == nobodys.get("Location"), (name, page)
            asked += 1
        for decision in rows.decisions:
            addresses = [reverse(f"{name}_decide", args=[key, decision.name]) for key in (row.pk, uuid4())]
            answers = [client.post(address, {"reason": "Mine", "key": "k"}) for address in addresses]
            assert answers[0].status_code == answers[1].status_code != 200, (name, decision.name)
            assert answers[0].get("Location") == answers[1].get("Location"), (name, decision.name)
    assert asked > 40


def _of_aurora(model: Any, world: World) -> Any:
    """A row of the model that Borealis may not see."""
    if not hasattr(model._default_manager, "visible_to"):
        return None
    names = {field.name for field in model._meta.get_fields()}
    rows = model._default_manager.all()
    if "operator" in names:
        rows = rows.filter(operator=world.aurora)
    elif "account" in names:
        rows = rows.filter(deposit__operator=world.aurora)
    elif "cost" in names or "game" in names:
        rows = rows.filter(game=world.game) if "game" in names else rows.none()
    elif model._meta.model_name == "operator":
        rows = rows.filter(pk=world.aurora.pk)
    else:
        rows = rows.filter(player__username="anna") if "player" in names else rows.none()
    # Alice plays at both: her person is no secret of Aurora's.
    return rows.exclude(username="alice").first() if model is User else rows.first()
