"""Publishing to the feeds: after commit, numbered where published, never able to fail or slow what it tells of."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import redis
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

WINDOW_MESSAGES = 500
WINDOW_SECONDS = 3600
# ARGV: window length, window seconds, then feed and message in turn. Numbers each message in its feed, keeps it for
# replay and publishes it, all in one round trip.
_PUBLISH = """
for i = 3, #ARGV, 2 do
  local feed = ARGV[i]
  local seq = redis.call('INCR', 'casino:seq:' .. feed)
  local text = seq .. ' ' .. ARGV[i + 1]
  local window = 'casino:window:' .. feed
  redis.call('RPUSH', window, text)
  redis.call('LTRIM', window, -ARGV[1], -1)
  redis.call('EXPIRE', window, ARGV[2])
  redis.call('PUBLISH', 'casino:feeds', feed .. ' ' .. text)
end
"""


@dataclass(frozen=True, slots=True)
class Message:
    """News for one feed: its ``type`` (``bet.settled``…), the moment, and the object's REST shape."""

    feed: str
    type: str
    at: str
    data: Any


def player_feed(player_id: UUID) -> str:
    return f"player:{player_id}"


def operator_feed(operator_id: UUID) -> str:
    return f"operator:{operator_id}"


PLATFORM_FEED = "platform"


def publish(messages: Sequence[Message]) -> None:
    """Send ``messages`` once the running transaction has committed; a Redis that is away loses news, nothing else."""
    if messages:
        transaction.on_commit(lambda: _send(messages), robust=True)


def _send(messages: Sequence[Message]) -> None:
    arguments: list[Any] = [WINDOW_MESSAGES, WINDOW_SECONDS]
    for message in messages:
        body = {"type": message.type, "at": message.at, "data": message.data}
        arguments += [message.feed, json.dumps(body, cls=DjangoJSONEncoder)]
    try:
        _connection().eval(_PUBLISH, 0, *arguments)
    except RedisError:
        logger.warning("the feeds are away: %d messages were not sent", len(messages))


@lru_cache
def _connection() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.2)
