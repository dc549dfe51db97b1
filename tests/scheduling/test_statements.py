"""How many statements the hot writes take. A higher figure needs a reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinics.models import User
from scheduling import operations, queries
from scheduling.errors import SlotTaken
from scheduling.signals import appointment_changed
from tests.scheduling.conftest import MONDAY, NOW, Desk
from tests.scheduling.test_booking import ask, offer


@contextmanager
def statements(at_most: int) -> Iterator[None]:
    """Count what this room asks of the database; savepoints and the receivers of other rooms are not ours."""
    receivers, appointment_changed.receivers = appointment_changed.receivers, []
    appointment_changed.sender_receivers_cache.clear()
    try:
        with CaptureQueriesContext(connection) as seen:
            yield
    finally:
        appointment_changed.receivers = receivers
        appointment_changed.sender_receivers_cache.clear()
    asked = [q["sql"] for q in seen if "SAVEPOINT" not in q["sql"] and not q["sql"].startswith("SET ")]
    assert len(asked) <= at_most, "\n".join(asked)


def test_a_request_takes_eleven(desk: Desk) -> None:
    patient = desk.patient()
    with statements(11):
        ask(desk, patient=patient, owner="contact:1")


def test_taking_a_held_time_takes_twelve(desk: Desk) -> None:
    patient = desk.patient()
    offer(desk, "contact:1", 10, 11)
    with statements(12):
        ask(desk, patient=patient, owner="contact:1")


def test_a_refusal_with_its_alternatives_takes_eight(desk: Desk) -> None:
    ask(desk)
    patient = desk.patient()
    with statements(8):
        try:
            ask(desk, patient=patient, practitioner=desk.doctor, owner="contact:1")
        except SlotTaken:
            pass
        else:
            raise AssertionError("the time is taken")


def test_holding_three_times_takes_eight(desk: Desk) -> None:
    slots = queries.free_slots(from_date=MONDAY, days=1, now=NOW)[:3]
    with statements(8):
        assert len(operations.hold_slots(slots, owner="contact:1", minutes=10, now=NOW)) == 3


def test_accepting_takes_two_and_rejecting_three(desk: Desk, staff: User) -> None:
    first, second = ask(desk, 10), ask(desk, 11)
    with statements(2):
        operations.accept(first, by=staff, now=NOW)
    with statements(3):
        operations.reject(second, by=staff, now=NOW)


def test_a_move_takes_eleven(desk: Desk, staff: User) -> None:
    visit: Any = operations.accept(ask(desk), by=staff, now=NOW)
    with statements(11):
        operations.move(
            visit,
            starts_at=visit.starts_at.replace(hour=16),
            by=staff,
            expected_version=1,
            now=NOW,
        )
