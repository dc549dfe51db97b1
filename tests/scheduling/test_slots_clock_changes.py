"""The slot engine on the days on which clocks change, in every zone, against a slow oracle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest

from scheduling.hours import WeeklySpan, ZoneDays, open_ranges
from scheduling.slots import Agenda, TypeRule, free_starts
from tests.scheduling.oracle import Wall, minute_of

FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
Change = tuple[datetime, timedelta, timedelta]


def changes_of(zone: ZoneInfo) -> Iterator[Change]:
    """The instants at which a zone's offset changes, with the offsets before and after."""

    def offset(moment: datetime) -> timedelta:
        return moment.astimezone(zone).utcoffset() or timedelta()

    step = timedelta(days=3)
    moment, before = FIRST, offset(FIRST)
    while moment < LAST:
        after = offset(moment + step)
        if after != before:
            low, high = moment, moment + step
            while high - low > timedelta(minutes=1):
                middle = low + timedelta(minutes=(high - low) // timedelta(minutes=1) // 2)
                low, high = (middle, high) if offset(middle) == before else (low, middle)
            yield high, before, after
        moment, before = moment + step, after


@cache
def behaviours() -> dict[tuple[Change, ...], list[str]]:
    """Every zone's name, by what its clocks do from 2026 to 2030: zones that do the same need one look."""
    found: dict[tuple[Change, ...], list[str]] = {}
    for name in sorted(available_timezones()):
        found.setdefault(tuple(changes_of(ZoneInfo(name))), []).append(name)
    return found


def every_day(*spans: tuple[int, int]) -> list[WeeklySpan]:
    return [WeeklySpan(weekday, opens, closes) for weekday in range(7) for opens, closes in spans]


def around(wall: datetime) -> tuple[int, int]:
    """Hours that begin and end inside the hour of a change."""
    minute = wall.hour * 60 + wall.minute
    return max(0, minute - 45), min(1440, minute + 35)


def test_every_change_of_every_zone_gives_the_oracles_times() -> None:
    compared = names = 0
    for changes, zones in behaviours().items():
        names += len(zones)
        zone = ZoneInfo(zones[0])
        for at, before, _ in changes:
            wall = (at + before).replace(tzinfo=None)
            day = wall.date()
            first, last = day - timedelta(days=1), day + timedelta(days=2)
            oracle = Wall(zone, first, last)
            cases = [
                (every_day((0, 1440)), TypeRule(duration=30, grid=30)),
                (every_day((0, 90), (90, 195), (195, 480), (1380, 1440)), TypeRule(duration=45, grid=15)),
                (every_day(around(wall)), TypeRule(duration=20, grid=20)),
            ]
            for spans, rule in cases:
                starts = free_starts(
                    Agenda(spans),
                    rule,
                    days=ZoneDays(zone),
                    first=first,
                    last=last,
                    now=minute_of(at) - 5 * 1440,
                )
                expected = oracle.starts(spans, duration=rule.duration, grid=rule.grid)
                assert starts == expected, (zones[0], at, rule)
                compared += 1
    assert names == len(available_timezones())
    assert compared > 500


@pytest.mark.parametrize(
    ("zone", "day", "hours", "open_minutes", "starts"),
    [
        ("America/New_York", date(2027, 3, 14), (0, 360), 300, 10),  # 02:00 to 03:00 is not there
        ("America/New_York", date(2027, 11, 7), (0, 360), 420, 12),  # 01:00 to 02:00 comes twice, told once
        ("America/New_York", date(2027, 3, 14), (540, 1020), 480, 16),  # an ordinary working day all the same
        ("Africa/Cairo", date(2027, 4, 30), (0, 180), 120, 4),  # midnight itself is skipped
        ("Australia/Lord_Howe", date(2027, 10, 3), (60, 240), 150, 5),  # half an hour is skipped
    ],
)
def test_hours_over_a_change_are_as_long_as_the_clock_makes_them(
    zone: str, day: date, hours: tuple[int, int], open_minutes: int, starts: int
) -> None:
    days = ZoneDays(ZoneInfo(zone))
    spans = every_day(hours)
    ranges = open_ranges(days, spans, day, day + timedelta(days=1))
    assert sum(end - begin for begin, end in ranges) == open_minutes
    free = free_starts(
        Agenda(spans),
        TypeRule(duration=30, grid=30),
        days=days,
        first=day,
        last=day + timedelta(days=1),
        now=days.bounds(day)[0] - 1440,
    )
    assert len(free) == starts


def test_a_skipped_opening_time_means_the_first_instant_after_the_gap() -> None:
    days = ZoneDays(ZoneInfo("America/New_York"))
    day = date(2027, 3, 14)
    assert days.instant(day, 150) == minute_of(datetime(2027, 3, 14, 7, 0, tzinfo=UTC))


def test_a_doubled_time_means_its_first_occurrence_as_start_and_as_end() -> None:
    days = ZoneDays(ZoneInfo("America/New_York"))
    day = date(2027, 11, 7)
    first_half_past_one = minute_of(datetime(2027, 11, 7, 5, 30, tzinfo=UTC))
    assert days.instant(day, 90) == first_half_past_one
    until, since = open_ranges(days, every_day((0, 90)), day, day + timedelta(days=1)), days.instant(day, 90)
    assert until == [(days.instant(day, 0), since)]


def test_hours_that_adjoin_in_a_doubled_hour_are_one_stretch() -> None:
    days = ZoneDays(ZoneInfo("America/New_York"))
    day = date(2027, 11, 7)
    ranges = open_ranges(days, every_day((0, 90), (90, 180)), day, day + timedelta(days=1))
    assert ranges == [(days.instant(day, 0), days.instant(day, 180))]
