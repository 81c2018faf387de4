"""What a client of the feeds may say, and what it is answered."""

import json

import pytest

from casino import realtime
from casino.api.throttling import connection as redis
from casino.tests.listening import Listener, token_of
from casino.users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("feeds"), pytest.mark.timeout(180)]


@pytest.mark.parametrize(
    "said",
    [
        "nonsense", "[]", "{}", '{"type": "bet"}', '{"type": "resume"}', '{"type": "resume", "last_seq": "7"}',
        '{"type": "resume", "last_seq": -1}', '{"type": "resume", "last_seq": true}', "[" * 900, b"\x00",
        json.dumps({"type": "ping", "ballast": "x" * 2000}),
    ],
    ids=lambda said: str(said)[:30],
)  # fmt: skip
def test_anything_else_ends_the_connection(at: str, alice: User, said: str | bytes):
    with Listener(at, "/ws/player", token_of(alice)) as listener:
        listener.receive()
        listener.socket.send(said)
        assert listener.closing_code() == 4400


def test_who_talks_too_much_is_cut_off(at: str, alice: User):
    with Listener(at, "/ws/player", token_of(alice)) as listener:
        listener.receive()
        for _ in range(60):
            listener.send(type="ping")
        assert listener.closing_code() == 4429
        assert 10 < len(listener.heard) < 40


def test_resume_brings_what_was_missed_or_a_snapshot(at: str, alice: User):
    feed, token = realtime.player_feed(alice.pk), token_of(alice)

    def tell(*numbers: int) -> None:
        for number in numbers:
            realtime.publish([realtime.Message(feed, "deposit.updated", "2026-01-01T00:00:00Z", {"number": number})])

    with Listener(at, "/ws/player", token) as before:
        first = before.receive()["seq"]
    tell(1, 2, 3)
    with Listener(at, "/ws/player", token) as listener:
        assert listener.receive()["seq"] == first + 3
        listener.send(type="resume", last_seq=first + 1)
        replayed = [listener.receive(), listener.receive()]
        assert [(message["seq"] - first, message["data"]["number"]) for message in replayed] == [(2, 2), (3, 3)]
        listener.send(type="resume", last_seq=first + 3)
        tell(4)
        assert listener.receive()["data"] == {"number": 4}
        for unknown in (first + 500, 0, first - 1):
            listener.send(type="resume", last_seq=unknown)
            assert (listener.until("snapshot")["seq"]) == first + 4
        redis().delete(f"casino:feed:window:{feed}")
        listener.send(type="resume", last_seq=first + 1)
        assert (listener.until("snapshot")["seq"]) == first + 4


def test_what_nobody_listened_to_is_not_replayed_but_noticed(at: str, alice: User):
    feed, token = realtime.player_feed(alice.pk), token_of(alice)
    message = realtime.Message(feed, "deposit.updated", "2026-01-01T00:00:00Z", {})
    with Listener(at, "/ws/player", token) as listener:
        first = listener.receive()["seq"]
        realtime.publish([message])
        listener.receive()
    redis().delete(f"casino:feed:heard:{feed}")
    realtime.publish([message])
    with Listener(at, "/ws/player", token) as listener:
        assert listener.receive()["seq"] == first + 2
        realtime.publish([message])
        listener.receive()
        listener.send(type="resume", last_seq=first)
        assert listener.until("snapshot")["seq"] == first + 3
