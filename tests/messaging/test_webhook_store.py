"""A patient's message becomes a message in a thread."""

import pytest

from clinics.models import Clinic
from clinics.tenancy import in_clinic
from messaging import inbound
from messaging.models import ChannelConsent, ConsentEvent, Conversation, Message, Window, WorkState
from scheduling.models import ContactAddress, ContactPoint, Patient
from tests.messaging.hooks import PATIENT, number_of, write

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbound.dialogue, "answer", lambda stored, *, now: [])


def test_a_first_message_makes_contact_thread_window_and_consent(clinic: Clinic) -> None:
    response = write(clinic, "Hola, ¿tienen cita? 👋 ")
    assert (response.status_code, response["Content-Type"]) == (200, "text/xml")
    with in_clinic(clinic):
        message = Message.objects.get()
        assert (message.body, message.status, message.direction) == (
            "Hola, ¿tienen cita? 👋 ",
            "received",
            "inbound",
        )
        assert (message.address, message.channel, message.kind) == (PATIENT, "whatsapp", "text")
        point = ContactPoint.objects.get(pk=message.conversation.contact_point_id)
        assert (point.phone, point.display_name) == (PATIENT, "Ana 🙂")
        assert ContactAddress.objects.get().address == PATIENT
        assert Patient.objects.filter(contacts__contact_point=point).count() == 1
        thread = Conversation.objects.get()
        assert (thread.unread_count, thread.last_message_id) == (1, message.pk)
        assert (thread.last_body, thread.last_author) == (message.body, "patient")
        assert (thread.work_state, thread.waiting_since) == (WorkState.NEEDS_REPLY, message.created_at)
        window = Window.objects.get()
        assert window.last_inbound_at == message.created_at
        assert (thread.window_closes_at - message.created_at).total_seconds() == 24 * 3600
        assert ChannelConsent.objects.get().care is True
        assert ChannelConsent.objects.get().news is None
        assert ConsentEvent.objects.get().source == "wrote_in"


def test_a_second_message_goes_into_the_same_thread(clinic: Clinic) -> None:
    write(clinic, "uno")
    write(clinic, "dos")
    with in_clinic(clinic):
        assert Conversation.objects.get().unread_count == 2
        assert [m.body for m in Message.objects.order_by("created_at", "id")] == ["uno", "dos"]
        assert ConsentEvent.objects.count() == 1


def test_an_sms_opens_no_window(clinic: Clinic) -> None:
    write(clinic, channel="sms")
    with in_clinic(clinic):
        assert not Window.objects.exists()
        assert Conversation.objects.get().window_closes_at is None


def test_a_mexican_has_one_thread_for_whatsapp_and_sms(other_clinic: Clinic) -> None:
    write(other_clinic, "por WhatsApp", sender="+5215512345678")
    write(other_clinic, "por SMS", sender="+525512345678", channel="sms")
    with in_clinic(other_clinic):
        assert Conversation.objects.count() == ContactPoint.objects.count() == 1
        assert {a.address for a in ContactAddress.objects.all()} == {"+5215512345678", "+525512345678"}
        assert {m.address for m in Message.objects.all()} == {"+5215512345678", "+525512345678"}


def test_a_person_with_a_hidden_number_has_one_thread_also_when_the_number_shows(clinic: Clinic) -> None:
    hidden = {"ExternalUserId": "whatsapp:US.1a2B3c4D5e", "sender": "US.1a2B3c4D5e"}
    write(clinic, "hidden", **hidden)
    with in_clinic(clinic):
        assert ContactPoint.objects.get().phone is None
    write(clinic, "hidden again", **hidden)
    write(clinic, "with number", ExternalUserId="whatsapp:US.1a2B3c4D5e")
    write(clinic, "number only")
    write(clinic, "hidden once more", **hidden)
    with in_clinic(clinic):
        assert Conversation.objects.get().unread_count == 5
        assert ContactPoint.objects.get().phone == PATIENT


def test_what_a_message_carries_is_kept(clinic: Clinic) -> None:
    write(
        clinic,
        "",
        MessageType="image",
        NumMedia="1",
        MediaUrl0="https://api.twilio.com/x",
        MediaContentType0="image/jpeg",
        OriginalRepliedMessageSid="SM1",
    )
    write(clinic, "Confirm", ButtonPayload="slot:2", ButtonText="Confirm", MessageType="button")
    with in_clinic(clinic):
        picture, button = Message.objects.order_by("created_at", "id")
        assert (picture.kind, picture.replied_to_id) == ("media", "SM1")
        assert picture.payload["media"] == [{"url": "https://api.twilio.com/x", "content_type": "image/jpeg"}]
        assert (button.kind, button.payload["button"]) == ("text", "slot:2")


def test_a_reaction_is_shown_but_nobody_waits_and_no_window_opens(clinic: Clinic) -> None:
    write(clinic, "👍", MessageType="reaction")
    with in_clinic(clinic):
        thread = Conversation.objects.get()
        assert (thread.last_body, thread.waiting_since) == ("👍", None)
        assert not Window.objects.exists()
        assert not ChannelConsent.objects.exists()


def test_a_changed_profile_name_is_taken_over(clinic: Clinic) -> None:
    write(clinic, ProfileName="Ana")
    write(clinic, ProfileName="Ana Maria")
    with in_clinic(clinic):
        assert ContactPoint.objects.get().display_name == "Ana Maria"


def test_a_stop_and_a_refusal_are_never_undone_by_writing(clinic: Clinic) -> None:
    write(clinic)
    with in_clinic(clinic):
        ChannelConsent.objects.update(care=False)
    write(clinic)
    with in_clinic(clinic):
        assert ChannelConsent.objects.get().care is False


def test_a_thread_that_was_put_away_comes_back(clinic: Clinic) -> None:
    write(clinic)
    with in_clinic(clinic):
        Conversation.objects.update(
            put_away_at="2026-01-01T00:00Z", work_state=WorkState.DONE, waiting_since=None
        )
    write(clinic)
    with in_clinic(clinic):
        thread = Conversation.objects.get()
        assert (thread.put_away_at, thread.work_state) == (None, WorkState.NEEDS_REPLY)
        assert thread.waiting_since is not None


def test_a_short_code_may_write(clinic: Clinic) -> None:
    assert write(clinic, channel="sms", sender="12345").status_code == 200
    with in_clinic(clinic):
        assert Message.objects.get().address == "12345"
        assert ContactPoint.objects.get().phone is None


@pytest.mark.parametrize(
    "body",
    ["", "a\x00b", "x" * 70_000, "🙂" * 5000, "\u200b", "line\r\n2026 ERROR", "{0.__class__}%s", "' OR 1=1"],
)
def test_any_text_is_stored(clinic: Clinic, body: str) -> None:
    assert write(clinic, body).status_code == 200
    with in_clinic(clinic):
        assert Message.objects.get().body == body.replace("\x00", "\ufffd")


def test_the_other_clinics_see_nothing(clinic: Clinic, other_clinic: Clinic) -> None:
    write(clinic)
    with in_clinic(other_clinic):
        assert not Message.objects.exists()
        assert not ContactPoint.objects.exists()


def test_the_number_that_was_written_to_is_the_sender(clinic: Clinic) -> None:
    write(clinic)
    with in_clinic(clinic):
        assert Message.objects.get().sender.phone_number == number_of(clinic)
