"""Which of the clinic's numbers a message leaves from, on which channel, and to which address.

An answer goes where the patient wrote. What we begin goes on one channel, see `route_for_beginning`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from clinics.models import Channel, Sender
from messaging import catalog, gate
from messaging.approved.choosing import approved_for, variables_for
from messaging.facts import facts as facts_of_clinic
from messaging.gate.reading import quiet_of, use_for, zone_of
from messaging.models import ContentTemplate, Conversation, Direction, FirstChannel, Message
from messaging.outbox import numbers
from scheduling.models import Appointment, PatientContact

#: For so long what we begin goes where the patient last wrote.
REMEMBERED = timedelta(days=90)

#: Why a channel (`gate.Choice.how`).
ANSWERED, BY_HAND, LAST, PREFERRED, ORDER, ELSEWHERE = (
    "answered",
    "by_hand",
    "last",
    "preferred",
    "order",
    "elsewhere",
)

_CHANNELS = (Channel.WHATSAPP, Channel.SMS)


@dataclass(frozen=True, slots=True)
class Approved:
    """An approved text with its numbered variables filled: what goes outside of a window."""

    template: ContentTemplate
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Route:
    """A sender (None: there is none) with the address that a contact has on its channel ("" for none).

    `facts` are what the gate looks at for it. Of what we begin, `refusal` is the gate's code for why the person
    cannot be reached at all, and `approved` the text that goes because the window is closed.
    """

    sender: Sender | None
    channel: str
    address: str
    facts: gate.Facts = field(default_factory=gate.Facts)
    approved: Approved | None = None
    refusal: str = ""

    @property
    def reachable(self) -> bool:
        """Tell whether it can go; else somebody must call."""
        return not self.refusal


@dataclass(frozen=True, slots=True)
class Heard:
    """When and where the patient last wrote."""

    at: datetime
    channel: str
    sender_id: UUID | None


@dataclass(frozen=True, slots=True)
class Known:
    """What somebody has read of many people at once; the choice then makes no statement.

    `approved` finds the approved text of a key, a language and an account. How far an account has used the people
    whom it may reach is not asked: who foretells does not know it.
    """

    standing: gate.Standing
    active: Sequence[Sender]
    heard: Heard | None
    preferred: str
    zone: str
    approved: Callable[[str, str, UUID], ContentTemplate | None]


def route_for(
    conversation: Conversation, *, sender: Sender | None = None, answers: Message | None = None
) -> Route:
    """Return the way of a message: back to where `answers` came from, else where the thread last was.

    A retired number is replaced by the next one of its channel. A thread in which nothing was said yet begins
    from the clinic's primary WhatsApp number, or by SMS when there is no WhatsApp.
    """
    standing = gate.standing_of(conversation)
    if sender is not None:
        return _route(standing, sender, sender.channel, gate.Choice(how=BY_HAND))
    active = numbers.active()
    if answers is not None:
        found = numbers.with_id(active, answers.sender_id) or numbers.first_of(active, answers.channel)
        choice = gate.Choice(how=ANSWERED, at=answers.created_at)
        return _route(standing, found, answers.channel, choice, address=answers.address or None)
    channel = conversation.last_channel
    if channel in _CHANNELS:
        found = numbers.with_id(active, conversation.last_sender_id) or numbers.first_of(active, channel)
        return _route(standing, found, channel, gate.Choice(how=ANSWERED))
    for channel in _CHANNELS:
        if found := numbers.first_of(active, channel):
            return _route(standing, found, channel, gate.Choice(how=ORDER))
    return Route(None, Channel.WHATSAPP, "")


def route_for_beginning(
    conversation: Conversation,
    *,
    now: datetime,
    purpose: str = gate.NOTICE,
    said: catalog.Said | None = None,
    visit: Appointment | None = None,
    sender: Sender | None = None,
    known: Known | None = None,
) -> Route:
    """Return the one way of what we begin: where the patient last wrote, else preferred, else the clinic's order.

    The first on which it may go; a closed window is passed by the approved text of `said`, else it goes elsewhere.
    With a `sender` that one is asked first. Where it may go nowhere the route of the first choice says why
    (`refusal`). Up to nine statements, most often six; none with what is `known`.
    """
    standing = known.standing if known else gate.standing_of(conversation)
    active = known.active if known else numbers.active()
    heard = known.heard if known else _heard(conversation)
    zone = ""
    if purpose == gate.REMINDER:
        zone = known.zone if known else zone_of(conversation.contact_point_id, visit)
    first: Route | None = None
    waits: Route | None = None
    for channel, choice in _order(conversation, active, heard, sender, known, now):
        if first is not None:
            choice = gate.Choice(how=ELSEWHERE, instead_of=first.channel, because=first.refusal)
        found = _from(standing, active, channel, heard, sender)
        route = _route(standing, found, channel, choice)
        if zone:
            route = replace(route, facts=replace(route.facts, quiet=quiet_of(zone)))
        route, verdict = _ways(route, purpose=purpose, said=said, known=known, now=now)
        if verdict.allowed and not _unasked(standing, channel):
            if verdict.code != gate.CAPACITY:
                return route
            waits = waits or route
        if first is None:
            first = replace(route, refusal=verdict.code or gate.OPTED_OUT)
    return waits or first or Route(None, Channel.WHATSAPP, "", refusal=gate.NO_SENDER)


def with_approved(route: Route, approved: Approved, *, now: datetime) -> Route:
    """Return a route on which an approved text goes; one statement where that counts against the account."""
    route = _as_approved(route, approved)
    if route.sender is None or route.channel != Channel.WHATSAPP or gate.window_open(route.facts, now):
        return route
    use = use_for(route.sender.account, route.address, now=now)
    return replace(route, facts=replace(route.facts, use=use))


def _as_approved(route: Route, approved: Approved) -> Route:
    template = approved.template
    facts = replace(route.facts, approved=True, template_id=template.pk, template_name=template.name)
    return replace(route, facts=facts, approved=approved)


def _ways(
    route: Route, *, purpose: str, said: catalog.Said | None, known: Known | None, now: datetime
) -> tuple[Route, gate.Verdict]:
    """Return the route with the approved text that a closed window asks for, and what the gate says of it."""
    verdict = _verdict(route, purpose, now)
    if verdict.code != gate.WINDOW_CLOSED or said is None or route.sender is None:
        return route, verdict
    find = known.approved if known else approved_for
    template = find(said.key, said.language, route.sender.account_id)
    variables = variables_for(template, said.values) if template else None
    if template is None or variables is None:
        return route, verdict
    approved = Approved(template, variables)
    route = _as_approved(route, approved) if known else with_approved(route, approved, now=now)
    return route, _verdict(route, purpose, now)


def _verdict(route: Route, purpose: str, now: datetime) -> gate.Verdict:
    return gate.judge(route.facts, channel=route.channel, purpose=purpose, body="?", now=now)


def _unasked(standing: gate.Standing, channel: str) -> bool:
    """Tell whether somebody who said STOP elsewhere never agreed to this channel: then it is no way around."""
    agreed = standing.consents.get(channel)
    stopped = any(c.opted_out_at for name, c in standing.consents.items() if name != channel)
    return stopped and (agreed is None or agreed.care is not True)


def _order(
    conversation: Conversation,
    active: Sequence[Sender],
    heard: Heard | None,
    sender: Sender | None,
    known: Known | None,
    now: datetime,
) -> Iterator[tuple[str, gate.Choice]]:
    """Yield the channels that come into question, each once, with why."""
    first: str = ""
    if sender is not None:
        first = sender.channel
        yield first, gate.Choice(how=BY_HAND)
    elif heard is not None and now - heard.at <= REMEMBERED:
        first = heard.channel
        yield first, gate.Choice(how=LAST, at=heard.at)
    elif (first := known.preferred if known else _preferred(conversation)) in _CHANNELS:
        yield first, gate.Choice(how=PREFERRED)
    for channel in _clinics_order():
        if channel != first and numbers.first_of(active, channel):
            yield channel, gate.Choice(how=ORDER)


def _clinics_order() -> tuple[str, ...]:
    known = facts_of_clinic()
    wish = known.settings.first_channel
    sms = known.clinic.country == "US" if wish == FirstChannel.BY_COUNTRY else wish == FirstChannel.SMS
    return (Channel.SMS, Channel.WHATSAPP) if sms else (Channel.WHATSAPP, Channel.SMS)


def _preferred(conversation: Conversation) -> str:
    """Return the channel that a patient at this contact point prefers, the starred one's first; "" for none."""
    return (
        PatientContact.objects.filter(contact_point=conversation.contact_point_id, not_theirs_at=None)
        .exclude(patient__preferred_channel="")
        .order_by("-starred", "created_at", "id")
        .values_list("patient__preferred_channel", flat=True)
        .first()
        or ""
    )


