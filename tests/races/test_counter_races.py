"""The patient takes an offered time while staff, or the clock, decide otherwise: one of them wins, whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging.models import Message, Question
from scheduling import operations, queries
from scheduling.errors import FreeSlot, SchedulingError
from scheduling.models import Appointment, Hold, ResourceBooking, Status
from tests.messaging.hooks import message_form, post, replies_in, token_of
from tests.races.test_cross_room_decisions import Room, asked_for, number, room
from tests.races.test_inbound import at_once

__all__ = ["room"]  # the fixture, with what must hold afterwards

ROUNDS = 6


def some_times(count: int = 2) -> list[FreeSlot]:
    day = clock.now().date() + timedelta(days=3)
    return queries.free_slots(from_date=day, days=10, now=clock.now())[:count]


def offered(room: Room, n: int) -> Appointment:
    """Let patient n ask for a time, and staff offer two others."""
    visit = asked_for(room, n)
    with in_clinic(room.clinic):
        return operations.counter_offer(visit, slots=some_times(), by=room.staff, now=clock.now())


def accept(visit: Appointment, room: Room) -> None:
    operations.accept(visit, by=room.staff, now=clock.now())


def decline(visit: Appointment, room: Room) -> None:
    operations.reject(visit, by=room.staff, now=clock.now())


def run_out(visit: Appointment, room: Room) -> None:
    assert visit.offered_until is not None
    operations.expire_counters(now=visit.offered_until + timedelta(minutes=1))


def deciding(room: Room, deed: Callable[[Appointment, Room], None], visit: Appointment) -> str:
    with in_clinic(room.clinic):
        try:
            deed(visit, room)
        except SchedulingError as error:
            return error.code
        return "done"


@pytest.mark.parametrize("deed", [accept, decline, run_out], ids=["accept", "decline", "clock"])
def test_taking_a_time_while_others_decide_ends_in_one_visit_or_none(
    room: Room, deed: Callable[[Appointment, Room], None]
) -> None:
    for n in range(ROUNDS):
        visit = offered(room, n)
        original = visit.starts_at
        with in_clinic(room.clinic):
            wanted = queries.offered_times(visit)[1].starts_at
        form = message_form(room.clinic, "2", sender=number(n))

        answered, decided = at_once(
            [partial(post, form, token=token_of(room.clinic)), partial(deciding, room, deed, visit)]
        )

        assert answered.status_code == 200
        said = " ".join(text for text, _ in replies_in(answered))
        with in_clinic(room.clinic):
            now = Appointment.objects.get(pk=visit.pk)
            taken = now.status == Status.CONFIRMED and now.starts_at == wanted
            assert taken == said.startswith("Your visit is confirmed"), f"round {n}: told otherwise"
            if not taken:
                assert decided == "done"
                assert now.starts_at == original
            assert not Hold.objects.filter(owner=f"request:{visit.pk}").exists()
            assert not Question.objects.filter(closed_at=None, context__counter=str(visit.pk)).exists()
            assert now.offered_until is None
            bookings = ResourceBooking.objects.filter(appointment=visit).count()
            assert bookings == (0 if now.status == Status.CANCELLED else 1)
            confirmed = Message.objects.filter(
                conversation__contact_point=visit.contact_point, body__startswith="Your visit is confirmed"
            )
            assert confirmed.count() == (1 if now.status == Status.CONFIRMED else 0)


def test_the_same_times_are_offered_to_one_of_two(room: Room) -> None:
    for n in range(0, 2 * ROUNDS, 2):
        visits = [asked_for(room, n), asked_for(room, n + 1)]
        with in_clinic(room.clinic):
            slots = some_times()

        def offer(visit: Appointment, slots: list[FreeSlot] = slots) -> Any:
            with in_clinic(room.clinic):
                try:
                    return operations.counter_offer(visit, slots=slots, by=room.staff, now=clock.now())
                except SchedulingError as error:
                    return error.code

        results = at_once([partial(offer, visit) for visit in visits])

        assert sorted(result if isinstance(result, str) else "offered" for result in results) == [
            "offered",
            "slot_taken",
        ]
        with in_clinic(room.clinic):
            held = [Hold.objects.filter(owner=f"request:{visit.pk}").count() for visit in visits]
            assert sorted(held) == [0, 2]


def test_an_answer_delivered_ten_times_at_once_takes_the_time_once(room: Room) -> None:
    visit = offered(room, 0)
    form = message_form(room.clinic, "1", sender=number(0))

    answers = at_once([partial(post, form, token=token_of(room.clinic)) for _ in range(10)])

    assert {answer.status_code for answer in answers} == {200}
    with in_clinic(room.clinic):
        assert Appointment.objects.get(pk=visit.pk).status == Status.CONFIRMED
        assert Message.objects.filter(body__startswith="Your visit is confirmed").count() == 1
        assert ResourceBooking.objects.filter(appointment=visit).count() == 1
