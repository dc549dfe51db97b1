"""What the question "will you come?" is about: visits, or reminders of another system's appointments.

Each of its items is brought together with the row as it is now; what was said is kept with the item.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from messaging import api_words, details
from messaging.confirming import EARLIER, not_gone, subject
from messaging.dialogue.turn import Turn
from messaging.models import ApiReminder, Attempt, Question
from messaging.reply_each import everyone
from scheduling.models import Appointment, Attendance, Cancellation, Status

#: In the question's context: what was said before it was clear of whom.
PENDING = "pending"
RELATED = ("patient", "practitioner", "type", "location")


@dataclass(slots=True)
class Asked:
    """One item of the question, with the visit or the reminder as it is now (None: it is gone)."""

    item: dict[str, Any]
    visit: Appointment | None = None
    reminder: ApiReminder | None = None

    @property
    def starts_at(self) -> datetime:
        """Return when it begins, as it is now."""
        if self.visit is not None:
            return self.visit.starts_at
        return (
            self.reminder.appointment_at if self.reminder else datetime.fromisoformat(self.item["starts_at"])
        )

    @property
    def answer(self) -> str | None:
        """Return what was said so far: "yes", "no" or nothing."""
        said: str | None = self.item["answer"]
        return said

    @property
    def is_moved(self) -> bool:
        """Say whether it has another time than the one that was asked about."""
        row = self.visit or self.reminder
        return row is not None and row.version != self.item["version"]

    @property
    def waits(self) -> bool:
        """Say whether nobody knows yet if they come."""
        if self.visit is not None:
            unanswered = self.visit.attendance in (Attendance.UNASKED, Attendance.ASKED)
            return self.answer is None and unanswered and self.visit.status == Status.CONFIRMED
        return self.answer is None and self.reminder is not None and self.reminder.will_attend is None

    @property
    def given_up(self) -> bool:
        """Say whether it is a visit that was cancelled since, by the patient's no or by anybody."""
        visit = self.visit
        return (
            visit is not None
            and visit.status == Status.CANCELLED
            and visit.cancellation != Cancellation.MOVED
        )


def of(turn: Turn, question: Question) -> list[Asked]:
    """Return what a message answers: what the quoted text asked, else what the newest one did, not begun yet.

    When that one is answered, and one before it is not, several may be meant (`is_clash`).
    """
    quoted = _quoted(turn)
    if quoted is not None:
        of_it = [item for item in every(question) if item["message_id"] == str(quoted)]
        return _standing(turn, of_it or question.items)
    texts = _texts(turn, question)
    if len(texts) < 2:
        return texts[0] if texts else []
    newest, *before = texts
    left = [one for text in before for one in text if one.waits]
    if len(newest) == 1 and everyone(turn.body) is not None:
        return [*newest, *left]
    if not left or any(one.waits for one in newest):
        return newest
    declined = [one for one in newest if one.answer == "no"]
    return [*declined, *left] if declined else next(text for text in before if any(one.waits for one in text))


def after(turn: Turn, question: Question) -> list[Asked]:
    """Return what the newest of the texts before this one asks that nobody has answered, none when all is answered."""
    mine = {item["message_id"] for item in question.items}
    texts = _texts(turn, question) if question.context.get(EARLIER) else []
    for text in texts:
        left = [one for one in text if one.waits and one.item["message_id"] not in mine]
        if left:
            return left
    return []


def ask_next(question: Question, ones: Sequence[Asked]) -> None:
    """Let a bare answer mean these from now on, as they are now; what it meant before can still be quoted."""
    for one in ones:
        row = one.visit or one.reminder
        assert row is not None
        one.item.update(version=row.version, starts_at=one.starts_at.isoformat())
    question.context.pop(PENDING, None)
    chosen = [one.item for one in ones]
    question.context[EARLIER] = [item for item in every(question) if item not in chosen]
    question.items = chosen
    asked_by = chosen[0]["message_id"]
    question.asked_by_id = UUID(asked_by) if asked_by else None


