"""How a clinic confirms by SMS, by API: any subset, both spellings, what is refused, and a real test message."""

from collections.abc import Iterator
from typing import Any

import pytest

from clinics.models import Clinic, Sender, User
from clinics.tenancy import in_clinic
from messaging import catalog, sms_config
from messaging.models import ChannelConsent, Message, MessagingSettings, OwnText
from messaging.ownwords import forget_own_words
from scheduling.models import Hold
from tests.messaging.days import NOW
from tests.messaging.outbound import thread
from tests.messaging.remind import fresh, reminded
from tests.messaging.talk import Talk, settings
from tests.standin.twilio import TwilioStandIn, refuse

pytestmark = pytest.mark.django_db

PATH = "/api/clinic/config/sms"
TEXTS = [
    f"smsTemplate{event}{language}"
    for event in ("Book", "Cancel", "Reschedule")
    for language in ("En", "Zh", "Es")
]


@pytest.fixture
def twilio(clinic: Clinic, settings: Any) -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as stand_in:
        account = Sender.objects.get(clinic=clinic, channel="sms").account
        stand_in.tokens = {account.external_id: account.auth_token}
        settings.TWILIO_API_BASE_URL = stand_in.base_url
        yield stand_in


def test_the_defaults_are_the_built_in_texts_with_the_switch_off(
    api: Any, owner: User, clinic: Clinic
) -> None:
    answer = api(owner, clinic).get(PATH).json()
    assert answer["success"] is True
    data = answer["data"]
    assert sorted(data) == sorted(["smsEnabled", "smsSenderNumber", "smsInboundWebhookEnabled", *TEXTS])
    assert (data["smsEnabled"], data["smsSenderNumber"], data["smsInboundWebhookEnabled"]) == (
        False,
        "",
        True,
    )
    assert "{clinicName}" in data["smsTemplateBookEn"]
    assert "{providerName}" in data["smsTemplateBookZh"]
    assert "{oldDate}" in data["smsTemplateRescheduleEs"]
    assert "_" not in data["smsTemplateRescheduleEs"]


def test_any_subset_is_kept_and_the_rest_stays(api: Any, owner: User, clinic: Clinic) -> None:
    client = api(owner, clinic)
    body = "{clinicName}: {date} {time}, Dr {providerName}. Reply STOP to opt out"
    first = client.post(PATH, {"smsEnabled": True, "smsSenderNumber": "(212) 555-0142"}).json()
    second = client.post(PATH, {"smsTemplateBookEn": body}).json()
    assert first["success"] is second["success"] is True
    data = client.get(PATH).json()["data"]
    assert (data["smsEnabled"], data["smsSenderNumber"], data["smsTemplateBookEn"]) == (
        True,
        "+12125550142",
        body,
    )
    with in_clinic(clinic):
        assert MessagingSettings.load().sms_enabled is True
        own = OwnText.objects.get()
        assert (own.key, own.language, own.updated_by) == ("confirm_book", "en", owner)
        forget_own_words()
        values = {"clinic_name": "Alpha", "date": "Tuesday", "time": "2:30 PM", "doctor_name": "Ana"}
        assert (
            catalog.text("confirm_book", "en", channel="sms", **values)
            == "Alpha: Tuesday 2:30 PM, Dr Ana. Reply STOP to opt out"
        )
    client.post(PATH, {"smsTemplateBookEn": ""})
    with in_clinic(clinic):
        assert not OwnText.objects.exists()


def test_both_spellings_of_placeholders_are_taken(api: Any, owner: User, clinic: Clinic) -> None:
    body = "{clinic_name} {clinicName} {doctor_name}: STOP = no more texts"
    data = api(owner, clinic).post(PATH, {"smsTemplateBookEs": body}).json()["data"]
    assert data["smsTemplateBookEs"] == "{clinicName} {clinicName} {providerName}: STOP = no more texts"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("smsTemplateCancelEn", "Reply CANCEL to cancel", "Carriers take CANCEL as an order to stop. Ask for another word."),
        ("smsTemplateBookEn", "{doctor} Reply STOP to opt out", "There is no variable {doctor}."),
        ("smsTemplateBookEn", "See you!", "Say how to stop, for example: Reply STOP to opt out."),
        ("smsTemplateBookEn", "Reply STOP to cancel your visit", "Whoever writes STOP gets no messages any more. Say so in the same sentence, or ask for another word."),
        ("smsSenderNumber", "abc", "This is no phone number."),
        ("smsSenderNumber", "123", "This is no phone number."),
        ("smsEnabled", "yes", "Must be true or false."),
        ("smsNonsense", 1, "There is no such field to write."),
    ],
    ids=["carriers", "unknown", "how_to_stop", "stop_for_a_visit", "letters", "short", "switch", "field"],
)  # fmt: skip
def test_what_is_refused_says_why_and_changes_nothing(
    api: Any, owner: User, clinic: Clinic, field: str, value: Any, said: str
) -> None:
    answer = api(owner, clinic).post(PATH, {"smsInboundWebhookEnabled": False, field: value})
    assert answer.status_code == 400
    assert said in answer.json()["fields"][field]
    with in_clinic(clinic):
        assert MessagingSettings.load().sms_inbound_enabled is True


@pytest.mark.parametrize("method", ["get", "post"])
def test_it_is_for_leaders_only(
    api: Any, receptionist: User, other_owner: User, clinic: Clinic, method: str
) -> None:
    assert getattr(api(receptionist, clinic), method)(PATH).status_code == 403
    assert getattr(api(other_owner, clinic), method)(PATH).status_code == 404