def _heard(conversation: Conversation) -> Heard | None:
    found = (
        Message.objects.filter(
            conversation=conversation.pk, direction=Direction.INBOUND, channel__in=_CHANNELS
        )
        .order_by("-created_at", "-id")
        .values_list("created_at", "channel", "sender_id")
        .first()
    )
    return Heard(*found) if found else None


def _from(
    standing: gate.Standing,
    active: Sequence[Sender],
    channel: str,
    heard: Heard | None,
    sender: Sender | None,
) -> Sender | None:
    """Return the number: the one that was chosen, else that the patient knows, else the clinic's primary one."""
    if sender is not None and sender.channel == channel:
        return sender
    known = heard.sender_id if heard is not None and heard.channel == channel else None
    if known is None and channel == Channel.WHATSAPP and standing.windows:
        known = max(standing.windows.values(), key=lambda w: w.last_inbound_at).sender_id
    found = numbers.with_id(active, known)
    return found if found and found.channel == channel else numbers.first_of(active, channel)


def _route(
    standing: gate.Standing,
    sender: Sender | None,
    channel: str,
    choice: gate.Choice,
    *,
    address: str | None = None,
) -> Route:
    to = standing.address_on(channel) if address is None else address
    facts = replace(standing.facts(sender, channel, address=to), choice=choice)
    return Route(sender, channel, to, facts)
