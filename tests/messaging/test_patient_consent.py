"""Consent on a patient's page: each answer with its proof; recorded by staff with how, when and in which words."""

from datetime import date, timedelta
from typing import Any

import pytest

from clinics.models import Clinic, User
from medsync.lib import clock
from messaging import consent
from messaging.models import ChannelConsent, ConsentEvent, ConsentSource, Conversation, Message
from tests.messaging.inboxes import a_thread
from tests.messaging.people_pages import Desk, patient_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(inside: Clinic, receptionist: User, browse: Any) -> Desk:
    """Return the front desk."""
    return Desk(browse(receptionist), inside)


def recording(desk: Desk, thread: Conversation, **told: str) -> Any:
    """Send the form; without more, a yes to answers and reminders by SMS, said at the desk."""
    today = clock.now().astimezone(desk.clinic.zone).date()
    fields = {
        "point": str(thread.contact_point_id),
        "channel": "sms",
        "purpose": "care",
        "answer": "yes",
        "how": "desk",
        "said_on": today.isoformat(),
        "words": "Yes, text me",
    }
    return desk.post(f"{patient_of(thread).pk}/consent/", **fields | told)


def test_what_a_patient_said_goes_into_the_ledger_with_how_when_and_the_words(
    desk: Desk, receptionist: User
) -> None:
    thread = a_thread()

    response = recording(desk, thread, purpose="news", said_on="2026-01-05", how="paper", words="Sign me up")

    assert response.status_code == 302
    state = ChannelConsent.objects.get(contact_point=thread.contact_point, channel="sms")
    assert (state.news, state.care) == (True, None)
    event = ConsentEvent.objects.get()
    assert (event.action, event.source, event.how, event.said_on, event.wording, event.actor_id) == (
        "granted",
        "staff",
        "paper",
        date(2026, 1, 5),
        "Sign me up",
        receptionist.pk,
    )
    html = desk.get(f"{patient_of(thread).pk}/").content.decode()
    for words in ("said on paper, signed on Jan 5, 2026", "recorded by Receptionist Alpha", "“Sign me up”"):
        assert words in html


def test_a_refusal_is_recorded_as_one(desk: Desk) -> None:
    thread = a_thread()

    recording(desk, thread, channel="whatsapp", answer="no", words="No reminders please")

    assert ChannelConsent.objects.get(contact_point=thread.contact_point, channel="whatsapp").care is False
    assert ConsentEvent.objects.get().action == "refused"


def test_the_message_that_said_so_is_the_proof(desk: Desk) -> None:
    thread = a_thread(body="Hello, may I book?")
    message = Message.objects.get()
    consent.record(
        thread.contact_point,
        "whatsapp",
        purpose="care",
        granted=True,
        source=ConsentSource.WROTE_IN,
        now=clock.now(),
    )
    ConsentEvent.objects.update(message=message)

    html = desk.get(f"{patient_of(thread).pk}/").content.decode()

    assert "wrote to the clinic" in html
    assert "“Hello, may I book?”" in html
    assert f"?message={message.pk}" in html


def test_staff_cannot_undo_a_stop_and_are_told_who_can(desk: Desk) -> None:
    thread = a_thread()
    consent.opt_out(
        thread.contact_point, "sms", source=ConsentSource.KEYWORD, wording="STOP", now=clock.now()
    )

    response = recording(desk, thread)

    html = response.content.decode()
    assert response.status_code == 409
    assert "Only they can undo it, by writing START." in html
    assert "Yes, text me" in html  # what was typed stays
    assert ConsentEvent.objects.filter(action="granted").count() == 0
    assert ChannelConsent.objects.get(contact_point=thread.contact_point, channel="sms").opted_out_at
    assert "No, they stopped messages" in html
    assert "“STOP”" in html


def test_a_refusal_can_be_added_to_a_stop(desk: Desk) -> None:
    thread = a_thread()
    consent.opt_out(thread.contact_point, "sms", source=ConsentSource.KEYWORD, now=clock.now())

    assert recording(desk, thread, answer="no").status_code == 302


def test_after_a_start_the_proof_is_the_start(desk: Desk) -> None:
    thread, now = a_thread(), clock.now()
    point = thread.contact_point
    consent.record(
        point, "sms", purpose="care", granted=False, source=ConsentSource.API, now=now - timedelta(days=3)
    )
    consent.opt_out(point, "sms", source=ConsentSource.KEYWORD, wording="ALTO", now=now - timedelta(days=2))
    consent.opt_in(point, "sms", source=ConsentSource.KEYWORD, wording="START", now=now - timedelta(days=1))

    html = desk.get(f"{patient_of(thread).pk}/").content.decode()
    state, _ledger, whole = html.partition("All that was recorded")

    assert "“START”" in state
    assert "“ALTO”" not in state
    assert "“ALTO”" in whole


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("said_on", "2999-01-01", "When was it said? This date is in the future."),
        ("said_on", "", "When was it said?"),
        ("words", "  ", "In which words?"),
        ("answer", "", "Record what a patient said"),
        ("channel", "voice", "Record what a patient said"),
        ("purpose", "all", "Record what a patient said"),
        ("point", "x", "Record what a patient said"),
    ],
)
def test_without_proof_nothing_is_recorded(desk: Desk, field: str, value: str, sentence: str) -> None:
    response = recording(desk, a_thread(), **{field: value})

    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert not ConsentEvent.objects.exists()


def test_nothing_is_recorded_for_somebody_elses_number(desk: Desk) -> None:
    response = recording(desk, a_thread(), point=str(a_thread("Grace Osei").contact_point_id))

    assert response.status_code == 409
    assert not ConsentEvent.objects.exists()
