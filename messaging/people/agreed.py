"""May we write? For each number, channel and purpose the present state with its proof, from the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from babel.dates import format_date
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from clinics.models import Channel, Clinic
from messaging import times
from messaging.inbox import person
from messaging.models import ChannelConsent, ConsentAction, ConsentEvent, ConsentHow, ConsentSource, Purpose
from messaging.people.line import bubble_url
from messaging.people.record import Record
from scheduling.models import ContactPoint

PURPOSES = {
    Purpose.CARE: gettext_lazy("Answers and reminders"),
    Purpose.NEWS: gettext_lazy("Messages to many"),
}
_ICONS = {
    ConsentAction.GRANTED: ("check", "ok"),
    ConsentAction.OPTED_IN: ("check", "ok"),
    ConsentAction.REFUSED: ("close", "bad"),
    ConsentAction.OPTED_OUT: ("ban", "bad"),
}


@dataclass(frozen=True, slots=True)
class Proof:
    """A line of the ledger in words: what, when, how we know, who wrote it down, the very words."""

    text: str
    words: str
    url: str  # the message that said so, "" for none


@dataclass(frozen=True, slots=True)
class Permission:
    """May we write this, there?"""

    purpose: str
    value: str
    answer: str
    icon: str
    tone: str
    proof: Proof | None


@dataclass(frozen=True, slots=True)
class ChannelConsents:
    """What is known of one channel; after a STOP nothing else counts."""

    channel: str
    value: str
    stopped: Permission | None
    lines: list[Permission]


@dataclass(frozen=True, slots=True)
class PointConsents:
    """What is known of one number."""

    id: UUID
    number: str
    channels: list[ChannelConsents]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the ledger."""

    head: str
    icon: str
    tone: str
    proof: Proof


def consents(found: Record, *, clinic: Clinic) -> list[PointConsents]:
    """Return what is known of each number that is theirs."""
    states = {(state.contact_point_id, state.channel): state for state in found.consents}
    proofs = {(p.contact_point_id, p.channel, p.purpose): p for p in found.proofs}
    return [
        PointConsents(
            id=point.pk,
            number=person.number(point, clinic),
            channels=[
                _channel(channel, states.get((point.pk, channel.value)), point, proofs, clinic)
                for channel in channels_of(point)
            ],
        )
        for point in found.points
    ]


def channels_of(point: ContactPoint) -> list[Channel]:
    """Return the channels by which a number could be written to; a hidden one has WhatsApp alone."""
    return [Channel.WHATSAPP, Channel.SMS] if point.phone else [Channel.WHATSAPP]


def ledger(events: Sequence[ConsentEvent], *, several: bool, clinic: Clinic) -> list[Line]:
    """Return the ledger, the newest line first; with several numbers each line says which."""
    return [_line(event, several=several, clinic=clinic) for event in events]


def _channel(
    channel: Channel,
    state: ChannelConsent | None,
    point: ContactPoint,
    proofs: dict[tuple[UUID, str, str], ConsentEvent],
    clinic: Clinic,
) -> ChannelConsents:
    state = state or ChannelConsent(contact_point=point, channel=channel)
    everything = proofs.get((point.pk, channel.value, Purpose.ALL.value))
    stopped = None
    if state.opted_out_at:
        stopped = Permission(
            purpose=_("No, they stopped messages"),
            value=Purpose.ALL.value,
            answer=_day(state.opted_out_at, clinic),
            icon="ban",
            tone="bad",
            proof=proof(everything, clinic=clinic) if everything else None,
        )
    lines = []
    for purpose, words in PURPOSES.items():
        own = proofs.get((point.pk, channel.value, purpose.value))
        # START grants answers and reminders again, so it may be what the present state rests on.
        if purpose is Purpose.CARE and everything and (own is None or everything.at > own.at):
            own = everything
        lines.append(_permission(str(words), purpose, getattr(state, purpose.value), own, clinic))
    return ChannelConsents(str(channel.label), channel.value, stopped, lines)


def _permission(
    text: str, purpose: Purpose, granted: bool | None, event: ConsentEvent | None, clinic: Clinic
) -> Permission:
    shown = proof(event, clinic=clinic) if event and granted is not None else None
    if granted is None:
        return Permission(text, purpose.value, _("not asked yet"), "minus", "", shown)
    if granted:
        return Permission(text, purpose.value, _("yes"), "check", "ok", shown)
    return Permission(text, purpose.value, _("no"), "close", "bad", shown)


def _line(event: ConsentEvent, *, several: bool, clinic: Clinic) -> Line:
    icon, tone = _ICONS[ConsentAction(event.action)]
    about = [
        capfirst(str(ConsentAction(event.action).label)),
        str(Channel(event.channel).label),
        str(PURPOSES.get(Purpose(event.purpose), Purpose(event.purpose).label)),
    ]
    if several:
        about.append(person.number(event.contact_point, clinic))
    return Line(" · ".join(about), icon, tone, proof(event, clinic=clinic))


def proof(event: ConsentEvent, *, clinic: Clinic) -> Proof:
    """Return a line of the ledger as proof."""
    said = [_day(event.at, clinic) + ", " + times.clock_time(event.at, clinic.zone)]
    if event.source == ConsentSource.IMPORT:
        said.append(str(ConsentSource(event.source).label))
    if event.source in (ConsentSource.STAFF, ConsentSource.IMPORT) and event.how:
        how = str(ConsentHow(event.how).label)
        if event.said_on:
            said.append(_("said %(how)s on %(day)s") % {"how": how, "day": _date(event.said_on)})
        else:
            said.append(_("said %(how)s") % {"how": how})
    elif event.source != ConsentSource.IMPORT:
        said.append(str(ConsentSource(event.source).label))
    if event.actor:
        said.append(_("recorded by %(who)s") % {"who": event.actor.get_full_name()})
    message = event.message
    words = event.wording or (message.body[:250] if message else "")
    return Proof(" · ".join(said), words, bubble_url(message) if message else "")


def _day(at: datetime, clinic: Clinic) -> str:
    return _date(at.astimezone(clinic.zone))


def _date(day: date) -> str:
    said: str = format_date(day, "medium", locale=(get_language() or "en").replace("-", "_"))
    return said
