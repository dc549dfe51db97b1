"""Visits by API: free times, requests, decisions, moves, and what stands in the way."""

from datetime import timedelta
from uuid import uuid4

import pytest

from clinics.tenancy import in_clinic
from medsync.lib import clock
from scheduling import operations
from scheduling.models import Appointment, AppointmentEvent, Practitioner, Resource, ResourceKind, Source
from tests.api.conftest import free_times, new_patient, wish

pytestmark = pytest.mark.django_db

PENDING = "/api/whatsapp/pending-appointments"


def conflict(response, code):
    assert response.status_code == 409, response.content
    body = response.json()
    assert body["code"] == code
    return body


def invalid(response, *fields):
    assert response.status_code == 400, response.content
    assert set(response.json()["fields"]) == set(fields)


@pytest.fixture
def asked(client, clinic):
    """Return a request that waits."""
    response = client.post("/api/appointments", wish(clinic, new_patient(clinic)))
    assert response.status_code == 201, response.content
    return response.json()


def test_a_request_has_every_field_of_the_contract(client, clinic, asked):
    slot = free_times(clinic)[0]
    assert asked["starts_at"].endswith("Z")
    assert asked["starts_at"] < slot.starts_at.isoformat()
    identity = asked["id"]
    with in_clinic(clinic):
        row = Appointment.objects.select_related("practitioner").get(pk=identity)
    assert asked == {
        "id": identity,
        "patient_id": str(row.patient_id),
        "patient_name": "Ana Pérez",
        "practitioner_id": str(row.practitioner_id),
        "practitioner_name": row.practitioner.name,
        "type_id": str(row.type_id),
        "starts_at": row.starts_at.isoformat().replace("+00:00", "Z"),
        "ends_at": row.ends_at.isoformat().replace("+00:00", "Z"),
        "status": "pending_review",
        "attendance": "unasked",
        "source": "api",
        "version": 1,
    }
    assert client.get(f"/api/appointments/{identity}").json() == asked
    assert client.get(PENDING).json()["results"] == [asked]


def test_a_visit_can_be_booked_at_once(client, clinic):
    made = client.post("/api/appointments", wish(clinic, new_patient(clinic), status="confirmed"))
    assert made.status_code == 201
    assert made.json()["status"] == "confirmed"
    assert client.get(PENDING).json()["results"] == []


def test_accept_confirms_once_and_the_second_is_told_by_whom(client, desk, asked):
    accepted = client.post(f"{PENDING}/{asked['id']}/accept")
    assert accepted.status_code == 200
    assert accepted.json() == {**asked, "status": "confirmed"}
    for path in ("accept", "reject"):
        late = conflict(desk.post(f"{PENDING}/{asked['id']}/{path}"), "already_decided")
        assert late["decided_by"] == "Olivia Alpha"
        assert late["appointment"] == accepted.json()
    assert client.get(PENDING).json()["results"] == []


def test_reject_frees_the_time_and_keeps_the_reason(client, clinic, asked):
    rejected = client.post(f"{PENDING}/{asked['id']}/reject", {"reason": "The doctor is away"})
    assert rejected.status_code == 200
    assert rejected.json() == {**asked, "status": "cancelled"}
    times = [slot["starts_at"] for slot in client.get("/api/slots").json()["results"]]
    assert asked["starts_at"] in times
    with in_clinic(clinic):
        event = AppointmentEvent.objects.latest("at")
        assert (event.kind, event.reason, event.source) == ("rejected", "The doctor is away", Source.API)


def test_a_decision_needs_no_body(client, asked):
    response = client.client.generic("POST", f"{PENDING}/{asked['id']}/accept", headers=client.headers)
    assert response.status_code == 200
    invalid(client.post(f"{PENDING}/{asked['id']}/accept", {"version": 1}), "version")


def test_a_request_that_ran_out_was_decided_by_nobody(client, clinic, asked):
    with in_clinic(clinic):
        Appointment.objects.update(respond_by=clock.now() - timedelta(minutes=1))
        operations.expire_requests(now=clock.now())
    body = conflict(client.post(f"{PENDING}/{asked['id']}/accept"), "already_decided")
    assert body["decided_by"] is None
    assert body["appointment"]["status"] == "cancelled"


def test_a_taken_time_comes_with_free_ones(client, clinic, asked):
    body = {**wish(clinic, new_patient(clinic)), "starts_at": asked["starts_at"]}
    for status in ("pending_review", "confirmed"):
        refused = conflict(client.post("/api/appointments", {**body, "status": status}), "slot_taken")
        assert 1 <= len(refused["alternatives"]) <= 3
        for slot in refused["alternatives"]:
            assert set(slot) == {"starts_at", "ends_at", "practitioner_id", "type_id"}
            assert slot["starts_at"] != asked["starts_at"]
    alternative = refused["alternatives"][0]["starts_at"]
    assert client.post("/api/appointments", {**body, "starts_at": alternative}).status_code == 201


def test_a_patient_is_not_in_two_places(client, clinic, asked):
    with in_clinic(clinic):
        first = Practitioner.objects.get()
        second = Practitioner.objects.create(
            resource=Resource.objects.create(kind=ResourceKind.PRACTITIONER), name="Dr. Two", rank=2
        )
        for hours in first.weekly_hours.all():
            hours.pk, hours.practitioner = uuid4(), second
            hours.save(force_insert=True)
    body = {
        **wish(clinic, asked["patient_id"]),
        "starts_at": asked["starts_at"],
        "practitioner_id": str(second.pk),
    }
    conflict(client.post("/api/appointments", body), "slot_taken")


