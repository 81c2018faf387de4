"""The back office's pages of games: read by staff, their own and the shared ones; shelves kept by the platform."""

from collections.abc import Callable

import pytest
from django.test import Client

from casino.games.models import Category, Game
from casino.games.services import set_switch
from casino.users.models import User

pytestmark = pytest.mark.django_db
PAGES = ["game", "gameversion", "gameswitch"]


@pytest.fixture
def back_office() -> Callable[[User], Client]:
    def log_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.mark.parametrize("page", PAGES)
def test_bruno_never_meets_auroras_own_game(
    back_office: Callable[[User], Client], bruno: User, olga: User, coin: Game, aurora_own: Game, page: str
) -> None:
    for game in (coin, aurora_own):
        set_switch(game.pk, olga.operator_id, {"max_bet": 5})
    set_switch(coin.pk, bruno.operator_id, {"max_bet": 5})
    rows = {"game": aurora_own, "gameversion": aurora_own.version, "gameswitch": aurora_own.switches.get()}

    olgas = back_office(olga).get(f"/backoffice/games/{page}/?q=o")
    brunos = back_office(bruno).get(f"/backoffice/games/{page}/?q=o")

    assert "Aurora-Own" in olgas.content.decode()
    assert "Coin" in brunos.content.decode()
    assert "Aurora-Own" not in brunos.content.decode()
    assert back_office(olga).get(f"/backoffice/games/{page}/{rows[page].pk}/change/").status_code == 200
    assert back_office(bruno).get(f"/backoffice/games/{page}/{rows[page].pk}/change/").status_code != 200


@pytest.mark.parametrize("page", PAGES)
def test_nobody_changes_games_by_hand(
    back_office: Callable[[User], Client], olga: User, petra: User, coin: Game, page: str
) -> None:
    row = {"game": coin, "gameversion": coin.version, "gameswitch": set_switch(coin.pk, olga.operator_id, {})}[page]

    for person in (olga, petra):
        client = back_office(person)
        assert client.get(f"/backoffice/games/{page}/add/").status_code == 403
        assert client.post(f"/backoffice/games/{page}/{row.pk}/change/", {"name": "Mine"}).status_code in (302, 403)
        assert client.post(f"/backoffice/games/{page}/{row.pk}/delete/", {"post": "yes"}).status_code in (302, 403)
    assert Game.objects.get().name == "Coin"


def test_shelves_are_the_platforms(back_office: Callable[[User], Client], olga: User, petra: User) -> None:
    shelf = {"slug": "dice", "name": "Dice", "position": "3"}

    assert back_office(olga).post("/backoffice/games/category/add/", shelf).status_code == 403
    assert not Category.objects.exists()
    assert back_office(petra).post("/backoffice/games/category/add/", shelf).status_code == 302
    assert Category.objects.get().name == "Dice"
