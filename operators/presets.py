"""The spans of time that the overview offers, and with what each is compared: the same stretch one span earlier."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from operators.periods import DAY, HOUR, Period

DEFAULT = "today"


@dataclass(frozen=True)
class Span:
    """``period`` up to the end of its last day, and ``before``: as much of the span before it as has passed of it."""

    name: str
    label: str
    period: Period
    before: Period
    before_label: str

    @property
    def is_one_day(self) -> bool:
        return self.period.end - self.period.start == DAY


# Name: label, the first day and the length in days (of the day that is today), the first day of the span before.
_Rule = tuple[str, Callable[[date], tuple[date, date]], Callable[[date], date], str]
_RULES: dict[str, _Rule] = {
    "today": ("Today", lambda today: (today, today), lambda first: first - DAY, "yesterday so far"),
    "yesterday": ("Yesterday", lambda today: (today - DAY, today - DAY), lambda first: first - DAY, "the day before"),
    "7d": ("7 days", lambda today: (today - 6 * DAY, today), lambda first: first - 7 * DAY, "7 days earlier"),
    "30d": ("30 days", lambda today: (today - 29 * DAY, today), lambda first: first - 30 * DAY, "30 days earlier"),
    "month": (
        "This month",
        lambda today: (today.replace(day=1), today),
        lambda first: (first - DAY).replace(day=1),
        "last month so far",
    ),
}
PRESETS = {name: rule[0] for name, rule in _RULES.items()}


def span_named(name: str | None, now: datetime) -> Span:
    """The span of that name at this moment; today's for a name that is none."""
    name = name if name in _RULES else DEFAULT
    label, days, earlier, before_label = _RULES[name]
    first, last = days(now.astimezone(UTC).date())
    start, end = _midnight(first), _midnight(last) + DAY
    next_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + HOUR
    before = _midnight(earlier(first))
    passed = min(end, next_hour) - start
    # A shorter month before this one ends where this one begins.
    until = min(before + passed, start)
    return Span(name, label, _period(start, end), _period(before, until), before_label)


def _period(start: datetime, end: datetime) -> Period:
    last = (end - timedelta(microseconds=1)).date()
    return Period(start, end, start.date().isoformat(), last.isoformat())


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
