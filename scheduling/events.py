"""The history of visits, and telling the rooms above: a receiver that fails never undoes a booking."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import OperationalError, transaction
from django.db.models import F, QuerySet

from clinics.models import User
from scheduling.locks import is_retryable, retrying
from scheduling.models import Appointment, AppointmentEvent, EventKind, Source, Task, TaskKind
from scheduling.signals import AppointmentChanged, appointment_changed

logger = logging.getLogger(__name__)

MAX_TRIES = 10  # afterwards only the task for staff stands
_BATCH = 100


def snapshot(appointment: Appointment) -> dict[str, str | int | None]:
    """Return what an event keeps of a visit: ids, times and states, nothing about the person."""
    return {
        "status": str(appointment.status),
        "version": appointment.version,
        "starts_at": appointment.starts_at.isoformat(),
        "ends_at": appointment.ends_at.isoformat(),
        "practitioner_id": str(appointment.practitioner_id),
        "location_id": str(appointment.location_id),
        "type_id": str(appointment.type_id),
        "cancellation": str(appointment.cancellation),
        "attendance": str(appointment.attendance),
        "late_minutes": appointment.late_minutes,
        "offered_until": appointment.offered_until.isoformat() if appointment.offered_until else None,
    }


def record(
    appointment: Appointment,
    kind: EventKind,
    *,
    source: Source | str,
    actor: User | None,
    before: Mapping[str, object] | None,
    now: datetime,
    reason: str = "",
    silent: bool = False,
) -> AppointmentEvent:
    """Append a change to the history and announce it, in the present transaction.

    ``silent`` is kept with it: a member has told the patient already, or chose not to.
    """
    event = AppointmentEvent.objects.create(
        appointment=appointment,
        kind=kind,
        version=appointment.version,
        source=source,
        actor=actor,
        reason=reason,
        before=dict(before or {}),
        after=snapshot(appointment),
        silent=silent,
        at=now,
    )
    if not _announced(event):
        AppointmentEvent.objects.filter(pk=event.pk).update(announced=False, announce_tries=1)
        Task.objects.bulk_create(
            [
                Task(
                    kind=TaskKind.TELL_PATIENT,
                    patient_id=appointment.patient_id,
                    contact_point_id=appointment.contact_point_id,
                    appointment=appointment,
                    dedupe_key=_task_key(event.pk),
                    due_at=now,
                )
            ],
            ignore_conflicts=True,
        )
    return event


def to_be_announced(now: datetime) -> QuerySet[AppointmentEvent]:
    """Return what receivers failed at and are told once more."""
    return AppointmentEvent.objects.filter(
        announced=False, announce_tries__lt=MAX_TRIES, at__gt=now - timedelta(days=1)
    )


def announce_again(*, now: datetime) -> int:
    """Try once more what a receiver failed at, each event by itself; return how many went through.

    A success closes the task that staff were given, unless they closed it first.
    """
    waiting = to_be_announced(now).order_by("at", "id")
    return sum(_announce_one(event_id, now) for event_id in waiting.values_list("pk", flat=True)[:_BATCH])


@retrying
@transaction.atomic
def _announce_one(event_id: UUID, now: datetime) -> bool:
    event = (
        AppointmentEvent.objects.select_for_update(skip_locked=True)
        .filter(pk=event_id, announced=False)
        .first()
    )
    if event is None:
        return False
    done = _announced(event)
    AppointmentEvent.objects.filter(pk=event_id).update(
        announced=done, announce_tries=F("announce_tries") + 1
    )
    if done:
        Task.objects.filter(dedupe_key=_task_key(event_id), done_at=None).update(done_at=now)
    return done


def _announced(event: AppointmentEvent) -> bool:
    """Tell the receivers in a savepoint; return whether all of them succeeded."""
    payload = AppointmentChanged(
        event_id=event.pk,
        appointment_id=event.appointment_id,
        kind=event.kind,
        source=event.source,
        version=event.version,
    )
    try:
        with transaction.atomic():
            appointment_changed.send(sender=Appointment, event=payload)
    # Whatever a receiver raises, the visit stands: this is the boundary that says so.
    except Exception as error:
        if isinstance(error, OperationalError) and is_retryable(error):
            raise  # the whole transaction starts again, receivers included
        logger.error("receiver failed for event %s: %s", event.pk, type(error).__name__)
        return False
    return True


def _task_key(event_id: UUID) -> str:
    return f"announce:{event_id}"
