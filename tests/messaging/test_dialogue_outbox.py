"""How an answer leaves, what it costs, and that two who ask at once do not fail."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging import botswitch, conversations
from messaging.asking import ask
from messaging.botswitch import Switch
from messaging.models import Attempt, Conversation, Message, Question, QuestionKind
from scheduling.models import Hold
from tests.messaging.hooks import message_form, post, replies_in, token_of, write
from tests.messaging.talk import MONDAY_10, Talk
from tests.statements import statements
from tests.world import World

KEYWORD_REPLY, OFFER_REPLY = 12, 24


@pytest.mark.django_db
def test_without_inline_replies_the_answer_waits_in_the_outbox(clinic: Clinic, settings: Any) -> None:
    settings.MEDSYNC_INLINE_REPLIES = False
    talk = Talk(clinic)
    assert talk.say("I need an appointment") == ""
    with in_clinic(clinic):
        message = Message.objects.get(direction="outbound")
        assert (message.status, message.channel, message.address) == ("queued", "whatsapp", talk.sender)
        assert not Attempt.objects.exists()
        assert Question.objects.get().asked_by_id == message.pk
    assert talk.thread.last_message_id == message.pk


@pytest.mark.django_db
def test_an_inline_answer_has_one_attempt(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    with in_clinic(clinic):
        assert Attempt.objects.get().kind == "inline"
        assert Question.objects.get().asked_by == Message.objects.get(direction="outbound")


@pytest.mark.parametrize(
    ("words", "most"),
    [("person", KEYWORD_REPLY), ("my appointment", KEYWORD_REPLY), ("STOP", KEYWORD_REPLY + 1), ("thanks", KEYWORD_REPLY),
     ("I need an appointment", OFFER_REPLY)],
)  # fmt: skip  # a STOP waits for sends on their way: one more
def test_what_an_answer_costs(committed: World, words: str, most: int) -> None:
    clinic = committed.clinics["alpha"]
    write(clinic, "person", sender="+16465550177")  # fills the process's caches
    write(clinic, "thanks a lot")
    form, token = message_form(clinic, words), token_of(clinic)
    with statements() as sent:
        assert post(form, token=token).status_code == 200
    assert len(sent) <= most, "\n".join(statement[:150] for statement in sent)


def test_two_who_ask_at_once_leave_one_question_the_newer(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    write(clinic, "gracias")
    with in_clinic(clinic):
        thread = Conversation.objects.get()
    first_asked, errors = threading.Event(), []

    def open_one(label: str, *, first: bool) -> None:
        try:
            with in_clinic(clinic), transaction.atomic():
                if not first:
                    assert first_asked.wait(10)
                ask(
                    thread,
                    kind=QuestionKind.PICK_SLOT,
                    items=[{"key": "1", "label": label}],
                    context={},
                    asked_by=None,
                    zone=clinic.zone,
                    now=MONDAY_10,
                )
                first_asked.set()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=open_one, args=("older",), kwargs={"first": True}),
        threading.Thread(target=open_one, args=("newer",), kwargs={"first": False}),
    ]
    for thread_ in threads:
        thread_.start()
    for thread_ in threads:
        thread_.join(20)
    assert errors == []
    with in_clinic(clinic):
        assert [question.items[0]["label"] for question in Question.objects.all()] == ["newer"]


def test_a_redelivered_offer_holds_and_asks_once(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    sid = "SM" + "c" * 32
    first = replies_in(write(clinic, "I need an appointment", MessageSid=sid))
    assert replies_in(write(clinic, "I need an appointment", MessageSid=sid)) == first
    with in_clinic(clinic):
        assert Question.objects.count() == 1
        assert Hold.objects.count() == 3


@pytest.mark.django_db
def test_members_work_on_a_thread(clinic: Clinic, receptionist: User) -> None:
    talk = Talk(clinic)
    talk.say("how much is a cleaning?")
    with in_clinic(clinic):
        thread, now = talk.thread, talk.now
        version = thread.version
        assert conversations.no_reply_needed(thread, by=receptionist, now=now)
        assert not conversations.no_reply_needed(thread, by=receptionist, now=now)  # nobody waits any more
        assert conversations.assign(thread, to=receptionist, by=receptionist, now=now)
        assert conversations.put_away(thread, by=receptionist, now=now)
        assert not conversations.put_away(thread, by=receptionist, now=now)
    fresh = talk.thread
    assert (fresh.work_state, fresh.assignee_id, fresh.put_away_at) == ("done", receptionist.pk, now)
    assert fresh.version == version + 3
    talk.say("hello again, one more question", after=timedelta(hours=1))
    assert talk.thread.put_away_at is None  # the patient's next message brings it back
    assert talk.thread.work_state == "needs_reply"


@pytest.mark.django_db
def test_done_frees_what_was_held(clinic: Clinic, receptionist: User) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    with in_clinic(clinic):
        conversations.done(talk.thread, by=receptionist, now=talk.now)
        assert not Hold.objects.exists()
    assert talk.thread.work_state == "done"


@pytest.mark.django_db
def test_a_paused_bot_comes_back_by_itself(clinic: Clinic, receptionist: User) -> None:
    talk = Talk(clinic)
    talk.say("gracias")
    with in_clinic(clinic):
        botswitch.turn(talk.thread, to=Switch.PAUSED, by=receptionist, now=talk.now)
    assert talk.say("my appointment") == ""
    assert talk.say("my appointment", after=timedelta(minutes=31))