def test_a_time_against_the_rules_names_the_field(client, clinic):
    patient = new_patient(clinic)
    slot = free_times(clinic)[0]
    off_grid = (slot.starts_at + timedelta(minutes=7)).isoformat()
    at_night = (slot.starts_at.astimezone(clinic.zone).replace(hour=3, minute=0)).isoformat()
    for starts_at in (off_grid, at_night):
        response = client.post("/api/appointments", {**wish(clinic, patient, slot), "starts_at": starts_at})
        invalid(response, "starts_at")


def test_unknown_ids_are_not_found_by_field(client, clinic):
    patient = new_patient(clinic)
    for field in ("patient_id", "type_id", "practitioner_id"):
        response = client.post("/api/appointments", {**wish(clinic, patient), field: str(uuid4())})
        assert response.status_code == 404
        assert response.json()["code"] == "not_found"
        assert set(response.json()["fields"]) == {field}
    for path in ("accept", "reject"):
        assert client.post(f"{PENDING}/{uuid4()}/{path}").status_code == 404


def test_cancel_ends_a_visit_once(client, asked):
    cancelled = client.post(f"/api/appointments/{asked['id']}/cancel", {"reason": "The patient called"})
    assert cancelled.status_code == 200
    assert cancelled.json() == {**asked, "status": "cancelled"}
    body = conflict(client.post(f"/api/appointments/{asked['id']}/cancel"), "already_decided")
    assert body["appointment"]["status"] == "cancelled"


def test_a_move_keeps_the_id_and_raises_the_version(client, clinic, asked):
    later = free_times(clinic, 3)[2]
    path = f"/api/appointments/{asked['id']}/move"
    moved = client.post(path, {"starts_at": later.starts_at.isoformat(), "version": 1})
    assert moved.status_code == 200
    assert moved.json()["id"] == asked["id"]
    assert moved.json()["version"] == 2
    assert moved.json()["starts_at"] == later.starts_at.isoformat().replace("+00:00", "Z")
    assert moved.json()["status"] == "pending_review"
    times = [slot["starts_at"] for slot in client.get("/api/slots").json()["results"]]
    assert asked["starts_at"] in times
    stale = conflict(client.post(path, {"starts_at": asked["starts_at"], "version": 1}), "stale_version")
    assert stale["appointment"] == moved.json()
    assert client.post(path, {"starts_at": asked["starts_at"]}).json()["version"] == 3


def test_a_move_to_a_taken_or_past_time_changes_nothing(client, clinic, asked):
    other = client.post("/api/appointments", wish(clinic, new_patient(clinic))).json()
    path = f"/api/appointments/{asked['id']}/move"
    assert conflict(client.post(path, {"starts_at": other["starts_at"]}), "slot_taken")["alternatives"]
    invalid(client.post(path, {"starts_at": "2020-01-01T10:00:00Z"}), "starts_at")
    invalid(client.post(path, {}), "starts_at")
    assert client.get(f"/api/appointments/{asked['id']}").json() == asked


def test_what_is_over_is_not_moved(client, clinic, asked):
    client.post(f"/api/appointments/{asked['id']}/cancel")
    body = {"starts_at": free_times(clinic, 2)[1].starts_at.isoformat()}
    conflict(client.post(f"/api/appointments/{asked['id']}/move", body), "already_decided")


def test_free_times_have_every_field_and_are_free(client, clinic):
    body = client.get("/api/slots").json()
    assert set(body) == {"results"}
    first = body["results"][0]
    assert set(first) == {"starts_at", "ends_at", "practitioner_id", "type_id"}
    times = [slot["starts_at"] for slot in body["results"]]
    assert times == sorted(times)
    assert times[0] > clock.now().isoformat()
    wanted = {**wish(clinic, new_patient(clinic)), "starts_at": first["starts_at"]}
    assert client.post("/api/appointments", wanted).status_code == 201
    assert first not in client.get("/api/slots").json()["results"]


def test_days_are_local_dates(client, clinic):
    today = clock.now().astimezone(clinic.zone).date()
    monday = today + timedelta(days=7 - today.weekday())
    slots = client.get(f"/api/slots?from={monday}&days=1").json()["results"]
    assert len(slots) == 16  # 9 to 17 in New York, every half hour
    assert {slot["starts_at"][:10] for slot in slots} == {str(monday)}
    assert len(client.get(f"/api/slots?from={monday}&days=2").json()["results"]) == 32
    assert client.get("/api/slots?from=2020-01-01&days=31").json()["results"] == []
    assert client.get("/api/slots?from=9999-12-31&days=31").json()["results"] == []


def test_free_times_of_one_doctor_and_one_type(client):
    doctor = client.get("/api/practitioners").json()["results"][0]
    kind = client.get("/api/appointment-types").json()["results"][0]
    everything = client.get("/api/slots").json()
    assert client.get(f"/api/slots?practitioner={doctor['id']}&type={kind['id']}").json() == everything
    for name in ("practitioner", "type"):
        response = client.get(f"/api/slots?{name}={uuid4()}")
        assert response.status_code == 404
        assert set(response.json()["fields"]) == {name}


def test_doctors_and_types_can_be_read(client):
    for path in ("practitioners", "appointment-types"):
        (row,) = client.get(f"/api/{path}").json()["results"]
        assert client.get(f"/api/{path}/{row['id']}").json() == row
        assert row["name"]
        assert client.get(f"/api/{path}/{uuid4()}").status_code == 404
