"""Staff offer other times: the patient is told, answers by number, and has the visit; else staff hear of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging import conversations
from messaging.models import Message, Question
from scheduling import operations, queries
from scheduling.models import Appointment, Hold
from tests.messaging.hooks import message_form, post, replies_in, token_of
from tests.messaging.talk import Talk, settings

pytestmark = pytest.mark.django_db


@pytest.fixture
def talk(clinic: Clinic) -> Talk:
    """A patient whose request waits for staff."""
    talk = Talk(clinic)
    talk.say("I need an appointment")
    talk.say("1")
    return talk


def offer(talk: Talk, by: User, count: int = 3) -> Appointment:
    """Offer the next free times of the following days."""
    talk.now += timedelta(minutes=1)
    with in_clinic(talk.clinic), time_machine.travel(talk.now, tick=False):
        visit = Appointment.objects.get(status="pending_review")
        day = talk.now.date() + timedelta(days=2)
        free = queries.free_slots(from_date=day, days=3, now=talk.now)
        return operations.counter_offer(visit, slots=queries.spread(free, count), by=by, now=talk.now)


def told(talk: Talk) -> Message:
    with in_clinic(talk.clinic):
        return Message.objects.filter(direction="outbound").latest("created_at", "id")


def test_the_patient_reads_the_times_and_how_to_answer(talk: Talk, owner: User) -> None:
    visit = offer(talk, owner)

    body = told(talk).body
    assert "Would another time suit you?" in body
    assert "1. " in body
    assert "3. " in body
    assert "0 = none of these" in body
    [question] = talk.open_questions
    assert (question.kind, question.expires_at) == ("pick_slot", visit.offered_until)
    assert talk.thread.work_state == "waiting_patient"
    assert talk.thread.state == "awaiting_slot"


def test_a_number_moves_the_request_there_and_it_stands(talk: Talk, owner: User) -> None:
    offer(talk, owner)
    times = talk.offered()

    said = talk.say("2")

    [visit] = talk.visits
    assert (visit.status, visit.starts_at, visit.decided_by_id) == ("confirmed", times[1], owner.pk)
    assert said.startswith("Your visit is confirmed")
    assert "automatic assistant" not in said
    assert talk.open_questions == []
    with in_clinic(talk.clinic):
        assert not Hold.objects.exists()
        assert Message.objects.filter(body__startswith="Your visit is confirmed").count() == 1
        assert Message.objects.get(body="2").appointment_id == visit.pk
    assert talk.thread.state == "idle"


@pytest.mark.parametrize("mode", ["staff_only", "suggest", "paused"])
def test_the_answer_to_staff_is_understood_whatever_the_bot_may_do(
    talk: Talk, owner: User, mode: str
) -> None:
    offer(talk, owner)
    if mode == "paused":
        with in_clinic(talk.clinic):
            type(talk.thread).objects.update(bot_off=True)
    else:
        settings(talk.clinic, bot_inside_hours=mode, bot_outside_hours=mode)

    assert talk.say("la 1 por favor")
    assert talk.visits[0].status == "confirmed"


def test_other_words_wait_for_a_person_and_the_times_stay(talk: Talk, owner: User) -> None:
    offer(talk, owner)

    talk.say("is there parking near you?")

    assert talk.thread.work_state == "needs_reply"
    assert len(talk.open_questions) == 1
    assert talk.say("3").startswith("Your visit is confirmed")


@pytest.mark.parametrize("words", ["0", "no", "no gracias"])
def test_none_of_them_gives_the_request_back_to_staff(talk: Talk, owner: User, words: str) -> None:
    offer(talk, owner)

    said = talk.say(words)

    assert "will look for another way" in said or "buscará otra opción" in said
    [visit] = talk.visits
    assert (visit.status, visit.offered_until) == ("pending_review", None)
    assert visit.respond_by is not None
    assert talk.thread.work_state == "needs_reply"
    assert talk.open_questions == []
    with in_clinic(talk.clinic):
        assert not Hold.objects.exists()


def test_a_time_offered_on_two_days_is_asked_for_and_then_taken(talk: Talk, owner: User) -> None:
    talk.now += timedelta(minutes=1)
    with in_clinic(talk.clinic), time_machine.travel(talk.now, tick=False):
        visit = Appointment.objects.get(status="pending_review")
        day = talk.now.date() + timedelta(days=2)
        free = queries.free_slots(from_date=day, days=2, now=talk.now)
        tens = [slot for slot in free if slot.starts_at.hour == 15 and not slot.starts_at.minute]
        visit = operations.counter_offer(visit, slots=tens, by=owner, now=talk.now)

    assert "Which one do you mean?" in talk.say("10:00")
    assert [q.expires_at for q in talk.open_questions] == [visit.offered_until]
    assert talk.say("2").startswith("Your visit is confirmed")
    assert talk.visits[0].starts_at == tens[1].starts_at


def test_nobody_answers_and_staff_are_told(talk: Talk, owner: User) -> None:
    visit = offer(talk, owner)
    assert visit.offered_until is not None
    late = visit.offered_until + timedelta(minutes=1)

    with in_clinic(talk.clinic), time_machine.travel(late, tick=False):
        before = Message.objects.count()
        assert operations.expire_counters(now=late) == 1
        assert Message.objects.count() == before

    assert talk.thread.work_state == "needs_reply"
    assert talk.thread.state == "idle"
    assert talk.open_questions == []
    assert talk.visits[0].status == "pending_review"


def test_an_answer_that_comes_too_late_is_for_a_person(talk: Talk, owner: User) -> None:
    visit = offer(talk, owner)
    assert visit.offered_until is not None

    talk.say("1", after=visit.offered_until - talk.now + timedelta(minutes=2))

    assert talk.visits[0].status == "pending_review"
    assert talk.thread.work_state == "needs_reply"


@pytest.mark.parametrize("decision", ["accept", "reject", "move"])
def test_a_decision_of_staff_ends_the_question(talk: Talk, owner: User, decision: str) -> None:
    visit = offer(talk, owner)
    with in_clinic(talk.clinic), time_machine.travel(talk.now, tick=False):
        offered = queries.offered_times(visit)[0]
        if decision == "accept":
            operations.accept(visit, by=owner, now=talk.now)
        elif decision == "reject":
            operations.reject(visit, by=owner, now=talk.now)
        else:
            operations.move(
                visit,
                starts_at=offered.starts_at,
                by=owner,
                expected_version=visit.version,
                now=talk.now,
            )
        assert not Hold.objects.filter(purpose="counter").exists()
        assert not Question.objects.filter(closed_at=None, context__counter=str(visit.pk)).exists()


def test_offering_again_leaves_one_question_with_the_new_times(talk: Talk, owner: User) -> None:
    offer(talk, owner)
    visit = offer(talk, owner, count=2)
    assert len(talk.open_questions) == 1
    assert len(talk.offered()) == 2
    with in_clinic(talk.clinic):
        assert [slot.starts_at for slot in queries.offered_times(visit)] == talk.offered()


def test_a_redelivered_answer_counts_once(talk: Talk, owner: User) -> None:
    offer(talk, owner)
    form = message_form(talk.clinic, "2", sender=talk.sender)
    with time_machine.travel(talk.now + timedelta(minutes=1), tick=False):
        first, second = (post(form, token=token_of(talk.clinic)) for _ in range(2))
    assert replies_in(first)[0][0].startswith("Your visit is confirmed")
    assert replies_in(second) == replies_in(first)
    with in_clinic(talk.clinic):
        assert Message.objects.filter(body__startswith="Your visit is confirmed").count() == 1


@pytest.mark.parametrize(
    ("language", "words"), [("es", "¿Le queda bien otra hora?"), ("zh", "换个时间可以吗")], ids=["es", "zh"]
)
def test_the_offer_speaks_the_patients_language(talk: Talk, owner: User, language: str, words: str) -> None:
    with in_clinic(talk.clinic):
        visit = Appointment.objects.get(status="pending_review")
        visit.patient.preferred_language = language
        visit.patient.save()
    offer(talk, owner)
    assert words in told(talk).body


def test_done_leaves_the_times_offered(talk: Talk, owner: User) -> None:
    offer(talk, owner)
    with in_clinic(talk.clinic), time_machine.travel(talk.now, tick=False):
        conversations.done(talk.thread, by=owner, now=talk.now)

    assert talk.thread.work_state == "done"
    assert talk.say("2").startswith("Your visit is confirmed")
