"""Opening hours: a lifetime that runs only while somebody is there, also on the days the clock changes."""

from __future__ import annotations

import math
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from actions.hours import DAYS, OpeningHours
from tests.generated import quick

zones = st.sampled_from(["Europe/Amsterdam", "UTC", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu"])
starts = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
lives = st.integers(1, 168).map(lambda hours: timedelta(hours=hours))


@st.composite
def openings(draw: st.DrawFn) -> OpeningHours:
    first, last = sorted(draw(st.lists(st.integers(0, 1439), min_size=2, max_size=2, unique=True)))
    days = draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=7, unique=True))
    if (last - first) * len(days) * 50 < 168 * 60:
        first, last = 0, 1439
    at = [time(minute // 60, minute % 60) for minute in (first, last)]
    return OpeningHours(days=tuple(days), opens=at[0], closes=at[1], timezone=draw(zones))


def minutes_open(hours: OpeningHours, start: datetime, end: datetime) -> float:
    """Open time between two moments, added up day by day on the clock of the world."""
    zone = ZoneInfo(hours.timezone)
    day, total = start.astimezone(zone).date() - timedelta(days=1), 0.0
    while day <= end.astimezone(zone).date():
        if DAYS[day.weekday()] in hours.days:
            opens = datetime.combine(day, hours.opens, zone).timestamp()
            closes = datetime.combine(day, hours.closes, zone).timestamp()
            total += max(0.0, min(closes, end.timestamp()) - max(opens, start.timestamp()))
        day += timedelta(days=1)
    return total / 60


@quick(300)
@given(openings(), starts, lives)
@example(  # the night the clock goes forward: what the wall shows is an hour too much
    OpeningHours(days=DAYS, opens=time(0), closes=time(23, 59)),
    datetime(2026, 3, 28, 20, tzinfo=UTC),
    timedelta(hours=24),
)
def test_a_lifetime_in_opening_hours_is_exactly_that_and_never_shorter_than_plain(
    hours: OpeningHours, start: datetime, life: timedelta
) -> None:
    end = hours.after(start, life)

    assert end >= start + life
    assert math.isclose(minutes_open(hours, start, end), life.total_seconds() / 60, abs_tol=0.001)
    assert end.utcoffset() == timedelta(0)


@quick(150)
@given(openings(), starts, lives, lives)
def test_waiting_twice_is_waiting_once_for_both(
    hours: OpeningHours, start: datetime, one: timedelta, two: timedelta
) -> None:
    assert hours.after(hours.after(start, one), two) == hours.after(start, one + two)


@quick(150)
@given(openings(), starts, lives, st.integers(0, 100))
def test_counted_forward_and_back_it_is_the_same_time(
    hours: OpeningHours, start: datetime, life: timedelta, percent: int
) -> None:
    end = hours.after(start, life)
    left = life * percent / 100

    at = hours.before(end, left)

    assert start <= at <= end
    assert math.isclose(minutes_open(hours, at, end), left.total_seconds() / 60, abs_tol=1e-6)
    assert hours.between(at, end) == left
    assert hours.between(start, end) == life
    assert hours.between(end, start) == timedelta(0)
