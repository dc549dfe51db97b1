"""The day of a visit: arrived, came, did not come, and a mark taken back. Public through `scheduling.operations`.

Each is one guarded UPDATE and an event. Who is here occupies the time; a visit that took place, or did not, gives
the rest of it back. Taking a mark back takes the time again, on the next seat when somebody has it by then: the
visit was there first.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn
from uuid import UUID

from django.db import IntegrityError, transaction

from clinics.models import User
from scheduling import events
from scheduling.errors import AlreadyDecided, NotNow, SchedulingError, StaleVersion
from scheduling.locks import operation, resource_locks
from scheduling.models import (
    ALLOWED,
    TAKEN_BACK,
    Appointment,
    AppointmentEvent,
    AppointmentType,
    EventKind,
    ResourceBooking,
    Source,
    Status,
)
from scheduling.occupying import occupy, refusal_of, vacate
from scheduling.slots import TypeRule

EARLIEST_ARRIVAL = timedelta(hours=12)  # before the start; who comes earlier has mistaken the day
CORRECTION_TIME = timedelta(hours=24)  # how long a mark can be taken back

_KINDS = {
    Status.ARRIVED: EventKind.ARRIVED,
    Status.FULFILLED: EventKind.FULFILLED,
    Status.NO_SHOW: EventKind.NO_SHOW,
}
_FREES = frozenset({Status.FULFILLED, Status.NO_SHOW})


@dataclass(frozen=True, slots=True)
class DayClosed:
    """What became of the marks of a whole day; `refused` were marked or changed by somebody else meanwhile."""

    marked: int
    refused: int


def arrive(
    appointment: Appointment, *, by: User | None, source: Source | str = Source.STAFF, now: datetime
) -> Appointment:
    """Mark that the patient is here; return the visit as it is now.

    Raises AlreadyDecided when it is marked or over already (with who did it), NotNow("not_accepted") for a request,
    NotNow("too_early") half a day before, StaleVersion when it was moved since it was looked at.
    """
    if now < appointment.starts_at - EARLIEST_ARRIVAL and appointment.status == Status.CONFIRMED:
        raise NotNow("too_early", appointment)
    return _mark(appointment, Status.ARRIVED, by, source, now)


def complete(
    appointment: Appointment, *, by: User | None, source: Source | str = Source.STAFF, now: datetime
) -> Appointment:
    """Mark that the visit took place; who was not marked as arrived must have had the time to come.

    Raises as `arrive` does.
    """
    if now < appointment.starts_at and appointment.status == Status.CONFIRMED:
        raise NotNow("too_early", appointment)
    return _mark(appointment, Status.FULFILLED, by, source, now)


def mark_no_show(
    appointment: Appointment, *, by: User | None, source: Source | str = Source.STAFF, now: datetime
) -> Appointment:
    """Mark that the patient did not come, once the visit has begun. Raises as `arrive` does."""
    if now < appointment.starts_at and appointment.status == Status.CONFIRMED:
        raise NotNow("too_early", appointment)
    return _mark(appointment, Status.NO_SHOW, by, source, now)


@operation
def take_back(
    appointment: Appointment, *, by: User | None, source: Source | str = Source.STAFF, now: datetime
) -> Appointment:
    """Take back the last mark of the day, within a day of it; return the visit as it is now.

    Raises NotNow("not_marked") when there is none, NotNow("too_late"), NotBookable("patient_busy") when the patient
    was booked elsewhere at that time, StaleVersion and AlreadyDecided when somebody else has changed it meanwhile.
    """
    status = Status(appointment.status)
    if status not in TAKEN_BACK:
        _raise_refusal(appointment, ())
    marked = _last_mark(appointment)
    if marked is None or now - marked.at > CORRECTION_TIME:
        raise NotNow("too_late", appointment)
    before = marked.before.get("status")
    goal = Status(before) if before in TAKEN_BACK[status] else Status.CONFIRMED
    resources = [UUID(id) for id in marked.before.get("resources", ())] or [appointment.practitioner_id]
    if status in _FREES:
        resource_locks(resources, patient_id=appointment.patient_id)
    try:
        with transaction.atomic():
            taken_back = _change(appointment, (status,), goal, now)
            if status in _FREES:
                occupy(taken_back, _rule(taken_back), resources=resources, overbook=True)
    except IntegrityError as error:
        refused = refusal_of(error)
        if refused is None:
            raise
        raise refused from error
    events.record(
        taken_back,
        EventKind.TAKEN_BACK,
        source=source,
        actor=by,
        before=events.snapshot(appointment),
        now=now,
    )
    return taken_back


def close_day(
    marks: Mapping[UUID, Status], *, by: User, source: Source | str = Source.STAFF, now: datetime
) -> DayClosed:
    """Mark many visits as came or did not come, each by itself: what somebody else changed is left as it is."""
    visits = Appointment.objects.filter(pk__in=marks)
    marked = refused = 0
    for visit in visits.order_by("starts_at", "id"):
        mark = complete if marks[visit.pk] == Status.FULFILLED else mark_no_show
        try:
            mark(visit, by=by, source=source, now=now)
        except SchedulingError:
            refused += 1
        else:
            marked += 1
    return DayClosed(marked, refused)


@operation
def _mark(
    appointment: Appointment, goal: Status, by: User | None, source: Source | str, now: datetime
) -> Appointment:
    allowed = tuple(status for status, following in ALLOWED.items() if goal in following)
    marked = _change(appointment, allowed, goal, now)
    before: dict[str, object] = {**events.snapshot(appointment)}
    if goal in _FREES:
        held = ResourceBooking.objects.filter(appointment=appointment).order_by("resource_id")
        before["resources"] = [str(id) for id in held.values_list("resource_id", flat=True)]
        vacate(marked)
    events.record(marked, _KINDS[goal], source=source, actor=by, before=before, now=now)
    return marked


def _change(
    appointment: Appointment, statuses: tuple[Status | str, ...], goal: Status, now: datetime
) -> Appointment:
    """Give the visit another status if it still has the one that was looked at; return a changed copy."""
    seen = appointment.status
    if seen not in statuses:
        _raise_refusal(appointment, statuses)
    rows = Appointment.objects.filter(pk=appointment.pk, status=seen, version=appointment.version)
    if not rows.update(status=goal, updated_at=now):
        _raise_refusal(appointment, (seen,))
    changed = copy.copy(appointment)
    changed.status, changed.updated_at = goal, now
    return changed


def _raise_refusal(appointment: Appointment, statuses: tuple[Status | str, ...]) -> NoReturn:
    """Say why the visit cannot be marked so, with the visit as it is now and who marked it."""
    fresh = Appointment.objects.select_related("decided_by").get(pk=appointment.pk)
    if fresh.status in statuses:
        raise StaleVersion(fresh)
    if fresh.status == Status.PENDING_REVIEW:
        raise NotNow("not_accepted", fresh)
    if fresh.status == Status.CONFIRMED:
        raise NotNow("not_marked", fresh)
    if fresh.status == Status.CANCELLED:
        raise AlreadyDecided(fresh, fresh.decided_by)
    marked = _last_mark(fresh)
    raise AlreadyDecided(fresh, marked.actor if marked else None)


def _last_mark(appointment: Appointment) -> AppointmentEvent | None:
    """Return the event of the mark that stands, None when the visit came in with it."""
    marks = AppointmentEvent.objects.filter(
        appointment=appointment.pk, kind=_KINDS[Status(appointment.status)]
    )
    return marks.select_related("actor").order_by("-at", "-id").first()


def _rule(appointment: Appointment) -> TypeRule:
    """Return what occupying needs of the visit's type; the visit keeps the length it has."""
    kind = AppointmentType.objects.get(pk=appointment.type_id)
    minutes = int((appointment.ends_at - appointment.starts_at).total_seconds() // 60)
    return TypeRule(
        duration=minutes,
        buffer_before=kind.buffer_before,
        buffer_after=kind.buffer_after,
        grid=kind.grid,
        least_notice=kind.least_notice,
        horizon_days=kind.horizon_days,
    )
