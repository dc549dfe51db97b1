"""Patients by API. They live in this room's API because consent, which they show, is this room's."""

import re
from datetime import date
from typing import Any
from uuid import UUID

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.api import fields
from clinics.api.errors import ApiError
from clinics.api.paging import Order, page
from clinics.api.schema import describe, listing
from clinics.api.views import ClinicAPIView
from clinics.models import Channel
from medsync.lib import clock
from messaging import consent, gate
from messaging.api.reading import patient_shapes
from messaging.api.shapes import PatientShape
from messaging.models import ConsentSource, Purpose
from scheduling import patients
from scheduling.locks import operation
from scheduling.models import ContactPoint, Patient

TAG = "patients"
OLDEST_FIRST = Order("patients", ("id",), changes=True)

OLDEST_AGE = 130  # years

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*", re.ASCII)
_CONSENTS = {"consent_whatsapp": Channel.WHATSAPP, "consent_sms": Channel.SMS}


class PatientBody(fields.Body):
    """What can be changed of a patient."""

    name = fields.Text(max_length=160)
    called = fields.Text(max_length=80, required=False, allow_blank=True)
    preferred_language = fields.Text(max_length=12, required=False, allow_blank=True)
    date_of_birth = fields.Day(required=False, allow_null=True)
    record_number = fields.Text(max_length=64, required=False, allow_blank=True)
    consent_whatsapp = fields.Yes(required=False)
    consent_sms = fields.Yes(required=False)

    def validate_preferred_language(self, value: str) -> str:
        """Refuse what is no language tag."""
        if value and not _LANGUAGE.fullmatch(value):
            raise serializers.ValidationError("Must be a language tag, such as es or en-US.")
        return value

    def validate_date_of_birth(self, value: date | None) -> date | None:
        """Refuse the future and the impossible past."""
        today = clock.now().astimezone(self.context["view"].clinic.zone).date()
        if value is not None and not today.year - OLDEST_AGE <= value.year <= today.year:
            raise serializers.ValidationError("This is no living person's date of birth.")
        if value is not None and value > today:
            raise serializers.ValidationError("This date is in the future.")
        return value


class NewPatientBody(PatientBody):
    """A new patient."""

    phone = fields.Phone(required=False)


class Patients(ClinicAPIView):
    """The people known to the clinic."""

    @describe(
        "List patients",
        answers=listing(PatientShape),
        pages=True,
        tag=TAG,
        description="In the order they came. A change of consent is no change of the patient for `updated_since`.",
    )
    def get(self, request: Request) -> Response:
        """Return a page of patients."""
        rows = Patient.objects.filter(merged_into=None)
        return Response(page(rows, request, OLDEST_FIRST, patient_shapes, scope=self.scope))

    @describe(
        "Create a patient",
        sends=NewPatientBody,
        answers=PatientShape,
        status=201,
        creates=True,
        may={409: "`opted_out`, `key_reused`"},
        tag=TAG,
        description=(
            "A number without a country code is one of the clinic's country. When a person whose name nobody knows "
            "yet has written from that number, that person is named. `false` for a consent records nothing: "
            "nobody was asked."
        ),
    )
    def post(self, request: Request) -> Response:
        """Store a patient."""
        wanted = self.body(NewPatientBody)
        made = operation(self.once)(lambda: self._create(wanted).pk)
        return Response(patient_shapes([Patient.objects.get(pk=made.object_id)])[0], status=201)

    def _create(self, wanted: dict[str, Any]) -> Patient:
        given = {channel: True for name, channel in _CONSENTS.items() if wanted.get(name)}
        try:
            patient = patients.create(
                **{name: value for name, value in wanted.items() if name not in _CONSENTS},
                region=self.clinic.country,
                now=clock.now(),
            )
        except patients.RecordNumberTaken as error:
            raise _number_taken() from error
        record_consents(patient, given, view=self)
        return patient


class OnePatient(ClinicAPIView):
    """One patient."""

    @describe("Read a patient", answers=PatientShape, tag=TAG)
    def get(self, request: Request, id: UUID) -> Response:
        """Return the patient."""
        return Response(patient_shapes([_found(id)])[0])

    @describe(
        "Change a patient",
        sends=PatientBody,
        answers=PatientShape,
        may={409: "`opted_out`: only the patient can undo it, by writing START"},
        tag=TAG,
        description=(
            "Only what is sent changes. A consent is written into the ledger for all of the patient's contacts; "
            "`false` is a refusal that writing in does not undo."
        ),
    )
    def patch(self, request: Request, id: UUID) -> Response:
        """Change what is sent."""
        wanted = self.body(PatientBody, partial=True)
        return Response(patient_shapes([operation(self._change)(id, wanted)])[0])

    def _change(self, id: UUID, wanted: dict[str, Any]) -> Patient:
        patient = _found(id)
        changes = {name: value for name, value in wanted.items() if name not in _CONSENTS}
        try:
            if changes:
                patient = patients.update(patient, **changes)
        except patients.RecordNumberTaken as error:
            raise _number_taken() from error
        given = {channel: wanted[name] for name, channel in _CONSENTS.items() if name in wanted}
        record_consents(patient, given, view=self)
        return patient


def record_consents(patient: Patient, given: dict[Channel, bool], *, view: ClinicAPIView) -> None:
    """Write what a patient agreed to or refused into the ledger, for each contact where it is news.

    Raises ValidationError for a patient without a contact, ApiError 409 where the patient has sent STOP.
    """
    if not given:
        return
    points = list(
        ContactPoint.objects.filter(patient_contacts__patient=patient, patient_contacts__not_theirs_at=None)
        .order_by("id")
        .distinct()
    )
    names = {channel: name for name, channel in _CONSENTS.items()}
    for channel, granted in given.items():
        if not points:
            raise serializers.ValidationError({names[channel]: ["There is no number that it could be for."]})
        states = [(point, consent.state_of(point, channel)) for point in points]
        open_points = [(point, state) for point, state in states if not (granted and state.opted_out_at)]
        if not open_points:
            raise ApiError(409, gate.OPTED_OUT, gate.sentences(gate.OPTED_OUT, channel)[0])
        for point, state in open_points:
            if state.care is not granted:
                consent.record(
                    point,
                    channel,
                    purpose=Purpose.CARE,
                    granted=granted,
                    source=ConsentSource.API,
                    actor=view.member,
                    now=clock.now(),
                )


def _found(id: UUID) -> Patient:
    patient = Patient.objects.filter(pk=id, merged_into=None).first()
    if patient is None:
        raise Http404
    return patient


def _number_taken() -> serializers.ValidationError:
    return serializers.ValidationError({"record_number": ["Another patient has this number."]})
