"""One client of a feed: admitted, given a snapshot, then numbered news; answered when it asks for what it missed.

A kind of feed says which feed a person means, who may hear it, and what its snapshot shows. All else is here.
"""

import asyncio
import json
import time
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error as DatabaseError
from redis.exceptions import RedisError

from casino.feeds.admission import SUBPROTOCOL, TOKEN_PREFIX, Seat, log_in
from casino.feeds.hub import Hub, hub_here, moment_now
from casino.feeds.origins import is_allowed_origin
from casino.feeds.outbox import Code, Outbox
from casino.feeds.threads import in_thread
from casino.realtime import to_json

# What a client may send: so many at once, then so many a second; and so many sockets a person in one process.
BURST, PER_SECOND = 20, 2.0
MOST_BYTES = 1024
MOST_SOCKETS = 20
# JavaScript's largest exact whole number.
MOST_SEQ = 2**53


class Refused(Exception):
    """The connection ends with ``code``."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class FeedConsumer(AsyncWebsocketConsumer):
    """What every feed has in common; subclasses fill in the first three methods."""

    seat: Seat | None = None

    @classmethod
    def feed_of(cls, user: Any, query: Mapping[str, str]) -> str | None:
        """The feed that this person means; None where there is none for them."""
        raise NotImplementedError

    @classmethod
    def admitted(cls, seats: Collection[Seat]) -> Collection[Seat]:
        """Those of ``seats`` whose person may hear their feed; asked again and again while they listen."""
        raise NotImplementedError

    @classmethod
    def snapshot(cls, user: Any, feed: str) -> dict[str, Any]:
        """What the feed is about, as it stands now."""
        raise NotImplementedError

    @classmethod
    def welcomes(cls, origin: str) -> bool:
        """Whether a page of this other origin may open the feed for whoever shows it a token."""
        return False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection; whichever way it ends, nothing of it stays."""
        self.outbox = Outbox()
        self._allowance, self._counted_at = float(BURST), time.monotonic()
        reading = asyncio.ensure_future(super().__call__(scope, receive, send))
        sending = asyncio.ensure_future(self.outbox.run(send))
        try:
            await asyncio.wait({reading, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if self.seat is not None:
                self.hub.leave(self.seat)
            reading.cancel()
            sending.cancel()
            await asyncio.gather(reading, sending, return_exceptions=True)
        # Granian closes nothing while somebody still waits for the client's next word.
        await self.outbox.close(send)
        if not reading.cancelled():
            reading.result()

    async def connect(self) -> None:
        """Accept, so that a refusal can be told by its code, and let in whom the feed is for."""
        offered: list[str] = self.scope["subprotocols"]
        await self.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
        try:
            await self._take_a_seat(offered)
        except Refused as refusal:
            self.outbox.end(refusal.code)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Answer a ping or a resume; everything else ends the connection."""
        if self.seat is None:
            return
        try:
            self._count()
            message = _parse(text_data)
            if message["type"] == "ping":
                seq = self.hub.newest_here(self.seat.feed)
                self.outbox.put(to_json({"type": "pong", "seq": seq}))
            else:
                await self._resume(self.seat, message["last_seq"])
        except Refused as refusal:
            self.outbox.end(refusal.code)

    @property
    def hub(self) -> Hub:
        return hub_here()

    async def _take_a_seat(self, subprotocols: list[str]) -> None:
        try:
            seat = await in_thread(self._admit, subprotocols)
            if self.hub.seats_of(seat.user.pk) >= MOST_SOCKETS:
                raise Refused(Code.TOO_MUCH)
            await self.hub.join(seat)
        except (DatabaseError, TimeoutError):
            raise Refused(Code.TRY_LATER) from None
        self.seat = seat
        await self._send_snapshot(seat)

    def _admit(self, subprotocols: list[str]) -> Seat:
        """Who it is, from where, and to what; raises Refused."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.scope["headers"]}
        found = log_in(headers, subprotocols)
        if found is None:
            raise Refused(Code.NOT_LOGGED_IN)
        # A cookie is sent by whatever page asks; only a token shows that its owner trusts the page with it.
        is_by_token = any(name.startswith(TOKEN_PREFIX) for name in subprotocols)
        is_welcome = is_by_token and self.welcomes(headers.get("origin", "").lower())
        if not is_welcome and not is_allowed_origin(headers, is_secure=_is_secure(self.scope, headers)):
            raise Refused(Code.NOT_ALLOWED)
        user, session_key = found
        feed = self.feed_of(user, dict(parse_qsl(self.scope["query_string"].decode("latin-1"))))
        seat = Seat(user, session_key, feed or "", type(self), self.outbox)
        if feed is None or seat not in self.admitted([seat]):
            raise Refused(Code.NOT_ALLOWED)
        return seat

    async def _resume(self, seat: Seat, last_seq: int) -> None:
        """Send what came after ``last_seq``, or a snapshot where that is not there any more."""
        self.outbox.hold()
        try:
            missed = await self.hub.replay(seat.feed, last_seq)
        except RedisError:
            raise Refused(Code.TRY_LATER) from None
        if missed is None:
            await self._send_snapshot(seat)
        else:
            self.outbox.release(missed.texts, missed.newest)

    async def _send_snapshot(self, seat: Seat) -> None:
        """Send how things stand. Its number is read first: whatever has a lower one was committed before."""
        self.outbox.hold()
        try:
            seq = await self.hub.look(seat.feed)
            data = await in_thread(self.snapshot, seat.user, seat.feed)
        except (RedisError, DatabaseError):
            raise Refused(Code.TRY_LATER) from None
        text = to_json({"type": "snapshot", "seq": seq, "at": moment_now(), "data": data})
        self.outbox.release([text], seq)

    def _count(self) -> None:
        now = time.monotonic()
        self._allowance = min(BURST, self._allowance + (now - self._counted_at) * PER_SECOND) - 1
        self._counted_at = now
        if self._allowance < 0:
            raise Refused(Code.TOO_MUCH)


def _parse(text: str | None) -> dict[str, Any]:
    """The client's message: ``ping``, or ``resume`` with ``last_seq``; raises Refused for anything else."""
    try:
        if text is None or len(text) > MOST_BYTES:
            raise ValueError
        message = json.loads(text)
        if message["type"] == "resume":
            seq = message["last_seq"]
            if type(seq) is not int or not 0 <= seq < MOST_SEQ:
                raise ValueError
        elif message["type"] != "ping":
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refused(Code.BAD_MESSAGE) from None
    parsed: dict[str, Any] = message
    return parsed


def _is_secure(scope: Any, headers: Mapping[str, str]) -> bool:
    """Whether the client came by TLS, as far as this process or a trusted proxy knows."""
    said = settings.TRUSTED_PROXY_COUNT and headers.get("x-forwarded-proto", "").lower() == "https"
    return bool(said or scope.get("scheme") == "wss")


class NoSuchFeed(AsyncWebsocketConsumer):
    """Every other address: the handshake is refused, as an unknown page is."""

    async def connect(self) -> None:
        await self.close()
