"""Every REST address of the site, called as each kind of person, with rows of Aurora's in the addresses."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from casino.api.throttling import connection as redis_connection
from casino.tests.listening import token_of
from casino.users.models import User
from operators.models import Affiliate, Alert
from operators.tests.backoffice_world import World
from seeding.models import Run
from wallets import grants
from wallets.adjustment_models import Adjustment
from wallets.models import WebhookEvent
from wallets.withdrawal_models import Withdrawal

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Who asks, in the order of the table's columns: nobody; Aurora's player, whose rows they are; another operator's
# player; Aurora's support, finance and manager; another operator's manager; the platform.
ROLES = ("nobody", "alice", "boris", "sam", "fiona", "olga", "bruno", "petra")


def routes() -> dict[str, tuple[str, ...]]:
    """The pattern of every address outside the back office, with the methods that its view declares."""

    def walk(patterns: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            elif isinstance(pattern, URLPattern) and not route.startswith("backoffice/"):
                yield route, pattern.callback

    return {route: _methods(callback) for route, callback in walk(get_resolver().url_patterns)}


def _methods(callback: Any) -> tuple[str, ...]:
    """What a view of the API answers; a plain page is read."""
    actions = getattr(callback, "actions", None)
    if actions:
        return tuple(method for method in METHODS if method.lower() in actions)
    kind = getattr(callback, "cls", None)
    return tuple(method for method in METHODS if kind is None or hasattr(kind, method.lower()))[: None if kind else 1]


@dataclass
class Caller:
    """Somebody (None: nobody) with the token of a session of their own."""

    user: User | None

    def __post_init__(self) -> None:
        self.client = APIClient(raise_request_exception=False)
        self.client.default_format = "json"
        if self.user is not None:
            self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {token_of(self.user)}")

    def call(self, method: str, address: str, body: Any = None, **options: Any) -> Any:
        """The answer; what the call wrote is taken back, and it counts towards no rate limit."""
        with transaction.atomic():
            answer = self.send(method, address, body, **options)
            transaction.set_rollback(True)
        return answer

    def send(self, method: str, address: str, body: Any = None, content_type: str = "application/json") -> Any:
        """The answer, and what the call wrote stays. ``body`` is raw, or what becomes JSON; None sends nothing."""
        redis_connection().flushdb()
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.generic(method, address, raw, content_type)


def fingerprint() -> dict[str, str]:
    """A digest of every table's rows; sessions, which only say who is logged in, left out."""
    with connection.cursor() as cursor:
        tables = [name for name in connection.introspection.table_names(cursor) if name != "django_session"]
        each = [
            f"SELECT '{name}', count(*) || ':' || coalesce(md5(string_agg(r::text, '|' ORDER BY r::text)), '') "
            f'FROM "{name}" r'
            for name in tables
        ]
        cursor.execute(" UNION ALL ".join(each))
        return dict(cursor.fetchall())


def things_of(world: World) -> dict[str, str]:
    """One row of Aurora's (of Alice's, where it is a player's) for each kind of address."""
    aurora, alice = world.aurora, world.bet.player
    alert = Alert.objects.record("velocity", "Only Aurora's", operator_id=aurora.pk)
    olga, anna = (User.objects.get(username=name) for name in ("olga", "anna"))
    bonus = grants.grant_bonus(olga, aurora, alice.pk, grants.BonusTerms(Decimal(7)), reason="Goodwill").row
    run = Run.objects.create(kind="simulation", seed=1, due_at=timezone.now())
    return {
        "bets": str(world.bet.pk),
        "games": world.game.slug,
        "deposits": str(world.review.pk),
        "withdrawals": str(Withdrawal.objects.filter(player=alice, operator=aurora).latest("id").pk),
        "bonuses": str(bonus.pk),
        "admin/players": str(anna.pk),
        "admin/alerts": str(alert.pk),
        "admin/affiliates": str(Affiliate.objects.filter(operator=aurora).latest("id").pk),
        "admin/games": world.game.slug,
        "admin/withdrawals": str(world.large.pk),
        "admin/adjustments": str(Adjustment.objects.filter(operator=aurora).latest("id").pk),
        "admin/deposits": str(world.review.pk),
        "admin/webhooks": str(WebhookEvent.objects.filter(deposit=world.review).latest("id").pk),
        "seed/runs": str(run.pk),
    }


def address_of(route: str, things: dict[str, str], *, is_random: bool = False) -> str:
    """The address with Aurora's row in it, or with one that nobody has."""
    head = route.partition("/<")[0]
    thing = str(uuid4()) if is_random else things.get(head, "generic")
    for name in ("<uuid:pk>", "<slug:name>", "<str:name>", "<str:provider>"):
        route = route.replace(name, thing)
    return "/" + route.replace("<str:operator>", "aurora")
