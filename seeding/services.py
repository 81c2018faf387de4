"""Filling the platform with a demo: brands, people, games and money, through the same services as the real ones."""

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from secrets import token_bytes
from typing import Any

from django.conf import settings
from django.db import transaction

from betting.jackpots import open_pools
from betting.services import open_account
from casino.errors import Refusal
from casino.games.jackpots import JackpotGroup, JackpotLevel
from casino.games.models import Category, Game
from casino.games.serializers import GameBodySerializer
from casino.games.services import create_game
from casino.users.models import Role, User
from operators.models import Affiliate, Operator
from seeding.cast import (
    BRANDS,
    CATEGORIES,
    DUTIES,
    FREE_SPIN_GAME,
    HOUSE_JACKPOT,
    JACKPOT_LEVELS,
    PLATFORM_ADMIN,
    PLAYERS,
    Brand,
    DemoPlayer,
)
from wallets.bonus_rules import open_default_rules
from wallets.models import Deposit, Provider
from wallets.providers import new_webhook_secret, open_provider_account
from wallets.services import deposit_through_webhook

CATALOGUE = Path(__file__).parent / "catalogue"


class DemoAccountsRefused(Refusal):
    """Demo logins have a known password, so they exist only while DEBUG."""

    status = 403
    code = "demo_accounts_refused"
    detail = "Demo accounts have a known password; seed a database with DEBUG=1 only."


@dataclass
class Summary:
    """How many rows of each kind were made, and how many stood already."""

    created: Counter[str] = field(default_factory=Counter)
    existing: Counter[str] = field(default_factory=Counter)

    def count(self, kind: str, is_new: bool) -> None:
        (self.created if is_new else self.existing)[kind] += 1


def is_empty() -> bool:
    """Whether nobody has moved in yet."""
    return not Operator.objects.exists() and not User.objects.exists()


def seed_database() -> Summary:
    """Make the demo; what is there already stays as it is, so a second run adds nothing.

    Raises DemoAccountsRefused outside DEBUG.
    """
    if not settings.DEBUG:
        raise DemoAccountsRefused
    summary = Summary()
    with transaction.atomic():
        _seed_jackpots(summary)
        _seed_games(summary)
        for brand in BRANDS:
            _seed_brand(brand, summary)
        _seed_person(summary, PLATFORM_ADMIN, "petra", role=Role.PLATFORM)
        _seed_provider(summary, None, settings.DEMO_WEBHOOK_SECRET)
    for player in PLAYERS:
        _seed_player(player, summary)
    return summary


def rehearse_database() -> Summary:
    """What ``seed_database`` would make; nothing is kept."""
    with transaction.atomic():
        summary = seed_database()
        transaction.set_rollback(True)
    return summary


def _seed_jackpots(summary: Summary) -> None:
    slug, name, currency = HOUSE_JACKPOT
    group, is_new = JackpotGroup.objects.get_or_create(slug=slug, defaults={"name": name, "currency": currency})
    summary.count("jackpot groups", is_new)
    for position, (level, kind, rate, seed, odds, ceiling) in enumerate(JACKPOT_LEVELS):
        terms = {
            "position": position,
            "kind": kind,
            "rate": Decimal(rate),
            "seed": Decimal(seed),
            "odds": Decimal(odds),
            "ceiling": Decimal(ceiling) if ceiling else None,
        }
        _, is_new = JackpotLevel.objects.get_or_create(group=group, name=level, defaults=terms)
        summary.count("jackpot levels", is_new)
    open_pools(group)


def _seed_games(summary: Summary) -> None:
    for position, (slug, name) in enumerate(CATEGORIES):
        _, is_new = Category.objects.get_or_create(slug=slug, defaults={"name": name, "position": position})
        summary.count("categories", is_new)
    known = set(Game.objects.values_list("slug", flat=True))
    for path in sorted(CATALOGUE.glob("*.json")):
        is_new = path.stem not in known
        if is_new:
            _seed_game(json.loads(path.read_text()))
        summary.count("games", is_new)


def _seed_game(entry: dict[str, Any]) -> None:
    """Make one game of the catalogue, whose files hold what POST /games takes."""
    description = entry.pop("description")
    body = GameBodySerializer(data=entry)
    body.is_valid(raise_exception=True)
    create_game(replace(body.spec(None), description=description))


def _seed_brand(brand: Brand, summary: Summary) -> None:
    operator, is_new = Operator.objects.get_or_create(
        slug=brand.slug, defaults={"name": brand.name, "currency": brand.currency}
    )
    summary.count("operators", is_new)
    for _ in open_default_rules(operator, Game.objects.get(slug=FREE_SPIN_GAME)):
        summary.count("bonus rules", is_new=True)
    _, is_new = Affiliate.objects.get_or_create(
        operator=operator, code=brand.affiliate_code, defaults={"name": f"{brand.name} Partners"}
    )
    summary.count("affiliates", is_new)
    for duty in DUTIES:
        _seed_person(
            summary,
            f"{duty}@{brand.slug}.test",
            f"{duty}-{brand.slug}",
            role=Role.OPERATOR,
            duty=duty,
            operator=operator,
        )
    _seed_provider(summary, operator, new_webhook_secret(token_bytes(32)))


def _seed_provider(summary: Summary, operator: Operator | None, secret: str) -> None:
    # The platform's own accounts collect for the demo's operators, whose accounts have settings of their own to come.
    settings_of = {Provider.CASHAPP: {"cashtag": "$CasinoDemo"}} if operator is None else {}
    for provider in Provider.values:
        _, is_new = open_provider_account(provider, operator, secret, settings_of.get(Provider(provider)))
        summary.count("provider accounts", is_new)


def _seed_person(summary: Summary, email: str, username: str, **fields: object) -> User:
    user = User.objects.filter(email__iexact=email).first()
    summary.count("people", user is None)
    return user or User.objects.create_user(email, username, settings.DEMO_PASSWORD, is_seeded=True, **fields)


def _seed_player(player: DemoPlayer, summary: Summary) -> None:
    operator = Operator.objects.get(slug=player.brand)
    with transaction.atomic():
        user = _seed_person(summary, player.email, player.username, operator=operator)
        wallet = open_account(user, operator)
    is_new = not Deposit.objects.filter(wallet=wallet).exists()
    if is_new:
        deposit_through_webhook(user, Decimal(player.deposit))
    summary.count("deposits", is_new)
