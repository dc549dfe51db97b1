"""A message that does not arrive brings its thread to staff; one that arrives after all gives it back."""

from datetime import timedelta
from typing import Any

import pytest

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import conversations, storing, threads
from messaging.models import Attempt, Conversation, MessageStatus, WorkState
from tests.messaging.inboxes import HOUR, a_thread
from tests.messaging.sent import call_back, sent_message
from tests.messaging.talk import Talk

pytestmark = pytest.mark.django_db


def moved(thread: Conversation, before: str, after: str) -> Conversation:
    """Report a message's new status as a worker does, and return the thread."""
    threads.status_moved(thread.pk, thread.pk, before=before, after=after, now=clock.now())
    thread.refresh_from_db()
    return thread


def called(clinic: Clinic, attempt: Attempt, status: str) -> Conversation:
    """Report it as the provider does, and return the thread."""
    assert (
        call_back(clinic, attempt, status, error="30003" if status == "undelivered" else "").status_code
        == 200
    )
    with in_clinic(clinic):
        return Conversation.objects.get(pk=attempt.message.conversation_id)


@pytest.mark.parametrize("state", ["waiting_patient", "done", "bot", "snoozed"])
def test_a_late_delivery_gives_the_thread_back(inside: Clinic, state: str) -> None:
    until = clock.now() + HOUR if state == "snoozed" else None
    thread = a_thread(work_state=state, snoozed_until=until)

    failed = moved(thread, MessageStatus.SENT, MessageStatus.UNDELIVERED)
    was = failed.work_state, failed.failed_count
    back = moved(thread, MessageStatus.UNDELIVERED, MessageStatus.DELIVERED)

    assert was == ("needs_reply", 1)
    assert (back.work_state, back.failed_count, back.snoozed_until) == (state, 0, until)
    if state != "snoozed":  # who sleeps has waited since it failed
        assert back.waiting_since is None


@pytest.mark.parametrize("state", ["waiting_patient", "done", "bot", "snoozed", "needs_reply"])
def test_callbacks_have_the_same_rule(clinic: Clinic, state: str) -> None:
    attempt, until = sent_message(clinic, state="sent"), clock.now() + HOUR
    with in_clinic(clinic):
        Conversation.objects.update(
            work_state=state, snoozed_until=until, waiting_since=until if state == "needs_reply" else None
        )

    failed = called(clinic, attempt, "undelivered")
    back = called(clinic, attempt, "delivered")

    assert (failed.work_state, failed.failed_count) == ("needs_reply", 1)
    assert failed.waiting_since is not None
    assert (back.work_state, back.failed_count, back.snoozed_until) == (state, 0, until)
    if state != "snoozed":
        assert back.waiting_since == (until if state == "needs_reply" else None)


def test_the_thread_stays_while_another_message_is_lost(inside: Clinic) -> None:
    thread = a_thread(work_state="waiting_patient")
    moved(thread, MessageStatus.SENT, MessageStatus.FAILED)
    moved(thread, MessageStatus.SENT, MessageStatus.FAILED)

    first = moved(thread, MessageStatus.FAILED, MessageStatus.DELIVERED)
    one_left = first.work_state, first.failed_count
    last = moved(thread, MessageStatus.FAILED, MessageStatus.DELIVERED)

    assert one_left == ("needs_reply", 1)
    assert (last.work_state, last.failed_count) == ("waiting_patient", 0)


def test_a_patient_who_wrote_meanwhile_keeps_the_thread_with_staff(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("I need a person")
    with in_clinic(clinic):
        Conversation.objects.update(work_state="waiting_patient", waiting_since=None)
        moved(talk.thread, MessageStatus.SENT, MessageStatus.FAILED)

    talk.say("I need a person, please")

    with in_clinic(clinic):
        assert moved(talk.thread, MessageStatus.FAILED, MessageStatus.DELIVERED).work_state == "needs_reply"


def test_what_a_member_decided_meanwhile_stays(inside: Clinic, owner: User) -> None:
    thread = a_thread(work_state="waiting_patient")
    moved(thread, MessageStatus.SENT, MessageStatus.FAILED)
    conversations.done(thread, by=owner, now=clock.now())
    conversations.reopen(thread, by=owner, now=clock.now())

    assert moved(thread, MessageStatus.FAILED, MessageStatus.DELIVERED).work_state == "needs_reply"


def answered_by_bot(thread: Conversation) -> tuple[Conversation, dict[str, Any]]:
    """Return a thread as an inbound path holds it that has read it and let the bot answer, and its copy."""
    held = Conversation.objects.get(pk=thread.pk)
    before = storing.snapshot(held)
    held.work_state, held.waiting_since = WorkState.BOT, None
    return held, before


def test_a_bots_answer_does_not_hide_what_failed_meanwhile(inside: Clinic) -> None:
    thread = a_thread(work_state="waiting_patient")
    held, before = answered_by_bot(thread)

    moved(thread, MessageStatus.SENT, MessageStatus.UNDELIVERED)
    storing.update_conversation(held, before, unread=1, now=clock.now())

    thread.refresh_from_db()
    assert (thread.work_state, thread.failed_count, thread.unread_count) == ("needs_reply", 1, 1)
    assert thread.waiting_since is not None


def test_a_bots_answer_does_not_undo_a_members_reopening(inside: Clinic, owner: User) -> None:
    thread = a_thread(work_state="done")
    held, before = answered_by_bot(thread)

    conversations.reopen(thread, by=owner, now=clock.now())
    storing.update_conversation(held, before, unread=1, now=clock.now())

    thread.refresh_from_db()
    assert thread.work_state == "needs_reply"


def test_without_a_failure_the_bot_takes_the_thread(inside: Clinic) -> None:
    thread = a_thread(heard=timedelta(minutes=9))
    held, before = answered_by_bot(thread)
    Conversation.objects.filter(pk=thread.pk).update(version=9)  # a tick came in between

    storing.update_conversation(held, before, unread=1, now=clock.now())

    thread.refresh_from_db()
    assert (thread.work_state, thread.waiting_since) == ("bot", None)
