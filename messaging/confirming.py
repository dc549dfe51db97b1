"""The question "will you come?": opened with a reminder, one item a visit, open until the last of them begins."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from messaging.asking import ask
from messaging.facts import facts
from messaging.models import ApiReminder, Conversation, ConversationState, Message, Question, QuestionKind
from scheduling.models import Appointment

#: In a question's context: an earlier reminder's visits, which a bare answer does not mean but a quoted one may.
EARLIER = "earlier"


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
    now_asked = {_subject(item) for item in listed}
    known = Question.objects.filter(
        conversation=conversation, kind=QuestionKind.CONFIRM_VISIT, closed_at=None, expires_at__gt=now
    ).first()
    before = [*known.items, *known.context.get(EARLIER, ())] if known else []
    earlier = [
        item
        for item in before
        if _subject(item) not in now_asked and datetime.fromisoformat(item["starts_at"]) > now
    ]
    begins = [datetime.fromisoformat(item["starts_at"]) for item in (*listed, *earlier)]
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


def _subject(item: dict[str, Any]) -> str:
    return str(item.get("appointment_id") or item["api_id"])
