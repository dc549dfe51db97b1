"""Writes of people: made and changed by staff and integrators. Consent belongs to messaging."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from medsync.lib import phone as phones
from medsync.lib.text import clean
from scheduling import contacts
from scheduling.locks import operation
from scheduling.models import ContactPoint, Patient, PatientContact, Relation

_LENGTHS = {
    "name": 160,
    "called": 80,
    "preferred_language": 12,
    "preferred_channel": 10,
    "timezone": 64,
    "record_number": 64,
}
_CHANGEABLE = frozenset({*_LENGTHS, "date_of_birth"})


class RecordNumberTaken(Exception):
    """Another patient has this record number."""


def create(
    *,
    name: str,
    phone: str | None = None,
    region: str = "US",
    relation: Relation | str = Relation.SELF,
    called: str = "",
    preferred_language: str = "",
    preferred_channel: str = "",
    timezone: str = "",
    date_of_birth: date | None = None,
    record_number: str = "",
    now: datetime,
) -> Patient:
    """Store a patient, reached at ``phone`` when given (E.164, or as people of ``region`` write it).

    When somebody not yet named has written from that number and it is the patient's own, that person is named
    instead, so that the thread and the patient stay one. Raises phone.InvalidPhone, RecordNumberTaken.
    """
    e164 = phones.parse(phone, region) if phone else None
    fields = _cleaned(
        name=name,
        called=called,
        preferred_language=preferred_language,
        preferred_channel=preferred_channel,
        timezone=timezone,
        date_of_birth=date_of_birth,
        record_number=record_number,
    )
    try:
        return _create(e164, str(relation), fields, now)
    except IntegrityError as error:
        raise _translated(error) from None


def update(patient: Patient, **fields: Any) -> Patient:
    """Change fields that say who a patient is and how they are written to; return the patient.

    Raises RecordNumberTaken, and TypeError for any other field.
    """
    unknown = fields.keys() - _CHANGEABLE
    if unknown:
        raise TypeError(f"not a field of a patient that can be changed: {sorted(unknown)}")
    for field, value in _cleaned(**fields).items():
        setattr(patient, field, value)
    try:
        with transaction.atomic():
            patient.save(update_fields=[*fields, "search_key", "updated_at"])
    except IntegrityError as error:
        raise _translated(error) from None
    return patient


@operation
def add_contact(
    patient: Patient, contact_point: ContactPoint, *, relation: Relation | str = Relation.SELF
) -> PatientContact:
    """Let a patient be reached at a contact point; the first one is starred. Adding it again changes nothing."""
    Patient.objects.select_for_update().get(pk=patient.pk)  # two firsts at once would both be starred
    starred = not PatientContact.objects.filter(patient=patient, starred=True).exists()
    contact, _ = PatientContact.objects.get_or_create(
        patient=patient,
        contact_point=contact_point,
        defaults={"relation": relation, "starred": starred},
    )
    return contact


@operation
def _create(e164: str | None, relation: str, fields: dict[str, Any], now: datetime) -> Patient:
    if e164 is None:
        return Patient.objects.create(**fields)
    point = contacts.point_for_phone(e164, now=now).contact_point
    there = contacts.patients_of(point)
    if len(there) == 1 and not there[0].name and relation == Relation.SELF:
        return update(there[0], **{field: value for field, value in fields.items() if value})
    patient = Patient.objects.create(**fields)
    PatientContact.objects.create(patient=patient, contact_point=point, relation=relation, starred=True)
    return patient


def _cleaned(**fields: Any) -> dict[str, Any]:
    return {
        field: clean(value).strip()[: _LENGTHS[field]] if field in _LENGTHS else value
        for field, value in fields.items()
    }


def _translated(error: IntegrityError) -> Exception:
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    return RecordNumberTaken() if constraint == "record_number_once" else error
