"""What may not stand in a text to patients: one judge, and every form that takes a text asks it."""

from typing import Any

import pytest

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging import catalog, linting
from scheduling.models import AppointmentType

CARRIERS = "Carriers take {} as an order to stop. Ask for another word."
STOPS = "Whoever writes STOP gets no messages any more. Say so in the same sentence, or ask for another word."


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("Reply CANCEL to cancel your visit.", "CANCEL"),
        ("Reply END if you cannot come", "END"),
        ("Text QUIT", "QUIT"),
        ("YES = I come\nHELP = call me", "HELP"),
        ("Responda CANCELAR para anular.", "CANCELAR"),
        ("请回复“取消”", "取消"),
        ("Text back end if you will not come", "END"),
        ("Reply YES or cancel", "CANCEL"),
        ("Responda SÍ, o cancelar", "CANCELAR"),
        ("Para no venir marque cancelar", "CANCELAR"),
        ("Escríbanos cancelar", "CANCELAR"),
        ("请回复“是”或“取消”", "取消"),
    ],
)
def test_a_text_may_not_ask_for_a_carriers_word(body: str, word: str) -> None:
    assert linting.problems_of(body) == [CARRIERS.format(word)]
    assert linting.problems_of(body, channel="whatsapp") == [CARRIERS.format(word)]  # it may leave by SMS


@pytest.mark.parametrize(
    "body",
    ["Reply STOP to cancel your visit", "Responda BAJA si no viene a su cita", "STOP = I do not come to the appointment", "回复停止取消预约",
     "Reply STOP if you can't make it", "Si no puede asistir responda BAJA", "Conteste con la palabra baja para cancelar su cita",
     "Envíe un STOP si no puede venir a su cita", "如不能就诊请回复“退订”", "Reply to this message with STOP otherwise", "Reply YES or STOP",
     "Reply STOP to decline. We send no other messages."],
)  # fmt: skip
def test_stop_is_no_answer_about_a_visit(body: str) -> None:
    assert STOPS in linting.problems_of(body)


@pytest.mark.parametrize(
    "body",
    ["Reply STOP to opt out.", "Responda BAJA para no recibir más mensajes de sus citas.", "回复 STOP 退订。", "Reply STOP for no more reminders of visits",
     "Your visit is cancelled.", "The bus stop is far from our office", "Text STOP to unsubscribe", "Responda STOP para darse de baja.",
     "Write to info@clinic.example or call the help desk.", "回复“退订”不再接收短信", "Reply YES, or STOP to get no more texts"],
)  # fmt: skip
def test_saying_how_to_stop_is_no_fault(body: str) -> None:
    assert linting.problems_of(body) == []


@pytest.mark.parametrize(
    "body",
    ["Hi { patient_name }", "Hi {patient_name", "Hi {{patient_name}}", "Hi {patient_name!r}", "At {0}"],
)
def test_a_variable_that_is_written_wrong_reaches_nobody_as_it_stands(body: str) -> None:
    assert linting.problems_of(body, names=["patient_name"]) == ["One { belongs to no variable."]


def test_unknown_placeholders_are_named_in_both_spellings() -> None:
    body = "{clinicName} {clinic_name} {nope} {{1}}"
    assert linting.problems_of(body, names={"clinic_name", "clinicName"}) == ["There is no variable {nope}."]
    assert linting.problems_of(body) == []


@pytest.mark.parametrize(("channel", "lacking"), [("sms", True), ("whatsapp", False)])
def test_a_text_that_begins_something_by_sms_says_how_to_stop(channel: str, lacking: bool) -> None:
    said = "Say how to stop, for example: Reply STOP to opt out."
    assert (said in linting.problems_of("Come!", channel=channel, stop_hint=True)) is lacking
    assert linting.problems_of("Come! Reply STOP to opt out.", channel=channel, stop_hint=True) == []


def test_the_built_in_texts_pass() -> None:
    for entry in catalog.entries().values():
        for body in entry.bodies.values():
            assert linting.problems_of(body, names=entry.placeholders) == [], entry.key


BAD = "Reply STOP to move your visit"
FORMS = {
    "saved-texts/new/": {"name": "Way", "shortcut": "way", "category": "custom", "text_en": BAD},
    "saved-texts/own/accepted/": {"text_en": BAD},
    "reminders/save/": {
        "enabled": "on",
        "steps": ["24"],
        "template_key": "reminder_default",
        "language": "",
        "custom_message": BAD,
    },
}


@pytest.mark.django_db
@pytest.mark.parametrize("path", FORMS)
def test_every_form_that_takes_a_text_asks_it(clinic: Clinic, owner: User, browse: Any, path: str) -> None:
    page = browse(owner).post(f"/c/{clinic.slug}/{path}", FORMS[path])
    assert page.status_code == 400
    assert STOPS in page.content.decode()


@pytest.mark.django_db
def test_what_a_confirmation_quotes_is_asked_too(clinic: Clinic, owner: User, browse: Any) -> None:
    with in_clinic(clinic):
        kind = AppointmentType.objects.get()
    form = {
        "name_en": "Check-up",
        "instructions_es": "Si no puede venir, responda BAJA.",
        **dict.fromkeys(("duration", "grid", "least_notice", "horizon_days"), "30"),
        **dict.fromkeys(("buffer_before", "buffer_after", "rank"), "0"),
    }
    url = f"/c/{clinic.slug}/admin/scheduling/appointmenttype/{kind.pk}/change/"
    page = browse(owner).post(url, form)
    assert page.status_code == 200
    assert STOPS in page.content.decode()
    assert browse(owner).post(url, form | {"instructions_es": "Venga en ayunas."}).status_code == 302


@pytest.mark.django_db
def test_a_booking_in_the_clinics_own_words_says_how_to_stop(
    clinic: Clinic, owner: User, browse: Any
) -> None:
    client, url = browse(owner), f"/c/{clinic.slug}/saved-texts/own/confirm_book/"
    page = client.post(url, {"text_en": "See you {date}!"})
    assert page.status_code == 400
    assert "Say how to stop" in page.content.decode()
    assert client.post(url, {"text_en": "See you {date}! Reply STOP to opt out"}).status_code == 302
