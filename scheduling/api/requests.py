"""Requests that wait for staff: the list, accept, reject."""

from typing import Any
from uuid import UUID

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.api import fields
from clinics.api.paging import Order, page
from clinics.api.schema import describe, listing
from clinics.api.views import ClinicAPIView
from clinics.permissions import Action
from medsync.lib import clock
from scheduling import operations, queries
from scheduling.api.refusals import refusals
from scheduling.api.shapes import AlreadyDecidedError, AppointmentShape, appointment_shape
from scheduling.models import Appointment, Source

TAG = "requests"
OLDEST_FIRST = Order("requests", ("created_at", "id"), changes=True)
DECIDED = {409: ("`already_decided`, `stale_version`", AlreadyDecidedError)}


class Nothing(fields.Body):
    """Nothing to say."""


class Words(fields.Body):
    """Words for the patient."""

    reason = fields.Text(max_length=250, required=False, default="", allow_blank=True)


def found(id: UUID) -> Appointment:
    """Return the visit of that id. Raises Http404."""
    row = Appointment.objects.select_related("patient", "practitioner").filter(pk=id).first()
    if row is None:
        raise Http404
    return row


class Requests(ClinicAPIView):
    """What patients have asked for and staff have not answered."""

    @describe(
        "List the requests that wait for an answer", answers=listing(AppointmentShape), pages=True, tag=TAG
    )
    def get(self, request: Request) -> Response:
        """Return the oldest first."""
        rows = queries.pending_requests()
        return Response(
            page(
                rows,
                request,
                OLDEST_FIRST,
                lambda some: [appointment_shape(a) for a in some],
                scope=self.scope,
            )
        )


class Accept(ClinicAPIView):
    """Yes to a request."""

    actions = {"post": Action.DECIDE}

    @describe("Accept a request", sends=Nothing, answers=AppointmentShape, roles=True, may=DECIDED, tag=TAG)
    def post(self, request: Request, id: UUID) -> Response:
        """Confirm the visit; the patient is told."""
        self.body(Nothing, optional=True)
        with refusals():
            accepted = operations.accept(found(id), by=self.member, source=Source.API, now=clock.now())
        return Response(appointment_shape(accepted))


class Reject(ClinicAPIView):
    """No to a request."""

    actions = {"post": Action.DECIDE}

    @describe("Decline a request", sends=Words, answers=AppointmentShape, roles=True, may=DECIDED, tag=TAG)
    def post(self, request: Request, id: UUID) -> Response:
        """Cancel the request; the patient is told, with the reason when there is one."""
        words: dict[str, Any] = self.body(Words, optional=True)
        with refusals():
            rejected = operations.reject(
                found(id), by=self.member, reason=words["reason"], source=Source.API, now=clock.now()
            )
        return Response(appointment_shape(rejected))
