"""A reminder asks only once its text has left: nothing that is written before is its answer."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging import api_reminders
from messaging.facts import forget_facts
from messaging.models import Attempt, Message, MessagingSettings
from scheduling import operations
from scheduling.models import Appointment
from tests.messaging.days import ZONE
from tests.messaging.inboxes import reenter
from tests.messaging.reminding import rules, someone, sweep, visit_of
from tests.messaging.talk import Talk

pytestmark = pytest.mark.django_db

NIGHT = datetime(2026, 11, 25, 3, 0, tzinfo=ZONE)
MORNING = datetime(2026, 11, 25, 8, 0, tzinfo=ZONE)
NOON_BEFORE = datetime(2026, 11, 24, 12, 0, tzinfo=ZONE)
NUMBER = "+16465550101"


@pytest.fixture(autouse=True)
def _inside(clinic: Clinic) -> Iterator[None]:
    with time_machine.travel(NIGHT, tick=False), in_clinic(clinic):
        rules()
        MessagingSettings.objects.update(quiet_from="21:00", quiet_until="08:00")
        forget_facts()
        yield


def send(message: Message) -> None:
    """Let the provider take a message."""
    Message.objects.filter(pk=message.pk).update(status="sent", reason="", next_attempt_at=None)


def waiting() -> Message:
    """Return the reminder that waits for the morning."""
    message = Message.objects.get(purpose="reminder")
    assert (message.status, message.reason, message.next_attempt_at) == ("queued", "quiet_hours", MORNING)
    return message


def reminded_by_night(clinic: Clinic) -> tuple[Talk, Appointment]:
    """Remind somebody, by a text that waits, of a visit of the next night."""
    patient, conversation = someone(clinic, channel="sms", now=NIGHT)
    visit = visit_of(patient, NIGHT + timedelta(hours=24))
    assert sweep(NIGHT) == 1
    talk = Talk(
        clinic, at=NIGHT + timedelta(minutes=1), channel="sms", sender=conversation.contact_point.phone
    )
    return talk, visit


def say(talk: Talk, words: str) -> str:
    answer = talk.say(words)
    reenter(talk.clinic)
    return answer


def attendance(visit: Appointment) -> str:
    return Appointment.objects.get(pk=visit.pk).attendance


@pytest.mark.parametrize("words", ["ok", "yes", "no", "1", "2"])
def test_nothing_answers_a_reminder_that_waits(clinic: Clinic, words: str) -> None:
    talk, visit = reminded_by_night(clinic)
    message = waiting()
    assert "Alpha Clinic expects" not in say(talk, words)
    assert attendance(visit) in ("unasked", "asked")
    assert Message.objects.get(pk=message.pk).status == "queued"


def test_the_same_word_answers_once_it_has_gone(clinic: Clinic) -> None:
    talk, visit = reminded_by_night(clinic)
    say(talk, "ok")
    send(waiting())
    talk.now = MORNING
    assert "expects you" in say(talk, "yes")
    assert attendance(visit) == "attending"


def test_what_is_done_meanwhile_leaves_the_question_to_be_answered(clinic: Clinic) -> None:
    talk, visit = reminded_by_night(clinic)
    say(talk, "I want an appointment")
    assert talk.offered()
    say(talk, "1")
    reenter(clinic)
    send(waiting())
    talk.now = MORNING
    assert "expects you" in say(talk, "yes")
    assert attendance(visit) == "attending"


def test_one_that_broke_on_its_way_and_waits_to_go_again_can_be_answered(clinic: Clinic) -> None:
    talk, visit = reminded_by_night(clinic)
    message = waiting()
    Message.objects.filter(pk=message.pk).update(reason="second_try")
    Attempt.objects.create(
        message=message,
        n=1,
        account_id=message.account_id,
        kind="rest",
        provider_id="SM" + "6" * 32,
        state="undelivered",
        rank=4,
        created_at=NIGHT,
    )
    say(talk, "no")
    assert attendance(visit) == "declined"
    assert Message.objects.get(pk=message.pk).status == "cancelled"
    assert "expects you" in say(talk, "sorry, yes")
    assert attendance(visit) == "attending"


@pytest.fixture
def client(api: Any, owner: User, clinic: Clinic) -> Any:
    return api(owner, clinic)


def by_night(client: Any, clinic: Clinic, hours: int = 24) -> str:
    """Remind of another calendar's appointment, by a text that waits; return its path."""
    with time_machine.travel(NOON_BEFORE, tick=False):
        wanted = {
            "contact_number": NUMBER,
            "appointment_time": (NIGHT + timedelta(hours=hours)).isoformat(),
            "notify_window": hours,
        }
        path = "/api/reminder/" + client.post("/api/reminder", wanted).json()["reminder_id"]
    reenter(clinic)
    assert api_reminders.sweep(now=NIGHT) == 1
    return path


@pytest.mark.parametrize("words", ["ok", "yes", "no"])
def test_nothing_answers_a_reminder_by_the_api_that_waits(client: Any, clinic: Clinic, words: str) -> None:
    path = by_night(client, clinic)
    waiting()
    say(Talk(clinic, at=NIGHT, channel="sms", sender=NUMBER), words)
    assert client.get(path).json()["will_attend"] is None


def test_a_bare_answer_means_the_text_before_while_the_newest_waits(client: Any, clinic: Clinic) -> None:
    before = by_night(client, clinic)
    send(waiting())
    after = by_night(client, clinic, hours=30)
    talk = Talk(clinic, at=NIGHT, channel="sms", sender=NUMBER)
    say(talk, "yes")
    assert [client.get(path).json()["will_attend"] for path in (before, after)] == [True, None]
    reenter(clinic)
    send(Message.objects.get(status="queued", purpose="reminder"))
    say(talk, "no")
    assert [client.get(path).json()["will_attend"] for path in (before, after)] == [True, False]


def test_the_text_before_can_be_answered_when_the_newest_is_taken_back(clinic: Clinic, owner: User) -> None:
    talk, visit = reminded_by_night(clinic)
    send(waiting())
    patient = visit.patient
    second = visit_of(patient, NIGHT + timedelta(hours=30))
    sweep(NIGHT + timedelta(hours=6))
    operations.cancel(Appointment.objects.get(pk=second.pk), by=owner, why="clinic", silent=True, now=MORNING)
    assert "expects you" in say(talk, "yes")
    assert attendance(visit) == "attending"


def test_today_says_asked_only_once_the_text_has_gone(clinic: Clinic, owner: User, browse: Any) -> None:
    reminded_by_night(clinic)
    page = f"/c/{clinic.slug}/today/?date=2026-11-26"

    def shown() -> str:
        words = browse(owner).get(page).content.decode()
        reenter(clinic)
        return str(words)

    assert "Reminder waits" in shown()
    assert "Asked, no answer yet" not in shown()
    send(waiting())
    assert "Asked, no answer yet" in shown()
