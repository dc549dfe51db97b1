"""How a reminder would reach somebody: on which channel, in which words, when; or why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from clinics.models import Channel
from messaging import gate
from messaging.facts import facts
from messaging.models import Conversation, ReminderSettings
from messaging.outbox.routes import route_for
from messaging.reminders import composing
from scheduling.models import Appointment


@dataclass(frozen=True, slots=True)
class Way:
    """What the gate says of a reminder: `code` is why it may not go, "" when it may."""

    allowed: bool
    code: str
    channel: str
    words: composing.Words
    verdict: gate.Verdict | None = None


def way_to(
    conversation: Conversation | None,
    visits: Sequence[Appointment],
    *,
    rules: ReminderSettings,
    expires_at: datetime,
    by_hand: bool,
    now: datetime,
) -> Way:
    """Return how the visits' person is reminded; without a thread there is nobody to write to."""
    clinic = facts().clinic
    if conversation is None:
        return Way(
            False, gate.NO_ADDRESS, "", composing.compose(visits, point=None, rules=rules, clinic=clinic)
        )
    route = route_for(conversation)
    words = composing.compose(
        visits,
        point=conversation.contact_point,
        rules=rules,
        clinic=clinic,
        neutral=neutral(route.channel),
    )
    verdict = gate.decide(
        conversation,
        channel=route.channel,
        sender=route.sender,
        purpose=gate.NOTICE if by_hand else gate.REMINDER,
        body=words.body,
        now=now,
    )
    return Way(verdict.allowed, "" if verdict.allowed else verdict.code, route.channel, words, verdict)


def neutral(channel: str) -> bool:
    """Say whether texts on a channel name no detail of a visit: WhatsApp, by the clinic's switch or its country."""
    known = facts()
    switch = known.settings.neutral_whatsapp
    on = known.clinic.country == "US" if switch is None else switch
    return channel == Channel.WHATSAPP and on
