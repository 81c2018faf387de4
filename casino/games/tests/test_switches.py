"""Operators' switches: they narrow, never widen, and follow the game when its limits move."""

from decimal import Decimal
from typing import Any

import pytest

from casino.errors import Invalid
from casino.games.models import Game, GameSwitch, UnknownGame
from casino.games.services import change_game, set_switch
from casino.users.models import User
from operators.models import Operator, SignificantEvent

pytestmark = pytest.mark.django_db


def test_a_switch_narrows_and_null_gives_back_the_games_own_limit(coin: Game, aurora: Operator, olga: User) -> None:
    set_switch(coin.pk, aurora.pk, {"min_bet": Decimal("1.00"), "max_bet": Decimal("5.00")}, olga.pk)
    set_switch(coin.pk, aurora.pk, {"min_bet": None, "is_enabled": False}, olga.pk)
    set_switch(coin.pk, aurora.pk, {"is_enabled": False}, olga.pk)

    switch = GameSwitch.objects.get()
    assert (switch.is_enabled, switch.min_bet, switch.max_bet) == (False, None, Decimal(5))
    first, second = SignificantEvent.objects.filter(kind="game.switched", operator=aurora, actor=olga).order_by("id")
    assert first.before == {"game": str(coin.pk), "min_bet": None, "max_bet": None}
    assert first.after == {"game": str(coin.pk), "min_bet": "1.00", "max_bet": "5.00"}
    assert second.after == {"game": str(coin.pk), "min_bet": None, "is_enabled": False}


@pytest.mark.parametrize(
    "changes",
    [
        {"min_bet": Decimal("0.05")},
        {"max_bet": Decimal("100.01")},
        {"max_bet": Decimal("0.09")},
        {"min_bet": Decimal("100.01")},
        {"min_bet": Decimal("6.00"), "max_bet": Decimal("5.00")},
    ],
)
def test_a_switch_never_widens_a_games_limits(coin: Game, aurora: Operator, changes: Any) -> None:
    with pytest.raises(Invalid):
        set_switch(coin.pk, aurora.pk, changes)

    assert not GameSwitch.objects.exists()
    assert not SignificantEvent.objects.filter(kind="game.switched").exists()


def test_a_switch_of_another_operators_own_game_is_unknown(aurora_own: Game, borealis: Operator) -> None:
    with pytest.raises(UnknownGame):
        set_switch(aurora_own.pk, borealis.pk, {"is_enabled": False})

    assert not GameSwitch.objects.exists()


def test_narrower_limits_of_a_game_take_the_operators_limits_along(
    coin: Game, aurora: Operator, borealis: Operator
) -> None:
    set_switch(coin.pk, aurora.pk, {"min_bet": Decimal("50.00")})
    set_switch(coin.pk, borealis.pk, {"max_bet": Decimal("10.00")})

    change_game(coin.pk, {"max_bet": Decimal("20.00")})

    limits = {switch.operator: coin.switches.get(pk=switch.pk).min_bet for switch in GameSwitch.objects.all()}
    assert limits == {aurora: Decimal(20), borealis: None}
    told = SignificantEvent.objects.filter(operator=aurora).order_by("id").values_list("after__min_bet", flat=True)
    assert list(told) == ["50.00", "20.00"]
