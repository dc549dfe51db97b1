"""What the question "will you come?" is about: visits, or reminders of another system's appointments.

Each of its items is brought together with the row as it is now; what was said is kept with the item.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from messaging import api_words
from messaging.confirming import EARLIER
from messaging.dialogue.turn import Turn
from messaging.models import ApiReminder, Attempt, Question
from scheduling.models import Appointment, Cancellation, Status

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
    def given_up(self) -> bool:
        """Say whether it is a visit that was cancelled since, by the patient's no or by anybody."""
        visit = self.visit
        return (
            visit is not None
            and visit.status == Status.CANCELLED
            and visit.cancellation != Cancellation.MOVED
        )


def of(turn: Turn, question: Question) -> list[Asked]:
    """Return what a message answers: what the quoted text asked, else what the newest one did, not begun yet."""
    items = list(question.items)
    quoted = _quoted(turn)
    if quoted is not None:
        everything = [*items, *question.context.get(EARLIER, ())]
        items = [item for item in everything if item["message_id"] == str(quoted)] or items
    visits = Appointment.objects.select_related(*RELATED).in_bulk(_ids(items, "appointment_id"))
    wanted = _ids(items, "api_id")
    reminders = ApiReminder.objects.in_bulk(wanted) if wanted else {}
    found = [
        Asked(item, visits.get(_id(item, "appointment_id")), reminders.get(_id(item, "api_id")))
        for item in items
    ]
    return [
        one
        for one in found
        if (one.visit is not None or (one.reminder is not None and one.reminder.deleted_at is None))
        and one.starts_at > turn.now
    ]


def keep(question: Question) -> None:
    """Store what was said with the items, which were changed in place."""
    Question.objects.filter(pk=question.pk).update(items=question.items, context=question.context)


def label(turn: Turn, one: Asked) -> str:
    """Return how a visit is called among several: when, and whose."""
    at = when(turn, one)
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
