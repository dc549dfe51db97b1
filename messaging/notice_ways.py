"""On which one channel a notice goes, and in which words: the guards of confirmations decide about SMS.

`reworded` says the same in another channel's words when a window has closed while a notice waited.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clinics.models import Channel
from messaging import confirmations, gate, noticing
from messaging.models import Confirmation, Conversation, Message
from messaging.outbox import numbers, rerouting
from messaging.outbox.routes import Route, route_for_beginning
from scheduling.models import Appointment, Source

CHAT = frozenset({Source.WHATSAPP, Source.SMS})


@dataclass(frozen=True, slots=True)
class Way:
    """How a notice goes: its route and words, or why nothing is begun (`skip`, a word of `confirmations`)."""

    route: Route
    notice: noticing.Notice
    skip: str = ""


def way(
    key: str,
    visit: Appointment,
    conversation: Conversation,
    now: datetime,
    *,
    before: dict[str, Any],
    reason: str,
) -> Way:
    """Return on which one channel a change is told, in which words.

    By SMS only what the patient asked for in the chat, and what the guards of confirmations let go; what they stop
    goes by WhatsApp where that may be.
    """

    def worded(channel: str) -> noticing.Notice:
        return noticing.notice(key, visit, conversation, channel, now, before=before, reason=reason)

    said = worded(Channel.WHATSAPP).said
    route = route_for_beginning(conversation, now=now, said=said, visit=visit)
    asked_for = visit.source in CHAT
    if key not in confirmations.ACTIONS or asked_for or (route.reachable and route.channel != Channel.SMS):
        return Way(route, noticing.as_sent(worded(route.channel), route, key))
    skip = confirmations.guards_for(conversation.contact_point).skip
    if not skip:
        chosen = confirmations.sender_for_sms()
        if route.reachable and chosen != route.sender:
            route = route_for_beginning(conversation, now=now, said=said, visit=visit, sender=chosen)
        return Way(route, noticing.as_sent(worded(route.channel), route, key))
    elsewhere = numbers.primary(Channel.WHATSAPP)
    if route.reachable and elsewhere is not None:
        other = route_for_beginning(conversation, now=now, said=said, visit=visit, sender=elsewhere)
        if other.reachable and other.channel == Channel.WHATSAPP:
            return Way(other, noticing.as_sent(worded(Channel.WHATSAPP), other, key))
    return Way(route, worded(Channel.SMS), skip)


def reworded(message: Message, *, channel: str, now: datetime) -> str | None:
    """Return the words in which a notice that waited goes by another channel, None when it may not go there.

    Its conversation and visit are at hand or one statement away.
    """
    told = Confirmation.objects.filter(message=message.pk).select_related("event").first()
    key = str(message.said.get("key", ""))
    if (
        told is None
        or channel != Channel.SMS
        or message.appointment is None
        or key not in confirmations.ACTIONS
    ):
        return message.body
    visit, conversation = message.appointment, message.conversation
    if visit.source not in CHAT and confirmations.guards_for(conversation.contact_point).skip:
        return None
    before, reason = told.event.before, told.event.reason
    return noticing.notice(key, visit, conversation, channel, now, before=before, reason=reason).body


rerouting.register(gate.NOTICE, reworded)
