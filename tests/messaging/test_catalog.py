"""The patients' texts: whole in every language, safely filled, and never asking for a carrier's word."""

import pytest

from messaging import catalog, reserved

pytestmark = pytest.mark.django_db


def test_every_text_is_whole_in_every_language() -> None:
    assert catalog.problems() == []


def test_a_missing_value_is_nothing() -> None:
    filled = catalog.text(
        "accepted",
        "en",
        channel="sms",
        doctor_name="Dr. Lee",
        date="Tuesday, March 15",
        time="2:30 PM",
        clinic_name="Alpha",
    )
    assert "{" not in filled
    assert "None" not in filled
    assert "  " not in filled


def test_values_are_not_evaluated_nor_filled_again() -> None:
    assert (
        catalog.fill("Hi {name}", {"name": "{clinic.secret} {other}", "other": "x"})
        == "Hi {clinic.secret} {other}"
    )
    assert catalog.fill("{a.__class__} {0} {a}", {"a": 1}) == "{a.__class__} {0} 1"


def test_an_unknown_language_falls_back() -> None:
    assert catalog.text("offer_first", "es-MX", channel="sms") == catalog.text(
        "offer_first", "es", channel="sms"
    )
    assert catalog.text("offer_first", "fr", channel="sms") == catalog.text(
        "offer_first", "en", channel="sms"
    )


def test_an_unknown_key_says_so() -> None:
    with pytest.raises(catalog.UnknownText):
        catalog.text("nonsense", "en", channel="sms")


@pytest.mark.parametrize(
    "body",
    ["Reply CANCEL to cancel your visit.", "reply 'cancel' if you cannot come", "Responda CANCELAR para anular.", "Envíe la palabra HELP",
     "YES = I come\nCANCEL = I do not", "Text QUIT", "请回复“取消”"],
)  # fmt: skip
def test_a_reserved_word_that_is_asked_for_is_found(body: str) -> None:
    assert reserved.reserved_words(body)


@pytest.mark.parametrize(
    "body", ["Your visit is cancelled.", "Reply NO if you cannot come.", "Reply STOP to opt out.", "At the end of the visit we send you the results.",
             "Su cita quedó cancelada.", "您的预约已取消。"],
)  # fmt: skip
def test_ordinary_words_are_not_taken_for_orders(body: str) -> None:
    assert reserved.reserved_words(body) == []


def test_the_templates_are_those_of_the_product() -> None:
    assert [(t.key, t.category, t.placeholders) for t in catalog.templates()] == [
        ("appt_reminder", "reminder", ("patient_name", "date", "time")),
        ("appt_confirmed", "confirmation", ("patient_name", "date", "time", "doctor_name")),
        ("followup", "follow-up", ("patient_name",)),
        ("pre_visit", "pre-visit", ("patient_name", "date")),
        ("reschedule", "reschedule", ("patient_name", "date")),
        ("custom", "custom", ("message",)),
        ("reminder_default", "reminder", ("patient_name", "when", "doctor_name")),
    ]


def test_a_time_that_ends_with_a_stop_ends_the_sentence() -> None:
    assert catalog.fill("Le esperamos a las {time}.", {"time": "8:30 a.m."}) == "Le esperamos a las 8:30 a.m."
    assert catalog.fill("Un momento...", {}) == "Un momento..."
