"""Consent recorded once for a whole imported list: how, when, in which words; it undoes nothing."""

from datetime import date
from typing import Any

import pytest

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging.models import ChannelConsent, ConsentEvent
from scheduling.models import ContactPoint, Patient
from tests.clinics.test_patient_import import ADMIN, look

pytestmark = pytest.mark.django_db

FILE = "name,phone\nAna Ruiz,(646) 555-0111\nLuis Paz,(646) 555-0112\nEva Gil,(646) 555-0113\n"
SAID = {
    "agreed_channels": ["sms", "whatsapp"],
    "agreed_how": "paper",
    "agreed_on": "2026-10-01",
    "agreed_words": "I agree to messages about my visits.",
}


def stored(client: Any, page: Any, **said: Any) -> Any:
    fields = {**page.context["confirm_form"].initial, **said}
    return client.post(f"{ADMIN}scheduling/patient/process_import/", fields, follow=True)


def test_everybody_of_the_file_is_in_the_ledger_with_the_proof(
    clinic: Clinic, owner: User, browse: Any
) -> None:
    client = browse(owner)
    page = look(client, FILE)
    assert "Everybody in this file agreed" in page.content.decode()
    stored(client, page, **SAID)
    with in_clinic(clinic):
        rows = ChannelConsent.objects.all()
        assert {(r.channel, r.care, r.news) for r in rows} == {("sms", True, None), ("whatsapp", True, None)}
        assert rows.count() == 6
        lines = ConsentEvent.objects.all()
        assert {(e.action, e.source, e.purpose, e.how, e.said_on, e.wording, e.actor_id) for e in lines} == {
            ("granted", "import", "care", "paper", date(2026, 10, 1), SAID["agreed_words"], owner.pk)
        }
        assert lines.count() == 6
        patient = Patient.objects.get(name="Ana Ruiz")
    proof = client.get(f"/c/{clinic.slug}/patients/{patient.pk}/").content.decode()
    assert "imported" in proof
    assert "said on paper, signed on Oct 1, 2026" in proof
    assert "recorded by Olivia Alpha" in proof
    assert SAID["agreed_words"] in proof


def test_it_undoes_no_stop_and_no_refusal_and_says_nothing_twice(
    clinic: Clinic, owner: User, browse: Any
) -> None:
    client = browse(owner)
    stored(client, look(client, FILE))
    with in_clinic(clinic):
        stopped, refused, _free = ContactPoint.objects.order_by("phone")
        ChannelConsent.objects.create(
            contact_point=stopped, channel="sms", opted_out_at="2026-01-01T00:00:00Z"
        )
        ChannelConsent.objects.create(contact_point=refused, channel="sms", care=False)
    again = FILE.replace("Ruiz", "Ruiz de Mora").replace("Paz", "Paz Mora").replace("Gil", "Gil Mora")
    stored(client, look(client, again), **SAID | {"agreed_channels": ["sms"]})
    with in_clinic(clinic):
        rows = {
            row.contact_point.phone: row for row in ChannelConsent.objects.select_related("contact_point")
        }
        assert rows["+16465550111"].opted_out_at
        assert rows["+16465550111"].care is None
        assert rows["+16465550112"].care is False
        assert rows["+16465550113"].care is True
        assert ConsentEvent.objects.count() == 1


def test_without_a_word_about_it_nothing_is_recorded(clinic: Clinic, owner: User, browse: Any) -> None:
    client = browse(owner)
    stored(client, look(client, FILE))
    with in_clinic(clinic):
        assert Patient.objects.filter(name="Ana Ruiz").exists()
        assert not ConsentEvent.objects.exists()


@pytest.mark.parametrize("missing", ["agreed_on", "agreed_words"])
def test_without_proof_nothing_is_stored(clinic: Clinic, owner: User, browse: Any, missing: str) -> None:
    client = browse(owner)
    page = stored(client, look(client, FILE), **SAID | {missing: ""})
    assert "Nothing was stored." in page.content.decode()
    with in_clinic(clinic):
        assert not Patient.objects.filter(name="Ana Ruiz").exists()
        assert not ConsentEvent.objects.exists()
