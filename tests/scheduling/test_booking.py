"""Asking for a time and booking one: what is given, what is refused, and what is offered instead."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from scheduling import operations, queries
from scheduling.errors import NotBookable, PastTime, SlotTaken
from scheduling.models import (
    Appointment,
    AppointmentEvent,
    AppointmentType,
    Hold,
    HoldPurpose,
    OpeningHours,
    ResourceBooking,
    SchedulingSettings,
    Status,
    TimeOff,
)
from tests.scheduling.conftest import MONDAY, NOW, ZONE, Desk, at


def ask(desk: Desk, hour: int = 10, minute: int = 0, **more: Any) -> Appointment:
    arguments: dict[str, Any] = {
        "type": desk.type,
        "starts_at": at(hour, minute),
        "source": "whatsapp",
        "now": NOW,
        **more,
    }
    patient = arguments.pop("patient", None) or desk.patient()
    return operations.request(patient, **arguments)


def book(desk: Desk, staff: Any, hour: int = 10, minute: int = 0, **more: Any) -> Appointment:
    arguments: dict[str, Any] = {
        "type": desk.type,
        "starts_at": at(hour, minute),
        "actor": staff,
        "now": NOW,
        **more,
    }
    patient = arguments.pop("patient", None) or desk.patient()
    return operations.book(patient, **arguments)


def offer(desk: Desk, owner: str, *hours: int, now: Any = NOW, minutes: int = 10) -> list[Hold]:
    slots = queries.free_slots(from_date=MONDAY, days=1, now=now)
    wanted = [slot for slot in slots if slot.starts_at in [at(hour) for hour in hours]]
    return operations.hold_slots(wanted, owner=owner, minutes=minutes, now=now)


def test_a_request_waits_for_staff_and_holds_its_time(desk: Desk, heard: list[Any]) -> None:
    appointment = ask(desk)
    stored = Appointment.objects.get()
    assert stored == appointment
    assert stored.status == Status.PENDING_REVIEW
    assert (stored.version, stored.attendance) == (1, "unasked")
    assert (stored.local_start, stored.zone) == ("2027-06-07T10:00", "America/New_York")
    assert stored.ends_at - stored.starts_at == timedelta(minutes=30)
    assert at(10) not in [s.starts_at for s in queries.free_slots(from_date=MONDAY, days=1, now=NOW)]
    event = AppointmentEvent.objects.get()
    assert (event.kind, event.source, event.before) == ("requested", "whatsapp", {})
    assert event.after["status"] == "pending_review"
    assert [(h.event_id, h.kind, h.appointment_id) for h in heard] == [(event.pk, "requested", stored.pk)]


def test_a_type_that_accepts_at_once_confirms_without_staff(desk: Desk) -> None:
    AppointmentType.objects.update(accept_at_once=True)
    appointment = ask(desk)
    assert appointment.status == Status.CONFIRMED
    assert appointment.respond_by is None
    assert AppointmentEvent.objects.get().kind == "booked"


def test_a_taken_time_is_refused_with_three_fresh_ones_over_two_days(desk: Desk) -> None:
    ask(desk)
    with pytest.raises(SlotTaken) as refused:
        ask(desk)
    alternatives = refused.value.alternatives
    assert len(alternatives) == 3
    assert len({slot.starts_at.astimezone(ZONE).date() for slot in alternatives}) == 2
    assert at(10) not in [slot.starts_at for slot in alternatives]
    assert Appointment.objects.count() == 1


def test_overlapping_but_unequal_times_are_refused(desk: Desk, staff: Any) -> None:
    book(desk, staff, 10, 0)
    for minute in (15, 10, 29):
        with pytest.raises(SlotTaken):
            book(desk, staff, 10, minute)
    with pytest.raises(SlotTaken):
        book(desk, staff, 9, 45)
    book(desk, staff, 10, 30)


def test_buffers_are_held_against_the_neighbours(desk: Desk, staff: Any) -> None:
    book(desk, staff, 10)
    AppointmentType.objects.update(buffer_before=15)
    with pytest.raises(SlotTaken):
        book(desk, staff, 10, 30)
    book(desk, staff, 10, 45)


def test_the_holders_hold_becomes_the_booking(desk: Desk) -> None:
    held = offer(desk, "contact:1", 10, 11)
    rows = {row.pk for row in ResourceBooking.objects.filter(hold=held[0])}
    appointment = ask(desk, owner="contact:1")
    assert {row.pk for row in appointment.resource_bookings.all()} == rows
    assert Hold.objects.count() == 0, "the owner has chosen: the other offer is free again"
    assert ResourceBooking.objects.count() == 1


def test_a_live_hold_of_another_beats_a_request(desk: Desk) -> None:
    offer(desk, "contact:1", 10)
    with pytest.raises(SlotTaken):
        ask(desk, owner="contact:2")
    assert ask(desk, owner="contact:1").status == Status.PENDING_REVIEW


def test_an_expired_hold_does_not_stand_in_the_way(desk: Desk) -> None:
    offer(desk, "contact:1", 10)
    later = NOW + timedelta(minutes=10)
    appointment = ask(desk, owner="contact:2", now=later)
    assert appointment.pk
    assert Hold.objects.count() == 0


def test_the_owner_may_take_a_time_that_overlaps_the_own_hold(desk: Desk) -> None:
    AppointmentType.objects.update(grid=15)
    offer(desk, "contact:1", 10)
    assert ask(desk, 10, 15, owner="contact:1").pk


def test_a_live_hold_outlasts_the_least_notice(desk: Desk) -> None:
    early = at(7, 59)
    offer(desk, "contact:1", 10, now=early)
    assert ask(desk, 10, owner="contact:1", now=at(8, 5)).pk
    with pytest.raises(NotBookable) as refused:
        ask(desk, 10, 0, owner="contact:2", now=at(8, 5), starts_at=at(9, 30))
    assert refused.value.code == "notice"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"starts_at": at(8)}, "hours"),
        ({"starts_at": at(10, 10)}, "grid"),
        ({"starts_at": at(10) + timedelta(seconds=1)}, "grid"),
        ({"starts_at": at(10, day=date(2027, 12, 6))}, "horizon"),
        ({"starts_at": at(10), "now": at(9)}, "notice"),
    ],
)
def test_patients_are_bound_by_the_types_rules(desk: Desk, change: dict[str, Any], code: str) -> None:
    with pytest.raises(NotBookable) as refused:
        ask(desk, **change)
    assert refused.value.code == code
    assert refused.value.alternatives


def test_a_past_time_is_refused(desk: Desk, staff: Any) -> None:
    with pytest.raises(PastTime) as refused:
        ask(desk, starts_at=NOW - timedelta(days=3))
    assert refused.value.alternatives
    with pytest.raises(PastTime):
        book(desk, staff, now=at(11))


def test_staff_are_not_bound_by_notice_grid_and_horizon(desk: Desk, staff: Any) -> None:
    assert book(desk, staff, 10, 10, now=at(10, 15)).status == Status.CONFIRMED
    assert book(desk, staff, starts_at=at(10, day=date(2027, 12, 6))).decided_by == staff


def test_staff_outside_the_hours_need_a_reason(desk: Desk, staff: Any) -> None:
    TimeOff.objects.create(practitioner=desk.doctor, starts_at=at(13), ends_at=at(14))
    for hour, code in ((7, "hours"), (13, "time_off")):
        with pytest.raises(NotBookable) as refused:
            book(desk, staff, hour)
        assert refused.value.code == code
        assert book(desk, staff, hour, overbook_reason="walk-in").reason == "walk-in"


def test_a_deliberate_overbooking_takes_the_next_seat_and_keeps_its_reason(desk: Desk, staff: Any) -> None:
    book(desk, staff)
    with pytest.raises(SlotTaken):
        book(desk, staff)
    second = book(desk, staff, overbook_reason="emergency")
    third = book(desk, staff, overbook_reason="emergency")
    assert second.reason == "emergency"
    assert AppointmentEvent.objects.get(appointment=second).reason == "emergency"
    assert sorted(ResourceBooking.objects.values_list("seat", flat=True)) == [0, 1, 2]
    assert third.resource_bookings.get().seat == 2


def test_a_reason_is_not_kept_when_nothing_was_overbooked(desk: Desk, staff: Any) -> None:
    assert book(desk, staff, overbook_reason="just in case").reason == ""


def test_staff_book_over_an_offer_but_not_over_other_holds(desk: Desk, staff: Any) -> None:
    offer(desk, "contact:1", 10)
    assert book(desk, staff, 10).pk
    assert Hold.objects.count() == 0
    operations.hold_slots(
        [s for s in queries.free_slots(from_date=MONDAY, days=1, now=NOW) if s.starts_at == at(11)],
        owner="contact:1",
        purpose=HoldPurpose.COUNTER,
        minutes=60,
        now=NOW,
    )
    with pytest.raises(SlotTaken):
        book(desk, staff, 11)


def test_a_patient_is_not_in_two_places_at_once(desk: Desk, staff: Any) -> None:
    patient = desk.patient()
    desk.another_doctor()
    ask(desk, patient=patient)
    with pytest.raises(NotBookable) as refused:
        ask(desk, patient=patient)
    assert refused.value.code == "patient_busy"
    assert ask(desk).pk, "the second doctor is free for somebody else"


def test_any_doctor_means_the_first_free_one_in_the_clinics_order(desk: Desk) -> None:
    second = desk.another_doctor()
    assert ask(desk).practitioner_id == desk.doctor.pk
    assert ask(desk).practitioner_id == second.pk
    with pytest.raises(SlotTaken):
        ask(desk)


def test_any_doctor_means_the_one_who_is_held_for_the_owner(desk: Desk) -> None:
    second = desk.another_doctor()
    slots = queries.free_slots(from_date=MONDAY, days=1, practitioner=second, now=NOW)
    operations.hold_slots(slots[:1], owner="contact:1", minutes=10, now=NOW)
    assert ask(desk, 9, owner="contact:1").practitioner_id == second.pk


def test_what_patients_may_not_book_only_members_can_ask_for(desk: Desk, staff: Any) -> None:
    AppointmentType.objects.update(bookable=False)
    with pytest.raises(NotBookable) as refused:
        ask(desk)
    assert refused.value.code == "type"
    assert ask(desk, actor=staff, source="api").status == Status.PENDING_REVIEW


def test_a_doctor_who_does_not_do_the_type_is_refused(desk: Desk) -> None:
    desk.type.practitioners.add(desk.another_doctor())
    with pytest.raises(NotBookable) as refused:
        ask(desk, practitioner=desk.doctor)
    assert refused.value.code == "practitioner"


def test_a_type_takes_one_free_room_of_each_kind_it_needs(desk: Desk, staff: Any) -> None:
    first, second = desk.room(name="Room 1"), desk.room(name="Room 2")
    desk.another_doctor()
    desk.another_doctor("Dr. Third", rank=3)
    AppointmentType.objects.update(room_kinds=["exam"])
    used = [set(ask(desk).resource_bookings.values_list("resource_id", flat=True)) for _ in range(2)]
    assert first.pk in used[0]
    assert second.pk in used[1]
    with pytest.raises(SlotTaken):
        ask(desk)
    third = book(desk, staff, overbook_reason="shares the room")
    assert third.resource_bookings.filter(resource_id__in=[first.pk, second.pk]).count() == 1


def test_a_request_is_to_be_answered_within_four_opening_hours(desk: Desk) -> None:
    sunday_noon = NOW
    assert ask(desk, 16, now=sunday_noon).respond_by == at(13), "Monday 9:00 and four hours"
    SchedulingSettings.objects.create(request_hours=1)
    assert ask(desk, 15, now=sunday_noon).respond_by == at(10)


def test_a_request_is_to_be_answered_an_hour_before_the_visit_at_the_latest(desk: Desk) -> None:
    assert ask(desk, 10).respond_by == at(9)


def test_a_request_for_very_soon_is_answered_while_the_patient_can_still_be_told(desk: Desk) -> None:
    AppointmentType.objects.update(least_notice=0)
    assert ask(desk, 10, now=at(9, 20)).respond_by == at(9, 40)


def test_a_place_without_opening_hours_counts_as_open(desk: Desk) -> None:
    OpeningHours.objects.all().delete()
    assert ask(desk, 16).respond_by == NOW + timedelta(hours=4)
