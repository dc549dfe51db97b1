"""Sending a text by its id: as free text while the window is open, as the approved one afterwards, once."""

from datetime import timedelta
from uuid import uuid4

import pytest

from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging.models import Direction, Message, SavedText
from tests.api.conftest import write_in
from tests.messaging.approving import approved

pytestmark = pytest.mark.django_db

SEND = "/api/whatsapp/send-template"
DAY = timedelta(days=1)
VISIT = {"date": "Tuesday", "time": "10:00 AM", "when": "Tuesday, 10:00 AM", "doctor_name": "Dr. Lee"}


def outbound(clinic):
    with in_clinic(clinic):
        return list(Message.objects.filter(direction=Direction.OUTBOUND))


def body(thread, template_id, **fields):
    return {"patient_id": str(thread.patient_id), "template_id": template_id, **fields}


def test_a_built_in_text_goes_as_free_text_while_the_window_is_open(client, clinic):
    thread = write_in(clinic)
    response = client.post(
        SEND, body(thread, "appt_reminder", variables={"date": "martes", "time": "10:00"}, language="es")
    )
    assert response.status_code == 202, response.content
    assert response.json()["body"] == "Hola Ana, le recordamos su cita el martes a las 10:00."
    (message,) = outbound(clinic)
    assert message.template_id is None


def test_afterwards_the_approved_one_goes_once_however_often_it_is_asked_for(client, clinic):
    thread = write_in(clinic, at=clock.now() - 2 * DAY)
    with in_clinic(clinic):
        text = approved("reminder_default")
    wanted = body(thread, "appt_reminder", variables=VISIT, language="en", client_message_id="once")
    first, again = client.post(SEND, wanted), client.post(SEND, wanted)
    assert (first.status_code, again.status_code) == (202, 202), first.content
    assert first.json()["id"] == again.json()["id"]
    assert first.json()["kind"] == "template"
    (message,) = outbound(clinic)
    assert message.template_id == text.pk
    assert message.payload["variables"] == {"1": "Ana", "2": "Tuesday, 10:00 AM", "3": "Dr. Lee"}


def test_without_an_approved_one_it_is_refused_and_nothing_is_stored(client, clinic):
    thread = write_in(clinic, at=clock.now() - 2 * DAY)
    response = client.post(SEND, body(thread, "appt_reminder", variables=VISIT))
    assert response.status_code == 409
    assert response.json()["code"] == "window_closed"
    assert response.json()["remedy"]
    assert outbound(clinic) == []


@pytest.mark.parametrize("by", ["id", "sid", "key"])
def test_an_approved_text_goes_by_its_id_its_sid_or_what_it_is_for(client, clinic, by):
    thread = write_in(clinic, at=clock.now() - 2 * DAY)
    with in_clinic(clinic):
        text = approved("knock")
    template_id = {"id": str(text.pk), "sid": text.content_sid, "key": "knock"}[by]
    response = client.post(SEND, body(thread, template_id))
    assert response.status_code == 202, response.content
    assert response.json()["body"].startswith("Hello Ana, the team of")


def test_what_whatsapp_has_paused_is_refused(client, clinic):
    thread = write_in(clinic)
    with in_clinic(clinic):
        text = approved("knock", approval="paused")
    response = client.post(SEND, body(thread, str(text.pk)))
    assert (response.status_code, response.json()["code"]) == (409, "not_approved")
    assert outbound(clinic) == []


def test_a_variable_without_a_value_is_named(client, clinic):
    thread = write_in(clinic)
    response = client.post(SEND, body(thread, "appt_reminder"))
    assert response.status_code == 400
    assert response.json()["fields"]["variables"] == [
        "There is no value for date.",
        "There is no value for time.",
    ]
    assert outbound(clinic) == []


def test_a_text_of_the_clinics_own_goes_filled(client, clinic):
    thread = write_in(clinic)
    with in_clinic(clinic):
        own = SavedText.objects.create(
            name="Way",
            texts={"en": "{patient_name}, ring twice."},
            created_at=clock.now(),
            updated_at=clock.now(),
        )
    response = client.post(SEND, body(thread, str(own.pk), language="en"))
    assert response.status_code == 202, response.content
    assert response.json()["body"] == "Ana, ring twice."


@pytest.mark.parametrize(
    "template_id", ["nonsense", str(uuid4()), "HX" + "0" * 32], ids=["word", "id", "sid"]
)
def test_a_text_that_is_not_there_says_so(client, clinic, template_id):
    thread = write_in(clinic)
    response = client.post(SEND, body(thread, template_id))
    assert response.status_code == 404
    assert list(response.json()["fields"]) == ["template_id"]


def test_an_opted_out_patient_gets_no_approved_text_either(client, clinic):
    thread = write_in(clinic, at=clock.now() - 2 * DAY)
    with in_clinic(clinic):
        approved("knock")
        from messaging.models import ChannelConsent

        ChannelConsent.objects.update(opted_out_at=clock.now())
    response = client.post(SEND, body(thread, "knock"))
    assert (response.status_code, response.json()["code"]) == (409, "opted_out")
    assert outbound(clinic) == []


def test_the_list_has_all_three_kinds(client, clinic):
    with in_clinic(clinic):
        text = approved("knock", approval="pending")
        SavedText.objects.create(
            name="Way", texts={"en": "Ring {time}."}, created_at=clock.now(), updated_at=clock.now()
        )
    rows = client.get("/api/whatsapp/templates").json()["results"]
    assert {row["kind"] for row in rows} == {"built_in", "own", "approved"}
    (found,) = [row for row in rows if row["kind"] == "approved"]
    assert (found["status"], found["content_sid"], found["used_for"]) == (
        "pending",
        text.content_sid,
        "knock",
    )
    assert found["variables"] == ["patient_name", "clinic_name"]
    assert found["buttons"] == ["Show me"]
    (own,) = [row for row in rows if row["kind"] == "own"]
    assert own["variables"] == ["time"]
