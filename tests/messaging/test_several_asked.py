"""Of several reminders to one number each can be answered, by bare words, also by SMS where nobody can quote."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging.confirming import ask_coming
from messaging.dialogue import attending
from messaging.facts import forget_facts
from messaging.models import Attempt, BotMode, Message, MessageStatus, MessagingSettings
from scheduling import operations
from scheduling.models import Appointment
from tests.messaging.days import NOW
from tests.messaging.inboxes import reenter
from tests.messaging.remind import TOMORROW_10, fresh, known, remind, visit_for
from tests.messaging.reminding import HOUR, rules
from tests.messaging.talk import Talk, settings

pytestmark = pytest.mark.django_db

NUMBER = "+16465550101"
DAY = timedelta(days=1)


def asked(clinic: Clinic) -> tuple[Talk, Appointment, Appointment]:
    """Return a patient who was asked about tomorrow, and then about the day after."""
    talk = Talk(clinic, channel="sms")
    (ana,) = known(talk, "Ana Pérez")
    first, second = visit_for(talk, ana), visit_for(talk, ana, TOMORROW_10 + DAY)
    remind(talk, first)
    talk.now += HOUR
    remind(talk, second)
    return talk, first, second


def attendances(talk: Talk, *visits: Appointment) -> list[str]:
    return [fresh(talk, visit).attendance for visit in visits]


def test_after_a_yes_to_the_newest_the_one_before_is_asked_about_by_its_time(clinic: Clinic) -> None:
    talk, first, second = asked(clinic)
    answer = talk.say("yes")
    assert "expects you Wednesday" in answer
    assert "And this appointment? Ana: Tuesday" in answer
    assert attendances(talk, first, second) == ["asked", "attending"]
    assert talk.thread.state == "awaiting_confirm"
    assert "expects you Tuesday" in talk.say("yes")
    assert attendances(talk, first, second) == ["attending", "attending"]
    assert (talk.thread.state, talk.open_questions) == ("idle", [])


def test_the_one_before_can_be_declined_too(clinic: Clinic) -> None:
    talk, first, second = asked(clinic)
    talk.say("1")
    assert "cancelled" in talk.say("2")
    assert attendances(talk, first, second) == ["declined", "attending"]


def test_after_a_no_a_bare_word_may_mean_both_and_it_is_asked_which(clinic: Clinic) -> None:
    talk, first, second = asked(clinic)
    talk.say("no")
    assert attendances(talk, first, second) == ["asked", "declined"]
    which = talk.say("yes")
    assert "Which visit" in which
    assert which.index("Wednesday") < which.index("Tuesday")
    assert attendances(talk, first, second) == ["asked", "declined"]
    assert "Tuesday" in talk.say("2")
    assert attendances(talk, first, second) == ["attending", "declined"]


def test_the_no_can_be_taken_back_though_another_is_open(clinic: Clinic) -> None:
    talk, first, second = asked(clinic)
    talk.say("no")
    talk.say("sorry, yes")
    talk.say("1")
    assert attendances(talk, first, second) == ["asked", "attending"]


@pytest.mark.parametrize("word", ["ok", "vale", "👍", "ok gracias"])
def test_a_nod_to_the_no_answers_nothing(clinic: Clinic, word: str) -> None:
    talk, first, second = asked(clinic)
    talk.say("no")
    assert talk.say(word) == ""
    assert attendances(talk, first, second) == ["asked", "declined"]


def test_another_time_after_the_no_is_for_the_one_that_was_declined(clinic: Clinic) -> None:
    talk, _first, second = asked(clinic)
    talk.say("no")
    talk.say("3")
    assert len(talk.offered()) == 3
    talk.say("1")
    assert fresh(talk, second).version == second.version + 1


def test_both_yes_answers_both(clinic: Clinic) -> None:
    talk, first, second = asked(clinic)
    talk.say("both yes")
    assert attendances(talk, first, second) == ["attending", "attending"]
    assert talk.open_questions == []


def test_all_of_them_is_the_one_that_is_left(clinic: Clinic) -> None:
    talk, first, second = asked(clinic)
    talk.say("yes")
    talk.say("no to both")
    assert attendances(talk, first, second) == ["declined", "attending"]


def test_numbers_that_no_text_has_shown_mean_nothing(clinic: Clinic) -> None:
    settings(clinic, bot_inside_hours=BotMode.STAFF_ONLY)
    talk, first, second = asked(clinic)
    assert talk.say("1 yes, 2 no") == ""
    assert attendances(talk, first, second) == ["asked", "asked"]


def test_one_that_staff_have_heard_of_is_not_asked_about(clinic: Clinic, owner: User) -> None:
    talk, first, second = asked(clinic)
    with in_clinic(clinic):
        operations.attend(Appointment.objects.get(pk=first.pk), by=owner, source="staff", now=talk.now)
    assert "And " not in talk.say("yes")
    assert (attendances(talk, second), talk.open_questions) == (["attending"], [])


def test_the_one_asked_about_again_can_still_be_quoted(clinic: Clinic) -> None:
    talk = Talk(clinic)
    (ana,) = known(talk, "Ana Pérez")
    first, second = visit_for(talk, ana), visit_for(talk, ana, TOMORROW_10 + DAY)
    remind(talk, first, provider_id="SMfirst")
    remind(talk, second, provider_id="SMsecond")
    talk.say("yes")
    talk.say("no", OriginalRepliedMessageSid="SMsecond")
    assert attendances(talk, first, second) == ["asked", "declined"]
    talk.say("yes", OriginalRepliedMessageSid="SMfirst")
    assert attendances(talk, first, second) == ["attending", "declined"]


# ── Reminders of other calendars ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def client(api: Any, owner: User, clinic: Clinic) -> Iterator[Any]:
    with time_machine.travel(NOW, tick=False):
        with in_clinic(clinic):
            rules(enabled=False)
        yield api(owner, clinic)


def sent(client: Any, clinic: Clinic, participant: str, hours: int = 20, **more: Any) -> str:
    """Remind of another calendar's appointment, and let the provider take the text; return its path."""
    wanted = {
        "contact_number": NUMBER,
        "appointment_time": (NOW + timedelta(hours=hours)).isoformat(),
        "notify_window": 48,
        "participant": participant,
        **more,
    }
    path = "/api/reminder/" + client.post("/api/reminder", wanted).json()["reminder_id"]
    with in_clinic(clinic):
        Message.objects.filter(status="queued").update(status=MessageStatus.SENT, next_attempt_at=None)
    return path


