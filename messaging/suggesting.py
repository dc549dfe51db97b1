"""A thumb on a reminder is no answer, only a sign: staff see it as a note, with one button that makes it one.

The note's payload has `suggests`, the visits, and the reminders of other calendars; it goes when the thumb is taken back, and has no button any more
once somebody pressed it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from clinics.models import User
from messaging import api_reminders, confirming, live
from messaging.models import (
    ApiReminder,
    Author,
    Direction,
    Kind,
    Message,
    MessageStatus,
    Question,
    QuestionKind,
)
from messaging.replies import read
from scheduling import operations
from scheduling.errors import SchedulingError
from scheduling.locks import operation
from scheduling.models import Appointment, Attendance, Source, Status

COMING = "coming"


def on_reaction(message: Message, *, emoji: str, now: datetime) -> None:
    """Suggest that the patient comes, once a reminder, when the emoji agrees; else take the suggestion back."""
    key = f"suggest:{message.pk}"
    if not read(emoji).affirmative:
        Message.objects.filter(dedupe_key=key, payload__suggests=COMING).delete()
        return
    items = _asked_about(message)
    visits, reminders = _visits(items), _reminders(items)
    if not visits and not reminders:
        return
    note = Message(
        conversation_id=message.conversation_id,
        direction=Direction.OUTBOUND,
        channel="note",
        kind=Kind.NOTE,
        author=Author.BOT,
        body=emoji,
        status=MessageStatus.RECEIVED,
        payload={"suggests": COMING, "visits": visits, "reminders": reminders},
        dedupe_key=key,
        created_at=now,
    )
    Message.objects.bulk_create([note], ignore_conflicts=True)


@operation
def accept(note: Message, *, by: User, now: datetime) -> int:
    """Mark what a suggestion is about as coming; return how many. What has changed meanwhile is left as it is."""
    taken = Message.objects.filter(pk=note.pk, payload__suggests=COMING)
    if not taken.update(payload=note.payload | {"suggests": ""}, updated_at=now):
        return 0
    marked = 0
    ids = [UUID(pk) for pk in note.payload["visits"]]
    for visit in Appointment.objects.filter(pk__in=ids, status=Status.CONFIRMED).order_by("pk"):
        try:
            operations.attend(visit, by=by, source=Source.STAFF, now=now)
        except SchedulingError:
            continue
        marked += 1
    for pk in note.payload.get("reminders", ()):
        reminder = ApiReminder.objects.filter(pk=pk, will_attend=None, appointment_at__gt=now).first()
        if reminder is not None and reminder.version == note.payload["reminders"][pk]:
            marked += api_reminders.answer(reminder, will_attend=True, by=None, now=now)
    live.publish("conversation", id=note.conversation_id)
    return marked


def _asked_about(message: Message) -> list[dict[str, Any]]:
    """Return what a message asked about."""
    question = (
        Question.objects.filter(
            confirming.about_message(message.pk),
            conversation=message.conversation_id,
            kind=QuestionKind.CONFIRM_VISIT,
            closed_at=None,
        )
        .order_by("-asked_at")
        .first()
    )
    if question is None:
        return []
    items = [*question.items, *question.context.get(confirming.EARLIER, ())]
    return [item for item in items if item["message_id"] == str(message.pk)]


def _visits(items: Sequence[dict[str, Any]]) -> list[str]:
    """Return the visits that nobody has answered for."""
    ids = [item["appointment_id"] for item in items if item.get("appointment_id")]
    open_ones = Appointment.objects.filter(
        pk__in=ids, status=Status.CONFIRMED, attendance__in=(Attendance.UNASKED, Attendance.ASKED)
    )
    return [str(pk) for pk in open_ones.order_by("starts_at", "pk").values_list("pk", flat=True)]


def _reminders(items: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Return the reminders of other calendars that nobody has answered for, with the versions that were asked about."""
    ids = [item["api_id"] for item in items if item.get("api_id")]
    rows = ApiReminder.objects.filter(pk__in=ids, deleted_at=None, will_attend=None) if ids else ()
    return {str(row.pk): row.version for row in rows}
