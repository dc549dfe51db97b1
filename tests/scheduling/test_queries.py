"""Free times as others ask for them: local dates, doctors, statements; and why a time is not free."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scheduling import queries
from scheduling.errors import FreeSlot, NotBookable
from scheduling.models import AppointmentType, Location, TimeOff, WeeklyHours
from scheduling.slots import Reason
from tests.scheduling.conftest import MONDAY, NOW, ZONE, Desk, at
from tests.scheduling.test_booking import book, offer


def free(**more: Any) -> list[FreeSlot]:
    return queries.free_slots(**{"from_date": MONDAY, "days": 1, "now": NOW, **more})


def test_a_new_clinics_day_has_sixteen_times(desk: Desk) -> None:
    slots = free()
    assert len(slots) == 16
    assert slots[0] == FreeSlot(at(9), at(9, 30), desk.doctor.pk, desk.type.pk, desk.location.pk)


def test_dates_are_those_of_the_place(desk: Desk) -> None:
    Location.objects.update(zone="Pacific/Auckland")
    slots = free(days=1)
    assert len(slots) == 16
    assert {slot.starts_at.astimezone(Location.objects.get().tz).date() for slot in slots} == {MONDAY}


def test_days_before_today_and_after_the_horizon_are_empty(desk: Desk) -> None:
    assert free(from_date=MONDAY - timedelta(days=400), days=31) == []
    assert free(from_date=date.max, days=31) == []
    assert free(from_date=date.min, days=1) == []
    assert len(free(from_date=MONDAY - timedelta(days=3), days=5)) == 32


def test_several_doctors_come_by_time_then_in_the_clinics_order(desk: Desk) -> None:
    second = desk.another_doctor()
    assert [slot.practitioner_id for slot in free(limit=3)] == [desk.doctor.pk, second.pk, desk.doctor.pk]
    assert {slot.practitioner_id for slot in free(practitioner=second)} == {second.pk}


def test_patients_see_only_doctors_and_types_they_may_book(desk: Desk) -> None:
    hidden = desk.another_doctor(bookable=False)
    assert hidden.pk in {slot.practitioner_id for slot in free()}
    assert hidden.pk not in {slot.practitioner_id for slot in free(bookable_only=True)}
    assert list(queries.bookable_practitioners()) == [desk.doctor]
    AppointmentType.objects.update(bookable=False)
    with pytest.raises(NotBookable):
        free(bookable_only=True)


def test_a_type_is_done_by_those_chosen_for_it(desk: Desk) -> None:
    second = desk.another_doctor()
    desk.type.practitioners.add(second)
    assert {slot.practitioner_id for slot in free()} == {second.pk}
    assert list(queries.bookable_practitioners(desk.type)) == [second]


def test_hours_hold_only_while_they_are_valid(desk: Desk) -> None:
    WeeklyHours.objects.update(valid_to=MONDAY)
    assert len(free(days=7)) == 16


def test_hours_until_a_minute_before_midnight_mean_until_midnight(desk: Desk) -> None:
    WeeklyHours.objects.update(starts=time(23), ends=time(23, 59))
    assert [slot.starts_at for slot in free()] == [at(23), at(23, 30)]


def test_an_unknown_type_or_doctor_is_refused(desk: Desk) -> None:
    for asked, code in (({"type": uuid4()}, "type"), ({"practitioner": uuid4()}, "practitioner")):
        with pytest.raises(NotBookable) as refused:
            free(**asked)
        assert refused.value.code == code


@pytest.mark.parametrize(("rooms", "statements"), [([], 3), (["exam"], 4)])
def test_free_times_take_at_most_four_statements(desk: Desk, rooms: list[str], statements: int) -> None:
    for number in range(5):
        desk.another_doctor(f"Dr. {number}")
    desk.room()
    AppointmentType.objects.update(room_kinds=rooms)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert free(days=31)
    assert len([q for q in seen if not q["sql"].startswith("SET search_path")]) == statements


def test_three_times_are_spread_over_two_days_when_there_are(desk: Desk) -> None:
    three = queries.spread(free(days=7), 3, zone=ZONE)
    assert [slot.starts_at for slot in three] == [at(9), at(9, 30), at(9, day=MONDAY + timedelta(days=1))]
    assert [slot.starts_at for slot in queries.spread(free(), 3, zone=ZONE)] == [at(9), at(9, 30), at(10)]
    assert queries.spread([], 3, zone=ZONE) == []


def test_explain_names_the_rule_that_removes_a_time(desk: Desk, receptionist: Any) -> None:
    TimeOff.objects.create(practitioner=desk.doctor, starts_at=at(9), ends_at=at(10))
    book(desk, receptionist, 11)
    AppointmentType.objects.update(buffer_after=15)
    book(desk, receptionist, 14)
    offer(desk, "contact:1", 16)

    def why(hour: int, minute: int = 0, **more: Any) -> Reason | None:
        arguments = {"practitioner": desk.doctor, "starts_at": at(hour, minute), "now": NOW, **more}
        return queries.explain(**arguments)

    assert why(8) is Reason.HOURS
    assert why(9) is Reason.TIME_OFF
    assert why(11) is Reason.BUSY
    assert why(10, 30) is Reason.BUFFER
    assert why(14, 30) is Reason.BUFFER, "only the other visit's buffer is in the way"
    assert why(16) is Reason.BUSY
    assert why(13, now=at(12)) is Reason.NOTICE
    assert why(13, now=NOW - timedelta(days=90)) is Reason.HORIZON
    assert why(12, 10) is Reason.GRID
    assert why(12) is None


def test_explain_says_when_a_room_is_missing(desk: Desk) -> None:
    AppointmentType.objects.update(room_kinds=["exam"])
    assert queries.explain(practitioner=desk.doctor, starts_at=at(10), now=NOW) is Reason.ROOM
    desk.room()
    assert queries.explain(practitioner=desk.doctor, starts_at=at(10), now=NOW) is None


def test_next_visits_are_those_that_still_stand(desk: Desk, receptionist: Any) -> None:
    from scheduling import operations

    patient = desk.patient()
    first = book(desk, receptionist, 10, patient=patient)
    gone = book(desk, receptionist, 11, patient=patient)
    operations.cancel(gone, by=receptionist, why="clinic", now=NOW)
    book(desk, receptionist, 12)
    assert list(queries.next_visits([patient.pk], now=NOW)) == [first]
    assert list(queries.next_visits([patient.pk], now=at(10))) == []
