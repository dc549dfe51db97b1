"""Staff decide while the patient writes: two rooms, one thread, one visit; both come through, whoever is first."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Q

from clinics.models import Clinic, HeldEvent, User
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import conversations, inbound, outbox
from messaging.models import Attempt, Conversation, Message, Question, WorkState
from scheduling import operations
from scheduling.models import (
    Appointment,
    AppointmentEvent,
    Hold,
    ResourceBooking,
    SchedulingSettings,
    Status,
    Task,
)
from tests.messaging.hooks import message_form, post, replies_in, token_of, write
from tests.races.test_inbound import at_once
from tests.world import World

ROUNDS = 40
LOG = Path(os.environ["MEDSYNC_HOME"]) / "logs" / "postgres.log"


@dataclass
class Room:
    """The clinic of a race, and who works there."""

    clinic: Clinic
    staff: User


@pytest.fixture
def room(committed: World, caplog: pytest.LogCaptureFixture) -> Iterator[Room]:
    """Give the clinic; afterwards nothing may have been held, logged as an error, or left half done."""
    caplog.set_level(logging.WARNING)
    deadlocks = deadlocks_logged()
    clinic = committed.clinics["alpha"]
    yield Room(clinic, committed.users["receptionist@alpha.example"])
    assert not HeldEvent.objects.exists()
    assert "transaction repeated" not in caplog.text  # the retry would hide a deadlock from the results
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR] == []
    assert deadlocks_logged() == deadlocks
    with in_clinic(clinic):
        assert not AppointmentEvent.objects.filter(announced=False).exists()
        assert not Task.objects.filter(dedupe_key__startswith="announce:").exists()
        every_thread_agrees_with_its_messages()
        every_time_is_held_by_who_was_offered_it()


def deadlocks_logged() -> int:
    return LOG.read_text(errors="replace").count("deadlock detected") if LOG.exists() else 0


def every_thread_agrees_with_its_messages() -> None:
    for thread in Conversation.objects.all():
        messages = Message.objects.filter(conversation=thread)
        newest = messages.latest("created_at", "id")
        assert thread.last_message_at == newest.created_at


def every_time_is_held_by_who_was_offered_it() -> None:
    offered = {
        (f"{item['starts_at']}", f"contact:{contact}")
        for contact, items in Question.objects.filter(closed_at=None).values_list(
            "conversation__contact_point_id", "items"
        )
        for item in items
    }
    for hold in Hold.objects.filter(expires_at__gt=clock.now()):
        assert any(hold.starts_at.isoformat() == at for at, _ in offered), "held for nobody"
    live = [Status.PENDING_REVIEW, Status.CONFIRMED]
    assert (
        ResourceBooking.objects.filter(appointment__isnull=False).count()
        == Appointment.objects.filter(status__in=live).count()
    )


def number(n: int) -> str:
    return f"+1646555{4000 + n}"


def asked_for(room: Room, n: int) -> Appointment:
    """Let patient n ask for a time and take the first."""
    sender = number(n)
    assert "1. " in replies_in(write(room.clinic, "I need an appointment", sender=sender))[0][0]
    replies_in(write(room.clinic, "1", sender=sender))
    with in_clinic(room.clinic):
        return Appointment.objects.get(contact_point__phone=sender, status=Status.PENDING_REVIEW)


# What a patient may write at that very moment, each taking other locks: none, the calendar's, the visit's.
WORDS = ["thank you", "hello, I need another appointment", "my appointments", "are you sure?", "1"]


def test_accept_racing_the_patients_own_message_has_both_effects(room: Room) -> None:
    with in_clinic(room.clinic):
        SchedulingSettings.objects.update_or_create(defaults={})
    now = clock.now()
    visits = [asked_for(room, n) for n in range(ROUNDS)]
    for n, visit in enumerate(visits):
        form = message_form(room.clinic, WORDS[n % len(WORDS)], sender=number(n))

        def accept(visit: Appointment = visit) -> Appointment:
            with in_clinic(room.clinic):
                return operations.accept(visit, by=room.staff, now=clock.now())

        accepted, answered = at_once([accept, partial(post, form, token=token_of(room.clinic))])
        assert accepted is not None, f"round {n}: accept failed"
        assert answered.status_code == 200
        with in_clinic(room.clinic):
            visit.refresh_from_db()
            assert visit.status == Status.CONFIRMED
            assert Message.objects.filter(provider_message_id=form["MessageSid"]).count() == 1
            notice = Message.objects.get(purpose="notice", appointment=visit)
            assert notice.status == "queued"
            assert notice.body.startswith("Your visit is confirmed")
    with in_clinic(room.clinic):
        assert Message.objects.filter(purpose="notice").count() == ROUNDS
        assert Appointment.objects.filter(status=Status.CONFIRMED, decided_at__gte=now).count() == ROUNDS


def test_reject_racing_the_choice_of_another_time_has_both_effects(room: Room) -> None:
    chosen = 0
    for n in range(ROUNDS // 2):
        visit = asked_for(room, n)
        # The patient asks again while the first request waits: now there is a list to choose from.
        assert "2. " in replies_in(write(room.clinic, "I need an appointment", sender=number(n)))[0][0]
        form = message_form(room.clinic, "2", sender=number(n))

        def reject(visit: Appointment = visit) -> Appointment:
            with in_clinic(room.clinic):
                return operations.reject(visit, by=room.staff, reason="away", now=clock.now())

        rejected, answered = at_once([reject, partial(post, form, token=token_of(room.clinic))])
        assert rejected is not None, f"round {n}: reject failed"
        assert answered.status_code == 200
        with in_clinic(room.clinic):
            visit.refresh_from_db()
            assert (visit.status, visit.cancellation) == (Status.CANCELLED, "rejected")
            assert Message.objects.filter(purpose="notice", appointment=visit).count() == 1
            of_patient = Appointment.objects.filter(contact_point=visit.contact_point)
            waiting = of_patient.filter(status=Status.PENDING_REVIEW)
            # "2" was an answer to whichever list stood: one request, and the patient was told so.
            assert waiting.count() <= 1
            [(said, _)] = replies_in(answered)
            assert ("not confirmed yet" in said) == waiting.exists()
            assert said
            chosen += waiting.count()
            # Nothing asked for is left over but what was asked last.
            thread = Conversation.objects.get(contact_point=visit.contact_point)
            assert Question.objects.filter(Q(conversation=thread), closed_at=None).count() <= 1
    assert chosen >= ROUNDS // 4, "the race was never won by the patient"


def before_the_end_of_an_inbound_message(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let somebody act, and commit, when a message is stored and answered but its thread is not written yet."""

    def answer(*args: Any, **kwargs: Any) -> Any:
        replies = real(*args, **kwargs)
        assert len(at_once([act])) == 1
        return replies

    real = inbound.dialogue.answer
    monkeypatch.setattr(inbound.dialogue, "answer", answer)


