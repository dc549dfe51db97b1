"""What was said, as templates read it: bubbles, notes, and under what did not arrive the ways out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinics.models import Channel, Clinic
from messaging import failures, gate, shown, times
from messaging.attachments.screens import File, files
from messaging.gate import codes
from messaging.inbox import parts, words
from messaging.inbox.kinds import KIND_ICONS, kind_words
from messaging.inbox.parts import Chip
from messaging.models import Author, Direction, Kind, Message, MessageStatus, Solved
from messaging.reminders import reminding
from messaging.suggesting import COMING

NOTHING_QUOTED: Mapping[str, Message] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Ways:
    """What can be done in this thread about a message that did not arrive."""

    work: bool  # the member may write here
    sms: bool  # the patient may be written by SMS
    phone: str  # E.164, "" where nobody can be called
    me: UUID | None = None  # whose replies can be taken back in their first seconds


@dataclass(frozen=True, slots=True)
class Failed:
    """What did not arrive, when, why, and the ways out; `solved` says which one was taken."""

    head: str
    cause: str
    code: str
    solved: str = ""
    again_url: str = ""
    sms_url: str = ""
    settled_url: str = ""
    write_again: bool = False
    approved: bool = False  # an approved text would get through
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A bubble, or a note."""

    key: str
    id: UUID
    template: str
    side: str  # in | out
    look: str  # patient | staff | bot | auto
    head: str
    head_icon: str
    body: str
    placeholder: Chip | None
    files: list[File]
    place: shown.Place | None
    contacts: list[shown.Contact]
    quote: shown.Quote | None
    marks: list[shown.Mark]
    reactions: list[str]
    buttons: list[shown.Button]
    deleted: str
    time: str
    time_title: str
    iso: str
    via: str
    tick: words.Tick | None
    why_url: str
    failed: Failed | None
    label: str
    undo_url: str = ""
    undo_until: str = ""
    coming_url: str = ""  # of a note that suggests it: marks the visits as coming


def said(
    message: Message,
    previous: Message | None,
    name: str,
    clinic: Clinic,
    *,
    ways: Ways,
    now: datetime,
    quoted: Mapping[str, Message] = NOTHING_QUOTED,
) -> Said:
    """Return a message as its bubble; `previous` is the one above it, `quoted` what messages here answer."""
    zone = clinic.zone
    inbound = message.direction == Direction.INBOUND
    note = message.kind == Kind.NOTE
    look, head, icon = _author(message)
    who = name if inbound else head or _("Notice")
    came = [] if note else files(message, who=who, zone=zone, now=now, works=ways.work)
    place = shown.place_of(message)
    contacts = shown.contacts_of(message, country=clinic.country)
    seen = note or came or place or contacts
    placeholder = "" if seen else kind_words(message.kind, message.body)
    tick = None if inbound or note else words.tick(message)
    failed = _failed(message, clinic, ways, now=now)
    time = times.clock_time(message.created_at, zone)
    undo = _may_take_back(message, ways, now=now)
    label = ", ".join(filter(None, (who, time, tick.word if tick else "")))
    return Said(
        key=str(message.id),
        id=message.id,
        template="messaging/item_note.html" if note else "messaging/item_message.html",
        side="in" if inbound else "out",
        look=look,
        head="" if inbound else head,
        head_icon=icon,
        body="" if message.kind == Kind.REACTION else message.body,
        placeholder=Chip(placeholder, KIND_ICONS[Kind(message.kind)]) if placeholder else None,
        files=came,
        place=place,
        contacts=contacts,
        quote=shown.quote_of(message, quoted, name=name),
        marks=shown.marks_of(message),
        reactions=shown.reactions_of(message),
        buttons=shown.buttons_of(message),
        deleted=_deleted(message, zone, now=now),
        time=time,
        time_title=f"{times.day(message.created_at, zone)}, {time}",
        iso=message.created_at.isoformat(),
        via=_via(message, previous),
        tick=tick,
        why_url="" if inbound or note else reverse("inbox:why", args=[message.conversation_id, message.id]),
        failed=failed,
        label=_("Note by %(who)s, %(time)s") % {"who": head, "time": time} if note else label,
        undo_url=reverse("inbox:take-back", args=[message.conversation_id, message.pk]) if undo else "",
        undo_until=message.next_attempt_at.isoformat() if undo and message.next_attempt_at else "",
        coming_url=_coming_url(message) if note and ways.work else "",
    )


