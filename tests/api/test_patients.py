"""Patients: made, read, changed; what they agreed to goes into the ledger."""

from uuid import uuid4

import pytest

from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging.models import ChannelConsent, ConsentEvent
from scheduling.models import Patient
from tests.api.conftest import new_patient, write_in

pytestmark = pytest.mark.django_db

PATIENTS = "/api/patients"


def ledger(clinic):
    with in_clinic(clinic):
        return list(
            ConsentEvent.objects.order_by("at", "id").values_list("channel", "purpose", "action", "source")
        )


def test_a_patient_is_made_with_everything(client, clinic):
    given = {
        "name": "Ana María Pérez",
        "called": "Ani",
        "preferred_language": "es-MX",
        "date_of_birth": "1988-02-29",
        "record_number": "R-1",
        "consent_whatsapp": True,
        "consent_sms": False,
    }
    response = client.post(PATIENTS, {**given, "phone": "(415) 555-2671"})
    assert response.status_code == 201
    made = dict(response.json())
    identity, contacts = made.pop("id"), made.pop("contacts")
    assert made == given
    contact = dict(contacts[0])
    assert contact.pop("id")
    assert contact == {"phone": "+14155552671", "relation": "self", "starred": True}
    assert client.get(f"{PATIENTS}/{identity}").json() == response.json()
    assert ledger(clinic) == [("whatsapp", "care", "granted", "api")]


def test_a_name_is_enough(client):
    made = client.post(PATIENTS, {"name": "李"}).json()
    assert made["contacts"] == []
    assert made["date_of_birth"] is None
    assert made["consent_whatsapp"] is made["consent_sms"] is False


def test_a_national_number_is_one_of_the_clinics_country(api, other_owner, other_clinic):
    made = api(other_owner, other_clinic).post(PATIENTS, {"name": "Ana", "phone": "55 5555 0111"}).json()
    assert made["contacts"][0]["phone"] == "+525555550111"


def test_who_wrote_without_a_name_is_named_and_stays_one(client, clinic):
    thread = write_in(clinic, "+14155550101", name="")
    made = client.post(PATIENTS, {"name": "Ana Pérez", "phone": "+14155550101"}).json()
    assert made["id"] == str(thread.patient_id)
    assert made["contacts"][0]["id"] == str(thread.contact_id)
    assert made["consent_whatsapp"] is True


def test_a_family_may_share_a_number(client):
    first = client.post(PATIENTS, {"name": "Ana", "phone": "+14155550101"}).json()
    second = client.post(PATIENTS, {"name": "Luz", "phone": "+14155550101"}).json()
    assert first["id"] != second["id"]
    assert first["contacts"][0]["id"] == second["contacts"][0]["id"]


def test_only_what_is_sent_changes(client, clinic):
    made = client.post(PATIENTS, {"name": "Ana", "called": "Ani", "date_of_birth": "1990-01-01"}).json()
    path = f"{PATIENTS}/{made['id']}"
    assert client.patch(path, {}).json() == made
    changed = client.patch(path, {"called": "", "date_of_birth": None, "record_number": "R-2"})
    assert changed.status_code == 200
    assert changed.json() == {**made, "called": "", "date_of_birth": None, "record_number": "R-2"}
    with in_clinic(clinic):
        assert Patient.objects.get().search_key == "ana r-2"


@pytest.mark.parametrize("field", ["name", "called", "preferred_language", "record_number", "consent_sms"])
def test_nothing_is_no_value_of_a_text(client, clinic, field):
    response = client.patch(f"{PATIENTS}/{new_patient(clinic)}", {field: None})
    assert response.status_code == 400
    assert set(response.json()["fields"]) == {field}


def test_a_number_is_given_when_a_patient_is_made_only(client, clinic):
    response = client.patch(f"{PATIENTS}/{new_patient(clinic)}", {"phone": "+14155550101"})
    assert set(response.json()["fields"]) == {"phone"}


def test_a_record_number_is_one_patients(client, clinic):
    client.post(PATIENTS, {"name": "Ana", "record_number": "R-1"})
    again = client.post(PATIENTS, {"name": "Eva", "record_number": "R-1", "phone": "+14155550101"})
    changed = client.patch(f"{PATIENTS}/{new_patient(clinic)}", {"record_number": "R-1"})
    for response in (again, changed):
        assert response.status_code == 400
        assert set(response.json()["fields"]) == {"record_number"}
    with in_clinic(clinic):
        assert not Patient.objects.filter(name="Eva").exists()


def test_consent_is_recorded_where_it_is_news(client, clinic):
    patient = new_patient(clinic, phone="+14155550101")
    path = f"{PATIENTS}/{patient}"
    assert client.patch(path, {"consent_whatsapp": True}).json()["consent_whatsapp"] is True
    assert client.patch(path, {"consent_whatsapp": True}).json()["consent_whatsapp"] is True
    assert client.patch(path, {"consent_whatsapp": False, "consent_sms": True}).json()["consent_sms"] is True
    assert ledger(clinic) == [
        ("whatsapp", "care", "granted", "api"),
        ("whatsapp", "care", "refused", "api"),
        ("sms", "care", "granted", "api"),
    ]


def test_nobody_but_the_patient_undoes_a_stop(client, clinic):
    thread = write_in(clinic)
    with in_clinic(clinic):
        ChannelConsent.objects.update(opted_out_at=clock.now())
    path = f"{PATIENTS}/{thread.patient_id}"
    assert client.get(path).json()["consent_whatsapp"] is False
    response = client.patch(path, {"consent_whatsapp": True, "called": "Ani"})
    assert response.status_code == 409
    assert response.json()["code"] == "opted_out"
    assert client.get(path).json()["called"] == ""
    assert client.patch(path, {"consent_whatsapp": False}).status_code == 200


def test_consent_needs_a_number_that_it_is_for(client, clinic):
    made = client.post(PATIENTS, {"name": "Ana", "consent_whatsapp": True})
    changed = client.patch(f"{PATIENTS}/{new_patient(clinic, 'Eva')}", {"consent_whatsapp": False})
    for response in (made, changed):
        assert set(response.json()["fields"]) == {"consent_whatsapp"}
    with in_clinic(clinic):
        assert not Patient.objects.filter(name="Ana").exists()


def test_an_unknown_or_merged_patient_is_not_found(client, clinic):
    with in_clinic(clinic):
        kept = Patient.objects.create(name="Ana")
        gone = Patient.objects.create(name="Ana", merged_into=kept)
    for identity in (uuid4(), gone.pk):
        assert client.get(f"{PATIENTS}/{identity}").status_code == 404
        assert client.patch(f"{PATIENTS}/{identity}", {"name": "Eva"}).status_code == 404
    assert [row["id"] for row in client.get(PATIENTS).json()["results"]] == [str(kept.pk)]