def said(client: Any, *paths: str) -> list[bool | None]:
    return [client.get(path).json()["will_attend"] for path in paths]


def test_each_of_two_reminders_for_one_number_is_answered_by_sms(client: Any, clinic: Clinic) -> None:
    paths = sent(client, clinic, "Ana"), sent(client, clinic, "Luis")
    talk = Talk(clinic, at=NOW, channel="sms", sender=NUMBER)
    assert "Ana: " in talk.say("yes")
    assert said(client, *paths) == [None, True]
    talk.say("no")
    assert said(client, *paths) == [False, True]


@pytest.mark.parametrize(("words", "attend"), [("both yes", True), ("yes to all", True), ("all no", False)])
def test_both_are_answered_at_once(client: Any, clinic: Clinic, words: str, attend: bool) -> None:
    paths = sent(client, clinic, "Ana"), sent(client, clinic, "Luis")
    Talk(clinic, at=NOW, channel="sms", sender=NUMBER).say(words)
    assert said(client, *paths) == [attend, attend]


def test_with_whom_is_not_told_where_no_details_may_be(client: Any, clinic: Clinic) -> None:
    Talk(clinic, at=NOW, sender=NUMBER).say("gracias")
    sent(client, clinic, "Dr. Chen")
    sent(client, clinic, "Dr. Wu", hours=30)
    with in_clinic(clinic):
        MessagingSettings.objects.update(neutral_whatsapp=True)
    forget_facts()
    answer = Talk(clinic, at=NOW, sender=NUMBER).say("yes")
    assert "appointment? Wednesday" in answer
    assert "Chen" not in answer


def test_an_answer_to_one_that_was_moved_is_told_the_new_time(client: Any, clinic: Clinic) -> None:
    path = sent(client, clinic, "Ana")
    moved = {"appointment_time": (NOW + timedelta(days=9)).isoformat(), "notify_window": 1}
    assert client.patch(path, moved).status_code == 200
    talk = Talk(clinic, at=NOW, channel="sms", sender=NUMBER)
    answer = talk.say("yes")
    assert "another time now" in answer
    assert "December 3" in answer
    assert said(client, path) == [None]
    talk.say("yes")
    assert said(client, path) == [True]


def test_an_answer_to_one_that_is_somebody_elses_by_now_is_left_to_staff(client: Any, clinic: Clinic) -> None:
    path = sent(client, clinic, "Ana")
    assert client.patch(path, {"contact_number": "+16465550199"}).status_code == 200
    talk = Talk(clinic, at=NOW, channel="sms", sender=NUMBER)
    assert "another time" not in talk.say("yes")
    assert talk.thread.work_state == "needs_reply"
    assert said(client, path) == [None]


def test_it_stays_sent_while_it_waits_to_go_again(client: Any, clinic: Clinic) -> None:
    path = sent(client, clinic, "Ana")
    with in_clinic(clinic):
        message = Message.objects.get(dedupe_key__startswith="api_reminder")
        Attempt.objects.create(
            message=message,
            n=1,
            account_id=message.account_id,
            kind="rest",
            provider_id="SM" + "7" * 32,
            state="undelivered",
            rank=4,
            created_at=NOW,
        )
        for status in ("queued", "failed"):
            Message.objects.filter(pk=message.pk).update(status=status)
            assert client.get(path).json()["reminder_sent"] is True
            reenter(clinic)
        Message.objects.filter(pk=message.pk).update(status="failed")
        Attempt.objects.all().delete()
    assert client.get(path).json()["reminder_sent"] is False


@pytest.mark.parametrize(("word", "attendance"), [("yes", "attending"), ("no", "declined")])
def test_what_a_reminder_asks_in_the_moment_of_an_answer_is_still_to_be_answered(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, word: str, attendance: str
) -> None:
    talk = Talk(clinic, channel="sms")
    (ana,) = known(talk, "Ana Pérez")
    first, second = visit_for(talk, ana), visit_for(talk, ana, TOMORROW_10 + DAY)
    remind(talk, first)
    thread, real = talk.thread, attending.attend

    def with_a_reminder_beside(visit: Appointment, **named: Any) -> Appointment:
        coming = real(visit, **named)
        if visit.pk == first.pk:  # what the clock's worker commits in this very moment
            named["now"] += timedelta(milliseconds=1)
            ask_coming(thread, [second], asked_by=None, now=named["now"])
        return coming

    monkeypatch.setattr(attending, "attend", with_a_reminder_beside)
    talk.say("yes")
    assert attendances(talk, first, second) == ["attending", "unasked"]
    assert talk.thread.state == "awaiting_confirm"

    talk.say(word)
    assert attendances(talk, first, second) == ["attending", attendance]
