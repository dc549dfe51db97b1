"""What broke on its way goes once more by itself, while it is of use, and never what a member wrote."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clinics.models import Clinic
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import gate, second_tries
from messaging.models import Attempt, Conversation, Message, MessageStatus
from tests.messaging.sent import call_back, sent_message

pytestmark = pytest.mark.django_db


def broken(clinic: Clinic, code: str, *, purpose: str = gate.REMINDER, **changes: Any) -> Attempt:
    """Return the attempt of a message that was taken and then reported as undelivered."""
    attempt = sent_message(clinic)
    with in_clinic(clinic):
        Message.objects.filter(pk=attempt.message_id).update(purpose=purpose, **changes)
    call_back(clinic, attempt, "undelivered", error=code)
    return attempt


def seen(clinic: Clinic, attempt: Attempt) -> Message:
    with in_clinic(clinic):
        return Message.objects.select_related("conversation").get(pk=attempt.message_id)


@pytest.mark.parametrize("purpose", [gate.REMINDER, gate.NOTICE])
@pytest.mark.parametrize("code", ["30003", "30008", "30410", "40004", "40008"])
def test_it_goes_once_more_after_an_hour(clinic: Clinic, code: str, purpose: str) -> None:
    before = clock.now()
    message = seen(clinic, broken(clinic, code, purpose=purpose))
    assert (message.status, message.reason) == (MessageStatus.QUEUED, "second_try")
    assert timedelta(minutes=59) < message.next_attempt_at - before < timedelta(minutes=61)
    thread = message.conversation
    assert (thread.failed_count, thread.last_status) == (0, "queued")


def test_a_second_failure_of_that_kind_is_staffs(clinic: Clinic) -> None:
    attempt = broken(clinic, "30003")
    with in_clinic(clinic):
        Message.objects.filter(pk=attempt.message_id).update(status="sending")
        second = Attempt.objects.create(
            message_id=attempt.message_id,
            n=2,
            account_id=attempt.account_id,
            kind=attempt.kind,
            state="sending",
            created_at=clock.now(),
        )
    call_back(clinic, second, "undelivered", error="30003", sid="SM" + "e" * 32)
    message = seen(clinic, attempt)
    assert (message.status, message.error_code) == ("undelivered", "30003")
    assert message.conversation.failed_count == 1


def test_the_same_report_again_plans_no_further_try(clinic: Clinic) -> None:
    attempt = broken(clinic, "30003")
    first = seen(clinic, attempt).next_attempt_at
    call_back(clinic, attempt, "undelivered", error="30003")
    again = seen(clinic, attempt)
    assert (again.status, again.conversation.failed_count) == (MessageStatus.QUEUED, 0)
    assert again.next_attempt_at - first < timedelta(minutes=1)


def test_what_arrives_after_all_is_not_sent_again(clinic: Clinic) -> None:
    attempt = broken(clinic, "30003")
    call_back(clinic, attempt, "delivered")
    message = seen(clinic, attempt)
    assert (message.status, message.next_attempt_at) == ("delivered", None)


@pytest.mark.parametrize("purpose", [gate.STAFF, gate.ANSWER, gate.CONSENT, ""])
def test_what_was_said_in_the_talk_is_left_to_staff(clinic: Clinic, purpose: str) -> None:
    message = seen(clinic, broken(clinic, "30003", purpose=purpose))
    assert (message.status, message.conversation.failed_count) == ("undelivered", 1)


@pytest.mark.parametrize("code", ["30005", "30007", "21610", "63016", "99999", ""])
def test_what_would_fail_again_is_left_to_staff(clinic: Clinic, code: str) -> None:
    assert seen(clinic, broken(clinic, code)).status == "undelivered"


@pytest.mark.parametrize(("minutes", "status"), [(30, "undelivered"), (90, "queued")])
def test_what_is_too_late_by_then_is_left_to_staff(clinic: Clinic, minutes: int, status: str) -> None:
    expires_at = clock.now() + timedelta(minutes=minutes)
    assert seen(clinic, broken(clinic, "30003", expires_at=expires_at)).status == status


def test_what_staff_have_settled_stays_settled(clinic: Clinic) -> None:
    assert seen(clinic, broken(clinic, "30003", solved="otherwise")).status == "undelivered"


def test_a_thread_that_only_waits_for_a_second_try_needs_nobody(clinic: Clinic) -> None:
    attempt = sent_message(clinic)
    with in_clinic(clinic):
        Message.objects.filter(pk=attempt.message_id).update(purpose=gate.REMINDER)
        Conversation.objects.filter(pk=attempt.message.conversation_id).update(work_state="done")
    call_back(clinic, attempt, "undelivered", error="30003")
    assert seen(clinic, attempt).conversation.work_state == "done"


@pytest.mark.parametrize(
    ("code", "tried", "minutes"),
    [
        ("30003", 1, 60),
        ("30003", 2, None),
        ("63009", 1, 5),
        ("63009", 2, 20),
        ("63009", 3, 60),
        ("63009", 4, None),
        ("30035", 1, 240),
        ("30036", 1, 5),
        ("30036", 2, None),
        ("63003", 1, None),
        ("99999", 1, None),
        ("63038", 3, None),
    ],
)
def test_how_long_each_try_waits(code: str, tried: int, minutes: int | None) -> None:
    now = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
    expected = None if minutes is None else timedelta(minutes=minutes)
    assert second_tries.wait(code, tried=tried, now=now) == expected


@pytest.mark.parametrize(
    "day", [datetime(2026, 11, 1, 18, 0, tzinfo=UTC), datetime(2026, 3, 8, 3, 0, tzinfo=UTC)]
)
def test_a_days_limit_is_over_after_the_carriers_midnight(day: datetime) -> None:
    after = second_tries.wait("30023", tried=1, now=day)
    assert after is not None
    there = (day + after).astimezone(second_tries._CARRIERS)
    assert (there.hour, there.minute) == (0, 10)
    assert timedelta(0) < after <= timedelta(hours=25, minutes=10)
