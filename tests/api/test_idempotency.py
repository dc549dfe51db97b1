"""`Idempotency-Key`: sent again, a creating request has its effect once, also when both come at the same time."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from clinics import idempotency
from clinics.models import IdempotencyKey
from clinics.tasks import forget_old_keys
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging.models import Message
from scheduling.models import Appointment, Patient
from tests.api.conftest import free_times, new_patient, wish, write_in
from tests.conftest import ApiClient


@pytest.mark.django_db
def test_the_same_request_gives_the_same_answer(client, clinic):
    body = wish(clinic, new_patient(clinic))
    first = client.post("/api/appointments", body, Idempotency_Key="k-1")
    again = client.post("/api/appointments/", dict(reversed(body.items())), Idempotency_Key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    with in_clinic(clinic):
        assert Appointment.objects.count() == 1


@pytest.mark.django_db
def test_every_creating_request_honours_it(client, clinic):
    thread = write_in(clinic)
    for path, body in [
        ("/api/patients", {"name": "Eva"}),
        ("/api/appointments", wish(clinic, thread.patient_id)),
        ("/api/whatsapp/send", {"patient_id": str(thread.patient_id), "body": "hello"}),
        ("/api/whatsapp/link-existing", {"phone_number": "+12125550143", "display_name": "X"}),
    ]:
        first = client.post(path, body, Idempotency_Key=path)
        again = client.post(path, body, Idempotency_Key=path)
        assert first.status_code in (201, 202), first.content
        assert (again.status_code, again.json()) == (first.status_code, first.json())


@pytest.mark.django_db
def test_the_answer_is_read_again_not_kept(client, clinic):
    made = client.post("/api/patients", {"name": "Eva"}, Idempotency_Key="k").json()
    client.patch(f"/api/patients/{made['id']}", {"called": "Evita"})
    assert client.post("/api/patients", {"name": "Eva"}, Idempotency_Key="k").json()["called"] == "Evita"


@pytest.mark.django_db
def test_another_request_with_the_key_is_refused(client, clinic):
    client.post("/api/patients", {"name": "Eva"}, Idempotency_Key="k")
    for path, body in [
        ("/api/patients", {"name": "Ana"}),
        ("/api/whatsapp/send", {"contact_id": str(clinic.id), "body": "x"}),
    ]:
        response = client.post(path, body, Idempotency_Key="k")
        assert response.status_code == 409
        assert response.json()["code"] == "key_reused"
    with in_clinic(clinic):
        assert Patient.objects.count() == 1


@pytest.mark.django_db
def test_a_refused_request_may_be_tried_again_with_its_key(client, clinic):
    thread = write_in(clinic, consent=False)
    body = {"patient_id": str(thread.patient_id), "body": "hello"}
    assert client.post("/api/whatsapp/send", body, Idempotency_Key="k").status_code == 409
    client.patch(f"/api/patients/{thread.patient_id}", {"consent_whatsapp": True})
    assert client.post("/api/whatsapp/send", body, Idempotency_Key="k").status_code == 202


@pytest.mark.django_db
def test_a_key_is_its_callers(client, desk, clinic):
    first = client.post("/api/patients", {"name": "Eva"}, Idempotency_Key="k").json()
    assert desk.post("/api/patients", {"name": "Eva"}, Idempotency_Key="k").json()["id"] != first["id"]


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "a\x00b", "a\x7fb", "a\x85b"])
def test_what_is_no_key_is_refused(client, clinic, key):
    response = client.post("/api/patients", {"name": "Eva"}, Idempotency_Key=key)
    assert response.status_code == 400
    assert set(response.json()["fields"]) == {"Idempotency-Key"}
    with in_clinic(clinic):
        assert not Patient.objects.exists()


@pytest.mark.django_db
def test_a_key_may_have_255_characters(client):
    assert client.post("/api/patients", {"name": "Eva"}, Idempotency_Key="x" * 255).status_code == 201


@pytest.mark.django_db
def test_keys_are_forgotten_after_48_hours_and_hold_no_content(client, clinic):
    client.post("/api/patients", {"name": "Eva"}, Idempotency_Key="old")
    client.post("/api/patients", {"name": "Eva"}, Idempotency_Key="new")
    old = clock.now() - idempotency.KEPT_FOR - timedelta(minutes=1)
    IdempotencyKey.objects.filter(key="old").update(created_at=old)
    assert "Eva" not in str(list(IdempotencyKey.objects.values()))
    forget_old_keys()
    assert [row.key for row in IdempotencyKey.objects.all()] == ["new"]


def at_once(count, call):
    """Run the call so often at the same time; return the responses."""
    barrier, answers = threading.Barrier(count), []

    def run():
        try:
            barrier.wait(10)
            answers.append(call())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def test_sent_eight_times_at_once_it_has_one_effect(committed):
    clinic, owner = committed.clinics["alpha"], committed.users["owner@alpha.example"]
    body = wish(clinic, new_patient(clinic))
    clients = iter([ApiClient(owner, clinic) for _ in range(8)])
    answers = at_once(8, lambda: next(clients).post("/api/appointments", body, Idempotency_Key="k"))
    assert [answer.status_code for answer in answers] == [201] * 8
    assert len({answer.json()["id"] for answer in answers}) == 1
    with in_clinic(clinic):
        assert Appointment.objects.count() == 1


def test_eight_callers_with_keys_of_their_own_take_one_time_once(committed):
    clinic, owner = committed.clinics["alpha"], committed.users["owner@alpha.example"]
    slot = free_times(clinic)[0]
    calls = iter(
        [(ApiClient(owner, clinic), wish(clinic, new_patient(clinic), slot), str(n)) for n in range(8)]
    )

    def call():
        client, body, key = next(calls)
        return client.post("/api/appointments", body, Idempotency_Key=key)

    answers = at_once(8, call)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"slot_taken"}
    assert IdempotencyKey.objects.count() == 1


def test_numbers_linked_at_once_with_keys_do_not_deadlock(committed):
    clinic, owner = committed.clinics["beta"], committed.users["owner@beta.example"]
    calls = iter([(ApiClient(owner, clinic), f"+5255555502{n:02}") for n in range(6)])

    def call():
        client, number = next(calls)
        return client.post(
            "/api/whatsapp/link-existing",
            {"phone_number": number, "display_name": "X"},
            Idempotency_Key=number,
        )

    assert sorted(answer.status_code for answer in at_once(6, call)) == [201, 201, 409, 409, 409, 409]


def test_one_message_id_sent_eight_times_at_once_is_one_message(committed):
    clinic, owner = committed.clinics["alpha"], committed.users["owner@alpha.example"]
    thread = write_in(clinic)
    body = {"patient_id": str(thread.patient_id), "body": "hello", "client_message_id": "m-1"}
    clients = iter([ApiClient(owner, clinic) for _ in range(8)])
    answers = at_once(8, lambda: next(clients).post("/api/whatsapp/send", body))
    assert [answer.status_code for answer in answers] == [202] * 8
    with in_clinic(clinic):
        assert Message.objects.filter(client_message_id="m-1").count() == 1
