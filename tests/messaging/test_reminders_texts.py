"""What a reminder says, on which channel, and to whom one message goes for several visits."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from clinics.models import Clinic
from clinics.tenancy import forget_clinics, in_clinic
from messaging import catalog
from messaging.facts import forget_facts
from messaging.models import (
    Approval,
    ChannelConsent,
    ContentTemplate,
    MessagingSettings,
    Question,
    ReminderClaim,
)
from scheduling.models import Location, Patient
from tests.messaging import approving as starters
from tests.messaging.days import NOW, another_doctor
from tests.messaging.outbound import sender_of
from tests.messaging.reminding import HOUR, outcomes, reminders, rules, share, someone, sweep, visit_of

DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _inside(db: None, clinic: Clinic) -> Iterator[None]:
    with in_clinic(clinic):
        yield


def said(clinic: Clinic, *, language: str = "en", **columns: object) -> str:
    rules(**columns)
    patient, _ = someone(clinic, language=language, channel="sms")
    visit_of(patient, NOW + DAY)
    sweep(NOW)
    (message,) = reminders()
    return message.body


def test_it_names_patient_time_doctor_clinic_and_place_and_asks(clinic: Clinic) -> None:
    Location.objects.update(address="12 Main St", map_url="https://maps.example/a")

    assert said(clinic).splitlines() == [
        "Hello Ana, this is a reminder of your visit: Wed, Nov 25, 10:42 AM, with Olivia Alpha.",
        "Alpha Clinic, 12 Main St https://maps.example/a",
        "Will you come? Reply 1 for yes, 2 for no, 3 for another time.",
    ]


@pytest.mark.parametrize(
    ("language", "when", "ask"),
    [
        ("es", "mié, 25 de nov, 10:42 a.m.", "¿Vendrá usted?"),
        ("zh", "11月25日周三", "您会来吗？"),
        ("fr", "mer. 25 nov., 10:42", "Will you come?"),
        ("pt-BR", "qua., 25 de nov., 10:42", "Will you come?"),
    ],
)
def test_the_date_is_in_the_patients_locale_also_where_the_words_are_not(
    clinic: Clinic, language: str, when: str, ask: str
) -> None:
    body = said(clinic, language=language)

    assert when in body
    assert ask in body


def test_the_time_is_that_of_the_place(clinic: Clinic) -> None:
    Location.objects.update(zone="America/Los_Angeles")

    assert "7:42 AM" in said(clinic)


def test_the_clinics_language_counts_where_the_patients_is_not_known(clinic: Clinic) -> None:
    Clinic.objects.filter(pk=clinic.pk).update(language="zh")
    forget_clinics()
    clinic.language = "zh"
    try:
        assert "提醒您的预约" in said(clinic, language="")
    finally:
        clinic.language = "en"


def test_the_rules_language_wins_over_the_clinics(clinic: Clinic) -> None:
    rules(language="es")
    patient, _ = someone(clinic, language="", channel="sms")
    visit_of(patient, NOW + DAY)
    sweep(NOW)

    assert "le recordamos" in reminders()[0].body


def test_a_clinics_own_words_begin_it_and_the_question_still_stands(clinic: Clinic) -> None:
    body = said(
        clinic, custom_message="{patient_name}, we expect you {when}. {doctor_name} is looking forward."
    )

    assert (
        body.splitlines()[0] == "Ana, we expect you Wed, Nov 25, 10:42 AM. Olivia Alpha is looking forward."
    )
    assert body.splitlines()[-1].startswith("Will you come?")


@pytest.mark.parametrize(
    ("custom", "first"),
    [
        ("", "Hello, this is a reminder of your visit: "),
        ("{patient_name}, we expect you {when}.", "We expect you Wed"),
    ],
    ids=["built in", "own"],
)
def test_who_has_no_name_yet_is_greeted_without_one(clinic: Clinic, custom: str, first: str) -> None:
    rules(custom_message=custom)
    patient, _ = someone(clinic, name="", channel="sms")
    visit_of(patient, NOW + DAY)
    sweep(NOW)

    assert reminders()[0].body.startswith(first)


def test_on_whatsapp_a_us_clinic_names_no_detail(clinic: Clinic) -> None:
    rules()
    MessagingSettings.objects.update(neutral_whatsapp=None)
    forget_facts()
    patient, _ = someone(clinic, heard=None)
    visit_of(patient, NOW + 10 * HOUR)
    someone_else, conversation = someone(clinic, heard=HOUR, now=NOW)
    visit_of(someone_else, NOW + DAY)
    sweep(NOW)

    message = reminders()[-1]
    assert (message.channel, message.conversation_id) == ("whatsapp", conversation.pk)
    assert "Olivia" not in message.body
    assert "Ana" not in message.body
    assert "Wed, Nov 25, 10:42 AM" in message.body


def test_a_family_gets_one_message_with_a_line_for_each(clinic: Clinic) -> None:
    rules()
    mother, conversation = someone(clinic, name="Rosa Delgado", channel="sms")
    child = Patient.objects.create(name="Leo Delgado", preferred_language="en")
    share(child, conversation)
    other = another_doctor("Dr. Vidal")
    second = visit_of(child, NOW + DAY + HOUR, practitioner=other)
    first = visit_of(mother, NOW + DAY)
    next_day = visit_of(mother, NOW + 2 * DAY)

    assert [sweep(NOW), sweep(NOW + HOUR), sweep(NOW + 2 * HOUR)] == [1, 0, 0]

    (message,) = reminders()
    assert message.body.splitlines()[:3] == [
        "A reminder of the visits at Alpha Clinic on Wed, Nov 25:",
        "1. 10:42 AM Rosa, Olivia Alpha",
        "2. 11:42 AM Leo, Dr. Vidal",
    ]
    claims = ReminderClaim.objects.all()
    assert {claim.subject_id for claim in claims} == {first.pk, second.pk}
    assert {claim.message_id for claim in claims} == {message.pk}
    question = Question.objects.get(closed_at=None)
    assert [item["appointment_id"] for item in question.items] == [str(first.pk), str(second.pk)]
    assert sweep(NOW + DAY) == 1
    assert next_day.pk in set(ReminderClaim.objects.values_list("subject_id", flat=True))


def test_several_visits_of_one_person_are_listed_without_the_name(clinic: Clinic) -> None:
    rules()
    patient, _ = someone(clinic, channel="sms")
    visit_of(patient, NOW + DAY)
    visit_of(patient, NOW + DAY + 3 * HOUR)
    sweep(NOW)

    assert "1. 10:42 AM, Olivia Alpha\n2. 1:42 PM, Olivia Alpha" in reminders()[0].body


def approved(clinic: Clinic, **columns: object) -> ContentTemplate:
    return ContentTemplate.objects.create(
        account=sender_of(clinic).account,
        content_sid="HX" + "1" * 32,
        name="appt_reminder_en",
        key="reminder_default",
        language="en",
        content_type="twilio/text",
        body="Hello {{1}}, your visit is on {{2}} with {{3}}. Will you come?",
        variables=[
            {"n": "1", "name": "patient_name"},
            {"n": "2", "name": "when"},
            {"n": "3", "name": "doctor_name"},
        ],
        approval=Approval.APPROVED,
        created_at=NOW,
        **columns,
    )


def test_outside_of_the_window_the_approved_text_goes(clinic: Clinic) -> None:
    rules()
    template = approved(clinic)
    patient, _ = someone(clinic, heard=30 * HOUR)
    visit_of(patient, NOW + DAY)
    sweep(NOW)

    (message,) = reminders()
    assert (message.template_id, message.channel) == (template.pk, "whatsapp")
    assert (
        message.body == "Hello Ana, your visit is on Wed, Nov 25, 10:42 AM with Olivia Alpha. Will you come?"
    )
    assert message.payload["variables"]["2"] == "Wed, Nov 25, 10:42 AM"


@pytest.mark.parametrize(
    ("language", "whom"),
    [("en", "dear patient"), ("es", "apreciable paciente"), ("zh", "尊敬的患者")],
)
def test_who_has_no_name_yet_gets_the_approved_text_too(clinic: Clinic, language: str, whom: str) -> None:
    rules()
    template = approved(clinic)
    ContentTemplate.objects.filter(pk=template.pk).update(language=language)
    patient, _ = someone(clinic, name="", heard=30 * HOUR, language=language)
    visit_of(patient, NOW + DAY)
    sweep(NOW)

    (message,) = reminders()
    assert (message.status, message.template_id) == ("queued", template.pk)
    assert message.payload["variables"]["1"] == whom


@pytest.mark.parametrize(
    ("language", "body"),
    [
        (
            "en",
            "This is a reminder from Alpha Clinic: we expect you on Wed, Nov 25, 10:42 AM; will you be able to come?",
        ),
        ("es", "Recordatorio de Alpha Clinic: le esperamos el mié, 25 de nov, 10:42 a.m.; ¿podrá venir?"),
        ("zh", "这里是Alpha Clinic，我们恭候您11月25日周三 10:42前来。请问您能来吗？"),
    ],
)
def test_where_no_detail_may_be_told_the_approved_text_names_nobody(
    clinic: Clinic, language: str, body: str
) -> None:
    rules()
    MessagingSettings.objects.update(neutral_whatsapp=None)
    forget_facts()
    starters.approved("reminder_default", language)
    neutral = starters.approved("reminder_default_neutral", language)
    patient, _ = someone(clinic, heard=30 * HOUR, language=language)
    visit_of(patient, NOW + DAY)
    sweep(NOW)

    (message,) = reminders()
    assert (message.status, message.channel, message.template_id) == ("queued", "whatsapp", neutral.pk)
    assert message.body == body


def test_until_that_one_is_approved_the_plain_one_goes_without_the_doctor(clinic: Clinic) -> None:
    rules()
    MessagingSettings.objects.update(neutral_whatsapp=None)
    forget_facts()
    plain = approved(clinic)
    patient, _ = someone(clinic, heard=30 * HOUR)
    visit_of(patient, NOW + DAY)
    sweep(NOW)

    (message,) = reminders()
    assert message.template_id == plain.pk
    assert message.body.endswith("with Alpha Clinic. Will you come?")


def test_who_has_no_name_yet_is_not_called_so_in_free_words(clinic: Clinic) -> None:
    rules()
    patient, _ = someone(clinic, name="")
    visit_of(patient, NOW + DAY)
    sweep(NOW)

    assert reminders()[0].body.startswith("Hello, this is a reminder")


def test_a_family_outside_of_the_window_gets_one_approved_text_for_all(clinic: Clinic) -> None:
    rules()
    approved(clinic)
    mother, conversation = someone(clinic, name="Rosa", heard=30 * HOUR)
    child = Patient.objects.create(name="Leo", preferred_language="en")
    share(child, conversation)
    visit_of(mother, NOW + DAY)
    visit_of(child, NOW + DAY + HOUR, practitioner=another_doctor("Dr. Vidal"))
    sweep(NOW)

    assert reminders()[0].body == (
        "Hello Rosa, Leo, your visit is on Wed, Nov 25, 10:42 AM, 11:42 AM with Olivia Alpha, Dr. Vidal. "
        "Will you come?"
    )


def test_without_an_approved_text_it_goes_by_sms(clinic: Clinic) -> None:
    rules()
    patient, _ = someone(clinic, heard=30 * HOUR)
    visit_of(patient, NOW + DAY)
    sweep(NOW)

    assert reminders()[0].channel == "sms"


def test_who_can_be_reached_nowhere_is_claimed_with_the_reason_and_nothing_is_tried(clinic: Clinic) -> None:
    rules()
    patient, conversation = someone(clinic, heard=30 * HOUR)
    ChannelConsent.objects.update_or_create(
        contact_point=conversation.contact_point, channel="sms", defaults={"opted_out_at": NOW - DAY}
    )
    visit_of(patient, NOW + DAY)
    visit_of(Patient.objects.create(name="No Phone"), NOW + DAY)

    assert sweep(NOW) == 0
    assert {outcome for _v, _s, outcome in outcomes()} == {"window_closed", "no_address"}
    assert not reminders()
    assert sweep(NOW + HOUR) == 0
    assert ReminderClaim.objects.count() == 2


def test_in_quiet_hours_it_waits_for_the_morning(clinic: Clinic) -> None:
    rules()
    MessagingSettings.objects.update(quiet_from="21:00", quiet_until="08:00")
    forget_facts()
    late = NOW.replace(hour=4)  # 23:00 in New York
    patient, _ = someone(clinic, channel="sms", now=late)
    visit_of(patient, late + DAY)
    sweep(late)

    (message,) = reminders()
    assert message.status == "queued"
    assert message.next_attempt_at == NOW.replace(hour=13, minute=0, second=0)


def test_the_texts_ask_for_no_word_that_a_carrier_obeys() -> None:
    assert [line for line in catalog.problems() if line.startswith("reminder")] == []
