"""The same words twice: of the system once, of a member as often as wanted."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging import gate, outbox
from messaging.models import Conversation, Message
from tests.messaging.outbound import queued, sender_of, thread

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _inside(clinic: Clinic) -> Iterator[None]:
    with in_clinic(clinic), time_machine.travel(NOW, tick=False):
        yield


def test_the_second_one_is_not_sent_and_names_the_first(clinic: Clinic) -> None:
    conversation = thread(clinic)
    first, second = queued(conversation), queued(conversation, now=NOW + timedelta(minutes=9))
    assert (first.status, second.status, second.reason) == ("queued", "blocked", "duplicate")
    step = next(s for s in second.verdict["steps"] if s["step"] == "duplicate")
    assert step["evidence"] == {"duplicate_of": str(first.pk), "at": NOW.isoformat()}
    conversation.refresh_from_db()
    assert (conversation.failed_count, conversation.work_state) == (0, "done")  # the patient has the words


def test_after_ten_minutes_it_is_another_one(clinic: Clinic) -> None:
    conversation = thread(clinic)
    queued(conversation)
    assert queued(conversation, now=NOW + timedelta(minutes=10)).status == "queued"


def test_other_words_another_channel_another_person_are_others(clinic: Clinic) -> None:
    conversation = thread(clinic)
    queued(conversation)
    assert queued(conversation, "Otra cosa").status == "queued"
    assert queued(conversation, sender=sender_of(clinic, "sms")).status == "queued"
    assert queued(thread(clinic, address="+15005550002")).status == "queued"


def test_two_events_with_keys_of_their_own_are_two(clinic: Clinic) -> None:
    conversation = thread(clinic)
    assert queued(conversation, dedupe_key="event:1").status == "queued"
    assert queued(conversation, dedupe_key="event:2").status == "queued"
    assert queued(conversation).reason == "duplicate"


def test_a_reminder_and_a_notice_of_the_same_words_are_one(clinic: Clinic) -> None:
    conversation = thread(clinic)
    queued(conversation)
    assert queued(conversation, purpose=gate.REMINDER).reason == "duplicate"


@pytest.mark.parametrize("status", ["blocked", "failed", "undelivered", "cancelled"])
def test_what_did_not_arrive_is_no_first(clinic: Clinic, status: str) -> None:
    conversation = thread(clinic)
    queued(conversation)
    Message.objects.filter(direction="outbound").update(status=status)
    assert queued(conversation).status == "queued"


def test_a_member_may_say_it_again(clinic: Clinic, owner: User) -> None:
    conversation = thread(clinic)
    for n in range(2):
        at = NOW + timedelta(seconds=n)
        assert outbox.send_reply(conversation, body="Sí", user=owner, now=at).status == "queued"
    assert queued(Conversation.objects.get(), "Sí", now=NOW + timedelta(seconds=3)).status == "queued"
