"""Wall-clock hours and the instants they mean. Pure: no models, no clock.

Instants are whole minutes since 1970-01-01T00:00Z, wall times are minutes since local midnight (0 to 1440),
ranges are half-open pairs of instants. Each local day is resolved by itself through ``zoneinfo``, never as
"midnight plus so many minutes":

- a wall time that the clocks skip means the first instant after the gap;
- a wall time that comes twice means its first occurrence, as a start and as an end alike, so that adjoining
  spans stay adjoining (09:00 to 01:30 and 01:30 to 03:00 neither overlap nor leave an hour between them).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

Range = tuple[int, int]

DAY = 24 * 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_MINUTE = timedelta(minutes=1)


class WeeklySpan(NamedTuple):
    """Hours on one weekday (0 = Monday): wall minutes from ``opens`` up to, not including, ``closes``.

    They hold on the dates from ``since`` to ``until``, both included; None is no bound.
    """

    weekday: int
    opens: int
    closes: int
    since: date | None = None
    until: date | None = None

    def holds_on(self, day: date) -> bool:
        """Return whether these hours are in force on a date of their weekday."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


def wall_minutes(moment: time, *, end: bool = False) -> int:
    """Return the minutes since midnight; as an end, 23:59 is the midnight that closes the day.

    A time field cannot hold 24:00, and nobody means to close a minute before midnight.
    """
    minutes = moment.hour * 60 + moment.minute
    return DAY if end and minutes == DAY - 1 else minutes


def to_minute(instant: datetime) -> int:
    """Return the minute that an aware datetime falls in."""
    return (instant - _EPOCH) // _MINUTE


