"""What the patient hears when a visit changes: from the event and its source, a text, or silence.

Only this module decides it. What a patient asks for in the chat is answered by the dialogue at once, so the
event itself is silent; what staff, the clock or an integrator do is told here. `preview` shows the same words
before the decision.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from clinics.models import Channel
from medsync.lib import phone
from messaging import catalog, confirmations, counters, datewords, gate, outbox, threads
from messaging.approved.choosing import reads
from messaging.asking import ask
from messaging.conversations import bot_is_silent
from messaging.facts import facts
from messaging.language import nearest
from messaging.models import (
    Author,
    BotMode,
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
from messaging.outbox.routes import Route, primary, route_for_beginning
from messaging.slotlists import items_of, list_of
from scheduling.countering import offered_until
from scheduling.errors import FreeSlot, NotBookable
from scheduling.models import (
    Appointment,
    AppointmentEvent,
    Cancellation,
    ContactPoint,
    EventKind,
    PatientContact,
    Source,
    Status,
)
from scheduling.queries import free_slots, offered_times, spread

logger = logging.getLogger(__name__)

CHAT = frozenset({Source.WHATSAPP, Source.SMS})
OFFERED = 3
LOOK_AHEAD_DAYS = 14

# With these the patient was not promised an answer: when no channel allows a text, none is owed.
_UNPROMISED = frozenset({EventKind.BOOKED})


@dataclass(frozen=True, slots=True)
class Notice:
    """The words for a patient, and the times that they offer."""

    body: str
    slots: Sequence[FreeSlot] = ()
    said: catalog.Said | None = None  # which text of the catalog it is, for its approved form


@dataclass(frozen=True, slots=True)
class Foretold:
    """What a patient would hear: the words, the channel, and why it could not go, "" when it could."""

    body: str
    channel: str
    refusal: str = ""


def key_for(kind: str, source: str, visit: Appointment, *, now: datetime) -> str | None:
    """Return the catalog's key of what the patient hears of a change, None for silence. Pure."""
    if visit.starts_at <= now or source == Source.IMPORT:
        return None
    if kind == EventKind.CANCELLED:
        if visit.cancellation == Cancellation.PATIENT:
            return None if source in CHAT else "cancelled_by_patient"
        return "cancelled" if visit.cancellation == Cancellation.CLINIC else None
    if kind == EventKind.ACCEPTED and source in CHAT:
        return None  # a time that staff offered was taken: the dialogue says so
    if kind == EventKind.MOVED and source in CHAT:
        return None  # the patient moved it: the dialogue says so
    if kind == EventKind.MOVED:
        return "moved_pending" if visit.status == Status.PENDING_REVIEW else "moved"
    if kind == EventKind.BOOKED and source not in CHAT:
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
    conversation = _conversation(visit, now if key else None)
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
    language = _language(visit, conversation.contact_point)
    told = {"before": event.before, "reason": event.reason}
    way = _way(key, visit, conversation, now, **told)
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
        dedupe_key=f"event:{event.pk}:patient",
        language=language,
        route=route,
        said=notice.said,
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


def preview(appointment: Appointment, action: str, now: datetime, *, reason: str = "") -> str:
    """Return the very words that `accept` or `reject` would send, "" for silence."""
    kind = {"accept": EventKind.ACCEPTED, "reject": EventKind.REJECTED}[action]
    key = key_for(kind, Source.STAFF, appointment, now=now)
    conversation = _conversation(appointment, None)
    if key is None or conversation is None:
        return ""
    # Where the window is open the words need to know the channel only: where the thread is.
    known = conversation.last_channel
    if known in CHAT and not _closed(conversation, now):
        return _notice(key, appointment, conversation, known, now, before={}, reason=reason).body
    return _way(key, appointment, conversation, now, before={}, reason=reason).notice.body


