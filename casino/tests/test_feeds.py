"""The feeds over real servers: what is heard, by whom, and what is refused."""

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings

from casino.games.models import Category, Game
from casino.games.services import GameSpec, create_game
from casino.tests.listening import Listener, feed_server, token_of
from casino.users.models import Role, User
from operators.models import Operator
from wallets.models import Wallet

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("feeds"), pytest.mark.timeout(120)]


@pytest.fixture(scope="module", params=["daphne", "granian"])
def at(request: Any, django_db_setup: None) -> Iterator[str]:
    with feed_server(request.param, settings.REDIS_URL) as address:
        yield address


def test_try(at, alice, fund, olga, petra, aurora):
    t=token_of(alice)
    with Listener(at, "/ws/player", t) as l, Listener(at,"/ws/operator", token_of(olga)) as o, Listener(at,"/ws/platform", token_of(petra)) as p:
        print(l.receive()); print(o.receive()); print(p.receive())
        fund(alice,"10.00")
        print(l.receive()); print(l.receive()); print(o.receive())
        l.send(type="ping"); print(l.receive())
        print(l.until("heartbeat"))
