"""What follows when a visit changes: what waits in the queue and is not so any more is taken back, the clock is woken.

That is every reminder, and every notice of an earlier change: of an account that was stopped, or one that goes once more.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.dispatch import receiver

from clinics import clocks
from medsync.lib import clock
from messaging import confirmations, confirming, gate, notifications, threads
from messaging.models import (
    Direction,
    Message,
    MessageStatus,
    ReminderClaim,
    ReminderSettings,
    ReminderSubject,
)
from messaging.outdated import CHANGES
from messaging.reminders import due
from scheduling.models import Appointment, EventKind, Status
from scheduling.signals import (
    AppointmentChanged,
    NotReachedThere,
    appointment_changed,
    not_reached_there,
)

#: After these a reminder that has not gone yet says something that is not so, or asks what was answered.
_OUTDATES = frozenset(
    {
        EventKind.MOVED,
        EventKind.CANCELLED,
        EventKind.REJECTED,
        EventKind.EXPIRED,
        EventKind.ATTENDING,
        EventKind.DECLINED,
        EventKind.LATE,
        EventKind.SAYS_HERE,
        EventKind.ARRIVED,
    }
)
#: These are marks that can be taken back: then the visit is to be reminded of again.
_FOR_NOW = frozenset({EventKind.ARRIVED})
#: After these a step may be due earlier than the clinic's clock knows.
_HASTENS = frozenset({EventKind.BOOKED, EventKind.ACCEPTED, EventKind.MOVED, EventKind.TAKEN_BACK})

OUTDATED = "visit_changed"
_UNSETTLED = (MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.UNKNOWN)


@receiver(appointment_changed, dispatch_uid="messaging.follow_reminders")
def follow(*, event: AppointmentChanged, **_: Any) -> None:
    """Take back what has not gone, then wake the clock: it is locked after everything else."""
    now = clock.now()
    others = event.kind in _OUTDATES and take_back(
        event.appointment_id, for_good=event.kind not in _FOR_NOW, now=now
    )
    if event.kind in CHANGES:
        _take_back_notices(event, now=now)
    if others:
        clocks.wake(clocks.REMINDERS, now)
    elif event.kind in _HASTENS:
        wake(event.appointment_id, now=now)


@receiver(not_reached_there, dispatch_uid="messaging.remind_elsewhere")
def remind_elsewhere(*, event: NotReachedThere, **_: Any) -> None:
    """Take back the reminders that wait to go where a patient is not reached any more: they are taken up anew.

    What such a text says of others who are reached there is taken up anew, too.
    """
    now = clock.now()
    coming = Appointment.objects.filter(patient=event.patient_id, status=Status.CONFIRMED, starts_at__gt=now)
    # A reminder that is being taken up has its visits locked: it is waited for, and seen.
    visits = list(coming.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    claims = ReminderClaim.objects.filter(subject=ReminderSubject.VISIT, subject_id__in=visits)
    waiting = claims.filter(
        message__status__in=_UNSETTLED, message__conversation__contact_point=event.point_id
    )
    found = dict(waiting.values_list("message_id", "message__conversation_id"))
    anew = [_take_back(*text, None, now) for text in sorted(found.items())]
    if any(anew):
        clocks.wake(clocks.REMINDERS, now)


def take_back(visit_id: UUID, *, for_good: bool = True, now: datetime) -> bool:
    """Cancel the reminders of a visit that were not handed over yet; tell whether any visit is to be reminded again.

    One that a worker has in hand cannot be called back, but it is never tried a second time: its time is over.
    Other visits that the same text named are, this one itself when it is not `for_good`. Locks questions, messages, the conversation.
    """
    claims = ReminderClaim.objects.filter(subject=ReminderSubject.VISIT, subject_id=visit_id)
    unsettled = claims.filter(message__status__in=_UNSETTLED)
    found = dict(unsettled.values_list("message_id", "message__conversation_id"))
    but = visit_id if for_good else None
    again = [_take_back(*text, but, now) for text in sorted(found.items())]
    return any(again)


def _take_back_notices(event: AppointmentChanged, *, now: datetime) -> None:
    """Cancel what still waits to tell of an earlier state, but for the news of this change itself."""
    waiting = Message.objects.filter(
        ~Q(dedupe_key=notifications.key_of(event.event_id)),
        appointment=event.appointment_id,
        direction=Direction.OUTBOUND,
        purpose=gate.NOTICE,
        status=MessageStatus.QUEUED,
    )
    for message_id, conversation_id in list(waiting.order_by("pk").values_list("pk", "conversation_id")):
        if _cancel(message_id, conversation_id, now):
            confirmations.blocked(message_id, reason=OUTDATED)


def _take_back(message_id: UUID, conversation_id: UUID, visit_id: UUID | None, now: datetime) -> bool:
    """Cancel a reminder; tell whether there are visits to be reminded of anew: all that it names but `visit_id`."""
    asked = confirming.hold(conversation_id, message_id)
    if not _cancel(message_id, conversation_id, now):
        # Also one that goes back into the queue in this very moment.
        Message.objects.filter(pk=message_id, status__in=_UNSETTLED).update(expires_at=now)
        return False
    claims = ReminderClaim.objects.filter(message=message_id)
    others, _ = (claims.exclude(subject_id=visit_id) if visit_id else claims).delete()
    changes = confirming.withdraw(asked, message_id, now=now) if asked else {}
    if changes:
        threads.touch(conversation_id, now=now, **changes)
    return bool(others)


def _cancel(message_id: UUID, conversation_id: UUID, now: datetime) -> bool:
    """Cancel a message that waits; False when it does not."""
    waiting = Message.objects.filter(pk=message_id, status=MessageStatus.QUEUED)
    if not waiting.update(
        status=MessageStatus.CANCELLED,
        reason=OUTDATED,
        next_attempt_at=None,
        lease_until=None,
        updated_at=now,
    ):
        return False
    threads.status_moved(
        conversation_id,
        message_id,
        before=MessageStatus.QUEUED,
        after=MessageStatus.CANCELLED,
        now=now,
    )
    return True


def wake(visit_id: UUID, *, now: datetime) -> None:
    """Wake the clinic's clock when a step of the visit comes sooner than the clock looks anyway."""
    rules = ReminderSettings.objects.filter(pk=1, enabled=True).values_list("steps", flat=True).first()
    if rules is None:
        return
    coming = Q(status=Status.CONFIRMED, starts_at__gt=now)
    starts_at = Appointment.objects.filter(coming, pk=visit_id).values_list("starts_at", flat=True).first()
    step = due.next_step(rules, starts_at, now=now) if starts_at else None
    if starts_at is None or step is None:
        return
    at = due.due_at(starts_at, step)
    if clocks.needs_waking(at, now=now):
        clocks.wake(clocks.REMINDERS, at)
