"""Whether what MedSync began still says what is so: not when the visit, or another calendar's reminder, changed since.

What breaks on its way comes back here hours later, long after everything that takes back what waits has looked.
"""

from uuid import UUID

from messaging.models import ApiReminder, Message, ReminderClaim, ReminderSubject
from scheduling.models import Appointment, AppointmentEvent, Attendance, EventKind, Status

#: After these what a notice told before is not so any more.
CHANGES = frozenset(
    {
        EventKind.ACCEPTED,
        EventKind.REJECTED,
        EventKind.EXPIRED,
        EventKind.MOVED,
        EventKind.CANCELLED,
        EventKind.OFFER_ENDED,
    }
)
_UNANSWERED = (Attendance.UNASKED, Attendance.ASKED)


def is_outdated(message: Message) -> bool:
    """Tell whether what a message says was moved, cancelled, deleted or answered since.

    Inside a transaction it stays true until its end: the visits and reminders are locked, before any message.
    """
    claims = list(ReminderClaim.objects.filter(message=message))
    visits = [claim for claim in claims if claim.subject == ReminderSubject.VISIT]
    others = [claim for claim in claims if claim.subject == ReminderSubject.API]
    if message.appointment_id and not visits:
        _visits({message.appointment_id})
        since = AppointmentEvent.objects.filter(at__gt=message.created_at, kind__in=CHANGES)
        return since.filter(appointment=message.appointment_id).exists()
    waiting = _visits({claim.subject_id for claim in visits}) | _reminders(
        {claim.subject_id for claim in others}
    )
    return any(waiting.get(claim.subject_id) != claim.version for claim in claims)


def _visits(ids: set[UUID]) -> dict[UUID, int]:
    """Lock visits; return the versions of those that take place as far as anybody knows, and were not answered."""
    if not ids:
        return {}
    rows = Appointment.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
    return {
        visit.pk: visit.version
        for visit in rows
        if visit.status == Status.CONFIRMED and visit.attendance in _UNANSWERED
    }


def _reminders(ids: set[UUID]) -> dict[UUID, int]:
    """Lock reminders of other calendars; return the versions of those that stand and were not answered."""
    if not ids:
        return {}
    rows = ApiReminder.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
    return {row.pk: row.version for row in rows if row.deleted_at is None and row.will_attend is None}
