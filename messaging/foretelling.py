"""What a patient would hear of a change that nobody has made yet: the very words, before the decision.

`messaging.notifications` decides what is told; this module asks it and the ways that a notice goes. Nothing here writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from clinics.models import Channel
from messaging import confirmations, gate, noticing, notifications
from messaging import notice_ways as ways
from messaging.addressees import point_of, thread_of
from messaging.models import Conversation
from messaging.outbox.routes import route_for_beginning
from scheduling.countering import offered_until
from scheduling.errors import FreeSlot
from scheduling.models import Appointment, EventKind, Source


@dataclass(frozen=True, slots=True)
class Foretold:
    """What a patient would hear: the words, the channel, and why it could not go, "" when it could."""

    body: str
    channel: str
    refusal: str = ""


def preview(appointment: Appointment, action: str, now: datetime, *, reason: str = "") -> str:
    """Return the very words that `accept` or `reject` would send, "" for silence."""
    kind = {"accept": EventKind.ACCEPTED, "reject": EventKind.REJECTED}[action]
    key = notifications.key_for(kind, Source.STAFF, appointment, now=now)
    conversation = thread_of(appointment)
    if key is None or conversation is None:
        return ""
    # Where the window is open the words need to know the channel only: where the thread is.
    known = conversation.last_channel
    if known in ways.CHAT and not _closed(conversation, now):
        return noticing.notice(key, appointment, conversation, known, now, before={}, reason=reason).body
    return ways.way(key, appointment, conversation, now, before={}, reason=reason).notice.body


def foretell(visit: Appointment, kind: EventKind, *, now: datetime, reason: str = "") -> Foretold | None:
    """Return what the patient would hear of a change that staff have not made yet, None for silence.

    `visit` is as it would be afterwards and may be unsaved; so may the thread be, where nothing was ever said.
    """
    key = notifications.key_for(kind, Source.STAFF, visit, now=now)
    point = point_of(visit)
    if key is None or point is None:
        return None
    conversation = thread_of(visit) or Conversation(contact_point=point)
    way = ways.way(key, visit, conversation, now, before={}, reason=reason)
    refusal = ""
    if way.skip:
        refusal = confirmations.sentence(way.skip)
    elif not way.route.reachable:
        detail, remedy = gate.sentences(way.route.refusal, way.route.channel)
        refusal = f"{detail}. {remedy}"
    return Foretold(way.notice.body, way.route.channel, refusal)


def preview_counter(appointment: Appointment, slots: Sequence[FreeSlot], now: datetime) -> str:
    """Return the very words that would offer these times instead, "" when there is nobody to tell."""
    conversation = thread_of(appointment)
    if conversation is None or not slots:
        return ""
    until = offered_until(appointment, slots, now=now)
    notice = noticing.counter(appointment, conversation, slots, until)
    if not _closed(conversation, now):
        return notice.body
    route = route_for_beginning(conversation, now=now, said=notice.said, visit=appointment)
    return noticing.as_sent(notice, route, "counter").body


def refused(appointment: Appointment, slots: Sequence[FreeSlot], now: datetime) -> str:
    """Return why other times may not be offered now, "" when they may."""
    conversation = thread_of(appointment)
    if conversation is None:
        return ""
    until = offered_until(appointment, slots, now=now)
    notice = noticing.counter(appointment, conversation, slots, until)
    route = route_for_beginning(conversation, now=now, said=notice.said, visit=appointment)
    return "" if route.reachable else ". ".join(gate.sentences(route.refusal, route.channel))


def _closed(conversation: Conversation, now: datetime) -> bool:
    """Tell whether free text may not go to where the thread is, as far as the thread's row knows."""
    closes_at = conversation.window_closes_at
    return conversation.last_channel == Channel.WHATSAPP and (closes_at is None or closes_at <= now)