def test_the_test_really_goes_to_the_provider(
    api: Any, owner: User, clinic: Clinic, twilio: TwilioStandIn
) -> None:
    answer = api(owner, clinic).post(f"{PATH}/validate", {"testPhone": "(604) 555-1234"})
    (carried,) = twilio.accepted
    assert answer.json() == {"valid": True, "messageId": carried.sid}
    assert (carried.to, carried.body) == (
        "+16045551234",
        "This is a test from Alpha Clinic. If you read it, SMS works.",
    )


@pytest.mark.parametrize("wrote", ["sms", "whatsapp"])
@pytest.mark.parametrize("state", [{"opted_out_at": NOW}, {"care": False}], ids=["stop", "refused"])
def test_no_test_goes_to_who_said_no_to_sms(
    api: Any, owner: User, clinic: Clinic, twilio: TwilioStandIn, state: dict[str, Any], wrote: str
) -> None:
    """Also to who never wrote by SMS: staff have recorded it on the patient page."""
    with in_clinic(clinic):
        talking = thread(clinic, address="+16045551234", channel=wrote)
        ChannelConsent.objects.get_or_create(contact_point=talking.contact_point, channel="sms")
        ChannelConsent.objects.filter(contact_point=talking.contact_point, channel="sms").update(**state)
    answer = api(owner, clinic).post(f"{PATH}/validate", {"testPhone": "(604) 555-1234"})
    assert answer.json() == {"valid": False, "error": "consent_declined"}
    assert list(twilio.accepted) == []


def test_the_test_is_in_the_clinics_language(
    api: Any, owner: User, clinic: Clinic, twilio: TwilioStandIn
) -> None:
    Clinic.objects.filter(pk=clinic.pk).update(language="es")
    api(owner, clinic).post(f"{PATH}/validate", {"testPhone": "+16045551234"})
    (carried,) = twilio.accepted
    assert carried.body == "Esta es una prueba de Alpha Clinic. Si la lee, los SMS funcionan."


def test_a_providers_refusal_is_told_as_a_word(
    api: Any, owner: User, clinic: Clinic, twilio: TwilioStandIn
) -> None:
    twilio.script(refuse(21610))
    answer = api(owner, clinic).post(f"{PATH}/validate", {"testPhone": "+16045551234"}).json()
    assert answer == {"valid": False, "error": "twilio_21610"}


@pytest.mark.parametrize("typed", ["abc", "123", "555-CALL-NOW"])
def test_what_is_no_number_is_not_tried(
    api: Any, owner: User, clinic: Clinic, twilio: TwilioStandIn, typed: str
) -> None:
    answer = api(owner, clinic).post(f"{PATH}/validate", {"testPhone": typed})
    assert answer.json() == {"valid": False, "error": "invalid_phone"}
    assert list(twilio.accepted) == []


def test_without_a_number_it_says_so(api: Any, owner: User, clinic: Clinic) -> None:
    Sender.objects.filter(clinic=clinic, channel="sms").update(status="disabled", rank=None)
    answer = api(owner, clinic).post(f"{PATH}/validate", {"testPhone": "+16045551234"}).json()
    assert answer == {"valid": False, "error": "no_sender_number"}


def test_with_incoming_sms_off_they_are_kept_and_stop_counts_in_silence(clinic: Clinic) -> None:
    settings(clinic, sms_inbound_enabled=False)
    talk = Talk(clinic, channel="sms")
    assert talk.say("I need an appointment") == ""
    assert talk.thread.work_state == "needs_reply"
    talk.say("STOP")
    with in_clinic(clinic):
        consent = talk.thread.contact_point.consents.get(channel="sms")
        assert consent.opted_out_at == talk.now
    assert Talk(clinic).say("I need an appointment")  # WhatsApp goes on


@pytest.mark.parametrize(("word", "attendance"), [("1", "attending"), ("no", "declined")])
def test_with_incoming_sms_off_an_answer_to_our_own_reminder_counts_in_silence(
    clinic: Clinic, word: str, attendance: str
) -> None:
    talk, (visit,) = reminded(clinic, channel="sms")
    settings(clinic, sms_inbound_enabled=False)

    assert talk.say(word) == ""

    assert fresh(talk, visit).attendance == attendance
    assert talk.thread.work_state == "bot"
    with in_clinic(clinic):
        assert not Message.objects.filter(author="bot").exists()


@pytest.mark.parametrize("words", ["3", "ok", "what?"], ids=["another time", "a nod for two", "no answer"])
def test_with_incoming_sms_off_what_needs_an_answer_is_left_to_staff(clinic: Clinic, words: str) -> None:
    talk, visits = reminded(clinic, "Ana Pérez", "Luis Pérez", channel="sms")
    settings(clinic, sms_inbound_enabled=False)
    (before,) = talk.open_questions

    assert talk.say(words) == ""

    assert [fresh(talk, visit).attendance for visit in visits] == ["asked", "asked"]
    assert (talk.thread.work_state, talk.thread.state) == ("needs_reply", "awaiting_confirm")
    (after,) = talk.open_questions
    assert (after.items, after.context) == (before.items, before.context)
    with in_clinic(clinic):
        assert not Hold.objects.exists()
    assert talk.say("yes") == ""
    assert [fresh(talk, visit).attendance for visit in visits] == ["attending", "attending"]


def test_every_name_of_the_contract_has_its_text() -> None:
    assert sorted(sms_config.TEMPLATES) == sorted(TEXTS)
