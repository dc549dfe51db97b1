"""The line of time: what was written in all of a patient's threads, and what became of their visits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.text import Truncator, capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from clinics.models import Channel, Clinic
from medsync.lib import clock
from medsync.lib.ids import id_in
from messaging import times
from messaging.inbox import parts, words
from messaging.inbox.kinds import kind_words
from messaging.inbox.parts import Tag
from messaging.models import Author, Direction, Kind, Message
from scheduling.models import AppointmentEvent, Cancellation, EventKind, Patient

PAGE = 30
LONG = 600  # characters; what is longer is folded

_EVENT_ICONS = {
    EventKind.REQUESTED: "request",
    EventKind.BOOKED: "calendar",
    EventKind.ACCEPTED: "check",
    EventKind.REJECTED: "close",
    EventKind.EXPIRED: "clock",
    EventKind.CANCELLED: "ban",
}


@dataclass(frozen=True, slots=True)
class Lines:
    """A page of the line, the newest first; `cursor` leads to the one before it."""

    messages: list[Message]
    events: list[AppointmentEvent]
    cursor: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was said or done."""

    key: str
    look: str  # patient | staff | bot | auto | note | visit
    icon: str
    who: str
    body: str
    short: str  # the beginning of a long text, "" when it is short
    kind: str  # what stands for a message without words
    time: str
    iso: str
    tag: Tag | None
    tick: words.Tick | None
    url: str
    label: str


@dataclass(frozen=True, slots=True)
class LineDay:
    """A day with what was said and done on it."""

    label: str
    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class Line:
    """A page of the line of time."""

    days: list[LineDay]
    older_url: str


def lines(patient: Patient, threads: Sequence[UUID], *, before: str = "") -> Lines:
    """Return a page of the line; two statements, whatever the size. `before` is the `cursor` of the page after it."""
    at_id = _read(before)
    messages = Message.objects.filter(conversation__in=threads).select_related("user", "sender")
    events = AppointmentEvent.objects.filter(appointment__patient=patient)
    events = events.select_related("actor", "appointment__practitioner", "appointment__type")
    if at_id is not None:
        at, last = at_id
        messages = messages.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=last))
        events = events.filter(Q(at__lt=at) | Q(at=at, pk__lt=last))
    said = list(messages.order_by("-created_at", "-id")[: PAGE + 1]) if threads else []
    done = list(events.order_by("-at", "-id")[: PAGE + 1])
    keys = [(m.created_at, m.pk) for m in said] + [(e.at, e.pk) for e in done]
    keys = sorted(keys, reverse=True)[: PAGE + 1]
    shown = set(keys[:PAGE])
    cursor = f"{keys[PAGE - 1][0].isoformat()}|{keys[PAGE - 1][1]}" if len(keys) > PAGE else ""
    return Lines(
        messages=[m for m in said if (m.created_at, m.pk) in shown],
        events=[e for e in done if (e.at, e.pk) in shown],
        cursor=cursor,
    )


def _read(text: str) -> tuple[datetime, UUID] | None:
    at_text, _bar, id_text = text.partition("|")
    at, last_id = clock.moment_in(at_text), id_in(id_text)
    return (at, last_id) if at and last_id else None  # a cursor that we did not make begins at the top


def line(
    found: Lines, *, patient: Patient, speakers: Mapping[UUID, str], clinic: Clinic, now: datetime
) -> Line:
    """Return a page of the line in words; `speakers` says for each thread who writes from that phone."""
    timed = [(m.created_at, m.pk, _said(m, speakers, clinic)) for m in found.messages]
    timed += [(e.at, e.pk, _done(e, clinic)) for e in found.events]
    timed.sort(key=lambda entry: entry[:2], reverse=True)
    days: list[LineDay] = []
    last = None
    for at, _id, entry in timed:
        date = at.astimezone(clinic.zone).date()
        if date != last:
            last = date
            days.append(LineDay(times.day_line(at, clinic.zone, now=now), []))
        days[-1].entries.append(entry)
    older = reverse("people:older", args=[patient.pk]) + "?" + urlencode({"before": found.cursor})
    return Line(days=days, older_url=older if found.cursor else "")


def bubble_url(message: Message) -> str:
    """Return where a message stands in its thread."""
    page = reverse("inbox:thread", args=[message.conversation_id])
    return f"{page}?{urlencode({'message': message.pk})}"


def _said(message: Message, speakers: Mapping[UUID, str], clinic: Clinic) -> Entry:
    note, inbound = message.kind == Kind.NOTE, message.direction == Direction.INBOUND
    look, icon, who = _author(message, speakers)
    time = times.clock_time(message.created_at, clinic.zone)
    tick = None if inbound or note else words.tick(message)
    short = Truncator(message.body).chars(LONG // 2) if len(message.body) > LONG else ""
    return Entry(
        key=str(message.pk),
        look=look,
        icon=icon,
        who=who,
        body=message.body,
        short=short,
        kind="" if note else kind_words(message.kind),
        time=time,
        iso=message.created_at.isoformat(),
        tag=None if note else parts.sender_tag(message.sender, message.channel),
        tick=tick,
        url=bubble_url(message),
        label=", ".join(filter(None, (who, time, tick.word if tick else ""))),
    )


def _author(message: Message, speakers: Mapping[UUID, str]) -> tuple[str, str, str]:
    """Return an entry's look, icon and author."""
    by = message.user.get_short_name() if message.user else ""
    if message.kind == Kind.NOTE:
        return "note", "lock", _("Note by %(who)s") % {"who": by or _("Staff")}
    if message.author == Author.PATIENT:
        return "patient", "user", speakers.get(message.conversation_id) or _("Patient")
    if message.author == Author.BOT:
        return "bot", "bot", _("Bot")
    if message.author == Author.STAFF:
        return "staff", "send", by or _("Staff")
    return "auto", "info", _("Notice · %(name)s") % {"name": by} if by else _("Notice")


def _done(event: AppointmentEvent, clinic: Clinic) -> Entry:
    visit = event.appointment
    who = event.actor.get_short_name() if event.actor else ""
    # The time that the visit had then: it may have been moved since.
    starts = parse_datetime(str(event.after.get("starts_at", ""))) or visit.starts_at
    when = f"{times.short_day(starts, clinic.zone)}, {times.clock_time(starts, clinic.zone)}"
    about = [when, visit.type.name_in(get_language() or "en"), visit.practitioner.name]
    ended = str(event.after.get("cancellation") or "")
    if event.kind == EventKind.CANCELLED and ended in Cancellation.values:
        about.append(str(Cancellation(ended).label))
    if event.reason:
        about.append(event.reason)
    time = times.clock_time(event.at, clinic.zone)
    head = _("Visit %(what)s") % {"what": EventKind(event.kind).label}
    if who:
        head = _("%(what)s by %(who)s") % {"what": head, "who": who}
    elif event.source in Channel.values:
        head = _("%(what)s by %(channel)s") % {"what": head, "channel": Channel(event.source).label}
    return Entry(
        key=str(event.pk),
        look="visit",
        icon=_EVENT_ICONS.get(EventKind(event.kind), "calendar"),
        who=capfirst(head),
        body=" · ".join(about),
        short="",
        kind=_("The patient was not told by a text.") if event.silent else "",
        time=time,
        iso=event.at.isoformat(),
        tag=None,
        tick=None,
        url="",
        label=f"{capfirst(head)}, {time}",
    )
