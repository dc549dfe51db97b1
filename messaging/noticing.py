"""The words of a notice: what a patient reads of a change to a visit, and the times that it offers.

`messaging.notifications` decides whether and where it is said. Nothing here writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from clinics.models import Channel
from medsync.lib import phone
from messaging import catalog, confirmations, counters, datewords, details
from messaging.addressees import language_for
from messaging.approved.choosing import reads
from messaging.conversations import bot_is_silent
from messaging.facts import facts
from messaging.models import BotMode, Conversation, ConversationState
from messaging.outbox.routes import Route
from messaging.slotlists import list_of
from scheduling.errors import FreeSlot, NotBookable
from scheduling.models import Appointment
from scheduling.queries import free_slots, offered_times, spread

OFFERED = 3
LOOK_AHEAD_DAYS = 14


@dataclass(frozen=True, slots=True)
class Notice:
    """The words for a patient, and the times that they offer."""

    body: str
    slots: Sequence[FreeSlot] = ()
    said: catalog.Said | None = None  # which text of the catalog it is, for its approved form


def confirmation(visit: Appointment, *, language: str, channel: str) -> str:
    """Return the words for a visit that stands."""
    place = {"address": visit.location.address, "map_url": visit.location.map_url}
    prepare = details.told({"instructions": visit.type.instructions.get(language, "")}, channel)
    lines = [
        catalog.text("accepted", language, channel=channel, **_values(visit, language)),
        catalog.text("place", language, channel=channel, **place),
        str(prepare.get("instructions", "")),
        _contact(visit, language, channel),
        catalog.text("stop_hint", language, channel=channel) if channel == Channel.SMS else "",
    ]
    return "\n".join(line for line in lines if line)


def moved_words(visit: Appointment, *, before: datetime, language: str, channel: str) -> str:
    """Return the words for a visit that the patient moved: the old time and the new one."""
    values = _values(visit, language) | _when(before, visit.zone, language, "old_")
    lines = [
        catalog.text("moved", language, channel=channel, **values),
        _contact(visit, language, channel),
    ]
    return "\n".join(line for line in lines if line)


def notice(
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
    language = language_for(visit, conversation.contact_point)
    if channel == Channel.SMS and key in confirmations.TEXTS and facts().settings.sms_enabled:
        known = _values(visit, language) | _old(before, visit, language)
        body, own = confirmations.words(key, visit, values=known, language=language, reason=_sentence(reason))
        return Notice(body, said=own)
    if key == "accepted":
        said = catalog.said(key, language, _values(visit, language))
        return Notice(confirmation(visit, language=language, channel=channel), said=said)
    if key == "counter":
        offered = offered_times(visit)
        if not offered or visit.offered_until is None:  # it has ended before it was told
            return Notice("")
        return counter(visit, conversation, offered, visit.offered_until, channel=channel)
    values = _values(visit, language) | _old(before, visit, language) | {"reason": _sentence(reason)}
    said = catalog.said(key, language, values)
    lines = [catalog.text(key, language, channel=channel, **values)]
    if key in {"cancelled", "moved"}:
        lines.append(_contact(visit, language, channel))
    slots: Sequence[FreeSlot] = ()
    if key in {"rejected", "expired", "cancelled", "cancelled_by_patient"} and _bot_answers(
        conversation, now
    ):
        if key in {"rejected", "expired"} and conversation.state == ConversationState.IDLE:
            slots = _other_times(visit, now)
        if slots:
            lines.append("\n" + list_of(slots, head="offer_first", language=language, channel=channel))
        else:
            lines.append(catalog.text("ask_again", language, channel=channel))
    return Notice("\n".join(line for line in lines if line), slots, said)


def counter(
    visit: Appointment,
    conversation: Conversation,
    slots: Sequence[FreeSlot],
    until: datetime,
    *,
    channel: str = "",
) -> Notice:
    """Return the words that offer other times: on a channel, else where the thread is."""
    language = language_for(visit, conversation.contact_point)
    values = _values(visit, language)
    times = counters.in_a_row(visit, slots, language=language)
    body = counters.words(
        visit,
        slots,
        language=language,
        channel=channel or conversation.last_channel,
        values=values,
        until=until,
    )
    return Notice(body, slots, said=catalog.said("counter", language, values | {"times": times}))


def as_sent(notice: Notice, route: Route, key: str) -> Notice:
    """Return a notice as it goes: an approved text names no times but those that staff offer."""
    if route.approved is None:
        return notice
    body = reads(route.approved.template, route.approved.variables)
    return Notice(body, notice.slots if key == "counter" else (), said=notice.said)


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


def _contact(visit: Appointment, language: str, channel: str) -> str:
    """Return the line that says whom to call, "" when there is no phone to show."""
    clinic = facts().clinic
    number = visit.location.phone or clinic.phone
    if not number:
        return ""
    shown = phone.display(number, clinic.country) if phone.is_e164(number) else number
    return catalog.text("contact", language, channel=channel, clinic_phone=shown)


def _sentence(reason: str) -> str:
    """Return staff's words as a sentence of their own."""
    words = reason.strip()
    return words if not words or words[-1] in ".!?。！？" else f"{words}."
