"""How a reminder reaches somebody: on which channel, in which words, when it goes; or why not.

The clock, "send now" and the preview ask the same function; the preview only has read everything before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from clinics.models import Channel
from messaging import details, gate
from messaging.approved.choosing import reads
from messaging.facts import facts
from messaging.models import Conversation, ReminderSettings
from messaging.outbox.routes import Known, Route, route_for_beginning
from messaging.reminders import composing
from scheduling.models import Appointment, ContactPoint

FREE, APPROVED, BY_SMS, NOT_AT_ALL = "free", "approved", "sms", "not"


@dataclass(frozen=True, slots=True)
class Way:
    """How, on what channel, in what words, and from when on; with NOT_AT_ALL `code` says why."""

    how: str
    code: str
    channel: str
    words: composing.Words
    body: str  # what the patient reads: of an approved text, that one
    route: Route | None = None
    verdict: gate.Verdict | None = None

    @property
    def allowed(self) -> bool:
        """Tell whether it may go."""
        return self.how != NOT_AT_ALL


def way_to(
    conversation: Conversation | None,
    visits: Sequence[Appointment],
    *,
    rules: ReminderSettings,
    expires_at: datetime,
    by_hand: bool,
    now: datetime,
    known: Known | None = None,
) -> Way:
    """Return how the visits' person is reminded at `now`; without a contact there is nobody to write to.

    No statement with what is `known`.
    """
    point = conversation.contact_point if conversation else None
    words = _words(visits, point, rules, Channel.SMS)
    if conversation is None:
        return Way(NOT_AT_ALL, gate.NO_ADDRESS, "", words, words.body)
    purpose = gate.NOTICE if by_hand else gate.REMINDER
    route = route_for_beginning(
        conversation, now=now, purpose=purpose, said=words.said, visit=visits[0], known=known
    )
    if details.hidden_on(route.channel):
        words = _words(visits, point, rules, route.channel)
    body = reads(route.approved.template, route.approved.variables) if route.approved else words.body
    if not route.reachable:
        return Way(NOT_AT_ALL, route.refusal, route.channel, words, body, route)
    verdict = gate.judge(
        replace(route.facts, expires_at=expires_at),
        channel=route.channel,
        purpose=purpose,
        body=body,
        now=now,
    )
    how = BY_SMS if route.channel == Channel.SMS else APPROVED if route.approved else FREE
    if not verdict.allowed:
        how = NOT_AT_ALL
    return Way(how, verdict.code if not verdict.allowed else "", route.channel, words, body, route, verdict)


def _words(
    visits: Sequence[Appointment], point: ContactPoint | None, rules: ReminderSettings, channel: str
) -> composing.Words:
    return composing.compose(visits, point=point, rules=rules, clinic=facts().clinic, channel=channel)