def to_minute_up(instant: datetime) -> int:
    """Return the first whole minute that is not before an aware datetime."""
    return -((_EPOCH - instant) // _MINUTE)


def from_minute(minute: int) -> datetime:
    """Return the aware UTC datetime of a minute."""
    return _EPOCH + timedelta(minutes=minute)


def dates(first: date, last: date) -> Iterator[date]:
    """Yield the dates of ``[first, last)``."""
    for ordinal in range(first.toordinal(), last.toordinal()):
        yield date.fromordinal(ordinal)


class _Day(NamedTuple):
    begins: int
    ends: int
    plain: bool


class ZoneDays:
    """The local days of one zone; remembers those it has resolved, so share one for a whole computation."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._days: dict[date, _Day] = {}
        self._grids: dict[tuple[date, int], list[int]] = {}

    def date_of(self, minute: int) -> date:
        """Return the local date of an instant."""
        return from_minute(minute).astimezone(self.zone).date()

    def instant(self, day: date, wall: int) -> int:
        """Return the instant of a wall time (0 to 1440) on a local day: skipped → after the gap, doubled → first."""
        known = self._day(day)
        return known.begins + wall if known.plain else self._resolve(day, wall)[0]

    def bounds(self, day: date) -> Range:
        """Return the instants at which a local day begins and ends."""
        known = self._day(day)
        return known.begins, known.ends

    def grid(self, day: date, step: int, within: Range) -> Sequence[int]:
        """Return the instants in ``within`` at which the day's wall clock shows a multiple of ``step`` minutes.

        Wall times that the clocks skip are not there, those that come twice are there once, so that a time
        told to a patient ("01:30") always means exactly one instant.
        """
        known = self._day(day)
        low, high = max(within[0], known.begins), min(within[1], known.ends)
        if known.plain:
            return range(low + (known.begins - low) % step, high, step)
        instants = self._uneven_grid(day, step)
        return instants[bisect_left(instants, low) : bisect_left(instants, high)]

    def _day(self, day: date) -> _Day:
        known = self._days.get(day)
        if known is None:
            begins, _ = self._resolve(day, 0)
            ends, _ = self._resolve(day, DAY)
            # Zones change their clocks at most once in a day: the same offset at both ends is a plain day.
            plain = self._offset(day, 0, 0) == self._offset(day, DAY, 0)
            known = self._days[day] = _Day(begins, ends, plain)
        return known

    def _uneven_grid(self, day: date, step: int) -> list[int]:
        key = (day, step)
        if key not in self._grids:
            resolved = (self._resolve(day, wall) for wall in range(0, DAY, step))
            self._grids[key] = [instant for instant, exists in resolved if exists]
        return self._grids[key]

    def _resolve(self, day: date, wall: int) -> tuple[int, bool]:
        """Return the instant of a wall time, and whether the clocks ever show it."""
        local = (day.toordinal() - _EPOCH_ORDINAL) * DAY + wall
        before, after = self._offset(day, wall, 0), self._offset(day, wall, 1)
        if before >= after:
            return local - before, True
        # The clocks skip it: find the change, which lies in (local - after, local - before].
        low, high = local - after, local - before
        while high - low > 1:
            middle = (low + high) // 2
            if self._offset_at(middle) == before:
                low = middle
            else:
                high = middle
        return high, False

    def _offset(self, day: date, wall: int, fold: int) -> int:
        days, minutes = divmod(wall, DAY)
        hour, minute = divmod(minutes, 60)
        moment = datetime.combine(day + timedelta(days=days), time(hour, minute, fold=fold), self.zone)
        return _whole_minutes(moment)

    def _offset_at(self, minute: int) -> int:
        return _whole_minutes(from_minute(minute).astimezone(self.zone))


def _whole_minutes(moment: datetime) -> int:
    offset = moment.utcoffset()
    assert offset is not None  # every moment here carries a zone
    return offset // _MINUTE


def open_ranges(days: ZoneDays, spans: Iterable[WeeklySpan], first: date, last: date) -> list[Range]:
    """Return the instants covered by weekly hours on the local dates ``[first, last)``, merged."""
    by_weekday: list[list[WeeklySpan]] = [[] for _ in range(7)]
    for span in spans:
        by_weekday[span.weekday].append(span)
    return merge(
        (days.instant(day, span.opens), days.instant(day, span.closes))
        for day in dates(first, last)
        for span in by_weekday[day.weekday()]
        if span.holds_on(day)
    )


def merge(ranges: Iterable[Range]) -> list[Range]:
    """Return ranges sorted, the empty ones dropped, those that touch or overlap joined."""
    merged: list[Range] = []
    for begin, end in sorted(ranges):
        if end <= begin:
            continue
        if merged and begin <= merged[-1][1]:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((begin, end))
    return merged


def subtract(ranges: Sequence[Range], holes: Sequence[Range]) -> list[Range]:
    """Return what of merged ranges lies outside merged holes."""
    left: list[Range] = []
    position = 0
    for begin, end in ranges:
        while position < len(holes) and holes[position][1] <= begin:
            position += 1
        following = position
        while following < len(holes) and holes[following][0] < end:
            hole_begin, hole_end = holes[following]
            if begin < hole_begin:
                left.append((begin, hole_begin))
            begin = max(begin, hole_end)
            following += 1
        if begin < end:
            left.append((begin, end))
    return left


def intersect(left: Sequence[Range], right: Sequence[Range]) -> list[Range]:
    """Return what two lists of merged ranges have in common."""
    common: list[Range] = []
    i = j = 0
    while i < len(left) and j < len(right):
        begin, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if begin < end:
            common.append((begin, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return common


def overlaps(ranges: Iterable[Range], begin: int, end: int) -> bool:
    """Return whether any range shares time with ``[begin, end)``."""
    return any(low < end and begin < high for low, high in ranges if low < high)


def opening_deadline(
    opening: Iterable[WeeklySpan], days: ZoneDays, *, asked_at: int, minutes: int, latest: int
) -> int:
    """Return when ``minutes`` of opening time have passed since ``asked_at``, but ``latest`` at most.

    The clock stands still while the place is closed, and runs through hours that clocks skip or double as they
    really pass. A place without opening hours is taken as always open.
    """
    spans = list(opening)
    if not spans:
        return min(asked_at + minutes, latest)
    left = minutes
    day = days.date_of(asked_at)
    while days.bounds(day)[0] < latest:
        for begin, end in open_ranges(days, spans, day, day + timedelta(days=1)):
            begin = max(begin, asked_at)
            if begin + left <= end:
                return min(begin + left, latest)
            left -= max(0, end - begin)
        day += timedelta(days=1)
    return latest
