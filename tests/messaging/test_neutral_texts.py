"""Where a clinic tells no details over WhatsApp no text names a doctor, a kind of visit, how to prepare, or more."""

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import catalog, details, variables
from messaging.approved import choosing
from messaging.language import SPOKEN
from messaging.models import Message, OwnText
from messaging.ownwords import forget_own_words
from scheduling import operations
from scheduling.models import AppointmentType
from scheduling.queries import free_slots
from tests.messaging.approving import approved
from tests.messaging.talk import Talk, add_doctor, settings

pytestmark = pytest.mark.django_db

SECRETS = {
    "doctor_name": "Dr. Vidal",
    "instructions": "Come fasting.",
    "location": "Oncology ward.",
    "participant": "Dr. Ward.",
}
_TIMES = ("when", "date", "time", "old_date", "old_time")


@pytest.mark.parametrize("language", SPOKEN)
def test_no_text_of_the_catalogue_tells_a_detail_on_whatsapp(clinic: Clinic, language: str) -> None:
    settings(clinic, neutral_whatsapp=True)
    wrong = []
    with in_clinic(clinic):
        for key, entry in catalog.entries().items():
            values = {name: SECRETS.get(name, f"<{name}>") for name in ("clinic_name", *entry.placeholders)}
            body = catalog.text(key, language, channel="whatsapp", **values)
            anywhere = catalog.text(key, language, channel="", **values)
            by_sms = catalog.text(key, language, channel="sms", **values)
            told = {name for name, secret in SECRETS.items() if secret in body}
            withheld = {name for name in SECRETS if name in values and SECRETS[name] not in by_sms}
            timeless = {name for name in _TIMES if name in values and f"<{name}>" not in body}
            if told or withheld or timeless or "{" in body or anywhere != body:
                wrong.append((key, told, withheld, timeless))
    assert wrong == []


@pytest.mark.parametrize("switch", [False, True], ids=["told", "neutral"])
def test_the_switch_decides(clinic: Clinic, switch: bool) -> None:
    settings(clinic, neutral_whatsapp=switch)
    with in_clinic(clinic):
        body = catalog.text("requested", "en", channel="whatsapp", when="Tuesday", doctor_name="Dr. Vidal")
    assert ("Dr. Vidal" in body) is not switch


def test_a_clinics_own_words_name_the_clinic_in_the_doctors_place(clinic: Clinic) -> None:
    settings(clinic, neutral_whatsapp=True)
    with in_clinic(clinic):
        OwnText.objects.create(
            key="visit_neutral",
            language="en",
            body="{when} with {doctor_name} {instructions}",
            updated_at=clock.now(),
        )
        forget_own_words()
        told = catalog.text(
            "visit",
            "en",
            channel="whatsapp",
            when="Tuesday",
            doctor_name="Dr. Vidal",
            instructions="Come fasting.",
        )
    assert told == f"Tuesday with {clinic.name}"


def test_what_fills_an_approved_text_tells_nothing_either(clinic: Clinic) -> None:
    settings(clinic, neutral_whatsapp=True)
    with in_clinic(clinic):
        said = catalog.said("accepted", "en", {**SECRETS, "date": "Tuesday"})
    assert said.key == "accepted_neutral"
    assert said.values == {"date": "Tuesday", "doctor_name": clinic.name}


def test_a_text_that_forgets_its_neutral_form_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    late = replace(catalog.entries()["requested"], key="late", neutral="")
    wrong = replace(late, key="wrong", neutral="visit")
    known = {**catalog.entries(), "late": late, "wrong": wrong}
    monkeypatch.setattr(catalog, "entries", lambda: known)
    assert catalog.problems() == [
        "late: tells doctor_name and has no neutral form",
        "wrong: its neutral form tells details, or what this one does not know",
    ]


def test_a_value_that_nobody_has_thought_of_is_withheld(clinic: Clinic) -> None:
    settings(clinic, neutral_whatsapp=True)
    with in_clinic(clinic):
        assert details.told({"when": "Tuesday", "diagnosis": "flu"}, "whatsapp") == {"when": "Tuesday"}
        assert "diagnosis" in details.told({"when": "Tuesday", "diagnosis": "flu"}, "sms")


@pytest.mark.parametrize(
    ("channel", "switch", "named"),
    [("whatsapp", True, False), ("whatsapp", False, True), ("sms", True, True)],
    ids=["neutral", "told", "sms"],
)
def test_from_the_request_to_the_move_the_doctor_is_named_only_where_he_may_be(
    clinic: Clinic, receptionist: User, channel: str, switch: bool, named: bool
) -> None:
    settings(clinic, neutral_whatsapp=switch)
    with in_clinic(clinic):
        AppointmentType.objects.update(instructions={"en": "Come fasting."})
    talk = Talk(clinic, channel=channel)
    heard = [talk.say("I need an appointment"), talk.say("2"), talk.say("my appointments")]
    talk.now += timedelta(minutes=1)
    with in_clinic(clinic), time_machine.travel(talk.now, tick=False):
        free = free_slots(from_date=talk.now.date() + timedelta(days=2), days=3, now=talk.now)
        operations.counter_offer(talk.visits[0], slots=free[:2], by=receptionist, now=talk.now)
    with in_clinic(clinic):
        heard.append(Message.objects.get(purpose="notice").body)
    heard += [talk.say("1"), talk.say("my appointments")]

    assert "Would another time suit you?" in heard[3]
    assert "Your visit is confirmed" in heard[4] or "your visit is confirmed" in heard[4]
    assert ["Olivia" in body for body in heard] == [False, *[named] * 5]
    assert ("fasting" in heard[4]) is named


def test_who_chooses_between_doctors_sees_their_names(clinic: Clinic) -> None:
    add_doctor(clinic, "Dr. Vidal")
    settings(clinic, neutral_whatsapp=True)
    talk = Talk(clinic)
    asked = talk.say("I need an appointment")
    offered, requested = talk.say("3"), talk.say("1")

    assert "3. Dr. Vidal" in asked
    assert talk.visits[0].practitioner.name == "Dr. Vidal"
    assert "Vidal" not in offered + requested


@pytest.mark.parametrize(("channel", "named"), [("whatsapp", False), ("sms", True)])
def test_a_members_variables_are_worth_what_the_channel_may_tell(
    clinic: Clinic, channel: str, named: bool
) -> None:
    settings(clinic, neutral_whatsapp=True)
    talk = Talk(clinic, channel=channel)
    talk.say("I need an appointment")
    talk.say("2")
    with in_clinic(clinic):
        values, _language = variables.values_in(talk.thread, clinic=clinic, now=talk.now)
    assert ("Olivia" in values["doctor_name"]) is named
    assert named or values["doctor_name"] == clinic.name
    assert values["date"]


def test_a_closed_window_is_passed_by_a_neutral_text_or_the_plain_one_without_its_details(
    clinic: Clinic,
) -> None:
    settings(clinic, neutral_whatsapp=True)
    with in_clinic(clinic):
        plain = approved("accepted")
        said = catalog.said(
            "accepted", "en", {**SECRETS, "date": "Tuesday", "time": "9:00", "clinic_name": "Alpha"}
        )
        found = choosing.approved_for(said.key, "en", plain.account_id)
        assert found == plain
        reads = choosing.reads(plain, choosing.variables_for(plain, said.values) or {})
        neutral = approved("accepted_neutral")
        assert choosing.approved_for(said.key, "en", plain.account_id) == neutral
        assert choosing.approved_for("accepted", "en", plain.account_id) == plain
    assert reads.startswith(f"Your visit at Alpha is confirmed for Tuesday at 9:00 with {clinic.name}.")
