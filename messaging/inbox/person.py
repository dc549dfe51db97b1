"""Who is at the other end of a thread: people, contact points, visits, consent, notes. The pane beside it.

`rows` reads (seven statements at most, whatever the size), `person` words; no statement is made there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from babel.dates import format_date
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from clinics.models import Channel, Clinic
from messaging import times
from messaging.inbox import parts
from messaging.inbox.parts import Chip
from messaging.language import LANGUAGES
from messaging.models import ChannelConsent, Conversation, Kind, Message
from scheduling.models import LIVE, Appointment, ContactPoint, PatientContact, Relation, Status

VISITS, NOTES, CONTACTS = 3, 5, 20

_STATUS = {
    Status.PENDING_REVIEW: ("request", "accent"),
    Status.CONFIRMED: ("check", "ok"),
    Status.ARRIVED: ("pin", "ok"),
    Status.FULFILLED: ("checks", ""),
    Status.CANCELLED: ("ban", ""),
    Status.NO_SHOW: ("close", "bad"),
}


@dataclass(frozen=True, slots=True)
class PersonRows:
    """What the pane is built from. `links` belong to the thread's contact point, `contacts` to its people."""

    conversation: Conversation
    links: list[PatientContact]
    contacts: list[PatientContact]
    upcoming: list[Appointment]  # the next first
    past: list[Appointment]  # the latest first
    consents: list[ChannelConsent]
    notes: list[Message]  # the newest first


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and what it is."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Someone:
    """One of the people who are reached here."""

    name: str
    url: str
    relation: str
    facts: list[Fact]


@dataclass(frozen=True, slots=True)
class Point:
    """A way to reach them; `about` says whose it is and what it is used for."""

    channels: str
    number: str
    about: str
    here: bool


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit in two lines."""

    when: str
    iso: str
    about: str
    chip: Chip


@dataclass(frozen=True, slots=True)
class Permission:
    """May we write this, there?"""

    text: str
    answer: str
    icon: str
    tone: str


@dataclass(frozen=True, slots=True)
class ChannelPermissions:
    """What is known of one channel."""

    channel: str
    lines: list[Permission]


@dataclass(frozen=True, slots=True)
class Note:
    """What staff wrote for staff."""

    body: str
    about: str


@dataclass(frozen=True, slots=True)
class Person:
    """The pane."""

    name: str
    people: list[Someone]
    shared: bool
    language: str
    points: list[Point]
    upcoming: list[Visit]
    past: list[Visit]
    permissions: list[ChannelPermissions]
    notes: list[Note]


def rows(conversation: Conversation, *, now: datetime) -> PersonRows:
    """Read what the pane of a thread shows."""
    point = conversation.contact_point
    links = list(
        PatientContact.objects.filter(contact_point=point, not_theirs_at=None, patient__merged_into=None)
        .select_related("patient")
        .order_by("-starred", "created_at", "id")[:CONTACTS]
    )
    people = [link.patient_id for link in links]
    contacts: list[PatientContact] = []
    upcoming: list[Appointment] = []
    past: list[Appointment] = []
    if people:
        theirs = PatientContact.objects.filter(patient__in=people, not_theirs_at=None)
        theirs = theirs.select_related("contact_point", "patient")
        contacts = list(theirs.prefetch_related("contact_point__addresses")[:CONTACTS])
        visits = Appointment.objects.filter(patient__in=people)
        visits = visits.select_related("patient", "practitioner", "type")
        coming = visits.filter(starts_at__gte=now, status__in=LIVE)
        upcoming = list(coming.order_by("starts_at", "id")[:VISITS])
        past = list(visits.filter(starts_at__lt=now).order_by("-starts_at", "-id")[:VISITS])
    notes = Message.objects.filter(conversation=conversation, kind=Kind.NOTE).select_related("user")
    return PersonRows(
        conversation=conversation,
        links=links,
        contacts=contacts,
        upcoming=upcoming,
        past=past,
        consents=list(ChannelConsent.objects.filter(contact_point=point).order_by("channel")),
        notes=list(notes.order_by("-created_at", "-id")[:NOTES]),
    )


def person(found: PersonRows, *, clinic: Clinic, now: datetime) -> Person:
    """Return the pane in words."""
    point = found.conversation.contact_point
    people = [link.patient for link in found.links]
    shared = len(people) > 1
    language = next((p.preferred_language for p in people if p.preferred_language), "") or point.language
    return Person(
        name=parts.name_of(point, people, clinic.country),
        people=[_someone(link, clinic, now=now) for link in found.links],
        shared=shared,
        language=language_word(language),
        points=_points(found, clinic, shared=shared),
        upcoming=[visit_line(visit, clinic, shared=shared) for visit in found.upcoming],
        past=[visit_line(visit, clinic, shared=shared) for visit in found.past],
        permissions=[_permissions(consent, clinic) for consent in found.consents],
        notes=[_note(note, clinic, now=now) for note in found.notes],
    )


def language_word(code: str) -> str:
    """Return the name of a language, "" for none."""
    return str(LANGUAGES.get(code.split("-")[0], code)) if code else ""


def _someone(link: PatientContact, clinic: Clinic, *, now: datetime) -> Someone:
    patient = link.patient
    facts = []
    if patient.date_of_birth:
        facts.append(Fact(_("Born"), born(patient.date_of_birth, now.astimezone(clinic.zone).date())))
    if patient.record_number:
        facts.append(Fact(_("Record number"), patient.record_number))
    return Someone(
        name=patient.name or _("No name yet"),
        url=reverse("people:page", args=[patient.pk]),
        relation=Relation(link.relation).turned,
        facts=facts,
    )


def who_answers(link: PatientContact) -> str:
    """Return who answers a contact point, "" when it is the patient's own."""
    if link.relation == Relation.SELF:
        return ""
    return _("%(relation)s answers") % {"relation": Relation(link.relation).label}


