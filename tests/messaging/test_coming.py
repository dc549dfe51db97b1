"""Answers to a reminder: yes, no, another time, a call; what is said, what becomes of the visit, and its time."""

from datetime import timedelta

import pytest

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging import conversations, outbox
from messaging.facts import forget_facts
from messaging.models import BotMode, Message, Question
from scheduling import attendance, operations
from scheduling.models import Appointment, Hold, ResourceBooking, Task, WeeklyHours
from tests.messaging.remind import TOMORROW_10, fresh, known, remind, reminded, sweep, visit_for
from tests.messaging.talk import MONDAY_10, MONDAY_22, Talk, settings
from tests.statements import statements

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
STATEMENTS_OF_A_YES = 25  # with what is known of the clinic at hand


def tasks(talk: Talk, kind: str) -> list[Task]:
    with in_clinic(talk.clinic):
        return list(Task.objects.filter(kind=kind, done_at=None))


@pytest.mark.parametrize("word", ["1", "yes", "sí", "好的", "I'll be there", "ok gracias", "👍"])
def test_a_yes_marks_the_visit_as_coming_and_says_so(clinic: Clinic, word: str) -> None:
    talk, (visit,) = reminded(clinic)
    assert talk.thread.state == "awaiting_confirm"
    answer = talk.say(word)
    assert "Alpha Clinic" in answer
    assert "10:00" in answer
    assert fresh(talk, visit).attendance == "attending"
    assert (talk.thread.state, talk.open_questions) == ("idle", [])


@pytest.mark.parametrize("word", ["2", "no", "no puedo ir", "我来不了", "cancelar mi cita"])
def test_a_no_frees_the_time_two_minutes_later(clinic: Clinic, word: str) -> None:
    talk, (visit,) = reminded(clinic)
    answer = talk.say(word)
    assert "3" in answer
    assert (fresh(talk, visit).attendance, fresh(talk, visit).status) == ("declined", "confirmed")
    assert sweep(talk, MINUTE) == 0
    assert sweep(talk, MINUTE) == 1
    assert (fresh(talk, visit).status, fresh(talk, visit).cancellation) == ("cancelled", "patient")
    with in_clinic(clinic):
        assert not ResourceBooking.objects.filter(appointment=visit).exists()
        assert Message.objects.filter(purpose="notice", dedupe_key__startswith="event").count() == 0


def test_sorry_yes_within_two_minutes_takes_the_no_back(clinic: Clinic) -> None:
    talk, (visit,) = reminded(clinic)
    talk.say("no")
    assert "expects you" in talk.say("sorry, yes!", after=MINUTE)
    assert sweep(talk, 10 * MINUTE) == 0
    assert (fresh(talk, visit).status, fresh(talk, visit).attendance) == ("confirmed", "attending")


@pytest.mark.parametrize("word", ["ok", "ok gracias", "gracias", "👍", "vale", "好的"])
def test_a_nod_after_a_no_takes_nothing_back(clinic: Clinic, word: str) -> None:
    talk, (visit,) = reminded(clinic)
    talk.say("no")
    assert talk.say(word, after=MINUTE) == ""
    assert sweep(talk, 2 * MINUTE) == 1
    assert fresh(talk, visit).status == "cancelled"


def test_a_yes_that_comes_too_late_hears_that_it_is_cancelled(clinic: Clinic) -> None:
    talk, (visit,) = reminded(clinic)
    talk.say("no")
    sweep(talk, 3 * MINUTE)
    assert "cancelled already" in talk.say("sorry, yes")
    assert fresh(talk, visit).status == "cancelled"


