"""GET /offers: what a player can still earn, with all its terms."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from casino.users.exclusions import exclude
from casino.users.models import User
from operators.models import Operator
from wallets import services
from wallets.bonus_rules import open_default_rules
from wallets.promotions import BonusRule
from wallets.tests.conftest import SendingProvider
from wallets.tests.playing import make_game

Api = Callable[..., APIClient]

pytestmark = pytest.mark.usefixtures("books_close")


def offered(api: Api, player: User) -> list[Any]:
    answer = api(player).get("/offers")
    assert answer.status_code == 200
    results: list[Any] = answer.json()["results"]
    return results


def test_the_default_offers_show_all_their_terms(api: Api, alice: User, aurora: Operator):
    first, any_deposit = open_default_rules(aurora, make_game())
    terms = {
        "operator": "aurora",
        "currency": "USD",
        "min_deposit": "0.00",
        "wagering_multiple": "35.00",
        "max_stake": None,
        "conversion_cap": None,
        "expires_days": 30,
        "is_once_per_player": False,
    }
    assert offered(api, alice) == [
        {"id": str(any_deposit.pk), "name": "XP for deposits", "trigger": "any_deposit", "xp_percent": "10.00"} | terms,
        {
            "id": str(first.pk),
            "name": "Welcome bonus",
            "trigger": "first_deposit",
            "match_percent": "100.00",
            "cap": "100.00",
            "free_spins": {"count": 20, "value": "0.10", "game": "ever-lose"},
        }
        | terms,
    ]


def test_only_what_is_open_to_the_player_is_offered(
    api: Api, alice: User, boris: User, aurora: Operator, borealis: Operator, provider: SendingProvider
):
    def rule(name: str, trigger: str = "any_deposit", operator: Operator = aurora, **terms: Any) -> None:
        BonusRule.objects.create(operator=operator, name=name, trigger=trigger, amount=1, **terms)

    now = timezone.now()
    rule("first", "first_deposit")
    rule("once", "promo_code", code="ONCE", is_once_per_player=True)
    rule("again", "promo_code", code="AGAIN", conversion_cap=D(20), max_stake=D(2), ends_at=now + timedelta(days=1))
    rule("level", "level_up")
    rule("by hand", "manual")
    rule("off", is_active=False)
    rule("later", starts_at=now + timedelta(days=1))
    rule("over", ends_at=now - timedelta(days=1))
    rule("elsewhere", operator=borealis)
    assert [offer["name"] for offer in offered(api, alice)] == ["level", "again", "once", "first"]
    assert [offer["name"] for offer in offered(api, boris)] == ["elsewhere"]
    again = offered(api, alice)[1]
    assert (again["code"], again["conversion_cap"], again["max_stake"]) == ("AGAIN", "20.00", "2.00")
    assert again["ends_at"].endswith("Z")
    for code in ("once", "again"):
        provider.says("completed", services.open_deposit(alice, D(10), "generic", promo_code=code).deposit)
    assert [offer["name"] for offer in offered(api, alice)] == ["level", "again"]


def test_offers_are_for_players(api: Api, olga: User, petra: User):
    assert api(None).get("/offers").status_code == 401
    assert [api(staff).get("/offers").status_code for staff in (olga, petra)] == [403, 403]


def test_offers_cost_the_same_statements_for_any_number(
    api: Api, alice: User, aurora: Operator, django_assert_num_queries: Any
):
    game = make_game()
    for number in range(5):
        BonusRule.objects.create(
            operator=aurora, name=f"{number}", trigger="any_deposit", free_spins=1, free_spin_game=game
        )
    with django_assert_num_queries(2):
        assert len(offered(api, alice)) == 5


def test_nothing_is_offered_to_who_shut_themselves_out(api: Api, alice: User, boris: User, aurora: Operator):
    open_default_rules(aurora, make_game())
    assert len(offered(api, alice)) == 2
    exclude(alice, "self_exclusion", "6m")
    answer = api(alice).get("/offers")
    assert (answer.status_code, answer.json()["code"]) == (403, "self_excluded")
    assert offered(api, boris) == []
