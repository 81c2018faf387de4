"""The interval that a report covers, and whose play counts: parsed once, for every report and list.

An interval is [start, end) in whole hours of UTC, because rollups know nothing finer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from casino.errors import FieldError, Invalid

DEFAULT_DAYS = 30
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# What PostgreSQL and Python both reckon with, and a day more.
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
SEEDED = ("include", "exclude", "only")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_HOUR = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:00:00(?:\.0+)?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII)


@dataclass(frozen=True)
class Period:
    """``start`` (included) and ``end`` (excluded), both whole hours; ``is_seeded`` True or False keeps only such play.

    ``first`` and ``last`` are how the caller stated them: dates, of which ``last`` is included, or moments.
    """

    start: datetime
    end: datetime
    first: str
    last: str
    is_seeded: bool | None = None

    @property
    def whole_days(self) -> tuple[date, date]:
        """The days [from, until) of UTC that lie in the interval from midnight to midnight; none when equal."""
        first = (self.start + DAY - timedelta(microseconds=1)).date()
        return first, max(first, self.end.date())


def parse_period(parameters: Mapping[str, str], now: datetime) -> Period:
    """The interval and the choice of play that a request's ``from``, ``to`` and ``seeded`` state.

    Dates count whole (``to`` included), moments are whole hours (``to`` excluded); the default is the last 30 days up
    to today. Empty parameters count as left out. Raises Invalid naming every faulty parameter.
    """
    errors: list[FieldError] = []
    start, first = _boundary(parameters, "from", errors, is_end=False)
    end, last = _boundary(parameters, "to", errors, is_end=True)
    seeded = parameters.get("seeded") or "include"
    if seeded not in SEEDED:
        errors.append(FieldError("seeded", f"seeded is one of {', '.join(SEEDED)}."))
    if errors:
        raise Invalid("Some parameters are not valid.", errors=errors)
    if end is None:
        end, last = _midnight(now.astimezone(UTC).date() + DAY), now.astimezone(UTC).date().isoformat()
    if start is None:
        start = max(_midnight(end.date() - DEFAULT_DAYS * DAY), FIRST)
        first = start.date().isoformat()
    if start >= end:
        raise Invalid.field("from", "from lies before to.")
    return Period(start, end, first, last, None if seeded == "include" else seeded == "only")


def last_days(now: datetime) -> Period:
    """The default interval: the last 30 days up to today, all play."""
    return parse_period({}, now)


def _boundary(
    parameters: Mapping[str, str], name: str, errors: list[FieldError], *, is_end: bool
) -> tuple[datetime | None, str]:
    """The moment that a parameter states and how to show it; a fault goes to ``errors``."""
    text = (parameters.get(name) or "").strip()
    if not text:
        return None, ""
    try:
        if _DATE.fullmatch(text):
            moment = _midnight(date.fromisoformat(text)) + (DAY if is_end else timedelta(0))
        elif _HOUR.fullmatch(text):
            moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
            text = moment.isoformat().replace("+00:00", "Z")
        else:
            raise ValueError(text)
        if moment.minute or not FIRST <= moment <= LAST:
            raise ValueError(text)
    except (ValueError, OverflowError):
        sentence = f"{name} is a date (2026-01-31) or a whole hour of UTC (2026-01-31T13:00:00Z)."
        errors.append(FieldError(name, sentence))
        return None, ""
    return moment, text


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
