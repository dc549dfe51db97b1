"""A patient answers a reminder in the moment in which staff, the clock or the patient themselves change the visit."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from clinics.models import HeldEvent
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import api_reminders, outbox, threads
from messaging.api_reminders import Wanted
from messaging.confirming import ask_coming
from messaging.models import ApiReminder, Conversation, Message, MessageStatus, Question, ReminderClaim
from scheduling import operations
from scheduling.errors import AlreadyDecided, FreeSlot
from scheduling.models import (
    Appointment,
    AppointmentEvent,
    ContactPoint,
    Hold,
    Patient,
    ResourceBooking,
    Status,
)
from tests.api.conftest import free_times
from tests.messaging.hooks import message_form, post, replies_in, token_of, write
from tests.races.test_cross_room_decisions import Room, deadlocks_logged, number
from tests.races.test_inbound import at_once
from tests.world import World

ROUNDS = 12


@pytest.fixture
def room(committed: World, caplog: pytest.LogCaptureFixture) -> Iterator[Room]:
    """Give the clinic; afterwards nothing may have been held, and nobody waited for each other in a circle."""
    caplog.set_level(logging.WARNING)
    deadlocks = deadlocks_logged()
    clinic = committed.clinics["alpha"]
    yield Room(clinic, committed.users["receptionist@alpha.example"])
    assert not HeldEvent.objects.exists()
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR] == []
    assert deadlocks_logged() == deadlocks
    with in_clinic(clinic):
        live = [Status.PENDING_REVIEW, Status.CONFIRMED, Status.ARRIVED]
        booked = ResourceBooking.objects.filter(appointment__isnull=False)
        assert booked.count() == Appointment.objects.filter(status__in=live).count()


def asked(room: Room, n: int, slot: FreeSlot) -> Appointment:
    """Let staff book a visit for patient n, and ask whether they come."""
    write(room.clinic, "gracias", sender=number(n))
    now = clock.now()
    with in_clinic(room.clinic):
        point = ContactPoint.objects.get(phone=number(n))
        patient = Patient.objects.get(contacts__contact_point=point)
        visit = operations.book(
            patient,
            type=slot.type_id,
            practitioner=slot.practitioner_id,
            starts_at=slot.starts_at,
            actor=room.staff,
            contact_point=point,
            silent=True,
            now=now,
        )
        thread = Conversation.objects.get(contact_point=point)
        message = outbox.queue(
            thread, body="Will you come?", purpose="notice", author="system", touch=False, now=now
        )
        operations.mark_asked([visit], now=now)
        visit = Appointment.objects.select_related("patient").get(pk=visit.pk)
        changes = ask_coming(thread, [visit], asked_by=message, now=now)
        threads.touch(thread.pk, now=now, message=message, **changes)
        Message.objects.filter(pk=message.pk).update(status=MessageStatus.SENT, next_attempt_at=None)
    return visit


def answering(room: Room, n: int, body: str) -> Any:
    form = message_form(room.clinic, body, sender=number(n))
    return partial(post, form, token=token_of(room.clinic))


def kinds(visit: Appointment) -> list[str]:
    return list(AppointmentEvent.objects.filter(appointment=visit).values_list("kind", flat=True))


def test_a_yes_racing_a_cancellation_by_staff_ends_cancelled_and_never_revives_it(room: Room) -> None:
    told: set[bool] = set()
    for n, slot in enumerate(free_times(room.clinic, ROUNDS)):
        visit = asked(room, n, slot)

        def cancel(visit: Appointment = visit) -> Appointment:
            with in_clinic(room.clinic):
                return operations.cancel(visit, by=room.staff, why="clinic", now=clock.now())

        cancelled, answered = at_once([cancel, answering(room, n, "yes")])
        assert cancelled is not None, f"round {n}: cancel failed"
        [(said, _)] = replies_in(answered)
        with in_clinic(room.clinic):
            visit.refresh_from_db()
            assert (visit.status, visit.cancellation) == (Status.CANCELLED, "clinic")
            # The patient reads either that they are expected, and then that it is cancelled, or that it was already.
            came_first = "attending" in kinds(visit)
            assert ("expects you" in said) == came_first
            assert ("cancelled already" in said) == (not came_first)
            assert (
                Message.objects.filter(
                    purpose="notice", dedupe_key__startswith="event:", appointment=visit
                ).count()
                == 1
            )
            told.add(came_first)
    assert told


def test_a_no_racing_a_move_by_staff_keeps_one_story(room: Room) -> None:
    slots = free_times(room.clinic, 2 * ROUNDS)
    for n in range(ROUNDS):
        visit, other = asked(room, n, slots[2 * n]), slots[2 * n + 1]

        def move(visit: Appointment = visit, other: FreeSlot = other) -> Appointment:
            with in_clinic(room.clinic):
                return operations.move(
                    visit,
                    starts_at=other.starts_at,
                    by=room.staff,
                    expected_version=visit.version,
                    now=clock.now(),
                )

        moved, answered = at_once([move, answering(room, n, "no")])
        assert moved is not None, f"round {n}: move failed"
        [(said, _)] = replies_in(answered)
        with in_clinic(room.clinic):
            visit.refresh_from_db()
            assert (visit.status, visit.starts_at, visit.version) == (Status.CONFIRMED, other.starts_at, 2)
            # A no to the old time never cancels the new one.
            assert (visit.declined_at, visit.attendance) == (None, "unasked")
            assert operations.cancel_declined(now=clock.now() + timedelta(minutes=5)) == 0
            assert ("is cancelled" in said) == ("declined" in kinds(visit))
            assert ("another time now" in said) == ("declined" not in kinds(visit))


def test_a_sorry_yes_racing_the_sweep_ends_in_one_of_two_ways(room: Room) -> None:
    for n, slot in enumerate(free_times(room.clinic, ROUNDS)):
        visit = asked(room, n, slot)
        write(room.clinic, "no", sender=number(n))

        def sweep() -> int:
            with in_clinic(room.clinic):
                return operations.cancel_declined(now=clock.now() + timedelta(minutes=2))

        swept, answered = at_once([sweep, answering(room, n, "sorry, yes")])
        [(said, _)] = replies_in(answered)
        with in_clinic(room.clinic):
            visit.refresh_from_db()
            if visit.status == Status.CONFIRMED:
                assert (swept, visit.attendance, visit.declined_at) == (0, "attending", None)
                assert "expects you" in said
            else:
                assert (swept, visit.status, visit.attendance) == (1, Status.CANCELLED, "declined")
                assert "cancelled already" in said


def test_two_sweeps_at_once_cancel_once(room: Room) -> None:
    for n, slot in enumerate(free_times(room.clinic, 4)):
        visit = asked(room, n, slot)
        write(room.clinic, "no", sender=number(n))

        def sweep() -> int:
            with in_clinic(room.clinic):
                return operations.cancel_declined(now=clock.now() + timedelta(minutes=2))

        assert sorted(at_once([sweep, sweep])) == [0, 1]
        with in_clinic(room.clinic):
            assert kinds(visit).count("cancelled") == 1


def test_two_patients_who_want_the_same_time_get_it_once(room: Room) -> None:
    slots = free_times(room.clinic, 4)
    visits = [asked(room, n, slots[n]) for n in range(2)]
    for n in range(2):
        assert "1. " in replies_in(write(room.clinic, "3", sender=number(n)))[0][0]
    with in_clinic(room.clinic):
        Hold.objects.all().delete()  # each sees the other's times as free
        first = Question.objects.filter(kind="pick_slot", closed_at=None).order_by("asked_at").first()
        assert first is not None
        Question.objects.filter(closed_at=None, kind="pick_slot").update(items=first.items)
    answers = at_once([answering(room, 0, "1"), answering(room, 1, "1")])
    said = [replies_in(answer)[0][0] for answer in answers]
    assert sum("has moved" in words for words in said) == 1
    assert sum("could not move" in words for words in said) == 1
    with in_clinic(room.clinic):
        versions = sorted(
            Appointment.objects.filter(pk__in=[v.pk for v in visits]).values_list("version", flat=True)
        )
    assert versions == [1, 2]


def test_the_same_no_twice_at_once_is_one_no(room: Room) -> None:
    (slot,) = free_times(room.clinic, 1)
    visit = asked(room, 0, slot)
    at_once([answering(room, 0, "no"), answering(room, 0, "no")])
    with in_clinic(room.clinic):
        assert kinds(visit).count("declined") == 1


def test_a_cancelled_visit_cannot_be_declined(room: Room) -> None:
    (slot,) = free_times(room.clinic, 1)
    visit = asked(room, 0, slot)
    with in_clinic(room.clinic):
        operations.cancel(visit, by=room.staff, why="clinic", now=clock.now())
        with pytest.raises(AlreadyDecided):
            operations.decline(visit, source="whatsapp", now=clock.now())


def a_reminder(room: Room) -> ApiReminder:
    """Store a reminder of another calendar that is due in an hour."""
    now = clock.now()
    wanted = Wanted(number(0), number(0), now + timedelta(hours=25), 0, 24)
    with in_clinic(room.clinic):
        return api_reminders.create(wanted, by=room.staff, now=now)


def test_two_sweeps_at_once_send_a_reminder_of_the_api_once(room: Room) -> None:
    a_reminder(room)

    def sweep() -> int:
        with in_clinic(room.clinic):
            return api_reminders.sweep(now=clock.now() + timedelta(hours=2))

    at_once([sweep, sweep, sweep])
    with in_clinic(room.clinic):
        assert Message.objects.filter(dedupe_key__startswith="api_reminder").count() == 1
        assert ReminderClaim.objects.count() == 1


def test_a_delete_racing_the_sweep_leaves_nothing_to_be_sent(room: Room) -> None:
    for _ in range(4):
        reminder = a_reminder(room)

        def sweep() -> int:
            with in_clinic(room.clinic):
                return api_reminders.sweep(now=clock.now() + timedelta(hours=2))

        def delete(reminder: ApiReminder = reminder) -> None:
            with in_clinic(room.clinic):
                api_reminders.delete(reminder.pk, now=clock.now())

        at_once([sweep, delete])
        with in_clinic(room.clinic):
            left = Message.objects.filter(dedupe_key__startswith="api_reminder")
            assert set(left.values_list("status", flat=True)) <= {"cancelled"}
            assert api_reminders.sweep(now=clock.now() + timedelta(hours=3)) == 0