def foretell(visit: Appointment, kind: EventKind, *, now: datetime, reason: str = "") -> Foretold | None:
    """Return what the patient would hear of a change that staff have not made yet, None for silence.

    `visit` is as it would be afterwards and may be unsaved; so may the thread be, where nothing was ever said.
    """
    key = key_for(kind, Source.STAFF, visit, now=now)
    point = visit.contact_point or _starred(visit)
    if key is None or point is None:
        return None
    conversation = _conversation(visit, None) or Conversation(contact_point=point)
    way = _way(key, visit, conversation, now, before={}, reason=reason)
    refusal = ""
    if way.skip:
        refusal = confirmations.sentence(way.skip)
    elif not way.route.reachable:
        detail, remedy = gate.sentences(way.route.refusal, way.route.channel)
        refusal = f"{detail}. {remedy}"
    return Foretold(way.notice.body, way.route.channel, refusal)


def preview_counter(appointment: Appointment, slots: Sequence[FreeSlot], now: datetime) -> str:
    """Return the very words that would offer these times instead, "" when there is nobody to tell."""
    conversation = _conversation(appointment, None)
    if conversation is None or not slots:
        return ""
    until = offered_until(appointment, slots, now=now)
    notice = _counter(appointment, conversation, slots, until)
    if not _closed(conversation, now):
        return notice.body
    return _as_sent(notice, _route_for_counter(appointment, conversation, notice, now), "counter").body


def refused(appointment: Appointment, slots: Sequence[FreeSlot], now: datetime) -> str:
    """Return why other times may not be offered now, "" when they may."""
    conversation = _conversation(appointment, None)
    if conversation is None:
        return ""
    until = offered_until(appointment, slots, now=now)
    notice = _counter(appointment, conversation, slots, until)
    route = _route_for_counter(appointment, conversation, notice, now)
    return "" if route.reachable else ". ".join(gate.sentences(route.refusal, route.channel))


def _route_for_counter(
    visit: Appointment, conversation: Conversation, notice: Notice, now: datetime
) -> Route:
    return route_for_beginning(conversation, now=now, said=notice.said, visit=visit)


def _closed(conversation: Conversation, now: datetime) -> bool:
    """Tell whether free text may not go to where the thread is, as far as the thread's row knows."""
    closes_at = conversation.window_closes_at
    return conversation.last_channel == Channel.WHATSAPP and (closes_at is None or closes_at <= now)


def language_of(appointment: Appointment) -> str:
    """Return the language in which the patient hears of a request."""
    point = appointment.contact_point or _starred(appointment)
    return _language(appointment, point) if point else nearest(appointment.patient.preferred_language)


def _counter(
    visit: Appointment, conversation: Conversation, slots: Sequence[FreeSlot], until: datetime
) -> Notice:
    language = _language(visit, conversation.contact_point)
    values = _values(visit, language)
    said = catalog.Said(
        "counter", language, values | {"times": counters.in_a_row(visit, slots, language=language)}
    )
    return Notice(
        counters.words(visit, slots, language=language, values=values, until=until), slots, said=said
    )


def _as_sent(notice: Notice, route: Route, key: str) -> Notice:
    """Return a notice as it goes: an approved text names no times but those that staff offer."""
    if route.approved is None:
        return notice
    body = reads(route.approved.template, route.approved.variables)
    return Notice(body, notice.slots if key == "counter" else (), said=notice.said)


@dataclass(frozen=True, slots=True)
class _Way:
    """How a notice goes: its route and words, or why nothing is begun (`skip`, a word of `confirmations`)."""

    route: Route
    notice: Notice
    skip: str = ""


