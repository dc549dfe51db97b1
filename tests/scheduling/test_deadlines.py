"""Until when a request may be answered: opening hours count, closed ones do not. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.hours import WeeklySpan, ZoneDays, from_minute, opening_deadline, to_minute

ZONE = ZoneInfo("America/New_York")
OFFICE = [WeeklySpan(day, 540, 1020) for day in range(5)]
SPLIT = [WeeklySpan(day, *span) for day in range(5) for span in ((540, 840), (960, 1140))]
FRIDAY = date(2027, 6, 4)
MONDAY = date(2027, 6, 7)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), ZONE)


def deadline(
    asked: datetime, *, opening: list[WeeklySpan] = OFFICE, hours: int = 4, latest: datetime | None = None
) -> datetime:
    latest = latest or asked + timedelta(days=60)
    return from_minute(
        opening_deadline(
            opening, ZoneDays(ZONE), asked_at=to_minute(asked), minutes=hours * 60, latest=to_minute(latest)
        )
    )


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (at(MONDAY, 9), at(MONDAY, 13)),
        (at(MONDAY, 6), at(MONDAY, 13)),  # before opening: counts from the opening
        (at(MONDAY, 13), at(MONDAY, 17)),  # the last minute of the day still counts as that day
        (at(MONDAY, 15), at(MONDAY + timedelta(days=1), 11)),
        (at(FRIDAY, 15), at(MONDAY, 11)),  # stands still over the weekend
        (at(FRIDAY, 18), at(MONDAY, 13)),
        (at(FRIDAY + timedelta(days=1), 12), at(MONDAY, 13)),
    ],
)
def test_only_opening_hours_count(asked: datetime, answer: datetime) -> None:
    assert deadline(asked) == answer


def test_a_lunch_break_does_not_count() -> None:
    assert deadline(at(MONDAY, 12), opening=SPLIT) == at(MONDAY, 18)


def test_it_ends_at_the_latest_when_told_so() -> None:
    assert deadline(at(MONDAY, 9), latest=at(MONDAY, 10)) == at(MONDAY, 10)
    assert deadline(at(FRIDAY, 16), latest=at(MONDAY, 8)) == at(MONDAY, 8), "also while it is closed"


@pytest.mark.parametrize(
    ("day", "answer"),
    [
        # 00:00 + 4 real hours on a day of 23, and on one of 25 hours
        (date(2027, 3, 14), datetime(2027, 3, 14, 9, 0, tzinfo=UTC)),
        (date(2027, 11, 7), datetime(2027, 11, 7, 8, 0, tzinfo=UTC)),
    ],
)
def test_hours_pass_as_they_really_pass_when_clocks_change(day: date, answer: datetime) -> None:
    always = [WeeklySpan(weekday, 0, 1440) for weekday in range(7)]
    assert deadline(at(day, 0), opening=always) == answer


def test_a_weekend_with_a_clock_change_keeps_the_wall_times() -> None:
    friday = date(2027, 3, 12)
    assert deadline(at(friday, 16)) == at(date(2027, 3, 15), 12)


def test_a_place_that_never_opens_is_taken_as_open() -> None:
    assert deadline(at(MONDAY, 23), opening=[]) == at(MONDAY + timedelta(days=1), 3)
