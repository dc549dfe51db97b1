"""What the patient hears when a visit changes: which words, where, and when there is silence."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging import foretelling, notifications
from messaging.models import Message
from scheduling import operations
from scheduling.models import (
    Appointment,
    AppointmentEvent,
    AppointmentType,
    Location,
    Patient,
    PatientContact,
    Practitioner,
    Task,
)
from tests.messaging.talk import MONDAY_10, Talk, settings

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(clinic: Clinic) -> Iterator[Talk]:
    """Give a patient who has asked for a time in English, with the clock standing still after it."""
    talk = Talk(clinic)
    talk.say("I need an appointment")
    talk.say("3")
    talk.now += timedelta(minutes=5)
    with in_clinic(clinic), time_machine.travel(talk.now, tick=False):
        yield talk


def notices() -> list[Message]:
    return list(Message.objects.filter(purpose="notice").order_by("created_at", "id"))


def test_the_request_itself_is_answered_by_the_dialogue_only(asked: Talk) -> None:
    assert notices() == []


def test_an_accepted_request_is_confirmed_where_the_patient_wrote(asked: Talk, receptionist: User) -> None:
    (visit,) = asked.visits
    operations.accept(visit, by=receptionist, now=asked.now)
    (notice,) = notices()
    assert notice.body == (
        "Your visit is confirmed: Tuesday, November 24, 9:00 AM, with Olivia Alpha at Alpha Clinic.\n"
        "Questions: (212) 555-0142"
    )
    assert (notice.status, notice.channel, notice.address, notice.author) == (
        "queued",
        "whatsapp",
        asked.sender,
        "system",
    )
    assert notice.appointment_id == visit.pk
    event = AppointmentEvent.objects.get(kind="accepted")
    assert notice.dedupe_key == f"event:{event.pk}:patient"
    assert asked.thread.work_state == "done"
    assert asked.thread.last_message_id == notice.pk


def test_the_same_event_is_told_once(asked: Talk, receptionist: User) -> None:
    operations.accept(asked.visits[0], by=receptionist, now=asked.now)
    event = AppointmentEvent.objects.get(kind="accepted")
    notifications.announce(event.pk, now=asked.now)
    assert len(notices()) == 1


def test_the_preview_is_what_is_sent(asked: Talk, receptionist: User) -> None:
    accept = foretelling.preview(asked.visits[0], "accept", asked.now)
    operations.accept(asked.visits[0], by=receptionist, now=asked.now)
    assert notices()[0].body == accept


def test_the_preview_of_a_refusal_is_what_is_sent(asked: Talk, receptionist: User) -> None:
    words = "The doctor is away"
    decline = foretelling.preview(asked.visits[0], "reject", asked.now, reason=words)
    operations.reject(asked.visits[0], by=receptionist, reason=words, now=asked.now)
    assert notices()[0].body == decline


def test_a_declined_request_is_told_kindly_with_other_times_that_can_be_taken(
    asked: Talk, receptionist: User
) -> None:
    (visit,) = asked.visits
    operations.reject(visit, by=receptionist, reason="The doctor is away", now=asked.now)
    (notice,) = notices()
    assert notice.body.startswith(
        "We are sorry: Alpha Clinic cannot see you on Tuesday, November 24 at 9:00 AM. The doctor is away."
    )
    assert "These times are free:\n1. " in notice.body
    assert visit.starts_at not in asked.offered()
    wanted = asked.offered()[1]
    assert asked.thread.state == "awaiting_slot"
    asked.say("2")
    assert [v.starts_at for v in asked.visits if v.status == "pending_review"] == [wanted]


def test_without_a_bot_no_times_are_promised(asked: Talk, receptionist: User) -> None:
    settings(asked.clinic, bot_inside_hours="staff_only")
    operations.reject(asked.visits[0], by=receptionist, now=asked.now)
    assert (
        notices()[0].body == "We are sorry: Alpha Clinic cannot see you on Tuesday, November 24 at 9:00 AM."
    )
    assert asked.open_questions == []


def test_an_open_question_is_not_mixed_with_other_times(asked: Talk, receptionist: User) -> None:
    asked.say("I need an appointment")
    before = asked.offered()
    with in_clinic(asked.clinic):
        operations.reject(asked.visits[0], by=receptionist, now=asked.now)
        assert "To see free times, write APPOINTMENT." in notices()[0].body
    assert asked.offered() == before


def test_a_request_that_ran_out_is_told_with_other_times(asked: Talk) -> None:
    late = asked.visits[0].respond_by
    assert late is not None
    with time_machine.travel(late, tick=False):
        assert operations.expire_requests(now=late) == 1
    (notice,) = notices()
    assert "could not answer your request for Tuesday, November 24 at 9:00 AM in time" in notice.body
    assert "These times are free:" in notice.body


def test_a_visit_that_the_clinic_cancels_is_told(asked: Talk, receptionist: User) -> None:
    visit = operations.accept(asked.visits[0], by=receptionist, now=asked.now)
    operations.cancel(visit, by=receptionist, why="clinic", reason="Power cut.", now=asked.now)
    body = notices()[-1].body
    assert (
        "had to call off your visit on Tuesday, November 24 at 9:00 AM with Olivia Alpha. Power cut." in body
    )
    assert "write APPOINTMENT" in body


@pytest.mark.parametrize(
    ("why", "source", "told"),
    [("patient", "whatsapp", 0), ("patient", "staff", 1), ("error", "staff", 0), ("moved", "staff", 0)],
)
def test_who_cancelled_decides_what_is_told(
    asked: Talk, receptionist: User, why: str, source: str, told: int
) -> None:
    operations.cancel(asked.visits[0], by=receptionist, why=why, source=source, now=asked.now)
    assert len(notices()) == told


def test_a_moved_visit_is_told_with_old_and_new(asked: Talk, receptionist: User) -> None:
    visit = operations.accept(asked.visits[0], by=receptionist, now=asked.now)
    operations.move(
        visit,
        starts_at=visit.starts_at + timedelta(hours=2),
        by=receptionist,
        expected_version=visit.version,
        now=asked.now,
    )
    assert (
        "has moved from Tuesday, November 24, 9:00 AM to Tuesday, November 24, 11:00 AM, with Olivia Alpha"
        in notices()[-1].body
    )


def booked(
    patient: Patient, starts_at: datetime, user: User, now: datetime, source: str = "staff"
) -> Appointment:
    return operations.book(
        patient,
        type=AppointmentType.objects.get(),
        starts_at=starts_at,
        practitioner=Practitioner.objects.get(),
        actor=user,
        source=source,
        now=now,
    )


@pytest.mark.parametrize(("source", "told"), [("staff", 1), ("api", 1), ("import", 0)])
def test_a_visit_that_staff_book_is_confirmed_when_the_channel_allows(
    asked: Talk, receptionist: User, source: str, told: int
) -> None:
    booked(asked.visits[0].patient, MONDAY_10 + timedelta(days=2), receptionist, asked.now, source)
    assert len(notices()) == told


def test_a_visit_for_who_never_wrote_is_booked_in_silence(clinic: Clinic, receptionist: User) -> None:
    from scheduling.contacts import point_for_phone

    with in_clinic(clinic), time_machine.travel(MONDAY_10, tick=False):
        patient = Patient.objects.create(name="Ana Ruiz")
        booked(patient, MONDAY_10 + timedelta(days=2), receptionist, MONDAY_10)
        point = point_for_phone("+16465550188", now=MONDAY_10).contact_point
        PatientContact.objects.create(patient=patient, contact_point=point, starred=True)
        booked(patient, MONDAY_10 + timedelta(days=3), receptionist, MONDAY_10)
        assert notices() == []
        assert not Task.objects.exists()


def test_what_is_past_is_not_told(asked: Talk, receptionist: User) -> None:
    visit = asked.visits[0]
    later = visit.starts_at + timedelta(hours=1)
    with time_machine.travel(later, tick=False):
        operations.reject(visit, by=receptionist, now=later)
    assert notices() == []


def test_a_text_that_may_not_go_out_is_kept_and_brings_the_thread_to_staff(
    asked: Talk, receptionist: User
) -> None:
    asked.say("STOP")
    with in_clinic(asked.clinic):
        operations.accept(asked.visits[0], by=receptionist, now=asked.now)
        (notice,) = notices()
    assert (notice.status, notice.reason) == ("blocked", "opted_out")
    assert asked.thread.work_state == "needs_reply"


def test_by_sms_a_confirmation_ends_with_how_to_stop(clinic: Clinic, receptionist: User) -> None:
    talk = Talk(clinic, channel="sms")
    talk.say("hola, necesito una cita")
    talk.say("1")
    with in_clinic(clinic), time_machine.travel(talk.now, tick=False):
        operations.accept(talk.visits[0], by=receptionist, now=talk.now)
        (notice,) = notices()
    assert notice.channel == "sms"
    assert notice.body.startswith("Su cita está confirmada: lunes, 23 de noviembre, ")
    assert notice.body.endswith("Responda STOP para no recibir más mensajes.")


def test_address_map_and_instructions_are_told(asked: Talk, receptionist: User) -> None:
    Location.objects.update(address="12 Main St", map_url="https://maps.example/12")
    AppointmentType.objects.update(instructions={"en": "Please come fasting."})
    operations.accept(asked.visits[0], by=receptionist, now=asked.now)
    lines = notices()[0].body.split("\n")
    assert "12 Main St https://maps.example/12" in lines
    assert "Please come fasting." in lines


def test_a_receiver_that_fails_leaves_the_visit_and_is_tried_again(
    asked: Talk, receptionist: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(notifications, "announce", lambda *a, **k: 1 / 0)
        visit = operations.accept(asked.visits[0], by=receptionist, now=asked.now)
    assert visit.status == "confirmed"
    assert notices() == []
    assert Task.objects.filter(kind="tell_patient", done_at=None).count() == 1
    assert operations.announce_again(now=asked.now) == 1
    assert len(notices()) == 1
    assert not Task.objects.filter(done_at=None).exists()