def born(day: date, today: date) -> str:
    """Return a date of birth with the age: "March 14, 1986 (40)"."""
    years = today.year - day.year - ((today.month, today.day) < (day.month, day.day))
    locale = (get_language() or "en").replace("-", "_")
    return f"{format_date(day, 'long', locale=locale)} ({years})"


def _points(found: PersonRows, clinic: Clinic, *, shared: bool) -> list[Point]:
    """Return each contact point once, the thread's own first."""
    own = found.conversation.contact_point_id
    by_point: dict[UUID, list[PatientContact]] = {}
    for contact in found.contacts:
        by_point.setdefault(contact.contact_point_id, []).append(contact)
    if own not in by_point:
        channel = found.conversation.last_channel
        label = str(Channel(channel).label) if channel else ""
        return [Point(label, number(found.conversation.contact_point, clinic), "", here=True)]
    ordered = sorted(by_point.values(), key=lambda contacts: contacts[0].contact_point_id != own)
    return [
        Point(
            channels=channels(contacts[0].contact_point),
            number=number(contacts[0].contact_point, clinic),
            about=_about(contacts, shared=shared),
            here=contacts[0].contact_point_id == own,
        )
        for contacts in ordered
    ]


def number(point: ContactPoint, clinic: Clinic) -> str:
    """Return a number as the clinic's country writes it, or that it is hidden."""
    return parts.number_of(point, clinic.country) or _("Hidden number")


def channels(point: ContactPoint) -> str:
    """Return the channels on which a contact point is known; its addresses are read."""
    known = {address.channel for address in point.addresses.all()}
    return " · ".join(str(channel.label) for channel in Channel if channel.value in known) or _("Phone")


def _about(contacts: Sequence[PatientContact], *, shared: bool) -> str:
    words = []
    for contact in contacts:
        of = [who_answers(contact), _("for reminders") if contact.starred else ""]
        said = ", ".join(filter(None, of))
        if said:
            words.append(f"{contact.patient.call_name}: {said}" if shared else said)
    return " · ".join(words)


def visit_line(visit: Appointment, clinic: Clinic, *, shared: bool) -> Visit:
    """Return a visit in two lines; on a shared phone it says whose it is."""
    icon, tone = _STATUS[Status(visit.status)]
    about = [visit.type.name_in(get_language() or "en"), visit.practitioner.name]
    if shared:
        about.insert(0, visit.patient.call_name)
    if visit.status == Status.CANCELLED and visit.cancellation:
        about.append(str(visit.get_cancellation_display()))
    return Visit(
        when=f"{times.short_day(visit.starts_at, clinic.zone)}, {times.clock_time(visit.starts_at, clinic.zone)}",
        iso=visit.starts_at.isoformat(),
        about=" · ".join(filter(None, about)),
        chip=Chip(capfirst(str(Status(visit.status).label)), icon, tone),
    )


def _permissions(consent: ChannelConsent, clinic: Clinic) -> ChannelPermissions:
    channel = str(Channel(consent.channel).label)
    if consent.opted_out_at:
        day = times.short_day(consent.opted_out_at, clinic.zone)
        stopped = Permission(_("No, they stopped messages"), day, "ban", "bad")
        return ChannelPermissions(channel, [stopped])
    return ChannelPermissions(
        channel,
        [
            _permission(_("Answers and reminders"), consent.care),
            _permission(_("Messages to many"), consent.news),
        ],
    )


def _permission(text: str, granted: bool | None) -> Permission:
    if granted is None:
        return Permission(text, _("not asked yet"), "minus", "")
    return Permission(text, _("yes"), "check", "ok") if granted else Permission(text, _("no"), "close", "bad")


def _note(note: Message, clinic: Clinic, *, now: datetime) -> Note:
    who = note.user.get_short_name() if note.user else _("Staff")
    return Note(note.body, f"{who}, {times.moment(note.created_at, clinic.zone, now=now)}")
