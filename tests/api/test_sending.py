"""Sending: stored once, where the patient wrote last; refused with the reason and the way out, storing nothing."""

from datetime import timedelta
from uuid import uuid4

import pytest

from clinics.models import Sender, SenderStatus
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging.models import Author, ChannelConsent, Conversation, Direction, Message, Window
from scheduling.models import ContactPoint, Patient, PatientContact
from tests.api.conftest import new_patient, write_in

pytestmark = pytest.mark.django_db

SEND = "/api/whatsapp/send"
FIELDS = {
    *(
        "id",
        "conversation_id",
        "contact_id",
        "patient_id",
        "sender_id",
        "appointment_id",
        "direction",
        "channel",
    ),
    *("kind", "body", "status", "error_code", "reason", "provider_message_id", "created_at"),
}


def outbound(clinic):
    with in_clinic(clinic):
        return list(Message.objects.filter(direction=Direction.OUTBOUND))


def refused(clinic, response, status, code):
    assert response.status_code == status, response.content
    assert response.json()["code"] == code
    assert outbound(clinic) == []
    return response.json()


def test_a_message_is_stored_for_the_worker(client, clinic):
    thread = write_in(clinic)
    response = client.post(SEND, {"patient_id": str(thread.patient_id), "body": " We look forward to it. "})
    assert response.status_code == 202
    message = response.json()
    assert set(message) == FIELDS
    assert message["conversation_id"] == str(thread.conversation_id)
    assert message["contact_id"] == str(thread.contact_id)
    assert message["patient_id"] == str(thread.patient_id)
    assert (message["direction"], message["channel"], message["kind"]) == ("outbound", "whatsapp", "text")
    assert (message["status"], message["body"]) == ("queued", "We look forward to it.")
    assert message["error_code"] is message["reason"] is message["provider_message_id"] is None
    assert message["created_at"].endswith("Z")
    path = f"/api/whatsapp/conversations/{thread.conversation_id}/messages"
    assert client.get(path).json()["results"][0] == message


def test_a_contact_can_be_written_to_without_knowing_whose_it_is(client, clinic):
    thread = write_in(clinic)
    message = client.post(SEND, {"contact_id": str(thread.contact_id), "body": "hello"}).json()
    assert message["contact_id"] == str(thread.contact_id)


def test_it_goes_by_the_channel_that_the_patient_wrote_on(client, clinic):
    thread = write_in(clinic, channel="sms")
    message = client.post(SEND, {"patient_id": str(thread.patient_id), "body": "hello"}).json()
    assert message["channel"] == "sms"


def test_of_several_contacts_it_goes_where_the_patient_wrote_last(client, clinic):
    first = write_in(clinic, "+14155550101", at=clock.now() - timedelta(hours=2))
    second = write_in(clinic, "+14155550102", at=clock.now() - timedelta(hours=1))
    with in_clinic(clinic):
        PatientContact.objects.create(patient_id=first.patient_id, contact_point_id=second.contact_id)
    message = client.post(SEND, {"patient_id": str(first.patient_id), "body": "hello"}).json()
    assert message["contact_id"] == str(second.contact_id)


def test_a_thread_of_several_people_does_not_guess_whose_words_they_are(client, clinic):
    thread = write_in(clinic)
    with in_clinic(clinic):
        child = Patient.objects.create(name="Luz Pérez")
        PatientContact.objects.create(patient=child, contact_point_id=thread.contact_id, relation="mother")
    row = client.get(f"/api/whatsapp/conversations/{thread.conversation_id}").json()
    assert [person["name"] for person in row["patients"]] == ["Ana Pérez", "Luz Pérez"]
    assert row["patient"] is None
    rows = client.get(f"/api/whatsapp/conversations/{thread.conversation_id}/messages").json()["results"]
    assert rows[0]["patient_id"] is None


def test_a_retry_with_its_id_gives_the_same_message(client, clinic):
    thread = write_in(clinic)
    body = {"patient_id": str(thread.patient_id), "body": "hello", "client_message_id": "abc-1"}
    first, second = client.post(SEND, body), client.post(SEND, body)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    assert len(outbound(clinic)) == 1
    other = client.post(SEND, {**body, "body": "something else"})
    assert other.status_code == 409
    assert other.json()["code"] == "key_reused"
    assert len(outbound(clinic)) == 1


def test_without_an_active_number_nothing_is_stored(client, clinic):
    thread = write_in(clinic)
    Sender.objects.filter(clinic=clinic).update(status=SenderStatus.DISABLED, rank=None)
    body = refused(
        clinic, client.post(SEND, {"patient_id": str(thread.patient_id), "body": "hi"}), 409, "no_sender"
    )
    assert body["detail"] == "No active WhatsApp sender configured"


def test_without_consent_nothing_is_stored(client, clinic):
    thread = write_in(clinic, consent=False)
    answer = client.post(SEND, {"patient_id": str(thread.patient_id), "body": "hi"}, Accept_Language="es")
    body = refused(clinic, answer, 409, "no_consent")
    assert body["detail"] == "Patient has not consented to WhatsApp messages"


