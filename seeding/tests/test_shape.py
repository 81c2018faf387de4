"""The shape of a past."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from seeding.shape import HOURS, WEEKDAYS, moment_of

# A Monday; four weeks.
START = datetime(2026, 3, 2, tzinfo=UTC)
UNTIL = START + timedelta(days=28)


def test_a_past_fills_its_time_in_order():
    moments = [moment_of(number, 5000, START, UNTIL) for number in range(5000)]
    assert moments == sorted(moments)
    assert moments[0] == START
    assert UNTIL - timedelta(hours=1) < moments[-1] < UNTIL


def test_evenings_and_saturdays_are_the_busiest():
    moments = [moment_of(number, 100_000, START, UNTIL) for number in range(100_000)]
    hours = Counter(moment.hour for moment in moments)
    days = Counter(moment.weekday() for moment in moments)
    for hour, weight in enumerate(HOURS):
        assert abs(hours[hour] - 100_000 * weight / sum(HOURS)) < 40
    for day, weight in enumerate(WEEKDAYS):
        assert abs(days[day] - 100_000 * weight / sum(WEEKDAYS)) < 40


def test_a_past_that_ends_within_an_hour_goes_no_further():
    until = START + timedelta(minutes=90)
    assert max(moment_of(number, 300, START, until) for number in range(300)) <= until
