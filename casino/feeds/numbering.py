"""The feeds in Redis: each one's numbers and replay window, moved by scripts so that one round trip does everything.

A feed's numbers begin at the microsecond in which it is first used and rise by one a message. So they rise also when
Redis forgot them, and nobody takes a number of today for the same number of yesterday. What nobody heard lately is
numbered but neither kept nor sent: a gap in the window says so to who asks for it later.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import redis
from redis.asyncio import Redis as AsyncRedis
from redis.backoff import NoBackoff
from redis.retry import Retry

# How long a window, and a player's feed that nobody listens to any more, are kept.
WINDOW_SECONDS = 600
PLAYER_WINDOW, STAFF_WINDOW = 200, 2000

# ``number`` moves a feed's number on by ``step`` and answers it; 86400: for how long an idle feed's is remembered.
_NUMBER = """
local function number(feed, step)
  local key = 'casino:feed:seq:' .. feed
  local seq = redis.call('INCRBY', key, step)
  if seq <= step then
    local now = redis.call('TIME')
    seq = now[1] * 1000000 + now[2] + math.max(step - 1, 0)
    redis.call('SET', key, string.format('%.0f', seq))
  end
  redis.call('EXPIRE', key, 86400)
  return seq
end
"""
# KEYS: the channel. ARGV: the windows' seconds, then for each feed its name, its window's length, how many messages it
# has, and of each its type and the rest of its text. Numbers each message in its feed, keeps it for replay, and
# publishes all of them as one; length 0 leaves a gap.
_PUBLISH = (
    _NUMBER
    + """
local lines, i = {}, 2
while i <= #ARGV do
  local feed, length, count = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local before, window = number(feed, count) - count, 'casino:feed:window:' .. feed
  if length == '0' then
    redis.call('DEL', window)
  elseif string.sub(feed, 1, 7) ~= 'player:' or redis.call('EXISTS', 'casino:feed:heard:' .. feed) == 1 then
    for message = 1, count do
      local seq, kind = string.format('%.0f', before + message), ARGV[i + 1 + 2 * message]
      local text = seq .. ' {"type": "' .. kind .. '", "seq": ' .. seq .. ', ' .. ARGV[i + 2 + 2 * message]
      redis.call('RPUSH', window, text)
      lines[#lines + 1] = feed .. ' ' .. kind .. ' ' .. text
    end
    redis.call('LTRIM', window, -length, -1)
    redis.call('EXPIRE', window, ARGV[1])
  end
  i = i + 3 + 2 * count
end
if #lines > 0 then redis.call('PUBLISH', KEYS[1], table.concat(lines, '\\n')) end
"""
)
# KEYS: a channel, or an empty name. ARGV: seconds, then feeds. Notes that the feeds are listened to, and tells the
# channel, and the caller, their newest numbers. What the channel hears comes after all that was published before.
_LOOK = (
    _NUMBER
    + """
local seqs, lines = {}, {}
for i = 2, #ARGV do
  redis.call('SET', 'casino:feed:heard:' .. ARGV[i], 1, 'EX', ARGV[1])
  seqs[i - 1] = string.format('%.0f', number(ARGV[i], 0))
  lines[i - 1] = ARGV[i] .. ' ' .. seqs[i - 1]
end
if KEYS[1] ~= '' then redis.call('PUBLISH', KEYS[1], table.concat(lines, '\\n')) end
return seqs
"""
)
# ARGV: feed, the last number that was seen. Answers the newest number and the messages since, or nothing when some of
# them are not there any more.
_REPLAY = (
    _NUMBER
    + """
local window, newest = 'casino:feed:window:' .. ARGV[1], number(ARGV[1], 0)
local missed, seq = newest - tonumber(ARGV[2]), string.format('%.0f', newest)
if missed == 0 then return {seq} end
if missed < 0 or missed > redis.call('LLEN', window) then return {} end
local found = redis.call('LRANGE', window, -missed, -1)
if tonumber(string.match(found[1], '^%d+')) ~= ARGV[2] + 1 then return {} end
table.insert(found, 1, seq)
return found
"""
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A message on its way: ``rest`` is its JSON text without the opening brace, its type and its number."""

    feed: str
    kind: str
    rest: str


@dataclass(frozen=True, slots=True)
class Missed:
    """What a client has not seen of its feed: the newest number, and the messages since its own."""

    newest: int
    texts: Sequence[str]


def connect(url: str, timeout_seconds: float) -> redis.Redis:
    """A connection pool that gives up at once: redis-py's default is to try three times, a second apart."""
    return redis.Redis.from_url(
        url, socket_timeout=timeout_seconds, socket_connect_timeout=timeout_seconds, retry=Retry(NoBackoff(), 0)
    )


def channel_of(url: str) -> str:
    """The channel of all feeds; channels are the server's, not a database's, so the number is part of the name."""
    database = redis.ConnectionPool.from_url(url).connection_kwargs.get("db", 0)
    return f"casino:feeds:{database}"


def publish(server: redis.Redis, channel: str, entries: Iterable[Entry]) -> None:
    """Number, keep and publish the entries, those of each feed in their order: one round trip."""
    texts: dict[str, list[str]] = {}
    for entry in entries:
        texts.setdefault(entry.feed, []).extend((entry.kind, entry.rest))
    arguments: list[Any] = [WINDOW_SECONDS]
    for feed, theirs in texts.items():
        length = PLAYER_WINDOW if feed.startswith("player:") else STAFF_WINDOW
        arguments += [feed, length, len(theirs) // 2, *theirs]
    server.eval(_PUBLISH, 1, channel, *arguments)


def leave_gaps(server: redis.Redis, channel: str, feeds: Iterable[str]) -> None:
    """Move the feeds' numbers on without a message: whoever listens notices that something was lost."""
    arguments: list[Any] = [WINDOW_SECONDS]
    for feed in feeds:
        arguments += [feed, 0, 1, "", ""]
    server.eval(_PUBLISH, 1, channel, *arguments)


async def look(server: AsyncRedis, feeds: Sequence[str], channel: str = "") -> list[int]:
    """The feeds' newest numbers, also told to ``channel``; notes that somebody listens to them."""
    answer: Any = await cast(Any, server.eval(_LOOK, 1, channel, WINDOW_SECONDS, *feeds))
    return [int(seq) for seq in answer]


async def replay(server: AsyncRedis, feed: str, last_seq: int) -> Missed | None:
    """The messages of the feed after ``last_seq``; None when they are not all there any more."""
    answer: Any = await cast(Any, server.eval(_REPLAY, 0, feed, last_seq))
    if not answer:
        return None
    newest, *found = answer
    return Missed(int(newest), [text.decode().partition(" ")[2] for text in found])
