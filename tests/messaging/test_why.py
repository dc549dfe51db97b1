"""Why a message was, or was not, sent: what staff read on it, step by step, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.utils import translation

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging import gate
from messaging.inbox import queries, why, words
from messaging.models import (
    ChannelConsent,
    ConsentAction,
    ConsentEvent,
    ConsentSource,
    Conversation,
    Message,
    Purpose,
)
from scheduling.models import Patient, PatientContact
from tests.messaging.outbound import queued, thread
from tests.messaging.test_gate_capacity import SAID, approve, limit
from tests.messaging.test_gate_windows import no_sms, sender_of

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 11, 24, 3, tzinfo=UTC)  # Monday 22:00 in New York
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _inside(clinic: Clinic) -> Iterator[None]:
    with in_clinic(clinic), time_machine.travel(NIGHT, tick=False):
        yield


def explained(message: Message, clinic: Clinic, language: str = "en") -> why.Why:
    found = queries.message_with_history(message.conversation_id, message.pk)
    assert found
    proof, _patient = queries.consent_behind(found)
    with translation.override(language):
        return why.explain(found, clinic=clinic, now=NIGHT, proof=proof, proof_url="/proof")


def plain(text: str) -> str:
    return text.replace("\u202f", " ")


def lines(explained: why.Why) -> dict[str, tuple[str, str]]:
    return {step.text: (plain(step.detail), step.state) for step in explained.steps}


def test_the_channel_and_why_this_one(clinic: Clinic) -> None:
    said = lines(explained(queued(thread(clinic)), clinic))
    assert said["WhatsApp, where the patient last wrote"] == ("9:55 PM", "passed")


def test_another_channel_and_what_was_wrong_with_the_first(clinic: Clinic) -> None:
    message = queued(thread(clinic, last_inbound=3 * DAY))
    detail, _state = lines(explained(message, clinic))["SMS, because WhatsApp was not possible"]
    assert detail == "The 24-hour window is closed: WhatsApp takes no free text now"


def test_the_consent_with_how_and_when_and_where_its_proof_is(clinic: Clinic) -> None:
    conversation = thread(clinic)
    ConsentEvent.objects.create(
        contact_point=conversation.contact_point,
        channel="whatsapp",
        purpose=Purpose.CARE,
        action=ConsentAction.GRANTED,
        source=ConsentSource.STAFF,
        at=NIGHT - timedelta(hours=3),
    )
    step = next(s for s in explained(queued(conversation), clinic).steps if "agreed to" in s.text)
    assert (plain(step.detail), step.url) == ("Recorded by staff · 7:00 PM", "/proof")


def test_an_sms_that_nobody_agreed_to_and_nobody_refused_claims_no_consent(clinic: Clinic) -> None:
    message = queued(thread(clinic, last_inbound=3 * DAY))
    (step,) = (s for s in explained(message, clinic).steps if "refused" in s.text)
    assert (step.text, step.detail, step.url) == (
        "Nobody refused: an SMS about a visit needs no more",
        "",
        "",
    )


def test_the_window_with_what_the_patient_wrote_last(clinic: Clinic) -> None:
    said = lines(explained(queued(thread(clinic)), clinic))
    assert said["Could write freely"] == ("The patient last wrote 9:55 PM", "passed")


def test_the_name_of_the_approved_text(clinic: Clinic) -> None:
    conversation = thread(clinic, last_inbound=3 * DAY)
    approve(sender_of(clinic).account)
    said = lines(explained(queued(conversation, said=SAID), clinic))
    assert said["Approved text “visit_accepted”"][0].startswith("The patient last wrote ")
    assert said["There was room among the people of 24 hours"][0] == "0 of 125 people in 24 hours"


def test_quiet_hours_until_when_and_on_whose_clock(clinic: Clinic) -> None:
    conversation = thread(clinic)
    patient = Patient.objects.create(name="Rosa", timezone="America/Chicago")
    PatientContact.objects.create(patient=patient, contact_point=conversation.contact_point)
    message = queued(conversation, purpose=gate.REMINDER)
    found = explained(message, clinic)
    detail, state = lines(found)["Quiet hours: it goes in the morning"]
    assert state == "waits"
    assert detail == "Tue 8:00 AM · on the clock of Chicago"
    assert found.title == "Waits for the morning: Quiet hours: it goes in the morning"
    assert "goes by itself" in found.remedy


def test_how_many_people_were_reached_and_when_there_is_room(clinic: Clinic) -> None:
    account = sender_of(clinic).account
    limit(account, 0)
    approve(account)
    conversation = thread(clinic, last_inbound=3 * DAY)
    no_sms(conversation)
    message = queued(conversation, said=SAID)
    found = explained(message, clinic)
    detail, state = lines(found)[
        "WhatsApp lets this account reach no more people today, so the message waits"
    ]
    assert state == "waits"
    assert detail.startswith("0 of 0 people in 24 hours · ")
    tick = words.tick(message)
    assert tick
    assert tick.word == "Waits for room"


def test_what_it_is_a_duplicate_of(clinic: Clinic) -> None:
    conversation = thread(clinic)
    queued(conversation, now=NIGHT - timedelta(minutes=2))
    found = explained(queued(conversation), clinic)
    assert lines(found)["The same words went out a few minutes ago"] == ("Stored 9:58 PM", "refused")


def test_whatsapp_itself_closed_the_window(clinic: Clinic) -> None:
    conversation = thread(clinic)
    no_sms(conversation)
    conversation.windows.update(closed_at=NIGHT)
    found = explained(queued(conversation), clinic)
    detail, state = lines(found)["The 24-hour window is closed: WhatsApp takes no free text now"]
    assert (detail, state) == ("WhatsApp said so, 10:00 PM", "refused")


def test_a_stop_since_when(clinic: Clinic) -> None:
    conversation = thread(clinic)
    ChannelConsent.objects.update(opted_out_at=NIGHT - timedelta(hours=1))
    found = lines(explained(queued(conversation), clinic))
    assert found["Patient has opted out of messages on this channel"] == ("Since 9:00 PM", "refused")


def test_the_popover_links_the_proof_on_the_patients_page(
    clinic: Clinic, receptionist: User, browse: Any
) -> None:
    conversation = thread(clinic)
    patient = Patient.objects.create(name="Rosa")
    PatientContact.objects.create(patient=patient, contact_point=conversation.contact_point)
    ConsentEvent.objects.create(
        contact_point=conversation.contact_point,
        channel="whatsapp",
        purpose=Purpose.CARE,
        action=ConsentAction.GRANTED,
        source=ConsentSource.WROTE_IN,
        at=NIGHT,
    )
    message = queued(conversation)
    page = browse(receptionist).get(f"/c/{clinic.slug}/inbox/{conversation.pk}/messages/{message.pk}/why/")
    html = unescape(page.content.decode())
    assert f"/patients/{patient.pk}/#consent" in html
    assert "WhatsApp, where the patient last wrote" in html


def test_every_code_has_sentences_in_both_languages() -> None:
    for code in gate.SENTENCES:
        for channel in ("whatsapp", "sms"):
            english = gate.sentences(code, channel)
            assert all(english)
            assert english[0] == str(english[0]).strip()


def test_a_message_of_before_still_explains_itself(clinic: Clinic) -> None:
    conversation: Conversation = thread(clinic)
    message = queued(conversation)
    Message.objects.filter(pk=message.pk).update(verdict={"allowed": True, "code": "", "steps": []})
    assert explained(message, clinic).steps == []
