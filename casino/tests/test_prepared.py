"""A prepared query set finds for every caller what the query set itself finds, in one statement and no more."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from casino.database import base
from casino.prepared import Prepared
from casino.users.models import User
from operators.models import Operator
from wallets.models import Deposit, Wallet

Api = Callable[[User | None], APIClient]


def wallets_of(user: User) -> Any:
    return Wallet.objects.visible_to(user).select_related("operator", "player__affiliate").order_by("-id")


def test_each_caller_finds_their_own_rows(
    alice: User, boris: User, make_player: Any, aurora: Operator, olga: User, bruno: User, petra: User
) -> None:
    adam, prepared = make_player("adam", aurora), Prepared(wallets_of)
    for _ in range(2):
        for caller, owners in [
            (alice, [alice]), (adam, [adam]), (boris, [boris]), (olga, [adam, alice]), (bruno, [boris]),
            (petra, [adam, boris, alice]),
        ]:  # fmt: skip
            found = prepared.ask(caller)()
            assert found == list(wallets_of(caller)), caller
            assert {wallet.player for wallet in found} == set(owners)


def test_the_rows_it_names_come_with_it(alice: User, django_assert_num_queries: Any) -> None:
    prepared = Prepared(wallets_of)
    with django_assert_num_queries(1):
        [wallet] = prepared.ask(alice)()
        assert (wallet.operator.slug, wallet.player.username, wallet.player.affiliate) == ("aurora", "alice", None)
    assert not wallet._state.adding
    assert wallet.real == Decimal(0)
    wallet.refresh_from_db()


def test_what_is_left_out_is_read_when_asked_for(alice: User, django_assert_num_queries: Any) -> None:
    [wallet] = Prepared(lambda user: wallets_of(user).only("real", "operator__slug", "player")).ask(alice)()
    with django_assert_num_queries(0):
        assert (wallet.real, wallet.operator.slug) == (Decimal(0), "aurora")
    with django_assert_num_queries(1):
        assert wallet.currency == "USD"


def test_the_first_rows_are_asked_for_by_number(olga: User, alice: User, make_player: Any, aurora: Operator) -> None:
    adam, prepared = make_player("adam", aurora), Prepared(wallets_of)
    assert [wallet.player for wallet in prepared.ask(olga, 1)()] == [adam]
    assert [wallet.player for wallet in prepared.ask(olga, 2)()] == [adam, alice]


def test_who_can_see_nothing_asks_nothing(olga: User, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert Prepared(lambda user: Wallet.objects.none()).ask(olga)() == []


def test_prefetched_rows_are_refused(alice: User) -> None:
    with pytest.raises(TypeError, match="neither prefetched"):
        Prepared(lambda user: Deposit.objects.visible_to(user).prefetch_related("rules_used")).ask(alice)


@pytest.mark.usefixtures("provider_account")
def test_pages_say_the_same_with_and_without_a_cursor(api: Api, alice: User, boris: User, olga: User) -> None:
    for player in (alice, boris, alice, alice):
        assert api(player).post("/deposits", {"amount": "10.00", "method": "generic"}).status_code == 201
    for caller, number in ((alice, 3), (boris, 1), (olga, 3)):
        whole = api(caller).get("/deposits").json()
        assert (len(whole["results"]), whole["next"], whole["previous"]) == (number, None, None)
        first = api(caller).get("/deposits?limit=2").json()
        assert first["results"] == whole["results"][:2]
        if number > 2:
            second = api(caller).get(first["next"]).json()
            assert second["results"] == whole["results"][2:]
            assert api(caller).get(second["previous"]).json()["results"] == first["results"]


def test_an_idle_connection_is_not_asked_whether_it_lives(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import connection, connections

    kept = connections.create_connection("default")
    kept.ensure_connection()
    try:
        with monkeypatch.context() as patched:
            patched.setattr(base.base.DatabaseWrapper, "is_usable", lambda self: pytest.fail("asked"))
            assert kept.is_usable()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [kept.connection.info.backend_pid])
            assert cursor.fetchone() == (True,)
        assert not kept.is_usable()
    finally:
        kept.close()
    assert not kept.is_usable()
