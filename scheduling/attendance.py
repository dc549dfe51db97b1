"""What patients say about coming: asked, coming, not coming, late, here. Public through `scheduling.operations`.

Apart from the status: who says yes to a request has not been accepted by it. Each is one guarded UPDATE and an
event; the version stays, for the time of the visit does. Who says no has two minutes to think better of it: until
then the visit keeps its time, afterwards `cancel_declined` ends it.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NoReturn
from uuid import UUID

from clinics.models import User
from scheduling import events
from scheduling.deciding import end
from scheduling.errors import AlreadyDecided, NotNow, PastTime, StaleVersion
from scheduling.locks import operation
from scheduling.models import (
    Appointment,
    AppointmentEvent,
    Attendance,
    Cancellation,
    EventKind,
    Source,
    Status,
)

logger = logging.getLogger(__name__)

SECOND_THOUGHTS = timedelta(minutes=2)
MOST_LATE = 24 * 60  # minutes
_BATCH = 500


@operation
def mark_asked(visits: Iterable[Appointment], *, now: datetime) -> list[Appointment]:
    """Note that the patients were asked whether they come; return the visits that were not asked before.

    A visit that was moved, cancelled or answered meanwhile is left as it is.
    """
    asked = []
    for visit in visits:
        rows = _as_seen(visit).filter(attendance=Attendance.UNASKED)
        if rows.update(attendance=Attendance.ASKED, updated_at=now):
            asked.append(
                _told(
                    visit,
                    EventKind.ASKED,
                    None,
                    visit.source,
                    now,
                    attendance=Attendance.ASKED,
                )
            )
    return asked


@operation
def attend(
    appointment: Appointment, *, by: User | None = None, source: Source | str, now: datetime
) -> Appointment:
    """Note that the patient comes; return the visit as it is now. Takes back a no that is not carried out yet.

    Raises NotNow("not_accepted") for a request, AlreadyDecided when the visit is over or cancelled, StaleVersion when
    it was moved since it was looked at, PastTime once it has begun.
    """
    if appointment.starts_at <= now:
        raise PastTime
    if appointment.attendance == Attendance.ATTENDING and _still(appointment, Attendance.ATTENDING):
        return appointment
    return _say(
        appointment,
        EventKind.ATTENDING,
        by,
        source,
        now,
        attendance=Attendance.ATTENDING,
        declined_at=None,
    )


@operation
def decline(
    appointment: Appointment, *, by: User | None = None, source: Source | str, now: datetime
) -> Appointment:
    """Note that the patient does not come; return the visit as it is now.

    It keeps its time for SECOND_THOUGHTS, then `cancel_declined` cancels it as cancelled by the patient. Saying no
    twice changes nothing. Raises as `attend` does.
    """
    if appointment.starts_at <= now:
        raise PastTime
    if appointment.declined_at is not None and _still(appointment, Attendance.DECLINED):
        return appointment
    return _say(
        appointment, EventKind.DECLINED, by, source, now, attendance=Attendance.DECLINED, declined_at=now
    )


def cancel_declined(*, now: datetime) -> int:
    """Cancel the visits whose patients said no and have not thought better of it; return how many."""
    due = Appointment.objects.filter(
        status=Status.CONFIRMED, declined_at__isnull=False, declined_at__lte=now - SECOND_THOUGHTS
    )
    ids = due.order_by("declined_at", "id").values_list("pk", flat=True)[:_BATCH]
    cancelled = sum(_cancel_declined(visit_id, now) for visit_id in list(ids))
    if cancelled:
        logger.info("%d declined visits were cancelled", cancelled)
    return cancelled


@operation
def _cancel_declined(visit_id: UUID, now: datetime) -> bool:
    # Locked: a "sorry, yes" that comes now waits, and then finds that the visit is cancelled.
    visit = (
        Appointment.objects.select_for_update()
        .filter(
            pk=visit_id,
            status=Status.CONFIRMED,
            attendance=Attendance.DECLINED,
            declined_at__lte=now - SECOND_THOUGHTS,
        )
        .first()
    )
    if visit is None:
        return False
    said = AppointmentEvent.objects.filter(appointment=visit, kind=EventKind.DECLINED)
    last = said.select_related("actor").order_by("-at", "-id").first()
    end(
        visit,
        (Status.CONFIRMED,),
        Cancellation.PATIENT,
        last.actor if last else None,
        "",
        last.source if last else visit.source,
        now,
    )
    return True


@operation
def says_late(
    appointment: Appointment, *, minutes: int, by: User | None = None, source: Source | str, now: datetime
) -> Appointment:
    """Note that the patient comes, but late; 0 minutes when they did not say by how much. Raises as `attend`.

    Also when the visit has begun: that is when they notice.
    """
    return _say(
        appointment,
        EventKind.LATE,
        by,
        source,
        now,
        late_minutes=max(0, min(minutes, MOST_LATE)),
        attendance=Attendance.ATTENDING,
        declined_at=None,
    )


@operation
def says_here(
    appointment: Appointment, *, by: User | None = None, source: Source | str, now: datetime
) -> Appointment:
    """Note that the patient says to be at the clinic; whether that is so the desk sees. Raises as `attend`."""
    return _say(
        appointment,
        EventKind.SAYS_HERE,
        by,
        source,
        now,
        says_here_at=now,
        attendance=Attendance.ATTENDING,
        declined_at=None,
    )


def _say(
    appointment: Appointment,
    kind: EventKind,
    by: User | None,
    source: Source | str,
    now: datetime,
    **fields: Any,
) -> Appointment:
    if not _as_seen(appointment).update(updated_at=now, **fields):
        _raise_refusal(appointment)
    return _told(appointment, kind, by, source, now, **fields)


def _told(
    appointment: Appointment,
    kind: EventKind,
    by: User | None,
    source: Source | str,
    now: datetime,
    **fields: Any,
) -> Appointment:
    """Append the event of a change that was just written; return a changed copy."""
    changed = copy.copy(appointment)
    for name, value in {"updated_at": now, **fields}.items():
        setattr(changed, name, value)
    events.record(changed, kind, source=source, actor=by, before=events.snapshot(appointment), now=now)
    return changed


def _as_seen(appointment: Appointment) -> Any:
    """Return the visit's row if it stands as it was looked at: accepted, and not moved since."""
    return Appointment.objects.filter(pk=appointment.pk, status=Status.CONFIRMED, version=appointment.version)


def _still(appointment: Appointment, attendance: Attendance) -> bool:
    """Tell whether the same was said before, and nothing else since it was looked at."""
    return bool(_as_seen(appointment).filter(attendance=attendance).exists())


def _raise_refusal(appointment: Appointment) -> NoReturn:
    fresh = Appointment.objects.select_related("decided_by").get(pk=appointment.pk)
    if fresh.status == Status.PENDING_REVIEW:
        raise NotNow("not_accepted", fresh)
    if fresh.status != Status.CONFIRMED:
        raise AlreadyDecided(fresh, fresh.decided_by)
    raise StaleVersion(fresh)
