"""Moving keeps the id and raises the version; the old time stays booked until the new one is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from clinics.models import User
from scheduling import operations
from scheduling.errors import AlreadyDecided, NotBookable, PastTime, SlotTaken, StaleVersion
from scheduling.models import Appointment, AppointmentEvent, AppointmentType, Hold, Status
from tests.scheduling.conftest import NOW, Desk, at
from tests.scheduling.test_booking import ask, book, offer
from tests.scheduling.test_deciding import starts


def move(visit: Appointment, staff: User | None, hour: int, minute: int = 0, **more: Any) -> Appointment:
    arguments: dict[str, Any] = {"expected_version": visit.version, "by": staff, "now": NOW, **more}
    return operations.move(visit, starts_at=at(hour, minute), **arguments)


def test_a_move_keeps_the_id_raises_the_version_and_frees_the_old_time(desk: Desk, staff: User) -> None:
    visit = book(desk, staff, 10)
    Appointment.objects.update(attendance="attending")
    moved = move(visit, staff, 11)
    stored = Appointment.objects.get()
    assert stored.pk == moved.pk == visit.pk
    assert (stored.version, stored.starts_at, stored.ends_at) == (2, at(11), at(11, 30))
    assert (stored.local_start, stored.attendance) == ("2027-06-07T11:00", "unasked")
    assert at(10) in starts()
    assert at(11) not in starts()
    event = AppointmentEvent.objects.get(kind="moved")
    assert event.version == 2
    assert (event.before["starts_at"], event.after["starts_at"]) == (at(10).isoformat(), at(11).isoformat())


def test_a_refused_move_leaves_the_old_time_booked(desk: Desk, staff: User) -> None:
    visit, _ = book(desk, staff, 10), book(desk, staff, 11)
    with pytest.raises(SlotTaken) as refused:
        move(visit, staff, 11)
    assert refused.value.alternatives
    visit.refresh_from_db()
    assert (visit.version, visit.starts_at) == (1, at(10))
    assert at(10) not in starts()


def test_a_visit_may_move_within_its_own_time(desk: Desk, staff: User) -> None:
    assert move(book(desk, staff, 10), staff, 10, 15).starts_at == at(10, 15)


def test_a_second_move_from_the_same_page_is_stale(desk: Desk, staff: User) -> None:
    visit = book(desk, staff, 10)
    move(visit, staff, 11)
    with pytest.raises(StaleVersion) as stale:
        move(visit, staff, 12)
    assert stale.value.appointment.starts_at == at(11)


def test_what_is_over_is_not_moved(desk: Desk, staff: User) -> None:
    visit = book(desk, staff, 10)
    operations.cancel(visit, by=staff, why="clinic", now=NOW)
    with pytest.raises(AlreadyDecided):
        move(visit, staff, 11)


def test_a_moved_request_stays_a_request_with_a_new_time_to_answer(desk: Desk, staff: User) -> None:
    request = ask(desk, 10)
    moved = move(request, staff, 16)
    assert moved.status == Status.PENDING_REVIEW
    assert Appointment.objects.get().respond_by == at(13)


def test_a_patient_moves_by_the_patients_rules_and_takes_the_held_time(desk: Desk, staff: User) -> None:
    visit = book(desk, staff, 10)
    with pytest.raises(NotBookable) as refused:
        move(visit, None, 11, 10, source="whatsapp")
    assert refused.value.code == "grid"
    offer(desk, "contact:1", 12, 13)
    assert move(visit, None, 12, source="whatsapp", owner="contact:1").starts_at == at(12)
    assert Hold.objects.count() == 0
    assert at(13) in starts()


def test_a_visit_goes_to_another_doctor(desk: Desk, staff: User) -> None:
    second = desk.another_doctor()
    visit = book(desk, staff, 10)
    assert move(visit, staff, 10, practitioner=second).practitioner_id == second.pk
    assert Appointment.objects.get().resource_bookings.get().resource_id == second.pk


def test_staff_move_a_visit_of_a_type_no_longer_in_use(desk: Desk, staff: User) -> None:
    visit = book(desk, staff, 10)
    AppointmentType.objects.update(active=False)
    assert move(visit, staff, 11).starts_at == at(11)


def test_nothing_moves_into_the_past(desk: Desk, staff: User) -> None:
    visit = book(desk, staff, 10)
    with pytest.raises(PastTime):
        operations.move(visit, starts_at=NOW - timedelta(days=1), by=staff, expected_version=1, now=NOW)
