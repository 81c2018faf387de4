"""Every door of a list: what filters, pop-ups, searches, autocompletion and files let through; and at what price."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from casino.admin import Rows
from casino.spreadsheets import pieces
from casino.users.models import User
from operators.tests.backoffice_world import World, world
from operators.tests.test_backoffice_crawl import logged_in, text_of

__all__ = ["world"]
pytestmark = pytest.mark.django_db
MOST_STATEMENTS = 12


def listed(client: Client, name: str, **asked: Any) -> tuple[int, str]:
    answer = client.get(reverse(f"admin:{name}_changelist"), asked)
    return answer.status_code, text_of(answer)


def test_only_declared_filters_are_taken(world: World, olga: User, bruno: User):
    client = logged_in(olga)
    for name, asked in (
        ("users_user", {"password__startswith": "argon2"}),
        ("users_user", {"operator": str(world.borealis.pk)}),
        ("users_user", {"wallets__operator__exact": str(world.borealis.pk)}),
        ("users_user", {"affiliate": str(world.aurora.pk)}),
        ("wallets_deposit", {"player__operator": str(world.borealis.pk)}),
        ("wallets_deposit", {"idempotency_key__startswith": "a"}),
        ("wallets_provideraccount", {"secret__startswith": "g"}),
        ("betting_bet", {"seed_pair__server_seed__startswith": "g"}),
        ("wallets_deposit", {"_to_field": "reference"}),
    ):
        assert listed(client, name, **asked)[0] == 400, (name, asked)
    assert world.review.reference in listed(client, "wallets_deposit", player=str(world.bet.player_id))[1]
    assert world.review.reference in listed(client, "wallets_deposit", status__exact="review")[1]
    # Another operator, named in an address, shows none of its rows.
    text = listed(logged_in(bruno), "wallets_deposit", operator__id__exact=str(world.aurora.pk))[1]
    assert world.review.reference not in text
    assert "boris" in text


def test_a_filter_offers_no_neighbours_rows(world: World, olga: User, petra: User):
    assert "Borealis" not in listed(logged_in(olga), "wallets_deposit")[1]
    assert "Borealis" in listed(logged_in(petra), "wallets_deposit")[1]


def test_autocompletion_and_pop_ups_keep_to_the_asker(world: World, bruno: User, petra: User):
    asked = {"app_label": "vip", "model_name": "viplevel", "field_name": "reward_free_spin_game", "term": "sun"}
    address = reverse("admin:autocomplete")
    assert "Sunrise" in text_of(logged_in(petra).get(address, asked))
    assert "Sunrise" not in text_of(logged_in(bruno).get(address, asked))
    assert "Sunrise" not in listed(logged_in(bruno), "games_game", _popup="1")[1]


def test_a_search_finds_whole_words_of_ones_own(world: World, olga: User, bruno: User):
    assert world.large.reference in listed(logged_in(olga), "wallets_withdrawal", q=world.large.reference.lower())[1]
    assert "Nothing fits" in listed(logged_in(bruno), "wallets_withdrawal", q=world.large.reference)[1]
    assert str(world.bet.pk) in listed(logged_in(olga), "betting_bet", q="Alice")[1]
    assert "Nothing fits" in listed(logged_in(olga), "betting_bet", q="boris")[1]


def test_a_person_of_the_neighbours_is_not_even_looked_for(world: World, olga: User, boris: User):
    client = logged_in(olga)
    for person in (str(boris.pk), str(uuid4())):
        with CaptureQueriesContext(connection) as statements:
            assert "Nothing fits" in listed(client, "betting_bet", player=person)[1]
        assert not any("betting_bet" in statement["sql"] for statement in statements)


def test_a_period_keeps_to_its_days(world: World, olga: User):
    day = world.bet.created_at.date().isoformat()
    client = logged_in(olga)
    assert str(world.bet.pk) in listed(client, "betting_bet", **{"from": day, "to": day})[1]
    assert "Nothing fits" in listed(client, "betting_bet", **{"from": "2024-02-01", "to": "2024-02-02"})[1]
    assert str(world.bet.pk) in listed(client, "betting_bet", **{"from": "some day"})[1]


def test_nothing_is_deleted(world: World, petra: User, olga: User):
    for user in (petra, olga):
        client = logged_in(user)
        for model, rows in admin.site._registry.items():
            if isinstance(rows, Rows):
                name = f"{model._meta.app_label}_{model._meta.model_name}"
                row = model._default_manager.order_by("pk").last()
                if row is not None:
                    answer = client.post(reverse(f"admin:{name}_delete", args=[row.pk]), {"post": "yes"})
                    assert answer.status_code in (302, 403), name
                    assert model._default_manager.filter(pk=row.pk).exists(), name
                assert "delete_selected" not in listed(client, name)[1], name


def test_a_list_costs_as_many_statements_however_long_it_is(world: World, petra: User, olga: User):
    costs = {}
    for user in (petra, olga):
        client = logged_in(user)
        listed(client, "users_user")
        for model, rows in admin.site._registry.items():
            if isinstance(rows, Rows) and rows.has_module_permission(_request_of(user)):
                name = f"{model._meta.app_label}_{model._meta.model_name}"
                with CaptureQueriesContext(
                    connection,
                ) as statements:
                    assert listed(client, name)[0] == 200, name
                costs[user.username, name] = len(statements)
    assert {name: cost for name, cost in costs.items() if cost > MOST_STATEMENTS} == {}
    assert len(costs) > 40


def _request_of(user: User) -> Any:
    request = RequestFactory().get("/")
    request.user = user  # type: ignore[assignment]
    return request


def test_a_file_holds_what_the_list_was_asked_for(world: World, olga: User):
    client = logged_in(olga)
    answer = client.get(reverse("admin:wallets_adjustment_export"), {"status__exact": "pending"})
    lines = text_of(answer).splitlines()
    assert answer["Content-Disposition"].startswith('attachment; filename="adjustment-')
    assert len(lines) == 2
    assert "Daybreak large" in lines[1]
    assert ",150.00," in lines[1]


def test_a_cell_is_no_formula():
    assert "".join(pieces([["=1+1", "-5.00", "@x", None]])) == "'=1+1,-5.00,'@x,\r\n"
