"""Confirmations: one text an event, the guards in their order, the formats, and what came of each."""

import itertools
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from clinics.models import Clinic, ProviderAccount, Sender, User
from clinics.tenancy import in_clinic
from messaging import confirmations
from messaging.confirmations import Guards
from messaging.models import ChannelConsent, Confirmation, Message, MessagingSettings
from messaging.outbox import settling
from messaging.outbox.claiming import claim
from messaging.providers.base import ErrorKind, SendError
from scheduling import operations
from scheduling.models import (
    Appointment,
    AppointmentType,
    ContactPoint,
    Location,
    Patient,
    PatientContact,
    Practitioner,
    Task,
)
from tests.messaging.talk import Talk, settings

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)  # a Monday, 11:00 in New York
TUESDAY = datetime(2026, 3, 17, 18, 30, tzinfo=UTC)  # 14:30 there, after the change of clocks
PHONE = "+16045550123"
STATES = ("has_key", "declined", "has_phone", "enabled", "has_sender")
GOOD = {"has_key": True, "declined": False, "has_phone": True, "enabled": True, "has_sender": True}
REASONS = {
    "has_key": "no_api_key",
    "declined": "consent_declined",
    "has_phone": "no_phone",
    "enabled": "sms_disabled",
    "has_sender": "no_sender_number",
}


@pytest.fixture
def inside(clinic: Clinic) -> Iterator[Clinic]:
    """Stand in the clinic, whose clock stands still and which confirms by SMS."""
    settings(clinic, sms_enabled=True)
    with in_clinic(clinic), time_machine.travel(NOW, tick=False):
        Location.objects.update(address="1 Main St", map_url="https://maps.example/1")
        AppointmentType.objects.update(
            instructions={"en": "Come fasting.", "es": "Venga en ayunas.", "zh": "请空腹。"}
        )
        yield clinic


def a_patient(language: str = "en", phone: str | None = PHONE) -> Patient:
    patient = Patient.objects.create(name="Rosa Delgado", preferred_language=language)
    if phone:
        point = ContactPoint.objects.create(match_key=phone, phone=phone)
        PatientContact.objects.create(patient=patient, contact_point=point, starred=True)
    return patient


def booked(patient: Patient, owner: User, *, at: datetime = TUESDAY, source: str = "api") -> Appointment:
    return operations.book(
        patient,
        type=AppointmentType.objects.get().pk,
        starts_at=at,
        practitioner=Practitioner.objects.get().pk,
        source=source,
        actor=owner,
        now=NOW,
    )


def moved(visit: Appointment, by: User, *, now: datetime) -> Appointment:
    visit.refresh_from_db()
    tomorrow = visit.starts_at + timedelta(days=1)
    return operations.move(visit, starts_at=tomorrow, by=by, expected_version=visit.version, now=now)


def outcome() -> str:
    return Confirmation.objects.latest("at", "id").outcome


def sent() -> list[Message]:
    return list(Message.objects.filter(direction="outbound").order_by("created_at", "id"))


@pytest.mark.parametrize(
    "bad", [c for n in range(1, 6) for c in itertools.combinations(STATES, n)], ids=lambda c: "+".join(c)
)
def test_of_several_reasons_the_first_of_the_chain_is_given(bad: tuple[str, ...]) -> None:
    found = Guards(**{name: GOOD[name] ^ (name in bad) for name in STATES})
    assert found.skip == REASONS[bad[0]]


def test_with_nothing_in_the_way_it_goes() -> None:
    assert Guards(**GOOD).skip == ""


def test_the_chain_is_walked_as_things_are_put_right(inside: Clinic, owner: User) -> None:
    patient = a_patient(phone=None)
    accounts = ProviderAccount.objects.filter(pk__in=inside.senders.values("account"))
    token = accounts.get(is_master=False).auth_token
    MessagingSettings.objects.update(sms_enabled=False, sms_sender_number="+12125559999")
    accounts.update(auth_token="")
    from messaging.facts import forget_facts

    forget_facts()
    found = []
    for n in range(6):
        booked(patient, owner, at=TUESDAY + timedelta(days=n * 7))
        found.append(outcome())
        if n == 0:
            account = accounts.get(is_master=False)
            account.auth_token = token
            account.save()
            point = ContactPoint.objects.create(match_key="us.x", phone=None)
            PatientContact.objects.create(patient=patient, contact_point=point, starred=True)
            ChannelConsent.objects.create(contact_point=point, channel="sms", care=False)
        elif n == 1:
            ChannelConsent.objects.update(care=None)
        elif n == 2:
            ContactPoint.objects.update(phone=PHONE)
        elif n == 3:
            MessagingSettings.objects.update(sms_enabled=True)
        elif n == 4:
            MessagingSettings.objects.update(sms_sender_number="")
        forget_facts()
    assert found == [
        "no_api_key",
        "consent_declined",
        "no_phone",
        "sms_disabled",
        "no_sender_number",
        "queued",
    ]
    assert len(sent()) == 1
    assert Appointment.objects.filter(status="confirmed").count() == 6  # the visits stand whatever happens


