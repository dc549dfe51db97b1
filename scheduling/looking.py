"""A look at the calendar round a request: is its own time still good, what else is free, what is that day like.

Reads only, in four statements (five with rooms, one more when nothing is free near the wanted day).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduling.availability import Calendar, Place, Structure, calendar, structure
from scheduling.errors import FreeSlot, NotBookable
from scheduling.hours import Range, from_minute, intersect, merge, open_ranges, subtract, to_minute
from scheduling.models import Appointment
from scheduling.occupying import counter_holder
from scheduling.queries import ALTERNATIVE_DAYS
from scheduling.slots import Reason

_DAY = timedelta(days=1)
# What a request's own time can have become since it was asked for; the other rules bound the asking alone.
_GONE = frozenset({Reason.HOURS, Reason.TIME_OFF, Reason.BUSY})

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Look:
    """What is so now. Spans are [from, to) aware UTC; ``free`` are other times, the same doctor's unless none is."""

    reason: Reason | None  # hours, time_off (the doctor is away), busy (booked over); None: still good
    free: Sequence[FreeSlot]
    working: Sequence[Span]  # the doctor's hours there that day
    away: Sequence[Span]
    free_minutes: int  # of that day


def look(appointment: Appointment, *, now: datetime) -> Look:
    """Look at a request's own time, and for other times from its day on; one that is offered counts as free."""
    zone = ZoneInfo(appointment.zone)
    wanted = appointment.starts_at.astimezone(zone).date()
    try:
        everybody = structure(type_id=appointment.type_id, retired=True)
    except NotBookable:
        return Look(Reason.HOURS, (), (), (), 0)
    first = max(wanted, now.astimezone(zone).date())
    seen = _calendar(everybody, appointment, first, now)
    own = [
        place
        for place in everybody.places
        if (place.practitioner_id, place.location_id)
        == (appointment.practitioner_id, appointment.location_id)
    ]
    start = to_minute(appointment.starts_at)
    reason = seen.explain(own[0], start) if own else Reason.HOURS
    seen.take(appointment.practitioner_id, everybody.rule.blocks(start))  # its own time is no other time
    free = _free(seen, own, first) or _free(seen, everybody.places, first)
    if not free and first > now.astimezone(zone).date():
        earlier = _calendar(everybody, appointment, now.astimezone(zone).date(), now)
        earlier.take(appointment.practitioner_id, everybody.rule.blocks(start))
        free = _free(earlier, everybody.places, now.astimezone(zone).date())
    working, away, minutes = _day(seen, own, wanted) if own else ((), (), 0)
    return Look(reason if reason in _GONE else None, free, working, away, minutes)


def _calendar(known: Structure, appointment: Appointment, first: date, now: datetime) -> Calendar:
    begin = datetime.combine(first, time.min, UTC) - _DAY
    return calendar(
        known,
        begin=begin,
        end=begin + (ALTERNATIVE_DAYS + 2) * _DAY,
        now=now,
        for_owner=counter_holder(appointment.pk),
        besides=appointment.pk,
    )


def _free(seen: Calendar, places: Sequence[Place], first: date) -> list[FreeSlot]:
    found = [
        FreeSlot(
            from_minute(start),
            from_minute(start + seen.structure.rule.duration),
            place.practitioner_id,
            seen.structure.type_id,
            place.location_id,
        )
        for place in places
        for start in seen.free(place, first, first + ALTERNATIVE_DAYS * _DAY)
    ]
    return sorted(found, key=lambda slot: slot.starts_at)


def _day(seen: Calendar, own: Sequence[Place], day: date) -> tuple[list[Span], list[Span], int]:
    """Return the doctor's hours and absences of a day, and for how many minutes nothing stands there."""
    place = own[0]
    days = seen.days(place.zone)
    hours = open_ranges(days, place.spans, day, day + _DAY)
    away = intersect(merge(seen.away.get(place.practitioner_id, ())), [days.bounds(day)])
    left = subtract(subtract(hours, away), merge(seen.taken.get(place.practitioner_id, ())))
    return _spans(hours), _spans(away), sum(end - begin for begin, end in left)


def _spans(ranges: Sequence[Range]) -> list[Span]:
    return [(from_minute(begin), from_minute(end)) for begin, end in ranges]
