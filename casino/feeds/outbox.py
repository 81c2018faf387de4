"""What one socket still has to be sent, in order; filled by the hub, emptied as fast as its client reads."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

# Further behind than this, a client is better served by a new connection. It is above what a window keeps.
MOST_MESSAGES, MOST_BYTES = 4096, 8 * 1024 * 1024
# Beyond this the server keeps what the client does not read in its own memory.
MOST_UNSENT_BYTES = 1024 * 1024
UNSENT_PAUSE_SECONDS = 0.02
# How long a client that does not read has to take note of the end.
LAST_WORD_SECONDS = 2.0

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Code:
    """Closing codes: 4xxx are ours, and final unless said otherwise."""

    BAD_MESSAGE = 4400
    NOT_LOGGED_IN = 4401
    NOT_ALLOWED = 4403
    # May connect again at once: the new connection begins with a snapshot.
    TOO_SLOW = 4408
    TOO_MUCH = 4429
    TRY_LATER = 1013


class Outbox:
    """The queue of one socket and the task that sends it.

    It begins on hold: news that comes while a snapshot or a replay is made waits for it, and what that contains
    already is dropped.
    """

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._held: list[tuple[int, str]] | None = []
        self._bytes = 0
        self._known = 0
        self._ending: int | None = None
        self._has_work = asyncio.Event()
        self._has_ended = asyncio.Event()

    def put(self, text: str) -> None:
        """Queue a text; a full queue ends the connection."""
        if self._ending is None:
            self._waiting.append(text)
            self._has_work.set()
            self._weigh(len(text))

    def news(self, seq: int, text: str) -> None:
        """Queue a numbered message, once whatever is on its way before it is there."""
        if self._held is not None:
            self._held.append((seq, text))
            self._weigh(len(text))
        elif seq > self._known:
            self.put(text)

    def beat(self, text: str) -> None:
        """Queue a heartbeat, unless something better is on its way."""
        if self._held is None:
            self.put(text)

    def hold(self) -> None:
        """Let news wait."""
        if self._held is None and self._ending is None:
            self._held = []

    def release(self, texts: Iterable[str], known: int) -> None:
        """Queue ``texts``, which bring the client up to the number ``known``, then the news beyond it."""
        held, self._held = self._held or [], None
        self._bytes -= sum(len(text) for _, text in held)
        self._known = known
        for text in texts:
            self.put(text)
        for seq, text in held:
            self.news(seq, text)

    def end(self, code: int) -> None:
        """Send no more than the end."""
        if self._ending is None:
            self._ending = code
            self._waiting.clear()
            self._held = None
            self._has_ended.set()

    def _weigh(self, more: int) -> None:
        self._bytes += more
        if len(self._waiting) + len(self._held or ()) > MOST_MESSAGES or self._bytes > MOST_BYTES:
            self.end(Code.TOO_SLOW)

    async def run(self, send: Send) -> None:
        """Send what is queued, until the end."""
        sending = asyncio.ensure_future(self._send_all(send))
        ending = asyncio.ensure_future(self._has_ended.wait())
        try:
            await asyncio.wait({sending, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, ending):
                task.cancel()
            await asyncio.gather(sending, ending, return_exceptions=True)

    async def close(self, send: Send) -> None:
        """Tell the client how it ended; one that does not read is given up."""
        if self._ending is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORD_SECONDS):
                    await send({"type": "websocket.close", "code": self._ending})

    async def _send_all(self, send: Send) -> None:
        while True:
            await self._has_work.wait()
            while self._waiting:
                while unsent_bytes(send) > MOST_UNSENT_BYTES:  # noqa: ASYNC110 - daphne does not say when it is less
                    await asyncio.sleep(UNSENT_PAUSE_SECONDS)
                text = self._waiting.popleft()
                self._bytes -= len(text)
                await send({"type": "websocket.send", "text": text})
            self._has_work.clear()


def unsent_bytes(send: Send) -> int:
    """What the server has taken over from ``send`` and the client has not read yet.

    Granian lets the sender wait instead; daphne takes everything, and its transport knows what is left.
    """
    protocol = next(iter(getattr(send, "args", ())), None)
    transport = getattr(protocol, "transport", None)
    buffer: bytes = getattr(transport, "dataBuffer", b"")
    return len(buffer) - getattr(transport, "offset", 0) + getattr(transport, "_tempDataLen", 0)
