"""The feeds over real servers: who hears what, in which words, and who is refused."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from jsonschema import Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

from betting.jackpots import open_pools
from betting.orders import Settled, parse_order
from betting.services import place_bet
from casino.embedded.processes import wait_until
from casino.games.jackpots import JackpotGroup, JackpotLevel
from casino.games.models import Game
from casino.tests.listening import PROJECT, Crowd, Listener, feed_server, token_of
from casino.tests.playing import Table, make_coin, make_crowd
from casino.users.models import Role, User
from operators import alerts
from operators.models import Alert, Operator
from wallets.models import Wallet

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("feeds"), pytest.mark.timeout(180)]


@pytest.fixture
def bet(db: None) -> Callable[..., Any]:
    """Place a bet on the coin: ``bet(alice, "1.00")``."""

    def place(player: User, wager: str = "1.00") -> Any:
        key = f"bet-{time.monotonic_ns()}"
        answer = place_bet(parse_order({"game_id": "coin", "wager": wager}, player.pk, player.operator_id, key))
        assert isinstance(answer, Settled), answer
        return answer.bet

    return place


# --- The words ---


class Dictionary:
    """docs/asyncapi.yaml: which messages a channel may carry, and their shapes."""

    def __init__(self, path: Path) -> None:
        self.document = yaml.safe_load(path.read_text())
        resource = DRAFT7.create_resource(self.document)
        self.registry: Registry[Any] = Registry().with_resource("urn:feeds", resource)

    def check(self, channel: str, message: dict[str, Any]) -> None:
        """The message is one of the channel's, word for word."""
        listed = [reference["$ref"] for reference in self.document["channels"][channel]["messages"].values()]
        named = [ref for ref in listed if self.of(ref)["name"] == message["type"]]
        assert len(named) == 1, (channel, message["type"])
        schema = {"$ref": f"urn:feeds{named[0]}/payload"}
        faults = [fault.message for fault in Draft7Validator(schema, registry=self.registry).iter_errors(message)]
        assert not faults, (message, faults)

    def of(self, reference: str) -> dict[str, Any]:
        found = self.document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        return found


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    return Dictionary(PROJECT / "docs" / "asyncapi.yaml")


