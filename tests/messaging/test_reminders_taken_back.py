"""A reminder that is taken back asked nothing: what another one asked before or after it can still be answered."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging import api_reminders
from messaging.api_reminders import Wanted
from messaging.models import Conversation, ConversationState, Message, Question, QuestionKind
from scheduling import operations
from scheduling.models import Appointment
from tests.messaging.days import NOW
from tests.messaging.reminding import HOUR, reminders, rules, someone, sweep, visit_of
from tests.messaging.talk import Talk

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _clock(clinic: Clinic) -> Iterator[Any]:
    with in_clinic(clinic):
        rules(steps=[72])
    with time_machine.travel(NOW, tick=False) as moved:
        yield moved


def arrives() -> None:
    """Let what waits reach the patient."""
    Message.objects.filter(status="queued").update(status="delivered", next_attempt_at=None)


def cancel(visit: Appointment, by: User, now: datetime) -> None:
    with time_machine.travel(now, tick=False):
        visit = Appointment.objects.get(pk=visit.pk)
        operations.cancel(visit, by=by, why="clinic", silent=True, now=now)


def on_days(clinic: Clinic, *days: int) -> tuple[Conversation, list[Appointment]]:
    """Give somebody a visit for each day, the first step of which falls due one day after the other's."""
    patient, conversation = someone(clinic, channel="sms")
    return conversation, [visit_of(patient, NOW + day * DAY) for day in days]


def asked() -> Question | None:
    return Question.objects.filter(kind=QuestionKind.CONFIRM_VISIT, closed_at=None).first()


def subjects(items: list[dict[str, Any]]) -> list[str]:
    return [item["appointment_id"] for item in items]


def says(clinic: Clinic, conversation: Conversation, words: str, after: timedelta) -> str:
    talk = Talk(clinic, channel="sms", sender=conversation.contact_point.phone or "", at=NOW + after)
    return talk.say(words)


def test_the_answer_to_the_one_before_counts(clinic: Clinic, owner: User) -> None:
    with in_clinic(clinic):
        conversation, (first, second) = on_days(clinic, 3, 4)
        assert sweep(NOW) == 1
        arrives()
        assert sweep(NOW + DAY) == 1
        cancel(second, owner, NOW + DAY)
        question = asked()
        assert question is not None
        assert subjects(question.items) == [str(first.pk)]
        assert question.context.get("earlier") == []
        assert (question.asked_by.status, question.asked_at) == ("delivered", question.asked_by.created_at)  # type: ignore[union-attr]
        assert question.expires_at == first.starts_at
    assert "expects you" in says(clinic, conversation, "yes", DAY + HOUR)
    with in_clinic(clinic):
        first.refresh_from_db()
        assert first.attendance == "attending"
        assert asked() is None


def test_of_several_before_the_newest_unanswered_is_asked_again(clinic: Clinic, owner: User) -> None:
    with in_clinic(clinic):
        _, (first, second, third) = on_days(clinic, 3, 4, 5)
        for n in range(2):
            assert sweep(NOW + n * DAY) == 1
            arrives()
        assert sweep(NOW + 2 * DAY) == 1
        cancel(third, owner, NOW + 2 * DAY)
        question = asked()
        assert question is not None
        assert subjects(question.items) == [str(second.pk)]
        assert subjects(question.context["earlier"]) == [str(first.pk)]
        assert question.expires_at == second.starts_at


def test_one_before_that_is_over_is_not_asked_again(clinic: Clinic, owner: User) -> None:
    with in_clinic(clinic):
        conversation, (_first, second) = on_days(clinic, 3, 5)
        assert sweep(NOW) == 1
        arrives()
        assert sweep(NOW + 2 * DAY) == 1
        cancel(second, owner, NOW + 3 * DAY)
        assert asked() is None
        conversation.refresh_from_db()
        assert conversation.state == ConversationState.IDLE


def test_the_one_after_it_is_still_the_one_that_asks(clinic: Clinic, owner: User) -> None:
    with in_clinic(clinic):
        _, (first, second) = on_days(clinic, 3, 4)
        assert sweep(NOW) == 1
        assert sweep(NOW + DAY) == 1
        cancel(first, owner, NOW + DAY)
        question = asked()
        assert question is not None
        assert subjects(question.items) == [str(second.pk)]
        assert question.context["earlier"] == []


def test_times_that_are_offered_stay_open(clinic: Clinic, owner: User) -> None:
    with in_clinic(clinic):
        conversation, (visit,) = on_days(clinic, 3)
        assert sweep(NOW) == 1
        Question.objects.create(
            conversation=conversation,
            kind=QuestionKind.PICK_DAY,
            items=[],
            asked_at=NOW,
            expires_at=NOW + DAY,
        )
        cancel(visit, owner, NOW)
        assert asked() is None
        conversation.refresh_from_db()
        assert conversation.state != ConversationState.IDLE


@pytest.mark.parametrize(("words", "attendance"), [("yes", "attending"), ("2", "declined")])
def test_the_step_before_is_answered_while_the_next_one_waits_for_the_morning(
    clinic: Clinic, words: str, attendance: str
) -> None:
    with in_clinic(clinic):
        rules(steps=[72, 24])
        conversation, (visit,) = on_days(clinic, 3)
        assert sweep(NOW) == 1
        arrives()
        assert sweep(NOW + 2 * DAY) == 1  # not gone yet
    assert says(clinic, conversation, words, 2 * DAY + HOUR) != ""
    with in_clinic(clinic):
        visit.refresh_from_db()
        assert visit.attendance == attendance
        statuses = [message.status for message in reminders()]
        assert statuses == ["delivered", "cancelled"]
        assert (asked() is None) == (words == "yes")


def test_two_steps_of_a_visit_are_one_thing_to_answer(clinic: Clinic) -> None:
    with in_clinic(clinic):
        rules(steps=[72, 24])
        conversation, (visit,) = on_days(clinic, 3)
        for n in (0, 2):
            assert sweep(NOW + n * DAY) == 1
            arrives()
    assert "expects you" in says(clinic, conversation, "yes", 2 * DAY + HOUR)
    with in_clinic(clinic):
        visit.refresh_from_db()
        assert visit.attendance == "attending"
        assert asked() is None


def wanted(conversation: Conversation, day: int, hours: int = 200) -> Wanted:
    number, at = conversation.contact_point.phone or "", NOW + day * DAY
    return Wanted(given=number, number=number, appointment_at=at, utc_offset=0, notify_window=hours)


@pytest.mark.parametrize("deed", ["delete", "move"])
def test_another_calendars_reminder_gives_the_one_before_back(clinic: Clinic, deed: str) -> None:
    with in_clinic(clinic):
        _, conversation = someone(clinic, channel="sms")
        first = api_reminders.create(wanted(conversation, 3), by=None, now=NOW)
        arrives()
        second = api_reminders.create(wanted(conversation, 4), by=None, now=NOW)
        if deed == "delete":
            api_reminders.delete(second.pk, now=NOW)
        else:
            moved = wanted(conversation, 30, hours=24)
            api_reminders.change(
                second.pk,
                {"appointment_at": moved.appointment_at, "notify_window": moved.notify_window},
                now=NOW,
            )
    assert says(clinic, conversation, "yes", HOUR) != ""
    with in_clinic(clinic):
        first.refresh_from_db()
        assert first.will_attend is True
        second.refresh_from_db()
        assert second.will_attend is None