def test_a_question_that_comes_while_staff_accept_still_waits_for_an_answer(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = asked_for(room, 0)

    def accept() -> None:
        with in_clinic(room.clinic):
            operations.accept(visit, by=room.staff, now=clock.now())

    before_the_end_of_an_inbound_message(monkeypatch, accept)
    write(room.clinic, "is there parking for my wheelchair van?", sender=number(0))
    with in_clinic(room.clinic):
        thread = Conversation.objects.get()
        assert thread.work_state == WorkState.NEEDS_REPLY
        assert thread.waiting_since is not None
        notice = Message.objects.get(purpose="notice")
        assert (thread.last_message_id, thread.last_author) == (notice.pk, "system")
        assert thread.last_body == notice.body[:200]


def test_a_message_that_comes_while_staff_close_the_thread_reopens_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(room.clinic, "my knee hurts", sender=number(0))

    def close() -> None:
        with in_clinic(room.clinic):
            conversations.done(Conversation.objects.get(), by=room.staff, now=clock.now())

    before_the_end_of_an_inbound_message(monkeypatch, close)
    write(room.clinic, "and my back", sender=number(0))
    with in_clinic(room.clinic):
        thread = Conversation.objects.get()
        assert (thread.work_state, thread.unread_count) == (WorkState.NEEDS_REPLY, 1)


@pytest.mark.parametrize("_round", range(3))
def test_a_stop_racing_accept_ends_in_one_story(room: Room, _round: int) -> None:
    visit = asked_for(room, 0)
    form = message_form(room.clinic, "STOP", sender=number(0))

    def accept() -> Appointment:
        with in_clinic(room.clinic):
            return operations.accept(visit, by=room.staff, now=clock.now() + timedelta(microseconds=1))

    accepted, answered = at_once([accept, partial(post, form, token=token_of(room.clinic))])
    assert accepted is not None
    assert answered.status_code == 200
    with in_clinic(room.clinic):
        notice = Message.objects.get(purpose="notice")
        # Queued before the STOP it is looked at again before it goes; after it, it is blocked at once.
        assert notice.status in ("queued", "blocked", "cancelled")
        outbox.work(now=clock.now() + timedelta(seconds=20))  # nobody reports the answers before it
        notice.refresh_from_db()
        assert (notice.status, notice.reason) == ("blocked", "opted_out")
        assert not Attempt.objects.filter(message=notice).exists()
