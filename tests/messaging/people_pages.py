"""What the tests of the patients' pages share: a client of the front desk, and a clinic's doctor and times."""

from datetime import timedelta
from typing import Any

from django.test import Client

from clinics.models import Clinic
from medsync.lib import clock
from messaging.models import Conversation
from scheduling.models import Appointment, Patient
from scheduling.operations import book
from scheduling.queries import free_slots
from tests.messaging.inboxes import reenter


class Desk:
    """A member at the patients' pages, who stands in the clinic again after each request."""

    def __init__(self, client: Client, clinic: Clinic) -> None:
        self.client, self.clinic = client, clinic

    def get(self, path: str = "", **headers: str) -> Any:
        """GET below /patients/."""
        response = self.client.get(self.at(path), headers=headers)
        reenter(self.clinic)
        return response

    def post(self, path: str, **data: Any) -> Any:
        """POST a form below /patients/."""
        response = self.client.post(self.at(path), data)
        reenter(self.clinic)
        return response

    def find(self, wanted: str, **data: Any) -> str:
        """Search as the page's script does; return what is found."""
        response = self.client.post(
            self.at("search/"), {"wanted": wanted, **data}, headers={"HX-Request": "true"}
        )
        reenter(self.clinic)
        assert response.status_code == 200
        return str(response.content.decode())

    def at(self, path: str) -> str:
        """Return the address of a page."""
        return f"/c/{self.clinic.slug}/patients/{path}"


def patient_of(thread: Conversation) -> Patient:
    """Return the thread's patient."""
    return Patient.objects.filter(contacts__contact_point=thread.contact_point).earliest("created_at")


def a_visit(patient: Patient, *, by: Any, days: int = 2) -> Appointment:
    """Book the first free time some days ahead; nobody is told."""
    now = clock.now()
    slot = free_slots(from_date=(now + timedelta(days=days)).date(), days=10, now=now)[0]
    return book(
        patient,
        type=slot.type_id,
        practitioner=slot.practitioner_id,
        starts_at=slot.starts_at,
        actor=by,
        silent=True,
        now=now,
    )
