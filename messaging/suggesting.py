"""A thumb on a reminder is no answer, only a sign: staff see it as a note, with one button that makes it one.

The note's payload has `suggests` and the visits; it goes when the thumb is taken back, and has no button any more
once somebody pressed it.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from clinics.models import User
from messaging import live
from messaging.models import (
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
    visits = _asked_about(message)
    if not visits:
        return
    note = Message(
        conversation_id=message.conversation_id,
        direction=Direction.OUTBOUND,
        channel="note",
        kind=Kind.NOTE,
        author=Author.BOT,
        body=emoji,
        status=MessageStatus.RECEIVED,
        payload={"suggests": COMING, "visits": visits},
        dedupe_key=key,
        created_at=now,
    )
    Message.objects.bulk_create([note], ignore_conflicts=True)


@operation
def accept(note: Message, *, by: User, now: datetime) -> int:
    """Mark the visits of a suggestion as coming; return how many. What has changed meanwhile is left as it is."""
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
    live.publish("conversation", id=note.conversation_id)
    return marked


def _asked_about(message: Message) -> list[str]:
    """Return the visits that a message asked about and nobody has answered for."""
    earlier = [{"message_id": str(message.pk)}]
    question = (
        Question.objects.filter(
            Q(asked_by=message) | Q(context__earlier__contains=earlier),
            conversation=message.conversation_id,
            kind=QuestionKind.CONFIRM_VISIT,
            closed_at=None,
        )
        .order_by("-asked_at")
        .first()
    )
    if question is None:
        return []
    items = [*question.items, *question.context.get("earlier", ())]
    ids = [
        item["appointment_id"]
        for item in items
        if item.get("appointment_id") and item["message_id"] == str(message.pk)
    ]
    open_ones = Appointment.objects.filter(
        pk__in=ids, status=Status.CONFIRMED, attendance__in=(Attendance.UNASKED, Attendance.ASKED)
    )
    return [str(pk) for pk in open_ones.order_by("starts_at", "pk").values_list("pk", flat=True)]