def test_what_the_crash_of_the_sweep_left_is_finished_by_the_next(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk, (visit,) = reminded(clinic)
    talk.say("no")
    with monkeypatch.context() as patched:
        patched.setattr(attendance, "end", lambda *a, **k: (_ for _ in ()).throw(RuntimeError("killed")))
        with pytest.raises(RuntimeError):
            sweep(talk, 3 * MINUTE)
    assert fresh(talk, visit).status == "confirmed"
    assert sweep(talk) == 1
    assert fresh(talk, visit).status == "cancelled"


def test_who_said_yes_and_cannot_come_after_all_is_understood(clinic: Clinic) -> None:
    talk, (visit,) = reminded(clinic)
    talk.say("yes")
    assert "cancelled" in talk.say("I can't make it", after=timedelta(hours=1))
    assert fresh(talk, visit).attendance == "declined"


def test_a_no_less_than_three_hours_before_tells_the_desk_at_once(clinic: Clinic) -> None:
    talk, (visit,) = reminded(clinic, starts_at=MONDAY_10 + timedelta(hours=2))
    talk.say("no")
    (task,) = tasks(talk, "not_coming")
    assert task.appointment_id == visit.pk
    assert talk.thread.work_state == "needs_reply"


def test_a_sorry_yes_takes_the_desks_task_back_and_another_no_gives_it_again(clinic: Clinic) -> None:
    talk, _ = reminded(clinic, starts_at=MONDAY_10 + timedelta(hours=2))
    talk.say("no")
    talk.say("sorry, yes", after=MINUTE)
    assert tasks(talk, "not_coming") == []
    talk.say("no, I can't come", after=MINUTE)
    assert len(tasks(talk, "not_coming")) == 1


def test_who_says_to_be_late_has_answered_the_reminder(clinic: Clinic) -> None:
    talk, (visit,) = reminded(clinic, starts_at=MONDAY_10 + timedelta(hours=2))
    talk.say("running 10 minutes late")
    assert (talk.thread.state, talk.open_questions) == ("idle", [])
    assert fresh(talk, visit).late_minutes == 10


def test_a_no_the_day_before_gives_the_desk_nothing_to_do(clinic: Clinic) -> None:
    talk, _ = reminded(clinic)
    talk.say("no")
    assert tasks(talk, "not_coming") == []
    assert talk.thread.work_state == "bot"


@pytest.mark.parametrize("word", ["3", "CHANGE", "reprogramar", "改期", "another time"])
def test_another_time_offers_three_over_two_days_and_a_call(clinic: Clinic, word: str) -> None:
    talk, (visit,) = reminded(clinic)
    answer = talk.say(word)
    offered = talk.offered()
    assert len(offered) == 3
    assert len({at.date() for at in offered}) > 1
    assert "CALL" in answer
    assert visit.starts_at not in offered
    assert fresh(talk, visit).starts_at == visit.starts_at


def test_a_number_moves_the_visit_and_frees_the_old_time(clinic: Clinic) -> None:
    talk, (visit,) = reminded(clinic)
    talk.say("3")
    wanted = talk.offered()[1]
    answer = talk.say("2")
    moved = fresh(talk, visit)
    assert (moved.starts_at, moved.version, moved.status) == (wanted, visit.version + 1, "confirmed")
    assert "has moved from" in answer
    assert talk.open_questions == []
    with in_clinic(clinic):
        assert Message.objects.filter(direction="outbound", body__contains="has moved").count() == 1
        (block,) = ResourceBooking.objects.filter(appointment=visit).values_list("visit", flat=True)
    assert block.lower == wanted


def test_a_slot_that_is_gone_asks_to_call_with_the_number(clinic: Clinic) -> None:
    talk, (visit,) = reminded(clinic)
    talk.say("3")
    wanted = talk.offered()[0]
    with in_clinic(clinic):
        Hold.objects.all().delete()
    other = Talk(clinic, sender="+16465550177")
    (bob,) = known(other, "Bob Brown")
    visit_for(other, bob, wanted)
    answer = talk.say("1")
    assert "(212) 555-0142" in answer
    assert "CALL" in answer
    assert fresh(talk, visit).starts_at == visit.starts_at
    assert "will call you" in talk.say("CALL")
    assert len(tasks(talk, "call_back")) == 1


def test_nothing_free_asks_to_call_and_the_visit_can_still_be_answered(clinic: Clinic) -> None:
    talk, (visit,) = reminded(clinic)
    with in_clinic(clinic):
        WeeklyHours.objects.all().delete()
    forget_facts()
    assert "(212) 555-0142" in talk.say("3")
    talk.say("yes")
    assert fresh(talk, visit).attendance == "attending"


def test_three_after_a_no_that_is_carried_out_finds_a_new_visit(clinic: Clinic) -> None:
    talk, _ = reminded(clinic)
    talk.say("no")
    sweep(talk, 3 * MINUTE)
    talk.say("3")
    assert len(talk.offered()) == 3
    talk.say("1")
    assert [row.status for row in talk.visits] == ["cancelled", "pending_review"]


def test_three_after_a_no_moves_the_visit_while_it_stands(clinic: Clinic) -> None:
    talk, (visit,) = reminded(clinic)
    talk.say("no")
    talk.say("3", after=timedelta(seconds=30))
    talk.say("1", after=timedelta(seconds=30))
    assert sweep(talk, 10 * MINUTE) == 0
    assert (fresh(talk, visit).status, fresh(talk, visit).version) == ("confirmed", visit.version + 1)


def test_yes_to_the_list_keeps_the_visit_as_it_is(clinic: Clinic) -> None:
    talk, (visit,) = reminded(clinic)
    talk.say("3")
    assert "expects you" in talk.say("yes I'll be there")
    assert fresh(talk, visit).attendance == "attending"
    with in_clinic(clinic):
        assert not Hold.objects.exists()


@pytest.mark.parametrize("word", ["CALL", "LLAMAR", "打电话", "HELP"])
def test_call_makes_a_call_back_task_and_says_so(clinic: Clinic, word: str) -> None:
    talk, (visit,) = reminded(clinic)
    assert "will call you" in talk.say(word)
    (task,) = tasks(talk, "call_back")
    assert task.appointment_id == visit.pk
    talk.say(word)
    assert len(tasks(talk, "call_back")) == 1


def test_call_outside_opening_hours_says_when_the_clinic_opens(clinic: Clinic) -> None:
    talk, _ = reminded(clinic, at=MONDAY_22)
    assert "opens" in talk.say("CALL")


def test_help_by_sms_is_the_carriers_to_answer_but_still_makes_the_task(clinic: Clinic) -> None:
    talk, _ = reminded(clinic, channel="sms")
    assert talk.say("HELP") == ""
    assert len(tasks(talk, "call_back")) == 1


def test_call_means_a_person_when_no_reminder_was_sent(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("call")
    assert tasks(talk, "call_back") == []
    assert talk.thread.handed_over_at is not None


@pytest.mark.parametrize(
    "text",
    ["noon", "November", "I do not know yet", "I don't know", "yesterday", "I was sick yesterday, can't come", "no sé todavía", "quizás", "我不知道"],
)  # fmt: skip
def test_what_is_no_answer_answers_nothing_and_gets_help_once(clinic: Clinic, text: str) -> None:
    talk, (visit,) = reminded(clinic)
    assert talk.say(text).count("1") == 1
    assert fresh(talk, visit).attendance == "asked"
    assert "CALL" not in talk.say(text)
    assert (talk.thread.work_state, fresh(talk, visit).attendance) == ("needs_reply", "asked")


@pytest.mark.parametrize("text", ["gracias", "thank you", "谢谢", "🙏", "good night"])
def test_thanks_alone_are_no_answer(clinic: Clinic, text: str) -> None:
    talk, (visit,) = reminded(clinic)
    assert talk.say(text) == ""
    assert (fresh(talk, visit).attendance, talk.thread.state) == ("asked", "awaiting_confirm")


def test_an_answer_counts_though_the_bot_is_off(clinic: Clinic) -> None:
    settings(clinic, bot_inside_hours=BotMode.STAFF_ONLY)
    talk, (visit,) = reminded(clinic)
    assert "expects you" in talk.say("yes")
    assert fresh(talk, visit).attendance == "attending"


def test_a_bare_yes_after_a_members_words_is_for_the_member(clinic: Clinic, owner: User) -> None:
    talk, (visit,) = reminded(clinic)
    with in_clinic(clinic):
        outbox.send_reply(talk.thread, body="May Dr. Wu see you instead?", user=owner, now=talk.now)
    assert talk.say("yes") == ""
    assert fresh(talk, visit).attendance == "asked"
    assert talk.thread.work_state == "needs_reply"


def test_a_note_of_a_member_is_no_word_to_the_patient(clinic: Clinic, owner: User) -> None:
    talk, (visit,) = reminded(clinic)
    with in_clinic(clinic):
        outbox.add_note(talk.thread, body="Called, no answer", user=owner, now=talk.now)
    talk.say("yes")
    assert fresh(talk, visit).attendance == "attending"


def test_a_quoted_reminder_is_answered_whoever_wrote_last(clinic: Clinic, owner: User) -> None:
    talk, (visit,) = reminded(clinic)
    remind(talk, visit, provider_id="SMquoted")
    with in_clinic(clinic):
        outbox.send_reply(talk.thread, body="Bring your papers", user=owner, now=talk.now)
    talk.say("yes", OriginalRepliedMessageSid="SMquoted")
    assert fresh(talk, visit).attendance == "attending"


@pytest.mark.parametrize(("button", "attendance"), [("yes", "attending"), ("no", "declined")])
def test_buttons_answer_their_question(clinic: Clinic, button: str, attendance: str) -> None:
    talk, (visit,) = reminded(clinic)
    talk.say("Button text", ButtonPayload=button, ButtonText="Button text")
    assert fresh(talk, visit).attendance == attendance


def test_the_move_button_offers_times(clinic: Clinic) -> None:
    talk, _ = reminded(clinic)
    talk.say("Another time", ButtonPayload="move", ButtonText="Another time")
    assert len(talk.offered()) == 3


def test_an_earlier_reminder_is_answered_by_quoting_it(clinic: Clinic) -> None:
    talk = Talk(clinic)
    (ana,) = known(talk, "Ana Pérez")
    first = visit_for(talk, ana, TOMORROW_10)
    second = visit_for(talk, ana, TOMORROW_10 + timedelta(days=2))
    remind(talk, first, provider_id="SMfirst")
    remind(talk, second, provider_id="SMsecond")
    talk.say("no", OriginalRepliedMessageSid="SMfirst")
    assert (fresh(talk, first).attendance, fresh(talk, second).attendance) == ("declined", "asked")
    talk.say("yes")
    assert (fresh(talk, first).attendance, fresh(talk, second).attendance) == ("declined", "attending")


def test_an_answer_about_an_old_time_is_asked_anew(clinic: Clinic, owner: User) -> None:
    talk, (visit,) = reminded(clinic)
    with in_clinic(clinic):
        operations.move(
            Appointment.objects.get(pk=visit.pk),
            starts_at=TOMORROW_10 + timedelta(hours=3),
            by=owner,
            expected_version=visit.version,
            now=talk.now,
        )
    answer = talk.say("no")
    assert "another time now" in answer
    assert (fresh(talk, visit).attendance, fresh(talk, visit).declined_at) == ("unasked", None)
    talk.say("yes")
    assert fresh(talk, visit).attendance == "attending"


def test_an_answer_after_the_visit_began_goes_to_staff(clinic: Clinic) -> None:
    talk, (visit,) = reminded(clinic)
    talk.say("yes", after=timedelta(days=1, hours=1))
    assert fresh(talk, visit).attendance == "asked"
    assert talk.thread.work_state == "needs_reply"


# ── Several visits on one phone ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", ["1 yes, 2 no", "1 sí 2 no", "Ana sí, Luis no", "1来2不来", "sí 1, no 2"])
def test_each_of_a_family_is_answered_for(clinic: Clinic, text: str) -> None:
    talk, (ana, luis) = reminded(clinic, "Ana Pérez", "Luis Pérez")
    answer = talk.say(text)
    assert (fresh(talk, ana).attendance, fresh(talk, luis).attendance) == ("attending", "declined")
    assert "10:00" in answer
    assert "10:30" in answer


@pytest.mark.parametrize("text", ["yes", "both yes", "todos", "sí los dos"])
def test_a_yes_for_all_answers_for_all(clinic: Clinic, text: str) -> None:
    talk, visits = reminded(clinic, "Ana Pérez", "Luis Pérez")
    talk.say(text)
    assert [fresh(talk, visit).attendance for visit in visits] == ["attending", "attending"]
    assert talk.thread.state == "idle"


@pytest.mark.parametrize("text", ["neither", "ninguno", "no, ninguno de los dos"])
def test_none_of_a_family_is_a_no_for_all(clinic: Clinic, text: str) -> None:
    talk, visits = reminded(clinic, "Ana", "Luis")
    talk.say(text)
    assert [fresh(talk, visit).attendance for visit in visits] == ["declined", "declined"]


def test_none_to_which_of_a_family_is_to_move_cancels_nothing(clinic: Clinic) -> None:
    talk, visits = reminded(clinic, "Ana", "Luis")
    talk.say("change")
    talk.say("none")
    assert [fresh(talk, visit).attendance for visit in visits] == ["asked", "asked"]


def test_a_nod_of_a_family_asks_for_whom(clinic: Clinic) -> None:
    talk, (ana, luis) = reminded(clinic, "Ana Pérez", "Luis Pérez")
    answer = talk.say("ok")
    assert "Luis" in answer
    assert [fresh(talk, one).attendance for one in (ana, luis)] == ["asked", "asked"]
    talk.say("2")
    assert [fresh(talk, one).attendance for one in (ana, luis)] == ["asked", "attending"]
    talk.say("no")
    assert [fresh(talk, one).attendance for one in (ana, luis)] == ["declined", "attending"]


def test_another_time_for_a_family_asks_for_whom(clinic: Clinic) -> None:
    talk, (ana, luis) = reminded(clinic, "Ana Pérez", "Luis Pérez")
    talk.say("reschedule")
    talk.say("Luis")
    talk.say("1")
    assert (fresh(talk, ana).version, fresh(talk, luis).version) == (1, 2)


# ── Beside other questions ───────────────────────────────────────────────────────────────────────────────────────


def test_a_key_of_two_open_questions_asks_which_is_meant(clinic: Clinic) -> None:
    talk = Talk(clinic)
    (ana,) = known(talk, "Ana Pérez")
    visit = visit_for(talk, ana)
    talk.say("I need an appointment")
    remind(talk, visit)
    answer = talk.say("1")
    assert "Whether you come" in answer
    talk.say("1")
    assert fresh(talk, visit).attendance == "attending"


def test_a_wish_for_another_visit_leaves_the_reminder_open(clinic: Clinic) -> None:
    talk, (visit,) = reminded(clinic)
    talk.say("I need an appointment")
    assert {question.kind for question in talk.open_questions} == {"pick_slot", "confirm_visit"}
    talk.say("yes")
    assert fresh(talk, visit).attendance == "attending"


def test_my_appointment_is_told_while_a_reminder_is_open(clinic: Clinic) -> None:
    talk, _ = reminded(clinic)
    assert "10:00" in talk.say("my appointment")
    assert talk.thread.state == "awaiting_confirm"


def test_the_question_ends_with_the_visit(clinic: Clinic) -> None:
    _, (visit,) = reminded(clinic)
    with in_clinic(clinic):
        assert Question.objects.get().expires_at == visit.starts_at


def test_a_thread_that_staff_close_can_still_be_answered(clinic: Clinic, owner: User) -> None:
    talk, (visit,) = reminded(clinic)
    with in_clinic(clinic):
        conversations.done(talk.thread, by=owner, now=talk.now)
    assert (talk.thread.work_state, talk.thread.state) == ("done", "awaiting_confirm")
    talk.say("yes")
    assert fresh(talk, visit).attendance == "attending"


def test_a_yes_costs_a_bounded_number_of_statements(clinic: Clinic) -> None:
    talk, _ = reminded(clinic)
    with statements() as sent:
        talk.say("yes")
    assert len(sent) <= STATEMENTS_OF_A_YES, len(sent)
