"""Other times that staff offer to a request, as the patient reads them, and the question that they open.

The question is staff's: whatever the bot may do in a thread, a number that answers it is understood.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Value
from django.db.models.functions import Coalesce

from messaging import catalog, datewords
from messaging.facts import facts
from messaging.models import (
    Conversation,
    ConversationState,
    Question,
    QuestionKind,
    QuestionOutcome,
    WorkState,
)
from messaging.slotlists import numbered
from scheduling.errors import FreeSlot
from scheduling.models import Appointment, EventKind, Practitioner, Source

KEY = "counter"  # in a question's context: the request that the times were offered to
_SLOTS = (QuestionKind.PICK_SLOT, QuestionKind.PICK_DAY)
_BY_DIALOGUE = frozenset({EventKind.ACCEPTED, EventKind.OFFER_ENDED})


def words(
    visit: Appointment,
    slots: Sequence[FreeSlot],
    *,
    language: str,
    channel: str,
    values: dict[str, str],
    until: datetime,
) -> str:
    """Return the text that offers these times instead of the request's own."""
    country = facts().clinic.country
    last = datewords.when(until, zone=visit.zone, language=language, country=country)
    return "\n".join(
        [
            catalog.text("counter", language, channel=channel, **values),
            numbered(_lines(visit, slots, language)),
            "",
            catalog.text("counter_end", language, channel=channel, until=last),
        ]
    )


def in_a_row(visit: Appointment, slots: Sequence[FreeSlot], *, language: str) -> str:
    """Return the times on one line, as an approved text takes them: "1. Tuesday … · 2. …"."""
    return " · ".join(numbered(_lines(visit, slots, language)).splitlines())


def _lines(visit: Appointment, slots: Sequence[FreeSlot], language: str) -> list[str]:
    known = facts()
    names = _other_doctors(visit, slots)
    lines = []
    for slot in slots:
        zone = known.zones.get(slot.location_id, visit.zone)
        when = datewords.when(slot.starts_at, zone=zone, language=language, country=known.clinic.country)
        name = names.get(slot.practitioner_id)
        lines.append(f"{when}, {name}" if name else when)
    return lines


def close(
    visit: Appointment, thread: Conversation, *, kind: str, source: str, now: datetime
) -> dict[str, Any]:
    """End the question of an offer that a decision or the clock has ended; return what changes in the thread.

    What the patient answered the dialogue ends itself. Where nobody answered in time the thread comes to staff.
    """
    by_dialogue = source in (Source.WHATSAPP, Source.SMS)
    if by_dialogue and kind in _BY_DIALOGUE:
        return {}
    Question.objects.filter(
        conversation=thread, kind__in=_SLOTS, closed_at=None, context__counter=str(visit.pk)
    ).update(closed_at=now, outcome=QuestionOutcome.EXPIRED)
    if by_dialogue:  # the inbound path writes the thread at its end
        return {}
    changes: dict[str, Any] = {}
    if not Question.objects.filter(conversation=thread, closed_at=None).exists():
        changes["state"] = thread.state = ConversationState.IDLE
    if kind == EventKind.OFFER_ENDED:
        changes |= {
            "work_state": WorkState.NEEDS_REPLY,
            "waiting_since": Coalesce("waiting_since", Value(now)),
            "snoozed_until": None,
        }
    return changes


def _other_doctors(visit: Appointment, slots: Sequence[FreeSlot]) -> dict[UUID, str]:
    """Return the names of the doctors who are not the one that was asked for.

    On every channel: a patient who is to choose between doctors must see who they are.
    """
    others = {slot.practitioner_id for slot in slots} - {visit.practitioner_id}
    if not others:
        return {}
    return dict(Practitioner.objects.filter(pk__in=others).values_list("pk", "name"))
