"""The day of a visit by API: arrived, came, did not come."""

from collections.abc import Callable
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from clinics.api.schema import describe
from clinics.api.views import ClinicAPIView
from medsync.lib import clock
from scheduling import operations
from scheduling.api.refusals import refusals
from scheduling.api.requests import Nothing, found
from scheduling.api.shapes import AppointmentShape, ConflictError, appointment_shape
from scheduling.models import Appointment, Source

TAG = "appointments"
MARKED = {409: ("`already_decided`, `not_accepted`, `too_early`, `stale_version`", ConflictError)}


class _Marks(ClinicAPIView):
    """What the three marks have in common."""

    def marked(self, id: UUID, mark: Callable[..., Appointment]) -> Response:
        """Mark the visit and return it as it is now."""
        self.body(Nothing, optional=True)
        with refusals():
            marked = mark(found(id), by=self.member, source=Source.API, now=clock.now())
        return Response(appointment_shape(marked))


class Arrive(_Marks):
    """The patient is here."""

    @describe("Mark that the patient arrived", sends=Nothing, answers=AppointmentShape, may=MARKED, tag=TAG)
    def post(self, request: Request, id: UUID) -> Response:
        """Mark from half a day before the visit on; the time stays taken."""
        return self.marked(id, operations.arrive)


class Complete(_Marks):
    """The visit took place."""

    @describe("Mark that the visit took place", sends=Nothing, answers=AppointmentShape, may=MARKED, tag=TAG)
    def post(self, request: Request, id: UUID) -> Response:
        """Mark once the patient arrived or the visit began; the rest of the time is free."""
        return self.marked(id, operations.complete)


class NoShow(_Marks):
    """The patient did not come."""

    @describe(
        "Mark that the patient did not come", sends=Nothing, answers=AppointmentShape, may=MARKED, tag=TAG
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Mark once the visit has begun; the rest of the time is free."""
        return self.marked(id, operations.mark_no_show)
