"""The shape of a past: how play spreads over the hours of a day and the days of a week. Pure."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import accumulate

HOUR = timedelta(hours=1)
# Out of UTC's night up to the evening; Friday and Saturday are the busiest.
HOURS = (30, 20, 13, 9, 7, 8, 12, 18, 26, 34, 40, 46, 52, 54, 54, 56, 60, 68, 80, 94, 100, 96, 76, 50)
WEEKDAYS = (80, 78, 82, 90, 120, 135, 110)


@lru_cache(maxsize=64)
def _sums(start: datetime, hours: int) -> Sequence[int]:
    moments = (start + HOUR * number for number in range(hours))
    return list(accumulate(HOURS[moment.hour] * WEEKDAYS[moment.weekday()] for moment in moments))


def moment_of(deed: int, deeds: int, start: datetime, until: datetime) -> datetime:
    """When the deed with this number (0 … ``deeds`` − 1) of a past from ``start`` to ``until`` was done.

    Both are moments of UTC, ``start`` a whole hour; a later deed is never dated earlier.
    """
    hours = max(1, -((start - until) // HOUR))
    sums = _sums(start, hours)
    place, total = deed * sums[-1], deeds
    hour = bisect_right(sums, place // total)
    before = sums[hour - 1] if hour else 0
    weight = sums[hour] - before
    within = HOUR * ((place - before * total) / (weight * total))
    return min(start + HOUR * hour + within, until)
