"""What the patient hears when a visit changes: from the event and its source, a text, or silence.

Only this module decides it. What a patient asks for in the chat is answered by the dialogue at once, so the
event itself is silent; what staff, the clock or an integrator do is told here. `messaging.foretelling` shows the
same words before the decision.
"""

import logging
from datetime import datetime
from typing import Any
from uuid import UUID

from messaging import confirmations, counters, gate, noticing, outbox, threads
from messaging import notice_ways as ways
from messaging.addressees import language_for, language_of, thread_of
from messaging.asking import ask
from messaging.facts import facts
from messaging.models import (
    Author,
    Conversation,
    ConversationState,
    Direction,
    Message,
    MessageStatus,
    Question,
    QuestionKind,
    QuestionOutcome,
    WorkState,
)
from messaging.slotlists import items_of
from scheduling.models import (
    Appointment,
    AppointmentEvent,
    Cancellation,
    EventKind,
    Source,
    Status,
)

logger = logging.getLogger(__name__)

# With these the patient was not promised an answer: when no channel allows a text, none is owed.
_UNPROMISED = frozenset({EventKind.BOOKED})


def key_for(kind: str, source: str, visit: Appointment, *, now: datetime) -> str | None:
    """Return the catalog's key of what the patient hears of a change, None for silence. Pure."""
    if visit.starts_at <= now or source == Source.IMPORT:
        return None
    if kind == EventKind.CANCELLED:
        if visit.cancellation == Cancellation.PATIENT:
            return None if source in ways.CHAT else "cancelled_by_patient"
        return "cancelled" if visit.cancellation == Cancellation.CLINIC else None
    if kind == EventKind.ACCEPTED and source in ways.CHAT:
        return None  # a time that staff offered was taken: the dialogue says so
    if kind == EventKind.MOVED and source in ways.CHAT:
        return None  # the patient moved it: the dialogue says so
    if kind == EventKind.MOVED:
        return "moved_pending" if visit.status == Status.PENDING_REVIEW else "moved"
    if kind == EventKind.BOOKED and source not in ways.CHAT:
        return "accepted"
    return {
        EventKind.ACCEPTED: "accepted",
        EventKind.OFFERED: "counter",
        EventKind.REJECTED: "rejected",
        EventKind.EXPIRED: "expired",
    }.get(EventKind(kind))


def announce(event_id: UUID, *, now: datetime) -> Message | None:
    """Queue what the patient hears of an event, once; None for silence.

    Runs in the transaction of the change, and may run again: the message's key is the event's. Locks questions,
    messages and the conversation only.
    """
    event = _event(event_id)
    visit = event.appointment
    if event.silent:
        return None
    key = key_for(event.kind, event.source, visit, now=now)
    conversation = thread_of(visit, now=now if key else None)
    ended: dict[str, Any] = {}
    if conversation is not None and event.before.get("offered_until"):
        ended = counters.close(visit, conversation, kind=event.kind, source=event.source, now=now)
    if key is None:
        if conversation is not None and ended:
            threads.touch(conversation.pk, now=now, **ended)
        return None
    if conversation is None:
        logger.info("event %s is not told: no way to reach the patient", event.pk)
        skip = confirmations.guards_for(None).skip
        language = language_of(visit)
        confirmations.skipped(event, key, reason=skip, channel="", language=language, now=now)
        return None
    language = language_for(visit, conversation.contact_point)
    told = {"before": event.before, "reason": event.reason}
    way = ways.way(key, visit, conversation, now, **told)
    if way.skip:
        logger.info("event %s is not told: %s", event.pk, way.skip)
        channel = way.route.channel
        confirmations.skipped(event, key, reason=way.skip, channel=channel, language=language, now=now)
        return None
    route, notice = way.route, way.notice
    if not notice.body:
        return None
    if event.kind in _UNPROMISED and not route.reachable:
        logger.info("event %s is not told: the gate says no", event.pk)
        confirmations.skipped(
            event, key, reason=route.refusal, channel=route.channel, language=language, now=now
        )
        return None
    # The question comes before the message, whose insertion changes the Conversation row: that one is locked last.
    question_id = _ask(conversation, visit, notice, key, now) if notice.slots else None
    message = outbox.queue(
        conversation,
        body=notice.body,
        purpose=gate.NOTICE,
        author=Author.SYSTEM,
        appointment=visit,
        dedupe_key=key_of(event.pk),
        language=language,
        route=route,
        said=notice.said,
        expires_at=visit.starts_at,
        now=now,
    )
    confirmations.queued(event, key, message, language=language, now=now)
    blocked = message.status == MessageStatus.BLOCKED  # then the outbox has brought the thread to staff
    if question_id is not None:
        changes = {"closed_at": now, "outcome": QuestionOutcome.EXPIRED} if blocked else {"asked_by": message}
        Question.objects.filter(pk=question_id).update(**changes)
    if not blocked:
        ended |= _settled(conversation, visit, notice, now)
    if ended:
        threads.touch(conversation.pk, now=now, **ended)
    return message


def key_of(event_id: UUID) -> str:
    """Return the key of the message that tells the patient of an event: there is one at most."""
    return f"event:{event_id}:patient"


def _settled(
    conversation: Conversation, visit: Appointment, notice: noticing.Notice, now: datetime
) -> dict[str, Any]:
    """Return how the thread shows that times are offered, and that it does not wait for this decision any more."""
    changes: dict[str, Any] = {}
    if notice.slots:
        changes["state"] = ConversationState.AWAITING_SLOT
        changes["offers_in_row"] = 1
        changes["last_offer_at"] = now
    newest = (
        Message.objects.filter(conversation=conversation, direction=Direction.INBOUND)
        .order_by("-created_at", "-id")
        .values_list("appointment_id", flat=True)
        .first()
    )
    if newest == visit.pk and conversation.work_state == WorkState.NEEDS_REPLY:
        changes |= {
            "work_state": WorkState.WAITING if notice.slots else WorkState.DONE,
            "waiting_since": None,
        }
    return changes


def _ask(
    conversation: Conversation, visit: Appointment, notice: noticing.Notice, key: str, now: datetime
) -> UUID:
    """Open the question of an offer. Nothing is held here: a receiver may not lock what others book."""
    by_staff = key == "counter"
    return ask(
        conversation,
        kind=QuestionKind.PICK_SLOT,
        items=items_of(notice.slots),
        context={
            "patient": str(visit.patient_id),
            "type": str(visit.type_id),
            "practitioner": str(visit.practitioner_id),
            "lists": 1,
            "shown": [slot.starts_at.isoformat() for slot in notice.slots],
            **({counters.KEY: str(visit.pk)} if by_staff else {}),
        },
        asked_by=None,
        zone=facts().zone,
        until=visit.offered_until if by_staff else None,
        now=now,
    )


def _event(event_id: UUID) -> AppointmentEvent:
    related = ("patient", "practitioner", "type", "location", "contact_point")
    return AppointmentEvent.objects.select_related(*(f"appointment__{name}" for name in related)).get(
        pk=event_id
    )
