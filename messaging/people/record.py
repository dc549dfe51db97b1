"""What a patient's page reads: who it is, how they are reached, what they agreed to, their visits, the notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Prefetch, QuerySet

from messaging.models import ChannelConsent, ConsentEvent, Conversation, Kind, Message
from scheduling.models import (
    LIVE,
    Appointment,
    ContactAddress,
    ContactPoint,
    Patient,
    PatientContact,
    PatientView,
)

CONTACTS, UPCOMING, PAST, NOTES, LEDGER, LOOKED = 20, 20, 8, 5, 40, 6
LOOKED_PAGE = 50


@dataclass(frozen=True, slots=True)
class Reached:
    """One patient and how they are reached; `others` are the people who share a number."""

    patient: Patient
    contacts: list[PatientContact]
    others: dict[UUID, list[PatientContact]]  # by contact point

    @property
    def points(self) -> list[ContactPoint]:
        """Return the contact points that are theirs."""
        return [contact.contact_point for contact in self.contacts if not contact.not_theirs_at]

    @property
    def threads(self) -> list[Conversation]:
        """Return the threads of those contact points, the starred one's first."""
        return [thread for point in self.points if (thread := thread_of(point))]


@dataclass(frozen=True, slots=True)
class Record(Reached):
    """One patient, whole; `proofs` are the newest line of each number, channel and purpose."""

    upcoming: list[Appointment]  # the next first
    past: list[Appointment]  # the latest first
    consents: list[ChannelConsent]
    proofs: list[ConsentEvent]
    ledger: list[ConsentEvent]  # the newest first
    notes: list[Message]  # the newest first


def thread_of(point: ContactPoint) -> Conversation | None:
    """Return the thread of a contact point that was read with it, None where nothing was ever said."""
    thread: Conversation | None = getattr(point, "conversation", None)
    return thread


def reached(patient: Patient) -> Reached:
    """Read how a patient is reached; three statements at most."""
    contacts = _contacts(patient)
    points = [contact.contact_point_id for contact in contacts if not contact.not_theirs_at]
    return Reached(patient, contacts, _others(patient, points))


def record(patient: Patient, *, now: datetime) -> Record:
    """Read what the page shows beside its line of time; nine statements at most."""
    known = reached(patient)
    points = [point.pk for point in known.points]
    threads = [thread.pk for thread in known.threads]
    visits = Appointment.objects.filter(patient=patient).select_related("patient", "practitioner", "type")
    coming = visits.filter(ends_at__gt=now, status__in=LIVE).order_by("starts_at", "id")
    past = visits.filter(starts_at__lte=now).exclude(ends_at__gt=now, status__in=LIVE)
    ledger = ConsentEvent.objects.filter(contact_point__in=points)
    ledger = ledger.select_related("actor", "message", "contact_point")
    one_each = ("contact_point_id", "channel", "purpose")
    return Record(
        patient=patient,
        contacts=known.contacts,
        others=known.others,
        upcoming=list(coming[:UPCOMING]),
        past=list(past.order_by("-starts_at", "-id")[:PAST]),
        consents=list(ChannelConsent.objects.filter(contact_point__in=points)) if points else [],
        proofs=list(ledger.order_by(*one_each, "-at", "-id").distinct(*one_each)) if points else [],
        ledger=list(ledger.order_by("-at", "-id")[:LEDGER]) if points else [],
        notes=list(_notes(threads)[:NOTES]) if threads else [],
    )


def _contacts(patient: Patient) -> list[PatientContact]:
    addresses = ContactAddress.objects.order_by("created_at", "id")
    rows = PatientContact.objects.filter(patient=patient).select_related("contact_point__conversation")
    return list(
        rows.prefetch_related(Prefetch("contact_point__addresses", queryset=addresses)).order_by(
            F("not_theirs_at").asc(nulls_first=True), "-starred", "created_at", "id"
        )[:CONTACTS]
    )


def _others(patient: Patient, points: Sequence[UUID]) -> dict[UUID, list[PatientContact]]:
    found: dict[UUID, list[PatientContact]] = {}
    if points:
        rows = PatientContact.objects.filter(
            contact_point__in=points, not_theirs_at=None, patient__merged_into=None
        )
        for row in rows.exclude(patient=patient).select_related("patient").order_by("created_at", "id"):
            found.setdefault(row.contact_point_id, []).append(row)
    return found


def _notes(threads: Sequence[UUID]) -> QuerySet[Message]:
    notes = Message.objects.filter(conversation__in=threads, kind=Kind.NOTE).select_related("user")
    return notes.order_by("-created_at", "-id")


def looked(patient: Patient, *, after: UUID | None = None, limit: int) -> list[PatientView]:
    """Return who opened the page, the newest first, after that row; one more than `limit` when there are more."""
    rows = PatientView.objects.filter(patient=patient).select_related("user").order_by("-id")
    if after is not None:
        rows = rows.filter(pk__lt=after)
    return list(rows[: limit + 1])


def home_point(patient: Patient) -> ContactPoint | None:
    """Return where the patient is reached first: the starred number, else the oldest that is theirs."""
    contact = (
        PatientContact.objects.filter(patient=patient, not_theirs_at=None)
        .select_related("contact_point")
        .order_by("-starred", "created_at", "id")
        .first()
    )
    return contact.contact_point if contact else None