def test_a_patient_who_never_wrote_has_not_consented_and_gets_no_empty_thread(client, clinic):
    patient = new_patient(clinic, phone="+14155550177")
    refused(clinic, client.post(SEND, {"patient_id": str(patient), "body": "hi"}), 409, "no_consent")
    with in_clinic(clinic):
        assert not Conversation.objects.exists()


def test_after_stop_nothing_is_stored(client, clinic):
    thread = write_in(clinic)
    with in_clinic(clinic):
        ChannelConsent.objects.update(opted_out_at=clock.now())
    refused(clinic, client.post(SEND, {"patient_id": str(thread.patient_id), "body": "hi"}), 409, "opted_out")


def test_after_the_window_the_way_out_is_told(client, clinic):
    thread = write_in(clinic, at=clock.now() - timedelta(hours=24, seconds=1))
    answer = client.post(SEND, {"patient_id": str(thread.patient_id), "body": "hi"})
    assert refused(clinic, answer, 409, "window_closed")["remedy"]


def test_within_the_window_it_goes(client, clinic):
    thread = write_in(clinic, at=clock.now() - timedelta(hours=23, minutes=58))
    assert client.post(SEND, {"patient_id": str(thread.patient_id), "body": "hi"}).status_code == 202


def test_an_agreed_patient_who_never_wrote_has_no_window(client, clinic):
    made = client.post(
        "/api/patients", {"name": "Ana", "phone": "+14155550177", "consent_whatsapp": True}
    ).json()
    refused(clinic, client.post(SEND, {"patient_id": made["id"], "body": "hi"}), 409, "window_closed")
    with in_clinic(clinic):
        assert not Window.objects.exists()


def test_when_a_colleague_has_answered_the_writer_is_told_by_whom(client, desk, clinic, owner):
    thread = write_in(clinic)
    seen = str(thread.message_ids[-1])
    body = {"patient_id": str(thread.patient_id), "body": "hello"}
    assert desk.post(SEND, {**body, "after_message_id": seen}).status_code == 202
    late = client.post(SEND, {**body, "after_message_id": seen})
    assert late.status_code == 409
    assert late.json()["code"] == "answered_meanwhile"
    assert late.json()["answered_by"] == "Receptionist Alpha"
    assert late.json()["answered_at"].endswith("Z")
    newest = client.get(f"/api/whatsapp/conversations/{thread.conversation_id}/messages").json()["results"][0]
    assert client.post(SEND, {**body, "after_message_id": newest["id"]}).status_code == 202
    with in_clinic(clinic):
        assert Message.objects.filter(author=Author.STAFF).count() == 2


def test_an_unknown_last_message_is_not_found(client, clinic):
    thread, other = write_in(clinic), write_in(clinic, "+14155550102")
    for after in (str(uuid4()), str(other.message_ids[0])):
        body = {"patient_id": str(thread.patient_id), "body": "hi", "after_message_id": after}
        assert set(refused(clinic, client.post(SEND, body), 404, "not_found")["fields"]) == {
            "after_message_id"
        }


def test_a_patient_who_cannot_be_reached_is_an_error_of_the_field(client, clinic):
    patient = new_patient(clinic)
    body = refused(clinic, client.post(SEND, {"patient_id": str(patient), "body": "hi"}), 400, "invalid")
    assert set(body["fields"]) == {"patient_id"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        *[
            ({"body": text}, "body")
            for text in ("", "   ", "\n", None, 1, [], "a\x00b", "\ud800", "x" * 1601)
        ],
        *[({"client_message_id": key}, "client_message_id") for key in ("", "x" * 81, 1, None, "a\x00")],
        *[({"after_message_id": key}, "after_message_id") for key in ("", "abc", 1, None)],
        ({"contact_id": str(uuid4())}, "patient_id"),
        ({"patient_id": None}, "patient_id"),
        ({"channel": "sms"}, "channel"),
    ],
)
def test_bad_input_names_the_field(client, clinic, body, field):
    thread = write_in(clinic)
    sent = {"patient_id": str(thread.patient_id), "body": "hi", **body}
    assert set(refused(clinic, client.post(SEND, sent), 400, "invalid")["fields"]) == {field}


def test_a_text_that_is_too_long_is_counted(client, clinic):
    thread = write_in(clinic)
    answer = client.post(SEND, {"patient_id": str(thread.patient_id), "body": "x" * 70_000})
    assert "70000" in refused(clinic, answer, 400, "invalid")["fields"]["body"][0]
    longest = client.post(SEND, {"patient_id": str(thread.patient_id), "body": "x" * 1600})
    assert longest.status_code == 202


def test_somebody_must_be_addressed(client, clinic):
    refused(clinic, client.post(SEND, {"body": "hi"}), 400, "invalid")
    for field in ("patient_id", "contact_id"):
        answer = client.post(SEND, {field: str(uuid4()), "body": "hi"})
        assert set(refused(clinic, answer, 404, "not_found")["fields"]) == {field}


def test_a_contact_without_a_number_on_the_channel_is_an_error_of_the_field(client, clinic):
    with in_clinic(clinic):
        point = ContactPoint.objects.create(match_key="US.hidden")
        ChannelConsent.objects.create(contact_point=point, channel="whatsapp", care=True)
    body = refused(clinic, client.post(SEND, {"contact_id": str(point.pk), "body": "hi"}), 400, "invalid")
    assert set(body["fields"]) == {"contact_id"}
