"""Logging: one JSON object a line, with the request's id, operator and player; never a secret or a body."""

import json
import logging
from contextvars import ContextVar
from typing import Any

_request: ContextVar[dict[str, str] | None] = ContextVar("request", default=None)


def enter_request(request_id: str) -> None:
    """Begin a request's log context."""
    _request.set({"request_id": request_id})


def leave_request() -> None:
    """End the request's log context: what this thread logs next belongs to nobody yet."""
    _request.set(None)


def note(**facts: object) -> None:
    """Add facts (``operator``, ``player``) to every further line of this request."""
    context = _request.get()
    if context is not None:
        context.update({name: str(value) for name, value in facts.items() if value is not None})


def current_request_id() -> str | None:
    """The id of the request being answered, if any."""
    return (_request.get() or {}).get("request_id")


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        } | (_request.get() or {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
