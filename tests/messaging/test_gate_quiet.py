"""Quiet hours: on the patient's own clock, over midnight, on the days on which the clocks change; for reminders only."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging import gate, outbox
from messaging.facts import forget_facts
from messaging.gate.quiet import Quiet, over_at
from messaging.models import Attempt, Conversation, Message, MessagingSettings
from messaging.outbox.claiming import claim
from scheduling.models import Patient, PatientContact
from tests.messaging.outbound import queued, thread

NIGHT = Quiet(time(21), time(8), "America/New_York")
EVENING = datetime(2026, 11, 24, 3, tzinfo=UTC)  # 22:00 in New York, where the clinic is
MORNING = datetime(2026, 11, 24, 13, tzinfo=UTC)  # 8:00 there


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("now", "over"),
    [
        ("2026-11-23T20:59:59-05:00", None),
        ("2026-11-23T21:00:00-05:00", "2026-11-24T08:00:00-05:00"),
        ("2026-11-23T23:59:59-05:00", "2026-11-24T08:00:00-05:00"),
        ("2026-11-24T00:00:00-05:00", "2026-11-24T08:00:00-05:00"),
        ("2026-11-24T07:59:59-05:00", "2026-11-24T08:00:00-05:00"),
        ("2026-11-24T08:00:00-05:00", None),
        # The clocks go forward at 2:00 on March 8, and back at 2:00 on November 1.
        ("2026-03-07T22:00:00-05:00", "2026-03-08T08:00:00-04:00"),
        ("2026-03-08T03:30:00-04:00", "2026-03-08T08:00:00-04:00"),
        ("2026-10-31T22:00:00-04:00", "2026-11-01T08:00:00-05:00"),
        ("2026-11-01T01:30:00-04:00", "2026-11-01T08:00:00-05:00"),
        ("2026-11-01T01:30:00-05:00", "2026-11-01T08:00:00-05:00"),
    ],
)
def test_they_are_over_in_the_morning(now: str, over: str | None) -> None:
    assert over_at(NIGHT, at(now)) == (at(over) if over else None)


@pytest.mark.parametrize(
    ("quiet", "now", "over"),
    [
        (Quiet(time(12), time(14), "Europe/Madrid"), "2026-06-01T13:00:00+02:00", "2026-06-01T14:00:00+02:00"),
        (Quiet(time(12), time(14), "Europe/Madrid"), "2026-06-01T14:00:00+02:00", None),
        (Quiet(time(9), time(9), "Europe/Madrid"), "2026-06-01T09:00:00+02:00", None),
        # 1:30 comes twice: the second time it is quiet until the second 1:45.
        (Quiet(time(0), time(1, 45), "America/New_York"), "2026-11-01T01:30:00-05:00", "2026-11-01T01:45:00-05:00"),
        # 2:30 does not exist on that day.
        (Quiet(time(0), time(2, 30), "America/New_York"), "2026-03-08T01:00:00-05:00", "2026-03-08T03:30:00-04:00"),
    ],
    ids=["by day", "after it", "none", "twice", "never"],
)  # fmt: skip
def test_other_hours_and_zones(quiet: Quiet, now: str, over: str | None) -> None:
    assert over_at(quiet, at(now)) == (at(over) if over else None)


@pytest.fixture
def inside(clinic: Clinic) -> Iterator[Clinic]:
    with in_clinic(clinic), time_machine.travel(EVENING, tick=False):
        yield clinic


def night_thread(clinic: Clinic, zone: str = "", **values: object) -> Conversation:
    conversation = thread(clinic, now=EVENING, **values)
    patient = Patient.objects.create(name="Rosa Delgado", timezone=zone)
    PatientContact.objects.create(patient=patient, contact_point=conversation.contact_point, starred=True)
    return conversation


pytestmark = pytest.mark.django_db


def test_a_reminder_waits_in_the_queue_and_is_not_lost(inside: Clinic) -> None:
    message = queued(night_thread(inside), purpose=gate.REMINDER)
    assert (message.status, message.reason) == ("queued", "quiet_hours")
    assert message.next_attempt_at == MORNING
    assert message.verdict["not_before"] == MORNING.isoformat()
    assert claim(now=MORNING - timedelta(seconds=1), limit=10) == ()
    (job,) = claim(now=MORNING, limit=10)
    assert job.message.pk == message.pk


@pytest.mark.parametrize("purpose", [gate.NOTICE, gate.STAFF, gate.ANSWER, gate.CONSENT, gate.KNOCK])
def test_nothing_else_waits(inside: Clinic, purpose: str) -> None:
    message = queued(night_thread(inside), purpose=purpose)
    assert (message.status, message.reason, message.next_attempt_at) == ("queued", "", EVENING)


def test_the_patients_own_zone_counts(inside: Clinic) -> None:
    """At 22:00 in New York it is 19:00 in Los Angeles, and noon in Tokyo."""
    assert queued(night_thread(inside, "America/Los_Angeles"), purpose=gate.REMINDER).reason == ""
    tokyo = night_thread(inside, "Asia/Tokyo", address="+15005550002")
    assert queued(tokyo, purpose=gate.REMINDER).reason == ""
    madrid = night_thread(inside, "Europe/Madrid", address="+15005550003")  # 4:00
    held = queued(madrid, purpose=gate.REMINDER)
    assert held.next_attempt_at == at("2026-11-24T08:00:00+01:00")


def test_the_clinics_own_hours_count(inside: Clinic) -> None:
    hours = {"quiet_from": time(23), "quiet_until": time(7)}
    MessagingSettings.objects.update_or_create(pk=1, defaults=hours)
    forget_facts()
    assert queued(night_thread(inside), purpose=gate.REMINDER).reason == ""


def test_what_makes_no_sense_in_the_morning_is_not_sent_at_all(inside: Clinic) -> None:
    message = queued(night_thread(inside), purpose=gate.REMINDER, expires_at=MORNING - timedelta(hours=1))
    assert (message.status, message.reason) == ("blocked", "too_late")


def test_a_window_that_will_be_closed_in_the_morning_is_closed(inside: Clinic) -> None:
    conversation = night_thread(inside, last_inbound=timedelta(hours=20))
    message = queued(conversation, purpose=gate.REMINDER)
    assert (message.status, message.channel, message.next_attempt_at) == ("queued", "sms", MORNING)


def test_an_outage_into_the_night_sends_nothing_at_night(inside: Clinic) -> None:
    with time_machine.travel(EVENING - timedelta(hours=2), tick=False):
        message = queued(night_thread(inside), purpose=gate.REMINDER, now=EVENING - timedelta(hours=2))
    assert message.next_attempt_at == EVENING - timedelta(hours=2)
    assert claim(now=EVENING, limit=10) == ()
    message.refresh_from_db()
    assert (message.status, message.reason, message.next_attempt_at) == ("queued", "quiet_hours", MORNING)
    assert not Attempt.objects.exists()


def test_what_expired_while_it_waited_is_not_sent(inside: Clinic) -> None:
    message = queued(night_thread(inside), expires_at=EVENING + timedelta(minutes=5))
    assert claim(now=EVENING + timedelta(minutes=5), limit=10) == ()
    message.refresh_from_db()
    assert (message.status, message.reason) == ("blocked", "too_late")


def test_a_member_who_writes_at_night_is_not_held_up_by_what_waits(inside: Clinic, owner: User) -> None:
    conversation = night_thread(inside)
    queued(conversation, purpose=gate.REMINDER)
    reply = outbox.send_reply(conversation, body="Le llamo ahora", user=owner, now=EVENING)
    (job,) = claim(now=EVENING, limit=10)
    assert job.message.pk == reply.pk
    assert Message.objects.get(purpose=gate.REMINDER).status == "queued"
