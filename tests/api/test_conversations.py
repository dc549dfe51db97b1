"""Threads as integrators see them, and putting them away."""

import pytest

from clinics.tenancy import in_clinic
from messaging.models import Conversation, ConversationState, Message
from tests.api.conftest import new_patient, write_in

pytestmark = pytest.mark.django_db

LIST = "/api/whatsapp/conversations"


def test_a_thread_has_every_field_of_the_contract(client, clinic):
    thread = write_in(clinic, bodies=("hola", "¿hay cita?"))
    (row,) = client.get(LIST).json()["results"]
    at, closes = row.pop("last_message_at"), row.pop("window_closes_at")
    assert at.endswith("Z")
    assert closes.endswith("Z")
    assert at < closes
    assert row == {
        "id": str(thread.conversation_id),
        "contact": {
            "id": str(thread.contact_id),
            "display_name": "~Ana~",
            "phone": "+14155550101",
            "addresses": [{"channel": "whatsapp", "address": "+14155550101"}],
        },
        "patients": [{"id": str(thread.patient_id), "name": "Ana Pérez"}],
        "patient": {"id": str(thread.patient_id), "name": "Ana Pérez", "phone": "+14155550101"},
        "state": ConversationState.IDLE,
        "work_state": "needs_reply",
        "unread_count": 2,
        "last_message": "¿hay cita?",
    }
    one = client.get(f"{LIST}/{thread.conversation_id}").json()
    assert one["patient"] == row["patient"]


def test_reading_changes_nothing(client, clinic):
    thread = write_in(clinic)
    client.get(f"{LIST}/{thread.conversation_id}/messages")
    client.get(f"{LIST}/{thread.conversation_id}")
    (row,) = client.get(LIST).json()["results"]
    assert (row["unread_count"], row["work_state"]) == (1, "needs_reply")


def test_an_inbound_message_says_who_wrote_and_by_which_number(client, clinic):
    thread = write_in(clinic, bodies=("hola",))
    (row,) = client.get(f"{LIST}/{thread.conversation_id}/messages").json()["results"]
    whatsapp = client.get("/api/whatsapp/senders").json()["results"][0]
    assert (row["direction"], row["status"], row["body"]) == ("inbound", "received", "hola")
    assert row["sender_id"] == whatsapp["id"]
    assert row["patient_id"] == str(thread.patient_id)
    assert row["provider_message_id"].startswith("SM")


def test_patients_words_come_back_as_they_were_written(client, clinic):
    text = "�<script>alert(1)</script> {0} %s \u202e李 👩‍👩‍👧 \u2028"
    thread = write_in(clinic, bodies=(text,))
    response = client.get(f"{LIST}/{thread.conversation_id}/messages")
    assert response.json()["results"][0]["body"] == text
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_putting_away_takes_a_thread_out_of_the_list_and_deletes_nothing(client, clinic):
    thread, other = write_in(clinic), write_in(clinic, "+14155550102")
    path = f"{LIST}/{thread.conversation_id}"
    response = client.delete(path)
    assert response.status_code == 204
    assert response.content == b""
    assert [row["id"] for row in client.get(LIST).json()["results"]] == [str(other.conversation_id)]
    assert client.delete(path).status_code == 204
    with in_clinic(clinic):
        assert Conversation.objects.filter(pk=thread.conversation_id).exists()
        assert Message.objects.filter(conversation=thread.conversation_id).exists()
    assert client.get(f"{path}/messages").status_code == 200


def test_a_manager_may_put_away_and_a_receptionist_may_not(api, world, clinic, desk):
    thread = write_in(clinic)
    path = f"{LIST}/{thread.conversation_id}"
    assert desk.delete(path).status_code == 403
    assert api(world.users["doctor@alpha.example"], clinic).delete(path).status_code == 403
    assert len(client_rows(desk)) == 1
    assert api(world.users["admin_doctor@alpha.example"], clinic).delete(path).status_code == 204
    assert client_rows(desk) == []


def client_rows(client):
    return client.get(LIST).json()["results"]


def test_a_thread_appears_with_its_first_message(client, clinic):
    new_patient(clinic, phone="+14155550177")
    assert client_rows(client) == []


def test_templates_have_every_language(client):
    rows = {row["id"]: row for row in client.get("/api/whatsapp/templates").json()["results"]}
    assert {"appt_reminder", "appt_confirmed", "followup", "pre_visit", "reschedule", "custom"} <= set(rows)
    assert rows["appt_reminder"]["variables"] == ["patient_name", "date", "time"]
    for row in rows.values():
        assert (row["kind"], row["status"], row["content_sid"], row["used_for"]) == (
            "built_in",
            None,
            None,
            None,
        )
        assert set(row) >= {"id", "name", "category", "variables", "bodies", "buttons"}
        assert set(row["bodies"]) == {"en", "es", "zh"}
        assert all(row["bodies"].values())
