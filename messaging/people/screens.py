"""A patient's page, as its template reads it. Built from rows; no statement is made here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from clinics.models import Channel, Clinic
from messaging import times
from messaging.inbox import person
from messaging.inbox.parts import Chip
from messaging.inbox.person import Fact, Visit
from messaging.people import listing
from messaging.people.agreed import Line as Agreed
from messaging.people.agreed import PointConsents, consents, ledger
from messaging.people.record import Reached, Record, thread_of
from scheduling.models import (
    LIVE,
    Appointment,
    Attendance,
    ContactPoint,
    PatientContact,
    PatientView,
    Relation,
    Status,
)

_ATTENDANCE = {
    Attendance.ASKED: ("clock", ""),
    Attendance.ATTENDING: ("check", "ok"),
    Attendance.DECLINED: ("close", "bad"),
}


@dataclass(frozen=True, slots=True)
class Someone:
    """Another person who is reached at the same number."""

    name: str
    url: str
    relation: str


@dataclass(frozen=True, slots=True)
class Number:
    """A contact point of the patient."""

    id: UUID
    number: str
    profile: str
    answers: str  # who answers it, "" when it is the patient's own
    relation: str
    starred: bool
    not_theirs: str  # since when, "" when it is theirs
    addresses: list[Fact]  # channel and address, exactly as it is sent to
    others: list[Someone]
    thread_url: str


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """A visit with what can be done about it."""

    visit: Visit
    attendance: Chip | None
    reason: str
    remind_url: str
    cancel_url: str
    decide_url: str  # of a request: where it is accepted or declined


@dataclass(frozen=True, slots=True)
class Note:
    """What staff wrote for staff."""

    body: str
    about: str


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody opened the page."""

    who: str
    when: str
    iso: str


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above every page of a patient."""

    id: UUID
    name: str
    named: bool
    url: str


@dataclass(frozen=True, slots=True)
class PatientPage:
    """The page."""

    head: Head
    call_name: str
    facts: list[Fact]
    numbers: list[Number]
    consents: list[PointConsents]
    ledger: list[Agreed]
    upcoming: list[PlannedVisit]
    past: list[PlannedVisit]
    notes: list[Note]
    shared: bool
    can_write: bool
    relations: list[tuple[str, str]]


def head(found: Reached) -> Head:
    """Return the head of a patient's pages."""
    return Head(
        id=found.patient.pk,
        name=listing.name_of(found.patient, found.contacts),
        named=bool(found.patient.name),
        url=reverse("people:page", args=[found.patient.pk]),
    )


def page(found: Record, *, clinic: Clinic, now: datetime) -> PatientPage:
    """Return the page in words."""
    return PatientPage(
        head=head(found),
        call_name=found.patient.call_name,
        facts=_facts(found, clinic, now=now),
        numbers=[_number(contact, found, clinic, now=now) for contact in found.contacts],
        consents=consents(found, clinic=clinic),
        ledger=ledger(found.ledger, several=len(found.points) > 1, clinic=clinic),
        upcoming=[_planned(visit, found, clinic, coming=True) for visit in found.upcoming],
        past=[_planned(visit, found, clinic) for visit in found.past],
        notes=[
            Note(
                note.body,
                f"{note.user.get_short_name() if note.user else _('Staff')}, "
                f"{times.moment(note.created_at, clinic.zone, now=now)}",
            )
            for note in found.notes
        ],
        shared=bool(found.others),
        can_write=bool(found.points),
        relations=relations(),
    )


def relations() -> list[tuple[str, str]]:
    """Return the choices for whose number it is."""
    own = (Relation.SELF.value, _("The patient’s own"))
    return [own, *((r.value, capfirst(str(r.label))) for r in Relation if r is not Relation.SELF)]


