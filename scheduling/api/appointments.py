"""Visits by API: list, read, ask for, book, cancel, move."""

from datetime import datetime
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.api import fields
from clinics.api.errors import UnknownId
from clinics.api.paging import Order, page
from clinics.api.schema import describe, listing
from clinics.api.views import ClinicAPIView
from clinics.permissions import Action, can
from medsync.lib import clock
from scheduling import operations
from scheduling.api.refusals import refusals
from scheduling.api.requests import Words, found
from scheduling.api.shapes import AppointmentShape, ConflictError, appointment_shape
from scheduling.locks import retrying
from scheduling.models import (
    Appointment,
    AppointmentType,
    Cancellation,
    Patient,
    Practitioner,
    Source,
    Status,
)

TAG = "appointments"
BY_TIME = Order("appointments", ("starts_at", "id"), changes=True)

_STATUSES = [(status.value, status.label) for status in (Status.PENDING_REVIEW, Status.CONFIRMED)]


class NewVisit(fields.Body):
    """A visit to ask for (`pending_review`) or to book (`confirmed`)."""

    patient_id = fields.Id()
    type_id = fields.Id()
    starts_at = fields.Instant()
    practitioner_id = fields.Id(required=False)
    status = serializers.ChoiceField(_STATUSES, required=False, default=Status.PENDING_REVIEW)


class AnotherTime(fields.Body):
    """Where a visit moves. With `version` it moves only if nobody has moved it since you looked."""

    starts_at = fields.Instant()
    practitioner_id = fields.Id(required=False)
    version = fields.Count(required=False, min_value=1)


def _refuse_past(starts_at: datetime, now: datetime) -> None:
    if starts_at <= now:
        raise serializers.ValidationError({"starts_at": ["This time has passed."]})


def _known_practitioner(id: UUID | None) -> UUID | None:
    if id is not None and not Practitioner.objects.filter(pk=id).exists():
        raise UnknownId("practitioner_id")
    return id


class Appointments(ClinicAPIView):
    """All visits."""

    @describe("List visits", answers=listing(AppointmentShape), pages=True, tag=TAG)
    def get(self, request: Request) -> Response:
        """Return visits in the order of their times."""
        rows = Appointment.objects.select_related("patient", "practitioner")
        return Response(
            page(rows, request, BY_TIME, lambda some: [appointment_shape(a) for a in some], scope=self.scope)
        )

    @describe(
        "Ask for a visit, or book one",
        sends=NewVisit,
        answers=AppointmentShape,
        status=201,
        creates=True,
        roles=True,
        may={409: ("`slot_taken`, `key_reused`", ConflictError)},
        tag=TAG,
        description=(
            "Without a practitioner the first free one in the clinic's order is taken. A request is held to the "
            "type's notice, horizon and grid; a confirmed visit is not."
        ),
    )
    def post(self, request: Request) -> Response:
        """Make a request, or a confirmed visit."""
        wanted = self.body(NewVisit)
        confirmed = wanted["status"] == Status.CONFIRMED
        if confirmed and not can(self.member, self.clinic, Action.DECIDE):
            raise PermissionDenied("Your role in this clinic may not do this.")
        with refusals():
            made = retrying(self.once)(lambda: self._make(wanted, confirmed=confirmed).pk)
        return Response(appointment_shape(found(made.object_id)), status=201)

    def _make(self, wanted: dict[str, Any], *, confirmed: bool) -> Appointment:
        now = clock.now()
        _refuse_past(wanted["starts_at"], now)
        patient = Patient.objects.filter(pk=wanted["patient_id"], merged_into=None).first()
        if patient is None:
            raise UnknownId("patient_id")
        if not AppointmentType.objects.filter(pk=wanted["type_id"]).exists():
            raise UnknownId("type_id")
        make = operations.book if confirmed else operations.request
        return make(
            patient,
            type=wanted["type_id"],
            starts_at=wanted["starts_at"],
            practitioner=_known_practitioner(wanted.get("practitioner_id")),
            actor=self.member,
            source=Source.API,
            now=now,
        )


class OneAppointment(ClinicAPIView):
    """One visit."""

    @describe("Read a visit", answers=AppointmentShape, tag=TAG)
    def get(self, request: Request, id: UUID) -> Response:
        """Return the visit."""
        return Response(appointment_shape(found(id)))


class Cancel(ClinicAPIView):
    """The end of a visit, before it begins."""

    @describe(
        "Cancel a visit",
        sends=Words,
        answers=AppointmentShape,
        may={409: ("`already_decided`, `stale_version`", ConflictError)},
        tag=TAG,
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Cancel as the clinic; its time is free again, and the patient is told."""
        words = self.body(Words, optional=True)
        with refusals():
            cancelled = operations.cancel(
                found(id),
                by=self.member,
                why=Cancellation.CLINIC,
                reason=words["reason"],
                source=Source.API,
                now=clock.now(),
            )
        return Response(appointment_shape(cancelled))


class Move(ClinicAPIView):
    """Another time for the same visit."""

    @describe(
        "Move a visit",
        sends=AnotherTime,
        answers=AppointmentShape,
        may={409: ("`slot_taken`, `stale_version`, `already_decided`", ConflictError)},
        tag=TAG,
        description="The id stays, `version` rises. The old time stays booked until the new one is.",
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Move; a request stays a request."""
        wanted = self.body(AnotherTime)
        now = clock.now()
        appointment = found(id)
        _refuse_past(wanted["starts_at"], now)
        with refusals():
            moved = operations.move(
                appointment,
                starts_at=wanted["starts_at"],
                practitioner=_known_practitioner(wanted.get("practitioner_id")),
                by=self.member,
                expected_version=wanted.get("version", appointment.version),
                source=Source.API,
                now=now,
            )
        return Response(appointment_shape(found(moved.pk)))