def waits_to_be_read(question: Question) -> bool:
    """Say whether a text of the question has not left yet."""
    ids = [UUID(item["message_id"]) for item in question.items if item["message_id"]]
    return not_gone().filter(pk__in=ids).exists()


def is_clash(ones: Sequence[Asked]) -> bool:
    """Say whether a bare answer may mean the one text or the other."""
    return len({one.item["message_id"] for one in ones}) > 1


def every(question: Question) -> list[dict[str, Any]]:
    """Return the items of all texts, the newest first."""
    return [*question.items, *question.context.get(EARLIER, ())]


def distinct(items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the newest item of each visit: several steps may have asked about one."""
    newest: dict[str, dict[str, Any]] = {}
    for item in items:
        newest.setdefault(subject(item), item)
    return list(newest.values())


def spread(question: Question) -> None:
    """Let what was said to one text about a visit count for the others that asked the same."""
    said = {(subject(item), item["version"]): item["answer"] for item in every(question) if item["answer"]}
    for item in every(question):
        item["answer"] = item["answer"] or said.get((subject(item), item["version"]))


def _texts(turn: Turn, question: Question) -> list[list[Asked]]:
    """Return what was asked, text by text, the newest first; what nobody has read yet was not asked."""
    items = every(question)
    if question.context.get(EARLIER):
        ids = {UUID(item["message_id"]) for item in items if item["message_id"]}
        unread = {str(pk) for pk in not_gone().filter(pk__in=ids).values_list("pk", flat=True)}
        items = [item for item in items if item["message_id"] not in unread]
    texts: dict[str | None, list[Asked]] = {}
    for one in _standing(turn, distinct(items)):
        texts.setdefault(one.item["message_id"], []).append(one)
    return list(texts.values())


def _standing(turn: Turn, items: Sequence[dict[str, Any]]) -> list[Asked]:
    visits = Appointment.objects.select_related(*RELATED).in_bulk(_ids(items, "appointment_id"))
    wanted = _ids(items, "api_id")
    reminders = ApiReminder.objects.in_bulk(wanted) if wanted else {}
    found = [
        Asked(item, visits.get(_id(item, "appointment_id")), reminders.get(_id(item, "api_id")))
        for item in items
    ]
    return [one for one in found if _stands(turn, one) and one.starts_at > turn.now]


def _stands(turn: Turn, one: Asked) -> bool:
    """Say whether there is something to answer for; never for a patient whose number this is not any more."""
    if one.visit is None:
        return one.reminder is not None and one.reminder.deleted_at is None
    here = one.visit.contact_point_id == turn.contact_point.pk
    return here or one.visit.patient_id in {patient.pk for patient in turn.patients}


def keep(question: Question) -> None:
    """Store what was said with the items, which were changed in place; not where others were asked about meanwhile."""
    Question.objects.filter(pk=question.pk, asked_at__lte=question.asked_at).update(
        items=question.items, context=question.context, asked_by=question.asked_by_id
    )


def label(turn: Turn, one: Asked) -> str:
    """Return how a visit is called among several: when, and whose; with whom only where that may be told."""
    at = when(turn, one)
    if one.reminder is not None and details.hidden_on(turn.channel):
        return at
    return f"{one.item['label']}: {at}" if one.item["label"] else at


def when(turn: Turn, one: Asked) -> str:
    """Return the time as the patient reads it: on the place's clock, or as the caller of the API gave it."""
    if one.reminder is not None:
        return api_words.when(one.reminder, language=turn.language, country=turn.clinic.country)
    return turn.when(one.starts_at, one.visit.location_id if one.visit else None)


def _quoted(turn: Turn) -> UUID | None:
    quoted = turn.stored.event.replied_to_id
    if not quoted:
        return None
    return (
        Attempt.objects.filter(provider_id=quoted, message__conversation=turn.stored.conversation)
        .values_list("message_id", flat=True)
        .first()
    )


def _ids(items: Sequence[dict[str, Any]], name: str) -> list[UUID]:
    return [UUID(item[name]) for item in items if item.get(name)]


def _id(item: dict[str, Any], name: str) -> UUID | None:
    return UUID(item[name]) if item.get(name) else None
