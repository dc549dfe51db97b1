"""Taking back the text of another calendar's reminder while nobody has it: it changed, or was deleted or answered."""

from __future__ import annotations

from datetime import datetime

from messaging import confirming, threads
from messaging.models import ApiReminder, Message, MessageStatus, ReminderClaim, ReminderSubject

#: Why, as `Message.reason`.
DELETED, MOVED, ANSWERED = "reminder_deleted", "reminder_moved", "reminder_answered"
CHANGED = "reminder_changed"

# Of these one may go back into the queue in the very moment in which it is taken back.
_UNSETTLED = (MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.UNKNOWN)


def take_unsaid(reminder: ApiReminder, now: datetime) -> ReminderClaim | None:
    """Take back a text that nobody ever had, and its claim, so that it is taken up anew; None when there is none."""
    for claim, message in _taken_up(reminder):
        waits = confirming.not_gone().filter(pk=message.pk, status=MessageStatus.QUEUED)
        if waits.exists() and _cancel(message, CHANGED, now):
            ReminderClaim.objects.filter(pk=claim.pk).delete()
            return claim
    return None


def take_back(reminder: ApiReminder, reason: str, now: datetime) -> None:
    """Cancel the text of a version that was not handed over yet; what a worker has in hand is tried no second time."""
    for _, message in _taken_up(reminder):
        if not _cancel(message, reason, now):
            Message.objects.filter(pk=message.pk, status__in=_UNSETTLED).update(expires_at=now)


def _taken_up(reminder: ApiReminder) -> list[tuple[ReminderClaim, Message]]:
    """Return with what this version was taken up."""
    claims = ReminderClaim.objects.filter(
        subject=ReminderSubject.API, subject_id=reminder.pk, version=reminder.version, message__isnull=False
    )
    return [(claim, claim.message) for claim in claims.select_related("message") if claim.message]


def _cancel(message: Message, reason: str, now: datetime) -> bool:
    """Cancel a text that waits, and what it asked; False when it does not wait."""
    asked = confirming.hold(message.conversation_id, message.pk)
    waiting = Message.objects.filter(pk=message.pk, status=MessageStatus.QUEUED)
    if not waiting.update(
        status=MessageStatus.CANCELLED, reason=reason, next_attempt_at=None, updated_at=now
    ):
        return False
    changes = confirming.withdraw(asked, message.pk, now=now) if asked else {}
    threads.status_moved(
        message.conversation_id,
        message.pk,
        before=MessageStatus.QUEUED,
        after=MessageStatus.CANCELLED,
        now=now,
    )
    if changes:
        threads.touch(message.conversation_id, now=now, **changes)
    return True
