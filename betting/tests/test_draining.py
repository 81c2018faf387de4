"""A server that is told to stop while bets are under way."""

import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection, transaction

from casino.embedded.processes import wait_until
from casino.games.models import Game
from casino.realtime import player_feed
from casino.tests.listening import asgi_server, token_of
from casino.users.models import User
from wallets.models import Wallet

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("books_close")]


def place(at: str, token: str) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = json.dumps({"game_id": "ever-lose", "wager": "1.00"}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"http://{at}/bets", body, headers), timeout=20) as answer:
        return answer.status, json.load(answer)


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


@pytest.mark.parametrize("kind", ["granian", "uvicorn"])
def test_a_server_that_stops_settles_answers_and_tells_what_it_has_begun(
    kind: str, alice: User, ever_lose: Game, fund: Any, api: Any
):
    fund(alice, "10.00")
    token, told = token_of(alice), f"casino:feed:seq:{player_feed(alice.pk)}"
    feeds = redis.Redis.from_url(settings.FEEDS_URL)
    feeds.delete(told)
    with asgi_server(kind, settings.REDIS_URL) as (at, process), ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Wallet.objects.select_for_update().get(player=alice)
            asked = pool.submit(place, at, token)
            assert wait_until(waits_for_a_lock, 20)
            process.terminate()
            assert not wait_until(asked.done, 0.5)
        status, bet = asked.result(20)
        process.wait(20)
    assert status == 201
    assert api(alice).get(f"/bets/{bet['id']}").json() == bet
    assert feeds.exists(told)
