"""What is written together goes as one statement or not at all; what is joined comes as rows of each model."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from betting.models import JackpotPending, SeedPair
from casino import sets
from casino.users.limit_models import Exclusion, ExclusionKind
from casino.users.models import User
from operators.models import Operator
from vip.models import Standing
from wallets.models import Wallet

POOL = "01900000-0000-7000-8000-000000000001"


class Unlucky(Exception):
    """What goes wrong on the way."""


def pending(operator: Operator, amount: str) -> JackpotPending:
    return JackpotPending(pool_id=POOL, operator=operator, amount=Decimal(amount))


def test_writings_in_a_block_go_as_one_statement_at_its_end(aurora: Operator, alice: User):
    standing, pair = Standing.objects.get(player=alice), SeedPair.objects.get(player=alice)
    standing.xp, pair.nonce = Decimal(7), 3
    with CaptureQueriesContext(connection) as captured, sets.together():
        sets.insert(JackpotPending, [pending(aurora, "1.5"), pending(aurora, "2.5")])
        sets.update(Standing, [standing], ("xp",))
        sets.update(SeedPair, [pair], ("nonce",))
        # What comes after a writing changes it no more.
        pair.nonce = 4
        assert len(captured) == 0
    assert len(captured) == 1
    assert sorted(JackpotPending.objects.values_list("amount", flat=True)) == [Decimal("1.5"), Decimal("2.5")]
    standing.refresh_from_db()
    pair.refresh_from_db()
    assert (standing.xp, pair.nonce) == (Decimal(7), 3)


def test_one_writing_alone_goes_as_it_is_and_none_sends_nothing(aurora: Operator):
    with CaptureQueriesContext(connection) as captured, sets.together():
        sets.insert(JackpotPending, [pending(aurora, "1")])
        sets.insert(JackpotPending, [])
    assert [row["sql"].startswith("INSERT INTO") for row in captured] == [True]
    with CaptureQueriesContext(connection) as captured, sets.together():
        sets.update(JackpotPending, [], ("amount",))
    assert len(captured) == 0
    # Outside of a block all is as ever.
    sets.insert(JackpotPending, [pending(aurora, "2")])
    assert JackpotPending.objects.count() == 2


def test_a_block_that_fails_sends_nothing(aurora: Operator):
    def write() -> None:
        with sets.together():
            sets.insert(JackpotPending, [pending(aurora, "1")])
            raise Unlucky

    with pytest.raises(Unlucky):
        write()
    sets.insert(JackpotPending, [pending(aurora, "2")])
    assert list(JackpotPending.objects.values_list("amount", flat=True)) == [Decimal(2)]


def test_what_a_table_refuses_takes_its_neighbours_along(aurora: Operator, alice: User):
    standing, wallet = Standing.objects.get(player=alice), Wallet.objects.get(player=alice)
    standing.xp, wallet.real = Decimal(7), Decimal("-0.01")

    def write() -> None:
        with transaction.atomic(), sets.together():
            sets.insert(JackpotPending, [pending(aurora, "1")])
            sets.update(Wallet, [wallet], ("real",))
            sets.update(Standing, [standing], ("xp",))

    with pytest.raises(IntegrityError, match="a_wallet_is_never_overdrawn"):
        write()
    standing.refresh_from_db()
    assert (standing.xp, JackpotPending.objects.count()) == (0, 0)


def test_a_join_answers_a_row_of_each_model_and_none_where_there_is_none(
    alice: User, boris: User, django_assert_num_queries: Any
):
    facts = {"kind": ExclusionKind.SELF_EXCLUSION, "duration": "permanent", "created_at": timezone.now()}
    excluded = Exclusion.objects.create(player=boris, **facts)
    joined = sets.Join(
        {User: ("password",), Exclusion: ()},
        "users_user LEFT JOIN users_exclusion ON users_exclusion.player_id = users_user.id"
        " WHERE users_user.id = ANY(%s::uuid[]) ORDER BY username",
    )
    with django_assert_num_queries(1):
        rows = joined.ask(sets.array([alice.pk, boris.pk]))()
    assert rows == [[alice, None], [boris, excluded]]
    assert [user.username for user, _ in rows] == ["alice", "boris"]
    with django_assert_num_queries(1):
        assert rows[0][0].password == alice.password