def _way(
    key: str,
    visit: Appointment,
    conversation: Conversation,
    now: datetime,
    *,
    before: dict[str, Any],
    reason: str,
) -> _Way:
    """Return on which one channel a change is told, in which words.

    By SMS only what the patient asked for in the chat, and what the guards of confirmations let go; what they stop
    goes by WhatsApp where that may be.
    """

    def worded(channel: str) -> Notice:
        return _notice(key, visit, conversation, channel, now, before=before, reason=reason)

    said = worded(Channel.WHATSAPP).said
    route = route_for_beginning(conversation, now=now, said=said, visit=visit)
    asked_for = visit.source in CHAT
    if key not in confirmations.ACTIONS or asked_for or (route.reachable and route.channel != Channel.SMS):
        return _Way(route, _as_sent(worded(route.channel), route, key))
    skip = confirmations.guards_for(conversation.contact_point).skip
    if not skip:
        chosen = confirmations.sender_for_sms()
        if route.reachable and chosen != route.sender:
            route = route_for_beginning(conversation, now=now, said=said, visit=visit, sender=chosen)
        return _Way(route, _as_sent(worded(route.channel), route, key))
    elsewhere = primary(Channel.WHATSAPP)
    if route.reachable and elsewhere is not None:
        other = route_for_beginning(conversation, now=now, said=said, visit=visit, sender=elsewhere)
        if other.reachable and other.channel == Channel.WHATSAPP:
            return _Way(other, _as_sent(worded(Channel.WHATSAPP), other, key))
    return _Way(route, worded(Channel.SMS), skip)


def confirmation(visit: Appointment, *, language: str, channel: str) -> str:
    """Return the words for a visit that stands."""
    neutral = facts().neutral_on(channel)
    lines = [
        catalog.text(_neutral("accepted") if neutral else "accepted", language, **_values(visit, language)),
        catalog.text("place", language, address=visit.location.address, map_url=visit.location.map_url),
        "" if neutral else str(visit.type.instructions.get(language, "")),
        _contact(visit, language),
        catalog.text("stop_hint", language) if channel == "sms" else "",
    ]
    return "\n".join(line for line in lines if line)


def moved_words(visit: Appointment, *, before: datetime, language: str) -> str:
    """Return the words for a visit that the patient moved: the old time and the new one."""
    old = _when(before, visit.zone, language, "old_")
    lines = [catalog.text("moved", language, **_values(visit, language), **old), _contact(visit, language)]
    return "\n".join(line for line in lines if line)


def _notice(
    key: str,
    visit: Appointment,
    conversation: Conversation,
    channel: str,
    now: datetime,
    *,
    before: dict[str, Any],
    reason: str,
) -> Notice:
    """Return the words of one text for this patient on this channel."""
    language = _language(visit, conversation.contact_point)
    if channel == Channel.SMS and key in confirmations.TEXTS and facts().settings.sms_enabled:
        known = _values(visit, language) | _old(before, visit, language)
        body, own = confirmations.words(key, visit, values=known, language=language, reason=_sentence(reason))
        return Notice(body, said=own)
    neutral = facts().neutral_on(channel)
    if key == "accepted":
        said = catalog.Said(_neutral(key) if neutral else key, language, _values(visit, language))
        return Notice(confirmation(visit, language=language, channel=channel), said=said)
    if key == "counter":
        offered = offered_times(visit)
        if not offered or visit.offered_until is None:  # it has ended before it was told
            return Notice("")
        return _counter(visit, conversation, offered, visit.offered_until)
    values = _values(visit, language) | _old(before, visit, language) | {"reason": _sentence(reason)}
    said = catalog.Said(_neutral(key) if neutral else key, language, values)
    lines = [catalog.text(said.key, language, **values)]
    if key in {"cancelled", "moved"}:
        lines.append(_contact(visit, language))
    slots: Sequence[FreeSlot] = ()
    if key in {"rejected", "expired", "cancelled", "cancelled_by_patient"} and _bot_answers(
        conversation, now
    ):
        if key in {"rejected", "expired"} and conversation.state == ConversationState.IDLE:
            slots = _other_times(visit, now)
        if slots:
            lines.append("\n" + list_of(slots, head="offer_first", language=language))
        else:
            lines.append(catalog.text("ask_again", language))
    return Notice("\n".join(line for line in lines if line), slots, said)


def _neutral(key: str) -> str:
    """Return the text that says the same without any detail of the visit, where there is one."""
    return f"{key}_neutral" if f"{key}_neutral" in catalog.entries() else key


def _settled(conversation: Conversation, visit: Appointment, notice: Notice, now: datetime) -> dict[str, Any]:
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


