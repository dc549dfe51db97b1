"""URLs of this room's part of the API."""

from clinics.api.paths import both
from scheduling.api import appointments, attending, catalogue, requests

_PENDING = "whatsapp/pending-appointments"

urlpatterns = [
    *both(_PENDING, requests.Requests.as_view(), "api-requests"),
    *both(f"{_PENDING}/<uuid:id>/accept", requests.Accept.as_view(), "api-accept"),
    *both(f"{_PENDING}/<uuid:id>/reject", requests.Reject.as_view(), "api-reject"),
    *both("appointments", appointments.Appointments.as_view(), "api-appointments"),
    *both("appointments/<uuid:id>", appointments.OneAppointment.as_view(), "api-appointment"),
    *both("appointments/<uuid:id>/cancel", appointments.Cancel.as_view(), "api-cancel"),
    *both("appointments/<uuid:id>/move", appointments.Move.as_view(), "api-move"),
    *both("appointments/<uuid:id>/arrive", attending.Arrive.as_view(), "api-arrive"),
    *both("appointments/<uuid:id>/complete", attending.Complete.as_view(), "api-complete"),
    *both("appointments/<uuid:id>/no-show", attending.NoShow.as_view(), "api-no-show"),
    *both("practitioners", catalogue.Practitioners.as_view(), "api-practitioners"),
    *both("practitioners/<uuid:id>", catalogue.OnePractitioner.as_view(), "api-practitioner"),
    *both("appointment-types", catalogue.Types.as_view(), "api-types"),
    *both("appointment-types/<uuid:id>", catalogue.OneType.as_view(), "api-type"),
    *both("slots", catalogue.Slots.as_view(), "api-slots"),
]
