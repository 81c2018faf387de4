"""What processes keep between bets: never older than what the database says."""

from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from betting.orders import GameDisabled, Settled
from betting.services import place_bet, place_bets
from casino import kept
from casino.games.jackpots import JackpotGroup, JackpotLevel
from casino.games.models import Category, Game, GameSwitch
from casino.kept import Kept, ask_revision
from casino.users.models import User
from operators.models import Affiliate, Operator
from vip.models import VipLevel
from wallets.refusals import LimitExceeded

WATCHED = (Operator, Affiliate, Category, Game, GameSwitch, JackpotGroup, JackpotLevel, VipLevel)


def now() -> UUID | None:
    return ask_revision()()


@pytest.mark.parametrize("model", WATCHED)
@pytest.mark.django_db
def test_every_statement_on_a_watched_table_gives_a_new_revision(model: Any):
    table, before = model._meta.db_table, now()
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {model._meta.pk.column} = {model._meta.pk.column}")
        changed = now()
        cursor.execute(f"DELETE FROM {table} WHERE false")
        deleted = now()
        cursor.execute(f"INSERT INTO {table} SELECT * FROM {table} WHERE false")
    assert len({before, changed, deleted, now()}) == 4


def test_a_change_taken_back_takes_its_revision_back(aurora: Operator):
    before = now()
    with transaction.atomic():
        Operator.objects.filter(pk=aurora.pk).update(max_bet=1)
        assert now() != before
        transaction.set_rollback(True)
    assert now() == before


@pytest.mark.usefixtures("books_close")
def test_bets_leave_the_revision_alone(alice: User, coin: Game, fund: Any, order_of: Any):
    fund(alice, "50.00")
    before = now()
    answers = place_bets([order_of(alice, coin.slug, "1.00", key=f"kept-{number:04d}") for number in range(5)])
    assert all(isinstance(answer, Settled) for answer in answers)
    assert now() == before


@pytest.mark.usefixtures("books_close")
def test_a_second_bet_reads_nothing_that_is_kept(alice: User, coin: Game, fund: Any, order_of: Any):
    fund(alice, "50.00")
    place_bet(order_of(alice, coin.slug, "1.00"))
    with CaptureQueriesContext(connection) as captured:
        place_bet(order_of(alice, coin.slug, "1.00"))
    # Which generator and which pools are asked by way of the tables that name them.
    apart = ("rngservice", "jackpotpool")
    read = " ".join(query["sql"] for query in captured if not any(name in query["sql"] for name in apart))
    assert "casino_revision" in read
    assert [model._meta.db_table for model in WATCHED if f"FROM {model._meta.db_table}" in read] == []


@pytest.mark.usefixtures("books_close")
def test_the_next_bet_knows_of_every_change(
    alice: User, coin: Game, partner: Affiliate, aurora: Operator, fund: Any, order_of: Any
):
    fund(alice, "50.00")
    User.objects.filter(pk=alice.pk).update(affiliate=partner)

    def bet(wager: str = "1.00") -> Any:
        answer = place_bet(order_of(alice, coin.slug, wager))
        return answer.bet if isinstance(answer, Settled) else answer

    assert bet().affiliate_rate == partner.rate
    Affiliate.objects.filter(pk=partner.pk).update(rate="0.0100")
    assert bet().affiliate_rate == Decimal("0.01")
    Game.objects.filter(pk=coin.pk).update(vip_weight="3")
    tripled = bet().points
    Operator.objects.filter(pk=aurora.pk).update(points_per_unit=0)
    assert (tripled > 0, bet().points) == (True, 0)
    Game.objects.filter(pk=coin.pk).update(name="Another name")
    assert bet().game.name == "Another name"
    VipLevel.objects.filter(number=0).update(max_bet_factor="0.0001")
    assert isinstance(bet("5.00"), LimitExceeded)
    VipLevel.objects.filter(number=0).update(max_bet_factor=1)
    switch = GameSwitch.objects.create(operator=aurora, game=coin, is_enabled=False)
    assert isinstance(bet(), GameDisabled)
    switch.delete()
    assert bet().win >= 0
    Operator.objects.filter(pk=aurora.pk).update(is_open=False)
    assert isinstance(bet(), GameDisabled)


class Shelf:
    """Values that tell how often they were read."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def __call__(self, keys: Collection[str]) -> dict[str, int]:
        self.calls.append(sorted(keys))
        return {key: len(self.calls) for key in keys if not key.startswith("no")}


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def keeper(shelf: Shelf) -> Callable[..., dict[str, int]]:
    held: Kept[str, int] = Kept(shelf)

    def find(keys: str, revision: UUID | None) -> dict[str, int]:
        found = held.find(keys.split(), revision)
        return {key: found[key] for key in keys.split() if key in found}

    return find


def test_a_value_is_read_once_a_revision(shelf: Shelf, keeper: Any):
    first, second = uuid4(), uuid4()
    assert keeper("a b", first) == {"a": 1, "b": 1}
    assert keeper("b c", first) == {"b": 1, "c": 2}
    assert keeper("a b", second) == {"a": 3, "b": 3}
    assert shelf.calls == [["a", "b"], ["c"], ["a", "b"]]


def test_without_a_revision_nothing_is_kept(shelf: Shelf, keeper: Any):
    assert [keeper("a", None), keeper("a", None)] == [{"a": 1}, {"a": 2}]


def test_what_nobody_knows_is_asked_for_again(shelf: Shelf, keeper: Any):
    revision = uuid4()
    assert [keeper("nobody", revision), keeper("nobody", revision)] == [{}, {}]
    assert shelf.calls == [["nobody"], ["nobody"]]


def test_too_many_values_begin_anew(shelf: Shelf, keeper: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kept, "MOST", 2)
    revision = uuid4()
    keeper("a b", revision)
    assert keeper("b c", revision) == {"b": 3, "c": 3}
    assert keeper("c", revision) == {"c": 3}
    assert shelf.calls == [["a", "b"], ["c"], ["b", "c"]]
