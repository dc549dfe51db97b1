"""What others may ask this room: free times, why a time is not free, what waits for staff."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from scheduling.availability import Calendar, Place, Structure, calendar, structure
from scheduling.errors import FreeSlot, NotBookable
from scheduling.hours import from_minute, to_minute
from scheduling.models import Appointment, AppointmentType, Hold, HoldPurpose, Practitioner, Status
from scheduling.occupying import counter_holder
from scheduling.slots import Reason

ALTERNATIVE_DAYS = 14
MAX_DAYS = 31

_DAY = timedelta(days=1)


def bookable(*, practitioner: UUID | None = None, type: UUID | None = None) -> Structure:
    """Return what patients may book of a type (None: the clinic's first), with one doctor or all who do it.

    For `free_slots` and `hold_slots`, which need not read it again. It may be kept for some seconds, as a list of
    free times may: what books reads its own. Raises NotBookable("type" or "practitioner").
    """
    return structure(type_id=type, practitioner_id=practitioner, bookable_only=True)


def free_slots(
    *,
    from_date: date,
    days: int,
    practitioner: Practitioner | UUID | None = None,
    type: AppointmentType | UUID | None = None,
    now: datetime,
    bookable_only: bool = False,
    for_owner: str | None = None,
    limit: int | None = None,
    known: Structure | None = None,
) -> list[FreeSlot]:
    """Return the free times of ``days`` local dates from ``from_date``, by time, then by the doctors' order.

    Dates are those of each location's zone. Without a doctor: all who do the type; without a type: the clinic's
    first. ``bookable_only`` keeps to what patients may book; holds of ``for_owner`` do not block. ``known`` says all of
    that when it was read before. At most four statements, with ``known`` one.
    Raises NotBookable("type" or "practitioner").
    """
    known = known or structure(
        type_id=_id(type), practitioner_id=_id(practitioner), bookable_only=bookable_only
    )
    return _free(known, from_date=from_date, days=days, now=now, for_owner=for_owner, limit=limit)


def explain(
    *,
    practitioner: Practitioner | UUID,
    starts_at: datetime,
    type: AppointmentType | UUID | None = None,
    now: datetime,
) -> Reason | None:
    """Return the first rule that removes a doctor's time, None when it is free.

    A doctor with several places gets the reason of the one that comes nearest to offering it.
    Raises NotBookable("type" or "practitioner").
    """
    known = structure(type_id=_id(type), practitioner_id=_id(practitioner))
    seen = calendar(known, begin=starts_at, end=starts_at, now=now, with_visits=True)
    if starts_at != from_minute(to_minute(starts_at)):
        return Reason.GRID
    order = [None, *reversed(Reason)]
    reasons = [seen.explain(place, to_minute(starts_at)) for place in known.places]
    return min(reasons, key=order.index)


def spread(
    slots: Sequence[FreeSlot], count: int = 3, *, zone: str | ZoneInfo | None = None
) -> list[FreeSlot]:
    """Return the first ``count`` different times, over at least two days when there are (days of ``zone``).

    The last one makes room for the next day's first when all would fall on one day.
    """
    tz = ZoneInfo(zone) if isinstance(zone, str) else zone or UTC
    distinct: dict[datetime, FreeSlot] = {}
    for slot in slots:
        distinct.setdefault(slot.starts_at, slot)
    chosen = list(distinct.values())[:count]
    if len(chosen) < 2:
        return chosen
    first_day = chosen[0].starts_at.astimezone(tz).date()
    if chosen[-1].starts_at.astimezone(tz).date() != first_day:
        return chosen
    later = next((s for s in distinct.values() if s.starts_at.astimezone(tz).date() != first_day), None)
    if later is None:
        return chosen
    return [*chosen[: count - 1], later]


def alternatives(
    *,
    type_id: UUID,
    practitioner_id: UUID | None,
    starts_at: datetime,
    now: datetime,
    bookable_only: bool = False,
    for_owner: str | None = None,
    count: int = 3,
) -> list[FreeSlot]:
    """Return fresh times from the wanted day on: the same doctor's, else any doctor's, else from today on."""
    for doctor in dict.fromkeys((practitioner_id, None)):
        try:
            known = structure(type_id=type_id, practitioner_id=doctor, bookable_only=bookable_only)
        except NotBookable:
            continue
        if not known.places:
            continue
        zone = ZoneInfo(known.places[0].zone)
        today, wanted = now.astimezone(zone).date(), starts_at.astimezone(zone).date()
        last_day = today + timedelta(days=known.rule.horizon_days)
        for first in dict.fromkeys((min(max(wanted, today), last_day), today)):
            found = _free(
                known, from_date=first, days=ALTERNATIVE_DAYS, now=now, for_owner=for_owner, limit=None
            )
            if found:
                return spread(found, count, zone=zone)
    return []


def offered_times(appointment: Appointment) -> list[FreeSlot]:
    """Return the times that staff offered to a request instead of its own and still hold, by time."""
    held = Hold.objects.filter(owner=counter_holder(appointment.pk), purpose=HoldPurpose.COUNTER)
    return [
        FreeSlot(hold.starts_at, hold.ends_at, hold.practitioner_id, hold.type_id, hold.location_id)
        for hold in held.order_by("starts_at", "id")
    ]


def pending_requests() -> QuerySet[Appointment]:
    """Return the requests that wait for staff, the oldest first."""
    return (
        Appointment.objects.filter(status=Status.PENDING_REVIEW)
        .select_related("patient", "practitioner", "type", "location")
        .order_by("created_at", "id")
    )


def next_visits(patient_ids: Sequence[UUID], *, now: datetime) -> QuerySet[Appointment]:
    """Return the coming visits of these patients that still stand, the soonest first."""
    return (
        Appointment.objects.filter(
            patient_id__in=patient_ids,
            status__in=(Status.PENDING_REVIEW, Status.CONFIRMED),
            starts_at__gt=now,
        )
        .select_related("patient", "practitioner", "type", "location")
        .order_by("starts_at", "id")
    )


def visits_of_day(patient_ids: Sequence[UUID], *, now: datetime) -> QuerySet[Appointment]:
    """Return the accepted visits of these patients that are not over and begin within a day, the soonest first."""
    return (
        Appointment.objects.filter(
            patient_id__in=patient_ids,
            status__in=(Status.CONFIRMED, Status.ARRIVED),
            starts_at__gt=now - _DAY,
            starts_at__lt=now + _DAY,
            ends_at__gt=now,
        )
        .select_related("patient", "practitioner", "type", "location")
        .order_by("starts_at", "id")
    )


def bookable_practitioners(type: AppointmentType | None = None) -> QuerySet[Practitioner]:
    """Return the doctors whom patients may book, in the clinic's order; of a type, those who do it."""
    doctors = Practitioner.objects.filter(active=True, bookable=True)
    if type is not None:
        chosen = list(type.practitioners.values_list("pk", flat=True))
        if chosen:
            doctors = doctors.filter(pk__in=chosen)
    return doctors.order_by("rank", "name", "resource_id")


def _free(
    known: Structure,
    *,
    from_date: date,
    days: int,
    now: datetime,
    for_owner: str | None,
    limit: int | None,
) -> list[FreeSlot]:
    if not known.places or days < 1:
        return []
    # Whatever was asked for, nothing is free before today or after the horizon: this also bounds the reading.
    zones = {place.zone for place in known.places}
    today = min(now.astimezone(ZoneInfo(zone)).date() for zone in zones)
    first = max(from_date, today)
    span = (from_date - first).days + days
    reachable = today + timedelta(days=known.rule.horizon_days + 2)
    if span < 1 or first >= reachable:
        return []
    last = min(first + timedelta(days=min(span, MAX_DAYS)), reachable)
    # A day more on both sides: local days begin up to 14 hours before and after those of UTC.
    begin = datetime.combine(first, datetime.min.time(), UTC) - _DAY
    end = datetime.combine(last, datetime.min.time(), UTC) + 2 * _DAY
    seen = calendar(known, begin=begin, end=end, now=now, for_owner=for_owner)
    return _slots(seen, first, last, limit)


def _slots(seen: Calendar, first: date, last: date, limit: int | None) -> list[FreeSlot]:
    known = seen.structure
    order: list[tuple[int, int]] = []
    for position, place in enumerate(known.places):
        order.extend((start, position) for start in seen.free(place, first, last))
    order.sort()
    if limit is not None:
        del order[limit:]
    instants: dict[int, tuple[datetime, datetime]] = {}
    duration = known.rule.duration
    found: list[FreeSlot] = []
    places: tuple[Place, ...] = known.places
    for start, position in order:
        pair = instants.get(start)
        if pair is None:
            pair = instants[start] = (from_minute(start), from_minute(start + duration))
        place = places[position]
        found.append(FreeSlot(*pair, place.practitioner_id, known.type_id, place.location_id))
    return found


def _id(row: AppointmentType | Practitioner | UUID | None) -> UUID | None:
    return row if row is None or isinstance(row, UUID) else row.pk
