"""Another time for the same visit. Public through :mod:`scheduling.operations`."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

from clinics.models import User
from medsync.lib.text import clean
from scheduling import events
from scheduling.availability import structure
from scheduling.booking import REASON_LENGTH, local_start, refusing, respond_by
from scheduling.choosing import choose
from scheduling.deciding import free_counter, raise_refusal
from scheduling.errors import AlreadyDecided, PastTime, StaleVersion
from scheduling.locks import operation, resource_locks
from scheduling.models import (
    Appointment,
    Attendance,
    EventKind,
    HoldPurpose,
    Practitioner,
    ResourceBooking,
    Source,
    Status,
)
from scheduling.occupying import clear_holds, occupy, vacate

_MOVABLE = (Status.PENDING_REVIEW, Status.CONFIRMED)


def move(
    appointment: Appointment,
    *,
    starts_at: datetime,
    practitioner: Practitioner | UUID | None = None,
    by: User | None,
    expected_version: int,
    source: Source | str = Source.STAFF,
    owner: str = "",
    overbook_reason: str = "",
    now: datetime,
) -> Appointment:
    """Give a visit another time (and doctor); it keeps its id, raises its version; return it as it is now.

    The old time stays booked until the new one is: one transaction. A request stays a request, with a new time
    to answer. Members (``by``) are bound as in `book`; without one the patient moves it and the patients' rules
    hold. The holder's hold (``owner``) becomes the booking. Raises SlotTaken, NotBookable, PastTime, each with
    alternatives; StaleVersion when it was moved meanwhile, AlreadyDecided when it is over.
    """
    doctor = appointment.practitioner_id if practitioner is None else _id(practitioner)
    return refusing(
        lambda: write(
            appointment, starts_at, doctor, by, expected_version, str(source), owner, overbook_reason, now
        ),
        type_id=appointment.type_id,
        practitioner_id=doctor,
        starts_at=starts_at,
        now=now,
        owner=owner,
        bookable_only=by is None,
    )


@operation
def write(
    appointment: Appointment,
    starts_at: datetime,
    practitioner_id: UUID,
    by: User | None,
    expected_version: int,
    source: str,
    owner: str,
    overbook_reason: str,
    now: datetime,
    *,
    offered_by: User | None = None,
) -> Appointment:
    """Move in one transaction; with ``offered_by`` the patient takes a time that this member offered: it stands."""
    offered = offered_by is not None
    fresh = Appointment.objects.select_related("decided_by").get(pk=appointment.pk)
    # A request that staff have accepted meanwhile is decided, though it could still be moved and has its version.
    if fresh.status not in ((Status.PENDING_REVIEW,) if offered else _MOVABLE):
        raise AlreadyDecided(fresh, fresh.decided_by)
    if fresh.version != expected_version:
        raise StaleVersion(fresh)
    staff_rules = by is not None or offered
    known = structure(
        type_id=fresh.type_id,
        practitioner_id=practitioner_id,
        bookable_only=not staff_rules,
        retired=staff_rules,
    )
    ends_at = starts_at + timedelta(minutes=known.rule.duration)
    if (starts_at if by is None else ends_at) <= now:
        raise PastTime
    reason = clean(overbook_reason).strip()[:REASON_LENGTH]
    old = ResourceBooking.objects.filter(appointment=fresh).values_list("resource_id", flat=True)
    resource_locks({*known.resource_ids(), *old}, patient_id=fresh.patient_id)
    if not offered:
        free_counter(
            fresh
        )  # under the locks, and before looking: staff may take one of these times themselves
    choice = choose(
        known,
        starts_at=starts_at,
        now=now,
        owner=owner,
        by_staff=by is not None,
        overbook=bool(reason),
        besides=fresh.pk,
    )
    place = choice.place
    moved = copy.copy(fresh)
    moved.starts_at, moved.ends_at = starts_at, ends_at
    moved.practitioner_id, moved.location_id = place.practitioner_id, place.location_id
    moved.zone, moved.local_start = place.zone, local_start(starts_at, place.zone)
    moved.version, moved.attendance, moved.updated_at = expected_version + 1, Attendance.UNASKED, now
    moved.reason = reason if choice.overbook else fresh.reason
    moved.offered_until = moved.declined_at = moved.late_minutes = moved.says_here_at = None
    if offered:
        moved.status, moved.respond_by = Status.CONFIRMED, None
        moved.decided_by, moved.decided_at = offered_by, now
    elif fresh.status == Status.PENDING_REVIEW:
        moved.respond_by = respond_by(
            location_id=place.location_id, zone=place.zone, asked_at=now, starts_at=starts_at
        )
    changed = Appointment.objects.filter(pk=fresh.pk, status=fresh.status, version=expected_version).update(
        starts_at=moved.starts_at,
        ends_at=moved.ends_at,
        practitioner_id=moved.practitioner_id,
        location_id=moved.location_id,
        zone=moved.zone,
        local_start=moved.local_start,
        version=F("version") + 1,
        attendance=moved.attendance,
        status=moved.status,
        respond_by=moved.respond_by,
        offered_until=None,
        declined_at=None,
        late_minutes=None,
        says_here_at=None,
        decided_by=moved.decided_by,
        decided_at=moved.decided_at,
        reason=moved.reason,
        updated_at=now,
    )
    if not changed:
        raise_refusal(fresh, _MOVABLE)
    clear_holds(
        choice.resources,
        begin=starts_at - timedelta(minutes=known.rule.buffer_before),
        end=ends_at + timedelta(minutes=known.rule.buffer_after),
        now=now,
        owner=owner,
        keep=choice.hold.pk if choice.hold else None,
        over=(HoldPurpose.OFFER,) if by is not None else (),
    )
    vacate(fresh)
    occupy(moved, known.rule, resources=choice.resources, hold=choice.hold, overbook=choice.overbook)
    events.record(
        moved,
        EventKind.ACCEPTED if offered else EventKind.MOVED,
        source=source,
        actor=by,
        before=events.snapshot(fresh),
        now=now,
        reason=reason if choice.overbook else "",
    )
    return moved


def _id(row: Practitioner | UUID) -> UUID:
    return row if isinstance(row, UUID) else row.pk
