"""How a patient is reached: writes of the numbers on a patient's page. The first number of a patient is starred.

Each locks the patient's row first, so that two members at once leave one star. Visits that were asked for from a
number that is no longer the patient's are told where the patient is reached now.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from medsync.lib import phone as phones
from scheduling import contacts
from scheduling.locks import operation
from scheduling.models import LIVE, Appointment, ContactPoint, Patient, PatientContact, Relation
from scheduling.signals import NotReachedThere, not_reached_there


class UnknownContact(LookupError):
    """The patient has no such number."""


@operation
def add_phone(
    patient: Patient,
    *,
    phone: str,
    region: str,
    relation: Relation | str = Relation.SELF,
    now: datetime,
) -> PatientContact:
    """Let a patient be reached at a number, as people of ``region`` write it; once, however often it is added.

    A number that was marked as not theirs is theirs again. Raises phone.InvalidPhone.
    """
    _lock(patient)
    point = contacts.point_for_phone(phones.parse(phone, region), now=now).contact_point
    contact, _ = PatientContact.objects.update_or_create(
        patient=patient, contact_point=point, defaults={"relation": relation, "not_theirs_at": None}
    )
    if point.wrong_at is not None:  # whoever adds it knows better
        mark_right(point)
    _keep_a_star(patient)
    return contact


@operation
def star(patient: Patient, *, contact_id: UUID) -> PatientContact:
    """Send reminders to this number. Raises UnknownContact, also for one that is not theirs."""
    _lock(patient)
    contact = _contact(patient, contact_id)
    if contact.not_theirs_at:
        raise UnknownContact
    PatientContact.objects.filter(patient=patient, starred=True).exclude(pk=contact.pk).update(starred=False)
    PatientContact.objects.filter(pk=contact.pk).update(starred=True)
    return contact


@operation
def relate(patient: Patient, *, contact_id: UUID, relation: Relation | str) -> PatientContact:
    """Say what the holder of a number is to the patient. Raises UnknownContact."""
    contact = _contact(patient, contact_id)
    PatientContact.objects.filter(pk=contact.pk).update(relation=relation)
    return contact


@operation
def mark_not_theirs(patient: Patient, *, contact_id: UUID, now: datetime) -> PatientContact:
    """Begin nothing more to this number for this patient; another one gets the star. Raises UnknownContact."""
    _lock(patient)
    contact = _contact(patient, contact_id)
    PatientContact.objects.filter(pk=contact.pk, not_theirs_at=None).update(not_theirs_at=now, starred=False)
    _leave(patient, contact, now=now)
    _tell(patient, contact)
    return contact


@operation
def mark_theirs(patient: Patient, *, contact_id: UUID) -> PatientContact:
    """Undo `mark_not_theirs`, and that the number is wrong; the star stays where it is now. Raises UnknownContact."""
    _lock(patient)
    contact = _contact(patient, contact_id)
    PatientContact.objects.filter(pk=contact.pk).update(not_theirs_at=None)
    mark_right(contact.contact_point)
    _keep_a_star(patient)
    return contact


@operation
def mark_wrong(point: ContactPoint, *, now: datetime) -> list[UUID]:
    """Begin nothing more to a number whose holder says that it is wrong; return the contacts that it was.

    Visits that were asked for from there are told where their patient is reached now.
    """
    contacts = list(
        PatientContact.objects.filter(contact_point=point, not_theirs_at=None).select_related("patient")
    )
    for patient in sorted((contact.patient for contact in contacts), key=lambda one: one.pk):
        _lock(patient)
    ContactPoint.objects.filter(pk=point.pk, wrong_at=None).update(wrong_at=now)
    point.wrong_at = now
    for contact in contacts:
        PatientContact.objects.filter(pk=contact.pk).update(not_theirs_at=now, starred=False)
        _leave(contact.patient, contact, now=now)
    return [contact.pk for contact in contacts]


def mark_right(point: ContactPoint, *, patient: bool = False) -> None:
    """Undo `mark_wrong` for the number; with `patient` its holder becomes somebody not yet named.

    Whose number it was before stays as it is.
    """
    ContactPoint.objects.filter(pk=point.pk).update(wrong_at=None)
    point.wrong_at = None
    if patient and not PatientContact.objects.filter(contact_point=point, not_theirs_at=None).exists():
        PatientContact.objects.create(patient=Patient.objects.create(), contact_point=point, starred=True)


@operation
def remove(patient: Patient, *, contact_id: UUID, now: datetime) -> PatientContact:
    """Take a number off a patient; its thread and its consents stay with the number. Raises UnknownContact."""
    _lock(patient)
    contact = _contact(patient, contact_id)
    PatientContact.objects.filter(pk=contact.pk).delete()
    _leave(patient, contact, now=now)
    _tell(patient, contact)
    return contact


def _leave(patient: Patient, contact: PatientContact, *, now: datetime) -> None:
    _keep_a_star(patient)
    Appointment.objects.filter(
        patient=patient, contact_point=contact.contact_point_id, status__in=LIVE, starts_at__gt=now
    ).update(contact_point=None, updated_at=now)


def _tell(patient: Patient, contact: PatientContact) -> None:
    not_reached_there.send(
        sender=Patient, event=NotReachedThere(patient_id=patient.pk, point_id=contact.contact_point_id)
    )


def _lock(patient: Patient) -> None:
    # Not the strongest lock: a visit that is being booked only needs that the patient stays.
    Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)


def _contact(patient: Patient, contact_id: UUID) -> PatientContact:
    rows = PatientContact.objects.filter(patient=patient, pk=contact_id).select_related("contact_point")
    contact = rows.first()
    if contact is None:
        raise UnknownContact
    return contact


def _keep_a_star(patient: Patient) -> None:
    """Star the oldest number that is theirs, unless one is starred."""
    theirs = PatientContact.objects.filter(patient=patient, not_theirs_at=None)
    if theirs.filter(starred=True).exists():
        return
    first = theirs.order_by("created_at", "id").first()
    if first is not None:
        PatientContact.objects.filter(pk=first.pk).update(starred=True)
