"""Booking and cancelling on a patient's page: real free times, the very words, and who is told."""

from datetime import timedelta
from typing import Any

import pytest

from clinics.models import Clinic, User
from medsync.lib import clock
from messaging.models import Message
from messaging.people import booking
from scheduling.models import Appointment, AppointmentEvent, AppointmentType, Patient, Practitioner, Resource
from scheduling.operations import book, cancel
from scheduling.queries import free_slots
from tests.messaging.inboxes import a_request, a_thread
from tests.messaging.people_pages import Desk, a_visit, patient_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(inside: Clinic, receptionist: User, browse: Any) -> Desk:
    """Return the front desk."""
    return Desk(browse(receptionist), inside)


def first_time(desk: Desk, patient: Patient, query: str = "") -> str:
    """Open the form and return the value of its first free time."""
    response = desk.get(f"{patient.pk}/book/{query}")
    assert response.status_code == 200
    return str(response.context["book"].free[0].times[0].value)


def test_a_visit_is_booked_at_a_free_time_and_the_patient_hears_the_words_that_were_shown(
    desk: Desk, receptionist: User
) -> None:
    thread = a_thread()
    patient = patient_of(thread)
    slot = first_time(desk, patient)

    shown = desk.post(f"{patient.pk}/book/text/", slot=slot, tell="on")
    response = desk.post(f"{patient.pk}/book/", slot=slot, tell="on")

    visit = Appointment.objects.get()
    assert response.url == desk.at(f"{patient.pk}/#visits")
    assert (visit.status, visit.source, visit.decided_by_id) == ("confirmed", "staff", receptionist.pk)
    told = Message.objects.get(appointment=visit, direction="outbound")
    assert told.body == shown.context["told"].body
    assert told.body in shown.content.decode().replace("&#x27;", "'")
    assert "This goes out on WhatsApp now" in shown.content.decode()


def test_a_visit_can_be_booked_in_silence(desk: Desk) -> None:
    patient = patient_of(a_thread())
    slot = first_time(desk, patient)

    assert "The patient gets no text." in desk.post(f"{patient.pk}/book/text/", slot=slot).content.decode()
    desk.post(f"{patient.pk}/book/", slot=slot)

    assert Appointment.objects.count() == 1
    assert AppointmentEvent.objects.get().silent
    assert not Message.objects.filter(direction="outbound").exists()
    assert "The patient was not told by a text." in desk.get(f"{patient.pk}/").content.decode()


def test_a_time_taken_meanwhile_is_refused_with_other_times_and_nothing_is_booked(
    desk: Desk, owner: User
) -> None:
    patient, faster = patient_of(a_thread()), patient_of(a_thread("Grace Osei"))
    slot = first_time(desk, patient)
    wanted = booking.read(slot)
    assert wanted is not None
    book(
        faster,
        type=wanted.type_id,
        practitioner=wanted.practitioner_id,
        starts_at=wanted.starts_at,
        actor=owner,
        silent=True,
        now=clock.now(),
    )

    response = desk.post(f"{patient.pk}/book/", slot=slot, tell="on")

    html = response.content.decode()
    assert response.status_code == 409
    assert "This time was taken meanwhile." in html
    assert "Nearest other times" in html
    assert slot not in html
    assert not Appointment.objects.filter(patient=patient).exists()
    other = response.context["others"][0].value
    assert desk.post(f"{patient.pk}/book/", slot=other).status_code == 302


def test_the_same_click_twice_books_once(desk: Desk) -> None:
    patient = patient_of(a_thread())
    slot = first_time(desk, patient)

    answers = [desk.post(f"{patient.pk}/book/", slot=slot).status_code for _ in range(2)]

    assert answers == [302, 409]
    assert Appointment.objects.count() == 1


@pytest.mark.parametrize("slot", ["", "x", "|||", "a|b|c|2026-12-01T10:00:00Z"])
def test_what_is_no_time_is_asked_for_again(desk: Desk, slot: str) -> None:
    patient = patient_of(a_thread())

    response = desk.post(f"{patient.pk}/book/", slot=slot)

    assert response.status_code == 400
    assert "Choose a time first." in response.content.decode()
    assert "Choose a time;" in desk.post(f"{patient.pk}/book/text/", slot=slot).content.decode()


def test_the_first_day_with_a_free_time_is_shown_for_the_chosen_doctor(desk: Desk, inside: Clinic) -> None:
    patient, now = patient_of(a_thread()), clock.now()
    doctor = Practitioner.objects.get()
    Practitioner.objects.create(
        resource=Resource.objects.create(kind="practitioner"), name="Dr. Without Hours"
    )
    slot = free_slots(from_date=(now + timedelta(days=5)).date(), days=7, now=now)[0]
    day = slot.starts_at.astimezone(inside.zone).date()

    shown = desk.get(f"{patient.pk}/book/?doctor={doctor.pk}&day={day.isoformat()}").context["book"]
    none = desk.get(f"{patient.pk}/book/?doctor={Practitioner.objects.latest('pk').pk}")

    assert shown.day == day.isoformat()
    assert [one.doctor for one in shown.free] == [doctor.name]
    assert "No free time" in none.content.decode()


