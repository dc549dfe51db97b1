"""Somebody answers that we have the wrong number: one apology without a name, and silence from then on."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging import gate, outbox
from messaging.models import ChannelConsent, ConversationEvent
from messaging.reply_wrong import wrong_number
from scheduling.models import ContactPoint, PatientContact, Task
from tests.messaging.inboxes import a_thread, reenter, says
from tests.messaging.talk import MONDAY_10, Talk

pytestmark = pytest.mark.django_db

APOLOGIES = {
    "en": "We are sorry for the mix-up. We will not write to this number again.",
    "es": "Disculpe la confusión. No volveremos a escribir a este número.",
    "zh": "很抱歉打扰您。我们不会再发消息到这个号码。",
}


def begun(
    clinic: Clinic,
    *,
    purpose: str = "notice",
    channel: str = "sms",
    language: str = "en",
    body: str = "Your visit …",
) -> Talk:
    """Return a patient to whom the clinic wrote first."""
    with in_clinic(clinic), time_machine.travel(MONDAY_10 - timedelta(hours=1), tick=False):
        thread = a_thread("Rosa Delgado", channel=channel, heard=None, work_state="waiting_patient")
        ContactPoint.objects.filter(pk=thread.contact_point_id).update(language=language)
        thread.contact_point.patient_contacts.get().patient.__class__.objects.update(
            preferred_language=language
        )
        says(thread, body, author="system", purpose=purpose)
        number = thread.contact_point.phone
    assert number
    return Talk(clinic, channel=channel, sender=number)


def point(talk: Talk) -> ContactPoint:
    with in_clinic(talk.clinic):
        return ContactPoint.objects.get(phone=talk.sender)


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
@pytest.mark.parametrize("purpose", ["notice", "reminder", "knock", "staff"])
def test_after_anything_we_began_it_is_believed(clinic: Clinic, purpose: str, channel: str) -> None:
    talk = begun(clinic, purpose=purpose, channel=channel)

    assert talk.say("Wrong number") == APOLOGIES["en"]

    assert point(talk).wrong_at == talk.now
    with in_clinic(clinic):
        assert PatientContact.objects.get(contact_point=point(talk)).not_theirs_at == talk.now
        task = Task.objects.get(kind="wrong_number")
        assert task.contact_point_id == point(talk).pk
        assert task.patient is not None
        assert ConversationEvent.objects.get(kind="wrong_number").user is None


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "Sorry, you have the wrong number"), ("en", "I'm not Rosa"), ("en", "this is not rosa delgado"), ("es", "número equivocado"),
     ("es", "Se equivocó de número"), ("es", "No soy Rosa"), ("es", "no soy rosa"), ("es", "Yo no soy Juana Pérez"), ("es", "aquí no vive Rosa, disculpe"),
     ("zh", "打错了"), ("zh", "您打错了"), ("zh", "打錯了"), ("zh", "我不是陈伟"), ("zh", "您好，我不是陳偉先生"), ("zh", "没有陈伟这个人"),
     ("zh", "我不是陈伟，打错了"), ("en", "I'm not John, you have the wrong number"), ("es", "número equivocado, no soy juan")],
)  # fmt: skip
def test_in_every_language_and_by_the_name(clinic: Clinic, language: str, text: str) -> None:
    talk = begun(clinic, language=language)
    reply = talk.say(text)
    assert reply == APOLOGIES[language]
    assert "Rosa" not in reply
    assert clinic.name not in reply
    assert point(talk).wrong_at


@pytest.mark.parametrize(
    "text",
    ["no soy alérgica", "I'm not coming", "I AM NOT COMING", "I am not sure", "is this the wrong number for billing?", "no soy puntual pero voy", "我不是很舒服",
     "我不是高血压", "我不认识李医生", "没有时间", "no es mi cita de los lunes, no soy de los que llegan tarde"],
)  # fmt: skip
def test_other_sentences_say_nothing_of_the_kind(clinic: Clinic, text: str) -> None:
    talk = begun(clinic)
    assert talk.say(text) not in APOLOGIES.values()
    assert point(talk).wrong_at is None


def test_in_the_patients_own_conversation_it_means_nothing(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    talk.say("wrong number")
    assert point(talk).wrong_at is None


def test_an_answer_to_a_members_reply_is_the_patients_own_conversation(clinic: Clinic, owner: User) -> None:
    with in_clinic(clinic), time_machine.travel(MONDAY_10, tick=False):
        thread = a_thread("Rosa Delgado", heard=timedelta(hours=1))
        says(thread, "How can we help?", author="staff", user=owner, purpose="staff")
        number = thread.contact_point.phone
    assert number
    talk = Talk(clinic, sender=number)
    talk.say("wrong number")
    assert point(talk).wrong_at is None


def test_one_apology_and_nothing_is_begun_any_more(clinic: Clinic) -> None:
    talk = begun(clinic)
    assert talk.say("wrong number")
    assert talk.say("wrong number!!") == ""
    with in_clinic(clinic):
        thread = talk.thread
        for purpose in (gate.NOTICE, gate.REMINDER, gate.KNOCK):
            message = outbox.queue(thread, body="Come!", purpose=purpose, author="system", now=talk.now)
            assert (message.status, message.reason) == ("blocked", "wrong_number")
        answer = outbox.queue(thread, body="Sorry", purpose=gate.STAFF, author="staff", now=talk.now)
        assert answer.status == "queued"


def test_what_was_queued_before_is_stopped_when_a_worker_takes_it(clinic: Clinic) -> None:
    talk = begun(clinic)
    with in_clinic(clinic):
        queued = outbox.queue(talk.thread, body="Come!", purpose=gate.NOTICE, author="system", now=talk.now)
    talk.say("wrong number")
    with in_clinic(clinic):
        from messaging.outbox.claiming import claim

        claim(now=talk.now, limit=10)
        queued.refresh_from_db()
        assert (queued.status, queued.reason) == ("blocked", "wrong_number")


@pytest.mark.parametrize(
    "words",
    ["wrong number", "No soy Rosa", "I'm not Rosa", "打错了", "我不是陈伟", "不是陈伟", "我不是陈先生", "我不是陳偉", "打错了，我不是陈伟",
     "I'm not John, wrong number", "wrong person, i am not john", "No soy Juan, número equivocado", "no soy juan, numero equivocado"],
)  # fmt: skip
def test_whoever_says_wrong_number_first_agrees_to_nothing(clinic: Clinic, words: str) -> None:
    talk = Talk(clinic)
    talk.say(words)
    with in_clinic(clinic):
        assert not ChannelConsent.objects.filter(care=True).exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [("Juan Ruiz", "no soy juan"), ("John Smith", "i'm not john smith"), ("高伟", "我不是高伟")],
    ids=["es", "en", "zh"],
)
def test_nor_does_who_is_not_the_patient_we_know_there_however_it_is_written(
    clinic: Clinic, name: str, words: str
) -> None:
    with in_clinic(clinic), time_machine.travel(MONDAY_10 - timedelta(hours=1), tick=False):
        number = a_thread(name, channel="sms", heard=None).contact_point.phone
        ChannelConsent.objects.all().delete()
    assert number
    Talk(clinic, channel="sms", sender=number).say(words)
    with in_clinic(clinic):
        assert not ChannelConsent.objects.filter(care=True).exists()


def test_who_asks_for_a_visit_there_is_somebody_of_their_own(clinic: Clinic) -> None:
    talk = begun(clinic, channel="whatsapp")
    talk.say("wrong number")
    talk.say("but I would like an appointment")
    talk.say("I need an appointment")
    talk.say("1")
    assert point(talk).wrong_at is None
    assert [visit.patient.name for visit in talk.visits] == [""]


def test_staff_undo_it_on_the_patient_page(clinic: Clinic, receptionist: User, browse: Any) -> None:
    talk = begun(clinic)
    talk.say("wrong number")
    with in_clinic(clinic):
        contact = PatientContact.objects.get(contact_point=point(talk))
    page = browse(receptionist).post(
        f"/c/{clinic.slug}/patients/{contact.patient_id}/numbers/{contact.pk}/theirs/"
    )
    assert page.status_code == 302
    reenter(clinic)
    contact.refresh_from_db()
    assert contact.not_theirs_at is None
    assert point(talk).wrong_at is None


def test_the_names_are_read_as_names_only() -> None:
    assert wrong_number("No soy María José") == "maria jose"
    assert wrong_number("no soy maria", ["María José Ruiz"]) == "maria"
    assert wrong_number("no soy maria") is None
    assert wrong_number("wrong number") == ""
    assert wrong_number("I'm not John, wrong number") == ""  # so also on a phone that a family shares
    assert wrong_number("我不是陈伟") == "陈 伟"
    assert wrong_number("x" * 4000) is None
