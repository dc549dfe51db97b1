"""When the bot speaks, when it is silent, and when a person takes over."""

from datetime import timedelta

import pytest
import time_machine

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging import botswitch, conversations, outbox
from messaging.botswitch import Switch
from messaging.models import Conversation, Message
from scheduling.models import ContactPoint, Patient
from tests.messaging.talk import MONDAY_10, MONDAY_22, Talk, settings

pytestmark = pytest.mark.django_db

HANDOVER = "Thank you. A person from Alpha Clinic will answer you here."


def member_writes(talk: Talk, user: User, body: str = "We look into it.") -> None:
    talk.now += timedelta(minutes=1)
    with in_clinic(talk.clinic), time_machine.travel(talk.now, tick=False):
        outbox.send_reply(talk.thread, body=body, user=user, now=talk.now)


@pytest.mark.parametrize("word", ["person", "a person please", "persona", "人工", "HELP", "call me"])
def test_the_word_for_a_person_hands_over_in_any_language(clinic: Clinic, word: str) -> None:
    talk = Talk(clinic)
    assert talk.say(word)
    assert talk.thread.work_state == "needs_reply"
    assert talk.thread.handed_over_at == talk.now


def test_the_word_for_a_person_works_while_times_are_offered(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    assert talk.say("person") == HANDOVER
    assert talk.thread.work_state == "needs_reply"


def test_a_handover_is_told_once(clinic: Clinic) -> None:
    talk = Talk(clinic)
    assert talk.say("how much is a cleaning?").endswith(HANDOVER)
    assert talk.say("and do you take my insurance?") == ""
    assert talk.say("hello?") == ""
    assert talk.thread.work_state == "needs_reply"


def test_outside_opening_hours_it_says_when_the_clinic_opens_once_in_twelve_hours(clinic: Clinic) -> None:
    talk = Talk(clinic, at=MONDAY_22)
    first = talk.say("how much is a cleaning?")
    assert "The clinic is closed now and opens Tuesday, November 24, 9:00 AM." in first
    assert talk.say("hello?", after=timedelta(hours=5)) == ""


@pytest.mark.parametrize("words", ["gracias", "Thank you!", "谢谢", "🙏", "ok", "👍", "sí", "bye"])
def test_a_courtesy_gets_no_answer_and_keeps_nobody_waiting(clinic: Clinic, words: str) -> None:
    talk = Talk(clinic)
    assert talk.say(words) == ""
    assert talk.thread.work_state == "done"
    assert talk.thread.waiting_since is None


def test_ok_to_a_member_waits_but_thanks_does_not(clinic: Clinic, receptionist: User) -> None:
    talk = Talk(clinic)
    talk.say("how much is a cleaning?")
    member_writes(talk, receptionist)
    assert talk.say("thank you") == ""
    assert talk.thread.work_state == "waiting_patient"
    member_writes(talk, receptionist, "Shall we call you at five?")
    assert talk.say("ok") == ""
    assert talk.thread.work_state == "needs_reply"


def test_a_voice_message_goes_to_staff_and_is_told_so_once(clinic: Clinic) -> None:
    talk = Talk(clinic)
    voice = {"NumMedia": "1", "MediaUrl0": "https://api.twilio.com/x", "MediaContentType0": "audio/ogg"}
    reply = talk.say("", **voice, MessageType="audio")
    assert "will look at what you sent. To book a visit, write APPOINTMENT." in reply
    assert talk.say("", **voice, MessageType="audio") == ""
    assert talk.thread.work_state == "needs_reply"


def test_a_caption_is_never_taken_for_an_answer(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    talk.say(
        "2",
        NumMedia="1",
        MediaUrl0="https://api.twilio.com/x",
        MediaContentType0="image/jpeg",
        MessageType="image",
    )
    assert talk.visits == []
    assert talk.thread.work_state == "needs_reply"


def test_a_sticker_is_a_courtesy(clinic: Clinic) -> None:
    talk = Talk(clinic)
    assert (
        talk.say(
            "",
            NumMedia="1",
            MediaUrl0="https://api.twilio.com/x",
            MediaContentType0="image/webp",
            MessageType="sticker",
        )
        == ""
    )
    assert talk.thread.work_state == "done"


def test_after_twenty_automatic_answers_in_an_hour_there_is_silence(clinic: Clinic) -> None:
    talk = Talk(clinic)
    answers = [talk.say("my appointment", after=timedelta(seconds=30)) for _ in range(22)]
    assert all(answers[:20])
    assert answers[20:] == ["", ""]
    assert talk.thread.machine_suspected_at is not None
    assert talk.thread.work_state == "needs_reply"
    assert talk.say("my appointment", after=timedelta(hours=1))


def test_a_members_message_pauses_the_bot(clinic: Clinic, receptionist: User) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    member_writes(talk, receptionist)
    assert talk.say("my appointment") == ""
    assert talk.thread.work_state == "needs_reply"
    assert talk.say("my appointment", after=timedelta(minutes=31))


def test_the_bot_can_be_switched_off_and_on(clinic: Clinic, receptionist: User) -> None:
    talk = Talk(clinic)
    talk.say("gracias")
    with in_clinic(clinic):
        botswitch.turn(talk.thread, to=Switch.OFF, by=receptionist, now=talk.now)
    assert talk.say("I need an appointment") == ""
    with in_clinic(clinic):
        botswitch.turn(talk.thread, to=Switch.ON, by=receptionist, now=talk.now)
    assert talk.say("I need an appointment")


def test_staff_only_is_silent_inside_and_outside_apart(clinic: Clinic) -> None:
    settings(clinic, bot_inside_hours="staff_only")
    assert Talk(clinic, at=MONDAY_10).say("I need an appointment") == ""
    assert Talk(clinic, at=MONDAY_22, sender="+16465550177").say("I need an appointment")


def test_suggestions_are_notes_that_hold_and_ask_nothing(clinic: Clinic) -> None:
    settings(clinic, bot_inside_hours="suggest")
    talk = Talk(clinic)
    assert talk.say("I need an appointment") == ""
    (note,) = talk.notes()
    assert note.body.startswith("These times are free:")
    assert talk.open_questions == []
    assert talk.thread.state == "idle"
    assert talk.thread.work_state == "needs_reply"


def test_a_blocked_address_gets_no_automatic_answer(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("gracias")
    with in_clinic(clinic):
        ContactPoint.objects.update(blocked_at=talk.now)
    assert talk.say("I need an appointment") == ""


def test_a_day_by_itself_is_a_wish_and_later_is_not(clinic: Clinic) -> None:
    assert "These times are free:" in Talk(clinic).say("tomorrow morning")
    assert "These times are free:" not in Talk(clinic, sender="+16465550177").say("later")


def test_the_next_visits_are_told(clinic: Clinic) -> None:
    talk = Talk(clinic)
    assert "no coming visit" in talk.say("my appointment")
    talk.say("I need an appointment")
    talk.say("1")
    reply = talk.say("My appointment?")
    assert "with Olivia Alpha (waiting for the clinic's answer)" in reply


@pytest.mark.parametrize("words", ["cancelar", "CANCEL", "取消", "reschedule", "改期"])
def test_cancelling_and_changing_go_to_staff(clinic: Clinic, words: str) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    talk.say("1")
    assert talk.say(words)
    assert talk.thread.work_state == "needs_reply"
    assert talk.visits[0].status == "pending_review"


def test_the_patients_own_language_wins(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("gracias")
    with in_clinic(clinic):
        Patient.objects.update(preferred_language="zh")
    assert "以下时间可以预约" in talk.say("I need an appointment")


def test_the_language_that_was_seen_is_kept(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("hola, quiero una cita")
    assert talk.thread.contact_point.language == "es"
    assert talk.say("0").startswith("Otros horarios libres:")


def test_without_a_hint_the_clinics_language_speaks(other_clinic: Clinic) -> None:
    assert "asistente automático" in Talk(other_clinic).say("menu")


def test_a_profile_name_is_in_no_text(clinic: Clinic) -> None:
    talk = Talk(clinic)
    replies = [
        talk.say(text, ProfileName="Zebulon")
        for text in ("I need an appointment", "1", "my appointment", "person")
    ]
    assert not any("Zebulon" in reply for reply in replies)


def test_done_begins_a_new_episode(clinic: Clinic, receptionist: User) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    with in_clinic(clinic):
        conversations.done(talk.thread, by=receptionist, now=talk.now)
        assert Conversation.objects.get().state == "idle"
    assert talk.open_questions == []
    assert "automatic assistant" in talk.say("I need an appointment")


def test_every_answer_is_a_message_of_the_bot_in_the_thread(clinic: Clinic) -> None:
    talk = Talk(clinic)
    reply = talk.say("I need an appointment")
    with in_clinic(clinic):
        message = Message.objects.get(direction="outbound")
        assert (message.author, message.body, message.purpose) == ("bot", reply, "answer")
        assert message.answers is not None
        assert message.answers.body == "I need an appointment"
    assert talk.thread.last_message_id == message.pk


@pytest.mark.parametrize(
    "text",
    [
        "\x00",
        "٣" * 400,
        "🙏" * 500,
        "\ud800".encode("utf-8", "replace").decode(),
        "{clinic_name} {0}",
        "9" * 1500,
    ],
)
def test_odd_texts_are_answered_or_left_to_staff(clinic: Clinic, text: str) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    talk.say(text)
    assert talk.visits == []
