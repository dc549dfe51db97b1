"""Who sees patients, what for, and when: practitioners, appointment types, free times."""

from datetime import date
from uuid import UUID

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError

from clinics.api.errors import UnknownId
from clinics.api.fields import parse_date, parse_id
from clinics.api.paging import Order, page
from clinics.api.schema import describe, listing
from clinics.api.views import ClinicAPIView
from medsync.lib import clock
from scheduling import queries
from scheduling.api.shapes import (
    AppointmentTypeShape,
    PractitionerShape,
    SlotList,
    practitioner_shape,
    slot_shape,
    type_shape,
)
from scheduling.errors import NotBookable
from scheduling.models import AppointmentType, Practitioner

TAG = "calendar"
DOCTORS = Order("practitioners", ("rank", "name", "resource_id"))
TYPES = Order("types", ("rank", "id"))

DEFAULT_DAYS = 7


class Practitioners(ClinicAPIView):
    """The doctors in use."""

    @describe("List practitioners", answers=listing(PractitionerShape), pages=True, since=False, tag=TAG)
    def get(self, request: Request) -> Response:
        """Return them in the clinic's order."""
        rows = Practitioner.objects.filter(active=True)
        return Response(
            page(rows, request, DOCTORS, lambda some: [practitioner_shape(p) for p in some], scope=self.scope)
        )


class OnePractitioner(ClinicAPIView):
    """One doctor, also one no longer in use."""

    @describe("Read a practitioner", answers=PractitionerShape, tag=TAG)
    def get(self, request: Request, id: UUID) -> Response:
        """Return the practitioner."""
        row = Practitioner.objects.filter(pk=id).first()
        if row is None:
            raise Http404
        return Response(practitioner_shape(row))


class Types(ClinicAPIView):
    """The appointment types in use."""

    @describe(
        "List appointment types", answers=listing(AppointmentTypeShape), pages=True, since=False, tag=TAG
    )
    def get(self, request: Request) -> Response:
        """Return them in the clinic's order."""
        language = self.clinic.language
        return Response(
            page(
                AppointmentType.objects.filter(active=True),
                request,
                TYPES,
                lambda some: [type_shape(kind, language=language) for kind in some],
                scope=self.scope,
            )
        )


class OneType(ClinicAPIView):
    """One appointment type, also one no longer in use."""

    @describe("Read an appointment type", answers=AppointmentTypeShape, tag=TAG)
    def get(self, request: Request, id: UUID) -> Response:
        """Return the type."""
        row = AppointmentType.objects.filter(pk=id).first()
        if row is None:
            raise Http404
        return Response(type_shape(row, language=self.clinic.language))


class Slots(ClinicAPIView):
    """Free times, computed now."""

    @describe(
        "List free times",
        answers=SlotList,
        parameters=[
            OpenApiParameter(
                "from", OpenApiTypes.DATE, description="Local date; today in the clinic's zone."
            ),
            OpenApiParameter("days", int, description=f"1 to {queries.MAX_DAYS}.", default=DEFAULT_DAYS),
            OpenApiParameter("practitioner", OpenApiTypes.UUID, description="Else all who do the type."),
            OpenApiParameter("type", OpenApiTypes.UUID, description="Else the clinic's first."),
        ],
        tag=TAG,
        description="Not paged. A free time is not held: booking it decides.",
    )
    def get(self, request: Request) -> Response:
        """Return free times by time."""
        now = clock.now()
        practitioner, kind = self._id("practitioner"), self._id("type")
        from_date = self._from() or now.astimezone(self.clinic.zone).date()
        days = self._days()
        if practitioner is not None and not Practitioner.objects.filter(pk=practitioner).exists():
            raise UnknownId("practitioner")
        if kind is not None and not AppointmentType.objects.filter(pk=kind).exists():
            raise UnknownId("type")
        try:
            found = queries.free_slots(
                from_date=from_date, days=days, practitioner=practitioner, type=kind, now=now
            )
        except NotBookable:
            found = []  # a doctor without hours, or who does not do the type, has no free time: no error
        return Response({"results": [slot_shape(slot) for slot in found]})

    def _id(self, name: str) -> UUID | None:
        given = self.request.query_params.get(name)
        if given is None:
            return None
        found = parse_id(given)
        if found is None:
            raise ValidationError({name: ["Must be an id (a UUID)."]})
        return found

    def _from(self) -> date | None:
        given = self.request.query_params.get("from")
        if given is None:
            return None
        found = parse_date(given)
        if found is None:
            raise ValidationError({"from": ["Must be a date, such as 2026-12-02."]})
        return found

    def _days(self) -> int:
        given = self.request.query_params.get("days")
        if given is None:
            return DEFAULT_DAYS
        digits = given.lstrip("0")
        short = given.isascii() and given.isdigit() and 1 <= len(digits) <= 2
        if not short or int(digits) > queries.MAX_DAYS:
            raise ValidationError({"days": [f"Must be a number from 1 to {queries.MAX_DAYS}."]})
        return int(digits)
