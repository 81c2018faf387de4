"""Weeks: ISO ones, in UTC, named by the Monday on which they begin."""

from datetime import UTC, date, datetime, timedelta

from casino.errors import Refusal

WEEK = timedelta(days=7)


class WeekNotOver(Refusal):
    """A week that is still being played cannot be settled."""

    code = "week_not_over"
    title = "The week is not over"


def closed_week(day: date | None, today: date) -> date:
    """The last week that was over when ``day`` (today by default) began; WeekNotOver for a day to come."""
    day = day or today
    if day > today:
        raise WeekNotOver(f"It is only {today}: the last week that is over began on {last_week(today)}.")
    return last_week(day)


def week_of(day: date) -> date:
    """The Monday of the week that ``day`` is in."""
    return day - timedelta(days=day.weekday())


def last_week(day: date) -> date:
    """The last week that was over when ``day`` began."""
    return week_of(day) - WEEK


def midnight(day: date) -> datetime:
    """The moment at which ``day`` begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