@pytest.mark.parametrize(
    ("care", "stopped", "expected"),
    [
        (None, False, "queued"),
        (True, False, "queued"),
        (False, False, "consent_declined"),
        (None, True, "consent_declined"),
    ],
)
def test_only_a_no_that_was_said_counts(
    inside: Clinic, owner: User, care: bool | None, stopped: bool, expected: str
) -> None:
    patient = a_patient()
    ChannelConsent.objects.create(
        contact_point=patient.contacts.get().contact_point,
        channel="sms",
        care=care,
        opted_out_at=NOW if stopped else None,
    )
    booked(patient, owner)
    assert outcome() == expected


def test_it_is_off_until_a_clinic_switches_it_on(clinic: Clinic, owner: User) -> None:
    with in_clinic(clinic), time_machine.travel(NOW, tick=False):
        booked(a_patient(), owner)
        assert outcome() == "sms_disabled"
        assert sent() == []


BOOK = {
    "en": "Alpha Clinic: your visit is booked for Tuesday, March 17 at 2:30 PM with Olivia Alpha.\n1 Main St https://maps.example/1\n"
    "Come fasting.\n+1 212-555-0142\nReply STOP to opt out",
    "es": "Alpha Clinic: su cita quedó reservada para el martes, 17 de marzo, 2:30 p.m. con Olivia Alpha.\n"
    "1 Main St https://maps.example/1\nVenga en ayunas.\n+1 212-555-0142\nResponda STOP para no recibir más mensajes",
    "zh": "Alpha Clinic：您已预约3月17日星期二 14:30，Olivia Alpha。\n1 Main St https://maps.example/1\n请空腹。\n+1 212-555-0142\n回复 STOP 退订",
}


@pytest.mark.parametrize("language", ["en", "es", "zh"])
def test_a_booking_is_told_with_its_formats_and_how_to_stop(
    inside: Clinic, owner: User, language: str
) -> None:
    booked(a_patient(language), owner)
    (message,) = sent()
    assert message.body.replace("\u202f", " ") == BOOK[language]
    assert (message.channel, message.address, message.status) == ("sms", PHONE, "queued")
    row = Confirmation.objects.get()
    assert (row.action, row.channel, row.language, row.outcome, row.message) == (
        "book",
        "sms",
        language,
        "queued",
        message,
    )


def test_a_move_gives_old_and_new(inside: Clinic, owner: User) -> None:
    visit = booked(a_patient(), owner)
    moved(visit, owner, now=NOW)
    body = sent()[-1].body
    assert "from Tuesday, March 17, 2:30 PM to Wednesday, March 18, 2:30 PM" in body
    assert Confirmation.objects.filter(action="reschedule", outcome="queued").count() == 1
    assert len(sent()) == 2  # one text an event


def test_a_cancellation_says_how_to_book_again(inside: Clinic, owner: User) -> None:
    visit = booked(a_patient(), owner)
    operations.cancel(visit, why="clinic", by=owner, reason="Burst pipe", now=NOW)
    body = sent()[-1].body
    assert "is cancelled. Burst pipe." in body
    assert body.endswith("To book again, write APPOINTMENT or call us.\n+1 212-555-0142")


