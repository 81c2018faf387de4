"""Answers whose bytes are made at once, without the API framework's negotiation of how to render them."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import orjson
from django.http import HttpResponse

JSON = "application/json"


class Answer(HttpResponse):
    """A JSON answer of status 200; ``data`` is what its bytes say."""

    def __init__(self, data: Any) -> None:
        super().__init__(to_bytes(data), content_type=JSON)
        self.data = data


def to_bytes(data: Any) -> bytes:
    """``data`` as JSON; decimals and lazy texts as strings."""
    return orjson.dumps(data, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


class KeptAnswers:
    """Bytes of answers that many callers share, each kept for as long as what it was made of stays the same.

    The least used go first when there are more than ``most``.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[Hashable, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def answer(self, key: Hashable, revision: Hashable, make: Callable[[], Answer]) -> HttpResponse:
        """What is kept under ``key`` at ``revision``, or else what ``make`` makes of the present state.

        The revision must have been read before: what is made later is as new or newer. At None nothing is kept.
        """
        with self._lock:
            found = self._kept.get(key)
            if found is not None and revision is not None and found[0] == revision:
                self._kept.move_to_end(key)
                return HttpResponse(found[1], content_type=JSON)
        made = make()
        with self._lock:
            self._kept[key] = (revision, made.content)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made
