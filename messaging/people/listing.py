"""The list of patients, as its template reads it. Built from rows; no statement is made here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from babel.dates import format_date
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from clinics.models import Clinic
from messaging import times
from messaging.inbox import parts, person
from messaging.people.queries import Page
from messaging.people.record import thread_of
from scheduling.models import Patient, PatientContact


@dataclass(frozen=True, slots=True)
class Row:
    """A patient in the list; `named` is false for a profile name in quotes."""

    url: str
    name: str
    named: bool
    called: str
    record_number: str
    born: str
    phone: str
    phone_note: str
    visit: str
    visit_iso: str
    last: str
    last_iso: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the list: of everybody with a name, of those without, or of what was searched for."""

    rows: list[Row]
    wanted: str
    unnamed: bool
    first: bool  # nothing stands before it
    after: UUID | None  # where the next page begins


def listing(page: Page, *, clinic: Clinic, wanted: str, unnamed: bool, first: bool, now: datetime) -> Listing:
    """Return a page in words."""
    return Listing(
        rows=[_row(patient, page, clinic, now=now) for patient in page.patients],
        wanted=wanted,
        unnamed=unnamed,
        first=first,
        after=page.next_cursor,
    )


def name_of(patient: Patient, contacts: list[PatientContact]) -> str:
    """Return a patient's name; of somebody nobody has named yet the profile name, in quotes."""
    if patient.name:
        return patient.name
    profile = next((c.contact_point.display_name for c in contacts if c.contact_point.display_name), "")
    return f"“{profile}”" if profile else _("No name yet")


def _row(patient: Patient, page: Page, clinic: Clinic, *, now: datetime) -> Row:
    contacts = page.contacts.get(patient.pk, [])
    visit = page.visits.get(patient.pk)
    threads = [thread for contact in contacts if (thread := thread_of(contact.contact_point))]
    last = max((t.last_message_at for t in threads if t.last_message_at), default=None)
    number = parts.number_of(contacts[0].contact_point, clinic.country) if contacts else ""
    more = len(contacts) - 1
    zone = clinic.zone
    return Row(
        url=reverse("people:page", args=[patient.pk]),
        name=name_of(patient, contacts),
        named=bool(patient.name),
        called=patient.called,
        record_number=patient.record_number,
        born=_date(patient),
        phone=number or (_("Hidden number") if contacts else ""),
        phone_note=f"+{more}" if more > 0 else "",
        visit=f"{times.short_day(visit.starts_at, zone)}, {times.clock_time(visit.starts_at, zone)}"
        if visit
        else "",
        visit_iso=visit.starts_at.isoformat() if visit else "",
        last=times.moment(last, zone, now=now) if last else "",
        last_iso=last.isoformat() if last else "",
    )


def _date(patient: Patient) -> str:
    if patient.date_of_birth is None:
        return ""
    locale = (get_language() or "en").replace("-", "_")
    return format_date(patient.date_of_birth, "medium", locale=locale)


@dataclass(frozen=True, slots=True)
class Alike:
    """Somebody who may be the same person."""

    name: str
    url: str
    about: str


def alike(patients: list[Patient], *, clinic: Clinic, now: datetime) -> list[Alike]:
    """Return those who may be the same person, with what tells them apart."""
    today = now.astimezone(clinic.zone).date()
    return [
        Alike(
            name=patient.name,
            url=reverse("people:page", args=[patient.pk]),
            about=" · ".join(
                filter(
                    None,
                    (
                        person.born(patient.date_of_birth, today) if patient.date_of_birth else "",
                        patient.record_number,
                    ),
                )
            ),
        )
        for patient in patients
    ]