def _coming_url(message: Message) -> str:
    """Return where a suggestion is accepted, "" for any other note."""
    if message.payload.get("suggests") != COMING:
        return ""
    return reverse("inbox:coming", args=[message.conversation_id, message.pk])


def _deleted(message: Message, zone: ZoneInfo, *, now: datetime) -> str:
    """Say that the patient took it back; the words stay, for staff may have acted on them."""
    if message.deleted_at is None:
        return ""
    return _("Deleted by the patient · %(time)s") % {"time": times.moment(message.deleted_at, zone, now=now)}


def _may_take_back(message: Message, ways: Ways, *, now: datetime) -> bool:
    due = message.next_attempt_at
    mine = message.author == Author.STAFF and message.user_id is not None and message.user_id == ways.me
    return mine and message.status == MessageStatus.QUEUED and not message.tries and bool(due and due > now)


def _author(message: Message) -> tuple[str, str, str]:
    """Return the bubble's look, head and icon."""
    if message.author == Author.PATIENT:
        return "patient", "", ""
    if message.author == Author.BOT:
        return "bot", _("Bot"), "bot"
    if message.author == Author.STAFF:
        return "staff", message.user.get_short_name() if message.user else _("Staff"), ""
    if step := reminding.step_of(message):
        return "auto", _("Reminder · %(n)d h before the visit") % {"n": step}, "bell"
    by = message.user.get_short_name() if message.user else ""
    return "auto", _("Notice · %(name)s") % {"name": by} if by else _("Notice"), "info"


def _via(message: Message, previous: Message | None) -> str:
    """Say the number only where it changes."""
    if message.kind == Kind.NOTE or previous is None or previous.kind == Kind.NOTE:
        return ""
    if message.sender_id == previous.sender_id and message.channel == previous.channel:
        return ""
    tag = parts.sender_tag(message.sender, message.channel)
    return tag.text if tag else ""


_SOLVED = {
    Solved.SMS: gettext_lazy("Sent by SMS instead"),
    Solved.OTHERWISE: gettext_lazy("Settled another way"),
}


#: Why free text did not go that an approved text would not have met.
_CLOSED = frozenset({gate.WINDOW_CLOSED, codes.HELD_EXPIRED})


def _failed(message: Message, clinic: Clinic, ways: Ways, *, now: datetime) -> Failed | None:
    if message.status not in words.NOT_ARRIVED:
        return None
    tick = words.tick(message)
    bits = [tick.word if tick else "", times.moment(message.updated_at, clinic.zone, now=now)]
    if message.tries > 1:
        bits.append(_("%(n)d attempts") % {"n": message.tries})
    failure = failures.explain(error_code=message.error_code, reason=message.reason, channel=message.channel)
    if message.solved:
        return Failed(" · ".join(bits), "", "", solved=str(_SOLVED[Solved(message.solved)]))
    here = [message.conversation_id, message.pk]
    again = ways.work and failure.again and message.sender_id is not None
    return Failed(
        head=" · ".join(bits),
        cause=f"{failure.what.rstrip('.')}. {failure.helps}",
        code=message.error_code,
        again_url=reverse("inbox:again", args=here) if again else "",
        sms_url=(
            reverse("inbox:by-sms", args=here)
            if ways.work and ways.sms and message.channel == Channel.WHATSAPP and message.kind != Kind.MEDIA
            else ""
        ),
        settled_url=reverse("inbox:settled", args=here) if ways.work else "",
        write_again=ways.work and not again,
        approved=ways.work and (message.error_code == "63016" or message.reason in _CLOSED),
        phone=ways.phone,
    )