def speakers(found: Reached) -> dict[UUID, str]:
    """Return for each thread who writes from that phone: on a shared one nobody can tell."""
    names: dict[UUID, str] = {}
    for contact in found.contacts:
        thread = thread_of(contact.contact_point)
        if thread is None or contact.not_theirs_at:
            continue
        if found.others.get(contact.contact_point_id):
            names[thread.pk] = _("From the shared phone")
        elif contact.relation != Relation.SELF:
            names[thread.pk] = capfirst(str(Relation(contact.relation).label))
        else:
            names[thread.pk] = found.patient.call_name or listing.name_of(found.patient, found.contacts)
    return names


def looks(found: Sequence[PatientView], *, clinic: Clinic) -> list[Look]:
    """Return who opened the page, in words."""
    return [
        Look(
            who=view.user.get_full_name(),
            when=f"{times.day(view.at, clinic.zone)}, {times.clock_time(view.at, clinic.zone)}",
            iso=view.at.isoformat(),
        )
        for view in found
    ]


def _facts(found: Record, clinic: Clinic, *, now: datetime) -> list[Fact]:
    patient = found.patient
    facts = []
    if patient.called:
        facts.append(Fact(_("Called"), patient.called))
    if patient.date_of_birth:
        today = now.astimezone(clinic.zone).date()
        facts.append(Fact(_("Born"), person.born(patient.date_of_birth, today)))
    written = next((point.language for point in found.points if point.language), "")
    if patient.preferred_language:
        facts.append(Fact(_("Language"), person.language_word(patient.preferred_language)))
    elif written:
        seen = _("%(language)s, as they write") % {"language": person.language_word(written)}
        facts.append(Fact(_("Language"), seen))
    if patient.preferred_channel in Channel.values:
        facts.append(Fact(_("Rather by"), str(Channel(patient.preferred_channel).label)))
    if patient.timezone:
        facts.append(Fact(_("Time zone"), patient.timezone))
    if patient.record_number:
        facts.append(Fact(_("Record number"), patient.record_number))
    return facts


def _number(contact: PatientContact, found: Record, clinic: Clinic, *, now: datetime) -> Number:
    point = contact.contact_point
    thread = None if contact.not_theirs_at else thread_of(point)
    return Number(
        id=contact.pk,
        number=person.number(point, clinic),
        profile=point.display_name,
        answers=person.who_answers(contact),
        relation=contact.relation,
        starred=contact.starred,
        not_theirs=times.moment(contact.not_theirs_at, clinic.zone, now=now) if contact.not_theirs_at else "",
        addresses=_addresses(point),
        others=[
            Someone(
                name=other.patient.name or _("No name yet"),
                url=reverse("people:page", args=[other.patient_id]),
                relation=Relation(other.relation).turned,
            )
            for other in found.others.get(point.pk, [])
        ],
        thread_url=reverse("inbox:thread", args=[thread.pk]) if thread and not thread.put_away_at else "",
    )


def _addresses(point: ContactPoint) -> list[Fact]:
    return [
        Fact(str(Channel(address.channel).label), address.address)
        for address in point.addresses.all()
        if address.channel in Channel.values
    ]


def _planned(visit: Appointment, found: Record, clinic: Clinic, *, coming: bool = False) -> PlannedVisit:
    here = [found.patient.pk, visit.pk]
    icon_tone = _ATTENDANCE.get(Attendance(visit.attendance)) if visit.status == Status.CONFIRMED else None
    decide = ""
    if visit.status == Status.PENDING_REVIEW:
        asked = next((t for t in found.threads if t.contact_point_id == visit.contact_point_id), None)
        decide = reverse("inbox:thread", args=[asked.pk]) if asked and not asked.put_away_at else ""
    live = visit.status in LIVE and visit.status != Status.PENDING_REVIEW
    unanswered = visit.attendance in (Attendance.UNASKED, Attendance.ASKED)
    waits = visit.status == Status.CONFIRMED and unanswered
    return PlannedVisit(
        visit=person.visit_line(visit, clinic, shared=False),
        attendance=Chip(capfirst(str(Attendance(visit.attendance).label)), *icon_tone) if icon_tone else None,
        reason=visit.reason,
        remind_url=reverse("reminders:send", args=[visit.pk]) if coming and waits else "",
        cancel_url=reverse("people:cancel", args=here) if live else "",
        decide_url=decide,
    )
