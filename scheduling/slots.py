"""Free times from hours, time off and what is taken. Pure: integers inside, no models, no clock.

Units are those of :mod:`scheduling.hours`: instants are minutes since 1970 UTC, ranges half-open. What is taken
(``busy``) is given with other visits' buffers inside it; a visit's own buffers are held against it here, so a
time is free when the *visit* lies in the hours and outside time off, and *visit with its buffers* touches
nothing that is taken. Buffers may lie outside the hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from scheduling.hours import (
    Range,
    WeeklySpan,
    ZoneDays,
    dates,
    intersect,
    merge,
    open_ranges,
    overlaps,
    subtract,
)


class Reason(StrEnum):
    """Why a time is not offered; :func:`explain` names the first that holds, in this order."""

    HOURS = "hours"  # outside the practitioner's hours
    TIME_OFF = "time_off"  # the practitioner is away
    BUSY = "busy"  # another visit or hold is then
    BUFFER = "buffer"  # only this or the other visit's buffer collides
    ROOM = "room"  # no free room of a kind the type needs
    NOTICE = "notice"  # too soon, or past
    HORIZON = "horizon"  # too far ahead
    GRID = "grid"  # not at a time at which this type begins


@dataclass(frozen=True, slots=True)
class TypeRule:
    """What an appointment type asks of a time; minutes, except the horizon."""

    duration: int
    buffer_before: int = 0
    buffer_after: int = 0
    grid: int = 30  # starts are multiples of it on the local day's wall clock, counted from midnight
    least_notice: int = 0
    horizon_days: int = 60  # the last day is today + so many, in the location's zone
    room_kinds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.duration < 1 or self.grid < 1 or min(self.buffer_before, self.buffer_after) < 0:
            raise ValueError("duration and grid are at least a minute, buffers not negative")

    def visit(self, start: int) -> Range:
        """Return the visit that begins at ``start``."""
        return start, start + self.duration

    def blocks(self, start: int) -> Range:
        """Return the visit that begins at ``start``, with its buffers."""
        return start - self.buffer_before, start + self.duration + self.buffer_after


@dataclass(frozen=True, slots=True)
class Agenda:
    """One practitioner at one location: hours there, absences, and what is taken anywhere."""

    spans: Sequence[WeeklySpan]
    time_off: Sequence[Range] = ()
    busy: Sequence[Range] = ()


Rooms = Mapping[str, Sequence[Sequence[Range]]]
"""What is taken in each room of a location, by the room's kind."""


def free_starts(
    agenda: Agenda,
    rule: TypeRule,
    *,
    days: ZoneDays,
    first: date,
    last: date,
    now: int,
    blocked: Sequence[Range] = (),
) -> list[int]:
    """Return the starts that can be booked on the local dates ``[first, last)``, ascending.

    ``days`` is the location's zone, shared between practitioners for speed; ``blocked`` are the starts for
    which no room is free (:func:`roomless_starts`).
    """
    today = days.date_of(now)
    first, last = max(first, today), min(last, today + timedelta(days=rule.horizon_days + 1))
    if first >= last:
        return []
    earliest, latest = _bookable(rule, days, now)
    low, high = max(days.bounds(first)[0], earliest), min(days.bounds(last)[0], latest)
    if low >= high:
        return []
    # One day more: a visit may run past midnight when the next day's hours go on from there.
    open_ = open_ranges(days, agenda.spans, first, last + timedelta(days=1))
    taken = [
        (begin - rule.buffer_after, end + rule.buffer_before) for begin, end in agenda.busy if begin < end
    ]
    gaps = subtract(open_, merge([*taken, *agenda.time_off]))
    starts = [(begin, end - rule.duration + 1) for begin, end in gaps if end - begin >= rule.duration]
    starts = intersect(subtract(starts, blocked), [(low, high)])
    found: list[int] = []
    position = 0
    for day in dates(first, last):
        begin, end = days.bounds(day)
        while position < len(starts) and starts[position][1] <= begin:
            position += 1
        following = position
        while following < len(starts) and starts[following][0] < end:
            found.extend(days.grid(day, rule.grid, starts[following]))
            following += 1
    return found


def roomless_starts(rooms: Rooms, rule: TypeRule) -> list[Range]:
    """Return the starts at which some needed kind of room has none free for the whole visit and its buffers.

    A kind of which the location has no room is free at no time.
    """
    blocked: list[Range] = []
    for kind in rule.room_kinds:
        common: list[Range] = [_ALWAYS]
        for busy in rooms.get(kind, ()):
            common = intersect(common, _taken_starts(busy, rule))
        blocked.extend(common)
    return merge(blocked)


def free_rooms(rooms: Sequence[Sequence[Range]], rule: TypeRule, start: int) -> list[int]:
    """Return the positions of the rooms in which the visit and its buffers fit."""
    begin, end = rule.blocks(start)
    return [position for position, busy in enumerate(rooms) if not overlaps(busy, begin, end)]


def explain(
    agenda: Agenda,
    rule: TypeRule,
    start: int,
    *,
    days: ZoneDays,
    now: int,
    blocked: Sequence[Range] = (),
    visits: Iterable[Range] | None = None,
) -> Reason | None:
    """Return the first rule that removes a start, or None when it can be booked.

    ``visits`` are the taken times without their buffers: with them a collision of buffers alone is told from
    one of visits; without them only this visit's own buffers count as such.
    """
    begin, end = rule.visit(start)
    day = days.date_of(start)
    open_ = open_ranges(days, agenda.spans, day, day + timedelta(days=2))
    if not any(low <= begin and end <= high for low, high in open_):
        return Reason.HOURS
    if overlaps(agenda.time_off, begin, end):
        return Reason.TIME_OFF
    if overlaps(agenda.busy, *rule.blocks(start)):
        return (
            Reason.BUSY if overlaps(agenda.busy if visits is None else visits, begin, end) else Reason.BUFFER
        )
    if overlaps(blocked, start, start + 1):
        return Reason.ROOM
    earliest, latest = _bookable(rule, days, now)
    if start < earliest:
        return Reason.NOTICE
    if start >= latest:
        return Reason.HORIZON
    if start not in days.grid(day, rule.grid, (start, start + 1)):
        return Reason.GRID
    return None


_ALWAYS: Range = (-(1 << 62), 1 << 62)


def _bookable(rule: TypeRule, days: ZoneDays, now: int) -> Range:
    today = days.date_of(now)
    return now + max(rule.least_notice, 0), days.bounds(today + timedelta(days=rule.horizon_days + 1))[0]


def _taken_starts(busy: Iterable[Range], rule: TypeRule) -> list[Range]:
    reach = rule.duration + rule.buffer_after
    return merge((begin - reach + 1, end + rule.buffer_before) for begin, end in busy if begin < end)