def _ask(conversation: Conversation, visit: Appointment, notice: Notice, key: str, now: datetime) -> UUID:
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


def _other_times(visit: Appointment, now: datetime) -> list[FreeSlot]:
    """Return up to three other times with the same doctor, near the one that was wanted."""
    zone = ZoneInfo(visit.zone)
    wanted, today = visit.starts_at.astimezone(zone).date(), now.astimezone(zone).date()
    for first in dict.fromkeys((max(wanted, today), today)):
        try:
            free = free_slots(
                from_date=first,
                days=LOOK_AHEAD_DAYS,
                practitioner=visit.practitioner_id,
                type=visit.type_id,
                now=now,
                bookable_only=True,
            )
        except NotBookable:
            return []
        # Once declined the time itself is free again; it is not what the patient may have.
        others = [slot for slot in free if slot.ends_at <= visit.starts_at or slot.starts_at >= visit.ends_at]
        if others:
            return spread(others, OFFERED, zone=zone)
    return []


def _bot_answers(conversation: Conversation, now: datetime) -> bool:
    """Say whether what the patient answers would be understood without a person."""
    return facts().bot_mode(now) == BotMode.ANSWER and not bot_is_silent(
        conversation, now=now + timedelta(minutes=1)
    )


def _event(event_id: UUID) -> AppointmentEvent:
    related = ("patient", "practitioner", "type", "location", "contact_point")
    return AppointmentEvent.objects.select_related(*(f"appointment__{name}" for name in related)).get(
        pk=event_id
    )


def _conversation(visit: Appointment, now: datetime | None) -> Conversation | None:
    """Return the thread of who asked for the visit, else of the patient's own contact; made when *now* is given."""
    point = visit.contact_point or _starred(visit)
    if point is None:
        return None
    if now is None and "conversation" in point._state.fields_cache:  # read together with the visit
        return point.conversation
    known = Conversation.objects.select_related("contact_point").filter(contact_point=point).first()
    if known is not None or now is None:
        return known
    Conversation.objects.bulk_create(
        [Conversation(contact_point=point, created_at=now, updated_at=now)], ignore_conflicts=True
    )
    return Conversation.objects.select_related("contact_point").get(contact_point=point)


def _starred(visit: Appointment) -> ContactPoint | None:
    contact = (
        PatientContact.objects.filter(patient_id=visit.patient_id, not_theirs_at=None)
        .select_related("contact_point")
        .order_by("-starred", "created_at", "id")
        .first()
    )
    return contact.contact_point if contact else None


def _language(visit: Appointment, point: ContactPoint) -> str:
    return nearest(visit.patient.preferred_language, point.language, facts().clinic.language)


def _values(visit: Appointment, language: str) -> dict[str, str]:
    return {
        "doctor_name": visit.practitioner.name,
        "clinic_name": facts().clinic.name,
        **_when(visit.starts_at, visit.zone, language, ""),
    }


def _old(before: dict[str, Any], visit: Appointment, language: str) -> dict[str, str]:
    """Return date and time before a move, on the clock of the place."""
    if not before.get("starts_at"):
        return {}
    return _when(datetime.fromisoformat(before["starts_at"]), visit.zone, language, "old_")


def _when(at: datetime, zone: str, language: str, prefix: str) -> dict[str, str]:
    country = facts().clinic.country
    return {
        f"{prefix}date": datewords.day(at, zone=zone, language=language, country=country),
        f"{prefix}time": datewords.time(at, zone=zone, language=language, country=country),
    }


def _contact(visit: Appointment, language: str) -> str:
    """Return the line that says whom to call, "" when there is no phone to show."""
    clinic = facts().clinic
    number = visit.location.phone or clinic.phone
    if not number:
        return ""
    shown = phone.display(number, clinic.country) if phone.is_e164(number) else number
    return catalog.text("contact", language, clinic_phone=shown)


def _sentence(reason: str) -> str:
    """Return staff's words as a sentence of their own."""
    words = reason.strip()
    return words if not words or words[-1] in ".!?。！？" else f"{words}."
