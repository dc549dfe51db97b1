"""The day of a visit by API: arrive, complete, no-show."""

from datetime import timedelta

import pytest

from clinics.tenancy import in_clinic
from medsync.lib import clock
from scheduling.models import Appointment, AppointmentEvent
from tests.messaging.days import a_visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit(clinic):
    """Return a visit that began ten minutes ago."""
    with in_clinic(clinic):
        return a_visit("Ana Pérez", clock.now() - timedelta(minutes=10))


@pytest.mark.parametrize(
    ("path", "status"), [("arrive", "arrived"), ("complete", "fulfilled"), ("no-show", "no_show")]
)
def test_a_mark_is_made_once_and_the_second_is_told_by_whom(client, desk, clinic, visit, path, status):
    marked = client.post(f"/api/appointments/{visit.pk}/{path}")
    assert marked.status_code == 200, marked.content
    assert (marked.json()["id"], marked.json()["status"]) == (str(visit.pk), status)

    late = desk.post(f"/api/appointments/{visit.pk}/{path}")
    assert late.status_code == 409
    assert late.json()["code"] == "already_decided"
    assert late.json()["decided_by"] == "Olivia Alpha"
    assert late.json()["appointment"] == marked.json()
    with in_clinic(clinic):
        assert AppointmentEvent.objects.get().source == "api"


def test_who_arrived_then_came(client, visit):
    assert client.post(f"/api/appointments/{visit.pk}/arrive").status_code == 200
    assert client.post(f"/api/appointments/{visit.pk}/complete/").json()["status"] == "fulfilled"


@pytest.mark.parametrize("path", ["complete", "no-show"])
def test_a_visit_that_has_not_begun_is_too_early(client, clinic, path):
    with in_clinic(clinic):
        coming = a_visit("Ana", clock.now() + timedelta(hours=1))
    refused = client.post(f"/api/appointments/{coming.pk}/{path}")
    assert (refused.status_code, refused.json()["code"]) == (409, "too_early")
    assert refused.json()["appointment"]["status"] == "confirmed"


@pytest.mark.parametrize("path", ["arrive", "complete", "no-show"])
def test_a_request_is_accepted_first(client, clinic, visit, path):
    with in_clinic(clinic):
        Appointment.objects.update(status="pending_review")
    refused = client.post(f"/api/appointments/{visit.pk}/{path}")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_accepted")


def test_nothing_is_read_from_a_body_that_says_something(client, visit):
    refused = client.post(f"/api/appointments/{visit.pk}/arrive", {"status": "arrived"})
    assert refused.status_code == 400


def test_another_clinics_visit_is_not_there(api, other_owner, other_clinic, visit):
    refused = api(other_owner, other_clinic).post(f"/api/appointments/{visit.pk}/arrive")
    assert refused.status_code == 404
