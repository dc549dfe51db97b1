"""Holds: short, few, and never in the way of their owner."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from scheduling import operations, queries
from scheduling.models import AppointmentType, Hold, HoldPurpose, ResourceBooking, TimeOff
from tests.scheduling.conftest import MONDAY, NOW, Desk, at
from tests.scheduling.test_booking import book, offer
from tests.scheduling.test_deciding import starts


def free(**more: Any) -> list[Any]:
    return queries.free_slots(from_date=MONDAY, days=1, now=NOW, **more)


def test_a_held_time_is_free_for_its_owner_alone(desk: Desk) -> None:
    held = offer(desk, "contact:1", 10)
    assert [(h.starts_at, h.expires_at) for h in held] == [(at(10), NOW + timedelta(minutes=10))]
    assert at(10) not in [slot.starts_at for slot in free()]
    assert at(10) not in [slot.starts_at for slot in free(for_owner="contact:2")]
    assert at(10) in [slot.starts_at for slot in free(for_owner="contact:1")]


def test_a_hold_ends_by_itself(desk: Desk) -> None:
    offer(desk, "contact:1", 10)
    assert at(10) not in starts(NOW + timedelta(minutes=9, seconds=59))
    assert at(10) in starts(NOW + timedelta(minutes=10))


def test_zero_minutes_hold_nothing(desk: Desk) -> None:
    assert offer(desk, "contact:1", 10, minutes=0) == []
    assert Hold.objects.count() == 0


def test_nobody_holds_more_than_three_times(desk: Desk) -> None:
    assert len(offer(desk, "contact:1", 9, 10, 11, 12)) == 3
    assert offer(desk, "contact:1", 13) == []
    assert len(offer(desk, "contact:1", 13, now=NOW + timedelta(minutes=10))) == 1, (
        "the first three have lapsed"
    )


def test_offers_hold_at_most_a_third_of_a_doctors_day(desk: Desk) -> None:
    TimeOff.objects.create(practitioner=desk.doctor, starts_at=at(11), ends_at=at(17))  # four times are left
    assert len(offer(desk, "contact:1", 9, 10)) == 1
    assert offer(desk, "contact:2", 10) == []
    slots = [slot for slot in free() if slot.starts_at == at(10)]
    counter = operations.hold_slots(slots, owner="staff", purpose=HoldPurpose.COUNTER, minutes=60, now=NOW)
    assert len(counter) == 1, "what staff offer is bound by the three only"


def test_many_offers_never_empty_a_day(desk: Desk) -> None:
    for number in range(20):
        operations.hold_slots(free()[:3], owner=f"contact:{number}", minutes=10, now=NOW)
    assert Hold.objects.count() == 5  # of 16 times
    assert len(free()) == 11


def test_a_taken_time_is_passed_over(desk: Desk, receptionist: Any) -> None:
    slots = [slot for slot in free() if slot.starts_at in (at(10), at(11))]
    book(desk, receptionist, 10)
    held = operations.hold_slots(slots, owner="contact:1", minutes=10, now=NOW)
    assert [hold.starts_at for hold in held] == [at(11)]


def test_overlapping_times_of_one_offer_are_held_once(desk: Desk) -> None:
    AppointmentType.objects.update(grid=15)
    held = operations.hold_slots(free()[:2], owner="contact:1", minutes=10, now=NOW)
    assert [hold.starts_at for hold in held] == [at(9)]


def test_a_hold_takes_a_room_as_well(desk: Desk) -> None:
    room = desk.room()
    desk.another_doctor()
    AppointmentType.objects.update(room_kinds=["exam"])
    offer(desk, "contact:1", 10)
    assert set(ResourceBooking.objects.values_list("resource_id", flat=True)) == {desk.doctor.pk, room.pk}
    assert at(10) not in [slot.starts_at for slot in free()], "the second doctor has no room"


def test_releasing_frees_what_an_owner_holds_and_nothing_else(desk: Desk) -> None:
    offer(desk, "contact:1", 9, 10)
    offer(desk, "contact:2", 11)
    assert operations.release_holds("contact:1") == 2
    assert operations.release_holds("contact:1") == 0
    assert list(Hold.objects.values_list("owner", flat=True)) == ["contact:2"]
    assert ResourceBooking.objects.count() == 1


def test_lapsed_holds_are_tidied_away(desk: Desk) -> None:
    offer(desk, "contact:1", 10)
    offer(desk, "contact:2", 11, now=NOW + timedelta(minutes=5))
    assert operations.forget_expired_holds(now=NOW + timedelta(minutes=10)) == 1
    assert Hold.objects.get().owner == "contact:2"
