"""The question "will you come?": stored with a reminder, one item a visit, until the last of them begins.

It is asked once its text has left: before that nothing that the patient writes can be the answer. One question has
the items of several texts: those of the newest, and of each one before it those that are still to come.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from messaging import gate
from messaging.asking import ask
from messaging.facts import facts
from messaging.models import (
    ApiReminder,
    Attempt,
    Conversation,
    ConversationState,
    Message,
    MessageStatus,
    Question,
    QuestionKind,
    QuestionOutcome,
    ReminderClaim,
    ReminderSubject,
)
from scheduling.models import Appointment

#: In a question's context: an earlier reminder's visits, which a bare answer does not mean but a quoted one may.
EARLIER = "earlier"

_NOT_GONE = (MessageStatus.QUEUED, MessageStatus.BLOCKED, MessageStatus.CANCELLED, MessageStatus.FAILED)


def not_gone() -> QuerySet[Message]:
    """Return what MedSync began and no provider ever took: no patient has read it, for example while it waits.

    What broke on its way and waits to go once more was taken.
    """
    taken = Attempt.objects.filter(message=OuterRef("pk"), provider_id__isnull=False)
    began = Message.objects.filter(purpose__in=(gate.NOTICE, gate.REMINDER), status__in=_NOT_GONE)
    return began.filter(~Exists(taken))


def reminder_waiting() -> QuerySet[ReminderClaim]:
    """Return the reminders of an outer visit, as it is now, whose text waits."""
    waiting = not_gone().filter(pk=OuterRef("message"), status=MessageStatus.QUEUED)
    return ReminderClaim.objects.filter(
        Exists(waiting),
        subject=ReminderSubject.VISIT,
        subject_id=OuterRef("pk"),
        version=OuterRef("version"),
    )


def ask_coming(
    conversation: Conversation, visits: Sequence[Appointment], *, asked_by: Message | None, now: datetime
) -> dict[str, Any]:
    """Open the question whether these visits will take place; return what it changes in the thread.

    The caller writes the changes by `threads.touch`, after this: questions are locked before the Conversation row.
    `visits` have their patients at hand and stand in the order of the text, which is that of the keys. An open
    question of an earlier reminder goes on: its visits can be answered by quoting it. Two statements.
    """
    items = [item_of(number, visit, asked_by) for number, visit in enumerate(visits, 1)]
    return _open(conversation, items, asked_by, now)


def ask_about_reminder(
    conversation: Conversation, reminder: ApiReminder, *, asked_by: Message | None, now: datetime
) -> dict[str, Any]:
    """Open the question whether an appointment of another system will take place; as `ask_coming`."""
    item = {
        "key": "1",
        "api_id": str(reminder.pk),
        "version": reminder.version,
        "label": " ".join(reminder.participant.split())[:40],
        "starts_at": reminder.appointment_at.isoformat(),
        "message_id": str(asked_by.pk) if asked_by else None,
        "answer": None,
    }
    return _open(conversation, [item], asked_by, now)


def _open(
    conversation: Conversation, listed: list[dict[str, Any]], asked_by: Message | None, now: datetime
) -> dict[str, Any]:
    now_asked = {subject(item): item["version"] for item in listed}
    known = Question.objects.filter(
        conversation=conversation, kind=QuestionKind.CONFIRM_VISIT, closed_at=None, expires_at__gt=now
    ).first()
    before = [*known.items, *known.context.get(EARLIER, ())] if known else []
    # An earlier step asked of the same: that one can be answered until this text has gone.
    earlier = [
        item
        for item in before
        if now_asked.get(subject(item), item["version"]) == item["version"] and _begins(item) > now
    ]
    begins = [_begins(item) for item in (*listed, *earlier)]
    ask(
        conversation,
        kind=QuestionKind.CONFIRM_VISIT,
        items=listed,
        context={EARLIER: earlier} if earlier else {},
        asked_by=asked_by,
        zone=facts().zone,
        until=max(begins),
        now=now,
    )
    return {"state": ConversationState.AWAITING_CONFIRM}


def about_message(message_id: UUID) -> Q:
    """Return what finds the question that a message asked, also a reminder's that a later one has taken over."""
    earlier = [{"message_id": str(message_id)}]
    return Q(asked_by=message_id) | Q(kind=QuestionKind.CONFIRM_VISIT, context__earlier__contains=earlier)


def hold(conversation_id: UUID, message_id: UUID) -> Question | None:
    """Lock and return the open question in which stands what a reminder asked, None when none does.

    None also where a provider had the text once, though it was to go again: that one may be answered.
    """
    taken = Attempt.objects.filter(message=message_id, provider_id__isnull=False)
    asked = Question.objects.filter(
        ~Exists(taken),
        about_message(message_id),
        conversation=conversation_id,
        kind=QuestionKind.CONFIRM_VISIT,
        closed_at=None,
    )
    return asked.select_for_update().first()


def withdraw(question: Question, message_id: UUID, *, now: datetime) -> dict[str, Any]:
    """Drop what a reminder asked that never goes; return what it changes in the thread, as `ask_coming` does.

    What was asked before it is asked again, as it stood. `question` is locked by `hold`.
    """
    text, row = str(message_id), Question.objects.filter(pk=question.pk)
    earlier = [item for item in question.context.get(EARLIER, ()) if item["message_id"] != text]
    if question.asked_by_id != message_id:
        row.update(context={**question.context, EARLIER: earlier})
        return {}
    items, earlier = back_again(earlier, now=now)
    if not items:
        row.update(closed_at=now, outcome=QuestionOutcome.REPLACED)
        others = Question.objects.filter(conversation=question.conversation_id, closed_at=None)
        return {} if others.exists() else {"state": ConversationState.IDLE}
    asked_by = Message.objects.filter(pk=items[0]["message_id"])
    row.update(
        items=items,
        context={EARLIER: earlier},
        asked_by=Subquery(asked_by.values("pk")),
        asked_at=Coalesce(Subquery(asked_by.values("created_at")), F("asked_at")),
        expires_at=max(_begins(item) for item in (*items, *earlier)),
        misses=0,
    )
    return {"state": ConversationState.AWAITING_CONFIRM}


def back_again(
    earlier: Sequence[dict[str, Any]], *, now: datetime
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Part what earlier reminders asked into the items of the newest that waits for an answer, and the rest. Pure."""
    coming = [item for item in earlier if _begins(item) > now]
    newest = next((item["message_id"] for item in coming if item["answer"] is None), None)
    if newest is None:
        return [], coming
    return (
        [item for item in coming if item["message_id"] == newest],
        [item for item in coming if item["message_id"] != newest],
    )


def item_of(number: int, visit: Appointment, asked_by: Message | None) -> dict[str, Any]:
    """Return what the question keeps of a visit, under its key."""
    return {
        "key": str(number),
        "appointment_id": str(visit.pk),
        "version": visit.version,
        "patient_id": str(visit.patient_id),
        "label": visit.patient.call_name,
        "starts_at": visit.starts_at.isoformat(),
        "message_id": str(asked_by.pk) if asked_by else None,
        "answer": None,
    }


def subject(item: dict[str, Any]) -> str:
    """Return the id of what an item asks about, a visit or a reminder by the API."""
    return str(item.get("appointment_id") or item["api_id"])


def _begins(item: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(item["starts_at"])