def test_every_reference_of_the_description_leads_somewhere(dictionary: Dictionary):
    def references(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            yield from [part["$ref"]] if "$ref" in part else []
        for child in part.values() if isinstance(part, dict) else part if isinstance(part, list) else []:
            yield from references(child)

    found = list(references(dictionary.document))
    assert len(found) > 100
    assert all(dictionary.of(reference) for reference in found)


def test_a_journey_is_told_word_for_word(
    at: str, dictionary: Dictionary, alice: User, olga: User, petra: User, aurora: Operator, fund: Any, bet: Any
):
    group = JackpotGroup.objects.create(slug="house", name="House", currency="USD")
    JackpotLevel.objects.create(group=group, name="mini", rate=Decimal("0.004"), seed=10, odds=Decimal(1), position=0)
    open_pools(group)
    game = make_coin()
    Game.objects.filter(pk=game.pk).update(jackpot_group=group)
    with (
        Listener(at, "/ws/player", token_of(alice)) as player,
        Listener(at, "/ws/operator", cookie=token_of(olga)) as staff,
        Listener(at, "/ws/platform", token_of(petra)) as platform,
    ):
        for listener in (player, staff, platform):
            assert listener.receive()["type"] == "snapshot"
        fund(alice, "20.00")
        settled = bet(alice, "1.00")
        alerts.tell([Alert.objects.record("big_win", "A big win", operator_id=aurora.pk)])
        told = player.until("bet.settled")
        assert (told["data"]["id"], told["data"]["balances"]["real"]["before"]) == (str(settled.pk), "20.00")
        figures = staff.until("figures.updated")["data"]
        assert (figures["bets"], figures["wagers"], figures["jackpots"]["wins"]) == (1, "1.00", "10.00")
        assert platform.until("figures.updated")["data"] == figures
        (level,) = platform.until("jackpot.changed")["data"]["levels"]
        assert level["value"] == "10.004000"
        for kind in ("pong", "heartbeat"):
            for listener in (player, staff, platform):
                listener.send(type="ping")
                listener.until(kind)
    for channel, listener in (("player", player), ("operator", staff), ("platform", platform)):
        for message in listener.heard:
            dictionary.check(channel, message)
    kinds = {message["type"] for listener in (player, staff, platform) for message in listener.heard}
    assert kinds == {
        "snapshot", "deposit.updated", "balance.changed", "bet.settled", "jackpot.won", "jackpot.changed",
        "figures.updated", "alert.raised", "heartbeat", "pong",
    }  # fmt: skip


def test_a_snapshot_shows_how_things_stand_and_news_goes_on_from_there(at: str, alice: User, fund: Any, bet: Any):
    make_coin()
    fund(alice, "20.00")
    bet(alice)
    with Listener(at, "/ws/player", token_of(alice)) as listener:
        snapshot = listener.receive()
        (wallet,) = snapshot["data"]["wallets"]
        assert Decimal(wallet["real"]) == Wallet.objects.get(player=alice).real
        assert (snapshot["data"]["bonuses"], snapshot["data"]["vip"]["xp"]) == ([], "1.00")
        bet(alice)
        assert [listener.receive()["seq"] for _ in range(2)] == [snapshot["seq"] + 1, snapshot["seq"] + 2]
        assert listener.until("heartbeat")["seq"] == snapshot["seq"] + 2
        listener.send(type="ping")
        assert listener.until("pong") == {"type": "pong", "seq": snapshot["seq"] + 2}


# --- Who is refused ---


@pytest.mark.parametrize("origin", [None, "http://evil.test", "null", "https://127.0.0.1.evil.test", "ws://127.0.0.1"])
def test_a_missing_or_foreign_origin_is_refused(at: str, alice: User, origin: str | None):
    token = token_of(alice)
    with (
        Listener(at, "/ws/player", token, origin=origin) as by_token,
        Listener(at, "/ws/player", cookie=token, origin=origin) as by_cookie,
    ):
        assert (by_token.closing_code(), by_cookie.closing_code()) == (4403, 4403)
        assert by_token.heard == by_cookie.heard == []


def test_a_page_of_an_operator_may_listen_for_whoever_shows_it_a_token(
    at: str, alice: User, olga: User, aurora: Operator
):
    page = "https://play.aurora.example"
    Operator.objects.filter(pk=aurora.pk).update(allowed_origins=[page])
    token, staffs = token_of(alice), token_of(olga)
    with Listener(at, "/ws/player", token, origin=page) as by_token:
        assert by_token.receive()["type"] == "snapshot"
    # A cookie proves nothing of the page; and what staff hear is for the platform's own pages.
    for listener in (
        Listener(at, "/ws/player", cookie=token, origin=page),
        Listener(at, "/ws/player", token, origin=page + ".evil.test"),
        Listener(at, "/ws/operator", staffs, origin=page),
    ):
        with listener:
            assert (listener.closing_code(), listener.heard) == (4403, [])


def test_who_is_not_logged_in_is_refused(at: str, alice: User):
    dead = ["", "x" * 32, "a.b", "%00"]
    for token in dead:
        with Listener(at, "/ws/player", token) as listener:
            assert (listener.closing_code(), listener.heard) == (4401, [])
    # A dead token is not helped by a living cookie.
    with Listener(at, "/ws/player", "x" * 32, cookie=token_of(alice)) as listener:
        assert (listener.closing_code(), listener.heard) == (4401, [])


def test_everybody_hears_their_own_feed_only(
    at: str, alice: User, boris: User, olga: User, bruno: User, petra: User, fund: Any
):
    refused = [
        (alice, "/ws/operator"), (alice, "/ws/operator?operator=aurora"), (alice, "/ws/platform"), (olga, "/ws/player"),
        (olga, "/ws/operator?operator=borealis"), (olga, "/ws/operator?operator=nowhere"), (olga, "/ws/platform"),
        (petra, "/ws/player"), (petra, "/ws/operator"), (petra, "/ws/operator?operator=nowhere"),
    ]  # fmt: skip
    for person, path in refused:
        with Listener(at, path, token_of(person)) as listener:
            assert (listener.closing_code(), listener.heard) == (4403, []), (person, path)
    with (
        Listener(at, "/ws/player", token_of(boris)) as neighbour,
        Listener(at, "/ws/operator?operator=borealis", token_of(bruno)) as other_staff,
        Listener(at, "/ws/operator?operator=aurora", token_of(petra)) as platform,
    ):
        for listener in (neighbour, other_staff, platform):
            assert listener.receive()["type"] == "snapshot"
        fund(alice, "10.00")
        assert platform.until("deposit.updated")["data"]["player"]["username"] == "alice"
        fund(boris, "5.00")
        assert neighbour.receive()["data"]["amount"] == "5.00"
        assert other_staff.receive()["data"]["player"]["username"] == "boris"


def test_a_blocked_player_is_refused(at: str, alice: User, boris: User):
    User.objects.filter(pk=alice.pk).update(is_blocked=True)
    Wallet.objects.filter(player=boris).update(is_blocked=True)
    for player in (alice, boris):
        with Listener(at, "/ws/player", token_of(player)) as listener:
            assert (listener.closing_code(), listener.heard) == (4403, [])


def test_access_ends_within_five_seconds_of_logout_block_or_another_role(
    at: str, alice: User, boris: User, olga: User, sam: User, fiona: User, borealis: Operator, petra: User, api: Any
):
    people = [alice, boris, olga, sam, fiona]
    paths = ["/ws/player", "/ws/player", "/ws/operator", "/ws/operator", "/ws/operator"]
    tokens = [token_of(person) for person in people]
    listeners = [Listener(at, path, token) for path, token in zip(paths, tokens, strict=True)]
    for listener in listeners:
        listener.__enter__()
        assert listener.receive()["type"] == "snapshot"
    assert api().post("/auth/logout", HTTP_AUTHORIZATION=f"Bearer {tokens[0]}").status_code == 204
    User.objects.filter(pk=boris.pk).update(is_blocked=True)
    User.objects.filter(pk=olga.pk).update(role=Role.PLAYER, duty=None)
    User.objects.filter(pk=sam.pk).update(operator=borealis)
    fiona.set_password("another-Passw0rd")
    fiona.save()
    began = time.monotonic()
    codes = [listener.closing_code() for listener in listeners]
    assert time.monotonic() - began < 5
    assert codes == [4401, 4403, 4403, 4403, 4401]
    for listener in listeners:
        listener.__exit__(None, None, None)


# --- Figures ---


def test_figures_come_at_most_once_a_second_and_from_one_process_only(aurora: Operator, olga: User, petra: User):
    make_coin()
    players = make_crowd(aurora, 10)
    with (
        feed_server("daphne", settings.REDIS_URL) as one,
        feed_server("granian", settings.REDIS_URL) as other,
        Crowd(one, "/ws/operator", [token_of(olga)]) as first,
        Crowd(other, "/ws/operator", [token_of(olga)]) as second,
    ):
        table = Table(players, per_second=50, batch=5)
        table.play(250)
        (member,), (colleague,) = first.members, second.members
        assert wait_until(lambda: member.figures and member.figures[-1]["data"]["bets"] == 250, 10)
        time.sleep(2.5)
    told = member.figures
    # Both heard the same messages, each of them once, and no two alike.
    assert [message["seq"] for message in told] == [message["seq"] for message in colleague.figures]
    assert len({json.dumps(message["data"]) for message in told}) == len(told) > 2
    moments = [datetime.fromisoformat(message["at"]) for message in told]
    assert min(later - earlier for earlier, later in pairwise(moments)) >= timedelta(seconds=1)