def test_a_missing_value_is_nothing(inside: Clinic, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    Location.objects.update(address="", map_url="", phone="")
    Clinic.objects.filter(pk=inside.pk).update(phone="")
    AppointmentType.objects.update(instructions={})
    from messaging.facts import forget_facts

    forget_facts()
    monkeypatch.setattr(inside, "phone", "")  # the row goes with the test, the object is all tests'
    booked(a_patient(), owner)
    body = sent()[0].body
    assert body.endswith("with Olivia Alpha.\nReply STOP to opt out")
    assert "null" not in body
    assert "None" not in body


def test_who_talks_on_whatsapp_is_told_there_and_only_there(clinic: Clinic, receptionist: User) -> None:
    settings(clinic, sms_enabled=True)
    talk = Talk(clinic)
    talk.say("I need an appointment")
    talk.say("3")
    with in_clinic(clinic), time_machine.travel(talk.now, tick=False):
        operations.accept(talk.visits[0], by=receptionist, now=talk.now)
        notices = Message.objects.filter(purpose="notice")
        assert [m.channel for m in notices] == ["whatsapp"]
        row = Confirmation.objects.get()
        assert (row.action, row.channel, row.outcome, row.message) == (
            "book",
            "whatsapp",
            "queued",
            notices[0],
        )


def test_what_was_asked_by_sms_is_answered_by_sms_whatever_the_switch(
    clinic: Clinic, receptionist: User
) -> None:
    talk = Talk(clinic, channel="sms")
    talk.say("I need an appointment")
    talk.say("3")
    with in_clinic(clinic), time_machine.travel(talk.now, tick=False):
        operations.accept(talk.visits[0], by=receptionist, now=talk.now)
        assert Message.objects.get(purpose="notice").channel == "sms"
        assert outcome() == "queued"


@pytest.mark.parametrize("deed", ["move", "cancel"])
def test_staff_tell_whom_no_text_tells_of_a_change(clinic: Clinic, owner: User, deed: str) -> None:
    with in_clinic(clinic), time_machine.travel(NOW, tick=False):
        visit = booked(a_patient(), owner)
        assert not Task.objects.filter(kind="tell_patient").exists()
        if deed == "move":
            moved(visit, owner, now=NOW)
        else:
            operations.cancel(visit, why="clinic", by=owner, now=NOW)
        assert outcome() == "sms_disabled"
        assert Task.objects.get(kind="tell_patient").appointment_id == visit.pk


@pytest.mark.parametrize(
    ("provider", "code", "word"),
    [("telnyx", "10011", "telnyx_429"), ("telnyx", "10009", "telnyx_401"), ("telnyx", "40300", "telnyx_40300"), ("twilio", "20429", "twilio_429"),
     ("twilio", "21610", "twilio_21610"), ("twilio", "timeout", "network_error"), ("telnyx", "unreachable", "network_error"), ("local", "", "network_error")],
)  # fmt: skip
def test_the_words_for_errors(provider: str, code: str, word: str) -> None:
    assert confirmations.error_of(provider, code) == word


@pytest.mark.parametrize(
    ("status", "word"), [(403, "telnyx_403"), (422, "telnyx_422"), (429, "telnyx_429"), (500, "telnyx_500")]
)
def test_telnyx_is_told_by_the_status_of_its_answer(status: int, word: str) -> None:
    assert confirmations.error_of("telnyx", "40300", status) == word


def test_a_providers_error_is_kept_with_the_confirmation_and_logged(
    inside: Clinic, owner: User, caplog: Any
) -> None:
    booked(a_patient(), owner)
    with caplog.at_level(logging.INFO):
        for job in claim(now=NOW, limit=10):
            settling.settle(job, SendError("30003", ErrorKind.PERMANENT), now=NOW)
    assert outcome() == "twilio_30003"
    (line,) = [r for r in caplog.records if r.name == "messaging.confirmations" and r.levelno > logging.INFO]
    assert line.levelno == logging.ERROR
    for secret in ("Rosa", PHONE, PHONE[-7:], "visit is booked"):
        assert secret not in caplog.text


def test_the_chosen_number_sends_them(inside: Clinic, owner: User) -> None:
    first = Sender.objects.get(clinic=inside, channel="sms")
    Sender.objects.create(
        clinic=inside, account=first.account, phone_number="+12125550143", channel="sms", rank=2
    )
    settings(inside, sms_sender_number="+12125550143")
    with in_clinic(inside):
        booked(a_patient(), owner)
        sender = sent()[0].sender
        assert sender is not None
        assert sender.phone_number == "+12125550143"


@pytest.mark.parametrize(
    ("switch", "shown"), [(None, False), (True, False), (False, True)], ids=["by_country", "on", "off"]
)
def test_on_whatsapp_a_us_clinic_names_no_doctor_unless_it_says_so(
    clinic: Clinic, receptionist: User, switch: bool | None, shown: bool
) -> None:
    settings(clinic, neutral_whatsapp=switch)
    with in_clinic(clinic):
        AppointmentType.objects.update(instructions={"en": "Come fasting."})
    talk = Talk(clinic)
    talk.say("I need an appointment")
    talk.say("3")
    with in_clinic(clinic), time_machine.travel(talk.now, tick=False):
        operations.accept(talk.visits[0], by=receptionist, now=talk.now)
        moved(talk.visits[0], receptionist, now=talk.now)
        operations.cancel(talk.visits[0], why="clinic", by=receptionist, now=talk.now)
        bodies = [m.body for m in Message.objects.filter(purpose="notice", channel="whatsapp")]
    assert len(bodies) == 3
    for body in bodies:
        assert ("Olivia" in body) is shown
    assert ("fasting" in " ".join(bodies)) is shown