def test_a_kind_of_visit_that_is_not_the_clinics_is_unknown(desk: Desk) -> None:
    patient = patient_of(a_thread())
    AppointmentType.objects.update(active=False)

    assert desk.get(f"{patient.pk}/book/").status_code == 404


def test_somebody_without_a_number_is_booked_and_nobody_can_be_told(desk: Desk) -> None:
    patient = Patient.objects.create(name="No Number")
    slot = first_time(desk, patient)

    assert (
        "No text goes out for this."
        in desk.post(f"{patient.pk}/book/text/", slot=slot, tell="on").content.decode()
    )
    assert desk.post(f"{patient.pk}/book/", slot=slot, tell="on").status_code == 302


def test_a_text_that_may_not_go_says_why_before(desk: Desk) -> None:
    thread = a_thread(heard=timedelta(hours=30))
    patient = patient_of(thread)

    html = desk.post(f"{patient.pk}/book/text/", slot=first_time(desk, patient), tell="on").content.decode()

    assert "This would go out, but cannot" in html


def test_a_visit_is_cancelled_with_a_reason_and_the_words_that_were_shown(desk: Desk, owner: User) -> None:
    patient = patient_of(a_thread())
    visit = a_visit(patient, by=owner)
    told = {"why": "clinic", "reason": "The doctor is ill", "tell": "on"}

    shown = desk.post(f"{patient.pk}/visits/{visit.pk}/cancel/text/", **told)
    response = desk.post(f"{patient.pk}/visits/{visit.pk}/cancel/", **told, version="1")

    visit.refresh_from_db()
    assert response.url == desk.at(f"{patient.pk}/#visits")
    assert (visit.status, visit.cancellation, visit.reason) == ("cancelled", "clinic", "The doctor is ill")
    assert Message.objects.get(direction="outbound").body == shown.context["told"].body
    assert "The doctor is ill" in desk.get(f"{patient.pk}/").content.decode()


@pytest.mark.parametrize(
    ("why", "tell", "texts"),
    [("clinic", "", 0), ("error", "on", 0), ("patient", "on", 1), ("patient", "", 0)],
    ids=["silent", "error", "patient", "patient-silent"],
)
def test_who_cancelled_and_the_tick_decide_whether_a_text_goes(
    desk: Desk, owner: User, why: str, tell: str, texts: int
) -> None:
    patient = patient_of(a_thread())
    visit = a_visit(patient, by=owner)

    desk.post(f"{patient.pk}/visits/{visit.pk}/cancel/", why=why, tell=tell, version="1")

    visit.refresh_from_db()
    assert visit.cancellation == why
    assert Message.objects.filter(direction="outbound").count() == texts


def test_a_visit_cancelled_meanwhile_is_not_cancelled_again(desk: Desk, owner: User) -> None:
    patient = patient_of(a_thread())
    visit = a_visit(patient, by=owner)
    cancel(visit, by=owner, why="clinic", silent=True, now=clock.now())

    response = desk.post(f"{patient.pk}/visits/{visit.pk}/cancel/", why="clinic", version="1")

    assert response.status_code == 409
    assert "There is nothing to cancel any more." in response.content.decode()
    assert AppointmentEvent.objects.filter(kind="cancelled").count() == 1


def test_a_visit_moved_meanwhile_is_looked_at_again_first(desk: Desk, owner: User) -> None:
    patient = patient_of(a_thread())
    visit = a_visit(patient, by=owner)
    Appointment.objects.update(version=2)

    response = desk.post(f"{patient.pk}/visits/{visit.pk}/cancel/", why="clinic", version="1")

    assert response.status_code == 409
    assert Appointment.objects.get().status == "confirmed"


def test_another_patients_visit_cannot_be_cancelled_here(desk: Desk, owner: User) -> None:
    patient, other = patient_of(a_thread()), patient_of(a_thread("Grace Osei"))
    visit = a_visit(other, by=owner)

    assert desk.get(f"{patient.pk}/visits/{visit.pk}/cancel/").status_code == 404
    assert desk.post(f"{patient.pk}/visits/{visit.pk}/cancel/", why="clinic").status_code == 404


def test_a_request_is_decided_in_its_thread_not_cancelled(desk: Desk, inside: Clinic) -> None:
    thread = a_thread()
    a_request(thread)

    html = desk.get(f"{patient_of(thread).pk}/").content.decode()

    assert f'href="/c/{inside.slug}/inbox/{thread.pk}/">Decide</a>' in html
    assert "/cancel/" not in html
