"""Staff offer other times to a request: held for it alone, until the patient takes one or nobody answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clinics.models import User
from scheduling import operations, queries
from scheduling.errors import AlreadyDecided, FreeSlot, NotOffered, SlotTaken, StaleVersion
from scheduling.looking import look
from scheduling.models import (
    Appointment,
    AppointmentEvent,
    Hold,
    ResourceBooking,
    SchedulingSettings,
    TimeOff,
)
from tests.scheduling.conftest import MONDAY, NOW, Desk, at
from tests.scheduling.test_booking import ask, book
from tests.scheduling.test_deciding import starts

TUESDAY = MONDAY + timedelta(days=1)


def slots(visit: Appointment, *hours: int) -> list[FreeSlot]:
    """The free times of Tuesday at these hours."""
    free = queries.free_slots(from_date=TUESDAY, days=1, now=NOW)
    return [slot for slot in free if slot.starts_at in {at(hour, day=TUESDAY) for hour in hours}]


def countered(desk: Desk, staff: User, *hours: int) -> Appointment:
    visit = ask(desk)
    return operations.counter_offer(visit, slots=slots(visit, *(hours or (9, 11))), by=staff, now=NOW)


def take(visit: Appointment, staff: User, hour: int) -> Appointment:
    return operations.take_counter(
        visit,
        starts_at=at(hour, day=TUESDAY),
        practitioner=visit.practitioner_id,
        source="whatsapp",
        now=NOW + timedelta(minutes=5),
    )


def test_an_offer_holds_its_times_and_leaves_the_request_as_it_is(desk: Desk, staff: User) -> None:
    visit = countered(desk, staff)

    assert (visit.status, visit.starts_at) == ("pending_review", at(10))
    assert visit.offered_until is not None
    assert visit.respond_by is not None
    assert visit.offered_until < visit.respond_by < visit.starts_at
    assert [slot.starts_at for slot in queries.offered_times(visit)] == [
        at(9, day=TUESDAY),
        at(11, day=TUESDAY),
    ]
    assert not {at(9, day=TUESDAY), at(11, day=TUESDAY)} & {
        slot.starts_at for slot in queries.free_slots(from_date=TUESDAY, days=1, now=NOW)
    }
    assert at(10) not in starts()
    assert AppointmentEvent.objects.filter(kind="offered", actor=staff).count() == 1


def test_the_time_to_answer_is_a_setting(desk: Desk, staff: User) -> None:
    SchedulingSettings.objects.create(offer_hours=1)
    monday = at(9)
    visit = ask(desk, 16)
    offered = operations.counter_offer(visit, slots=slots(visit, 9), by=staff, now=monday)
    assert offered.offered_until == monday + timedelta(hours=1)


def test_a_taken_time_moves_and_accepts_the_request_and_frees_the_rest(desk: Desk, staff: User) -> None:
    visit = countered(desk, staff)
    taken = take(visit, staff, 11)

    stored = Appointment.objects.get()
    assert stored.pk == taken.pk == visit.pk
    assert (stored.status, stored.starts_at) == ("confirmed", at(11, day=TUESDAY))
    assert (stored.offered_until, stored.respond_by, stored.decided_by_id) == (None, None, staff.pk)
    assert not Hold.objects.exists()
    assert ResourceBooking.objects.count() == 1
    assert at(10) in starts()
    assert AppointmentEvent.objects.order_by("-at", "-id").first().kind == "accepted"  # type: ignore[union-attr]


def test_a_time_is_taken_once(desk: Desk, staff: User) -> None:
    visit = countered(desk, staff)
    take(visit, staff, 11)
    with pytest.raises(AlreadyDecided):
        take(visit, staff, 9)


def test_staff_do_not_book_over_what_staff_offered(desk: Desk, staff: User) -> None:
    countered(desk, staff)
    with pytest.raises(SlotTaken):
        operations.book(
            desk.patient("Other"),
            type=desk.type,
            practitioner=desk.doctor,
            starts_at=at(11, day=TUESDAY),
            actor=staff,
            now=NOW,
        )


def test_a_time_that_is_gone_offers_nothing_at_all(desk: Desk, staff: User) -> None:
    visit = ask(desk)
    wanted = slots(visit, 9, 11)
    book(desk, staff, patient=desk.patient("Other"), starts_at=at(11, day=TUESDAY))
    with pytest.raises(SlotTaken) as refused:
        operations.counter_offer(visit, slots=wanted, by=staff, now=NOW)
    assert refused.value.alternatives
    assert not Hold.objects.exists()
    visit.refresh_from_db()
    assert (visit.version, visit.offered_until) == (1, None)


@pytest.mark.parametrize("decision", ["accept", "reject", "cancel", "move"])
def test_a_decision_of_staff_frees_what_was_offered(desk: Desk, staff: User, decision: str) -> None:
    visit = countered(desk, staff)
    if decision == "accept":
        operations.accept(visit, by=staff, now=NOW)
    elif decision == "reject":
        operations.reject(visit, by=staff, now=NOW)
    elif decision == "cancel":
        operations.cancel(visit, by=staff, why="clinic", now=NOW)
    else:  # even to a time that was offered
        operations.move(
            visit, starts_at=at(11, day=TUESDAY), by=staff, expected_version=visit.version, now=NOW
        )
    assert not Hold.objects.exists()
    assert Appointment.objects.get().offered_until is None
    with pytest.raises((AlreadyDecided, NotOffered)):
        take(visit, staff, 9)


def test_a_decision_from_a_page_before_the_offer_is_stale(desk: Desk, staff: User) -> None:
    visit = ask(desk)
    operations.counter_offer(visit, slots=slots(visit, 9), by=staff, now=NOW)
    with pytest.raises(StaleVersion):
        operations.accept(visit, by=staff, now=NOW)


def test_offering_again_replaces_the_times(desk: Desk, staff: User) -> None:
    visit = countered(desk, staff, 9, 11)
    operations.counter_offer(visit, slots=slots(visit, 14), by=staff, now=NOW)
    assert [slot.starts_at for slot in queries.offered_times(visit)] == [at(14, day=TUESDAY)]


def test_an_unanswered_offer_ends_and_the_request_waits_for_staff_again(desk: Desk, staff: User) -> None:
    visit = countered(desk, staff)
    assert visit.offered_until is not None
    late = visit.offered_until + timedelta(minutes=1)

    assert operations.expire_counters(now=visit.offered_until - timedelta(minutes=1)) == 0
    assert operations.expire_counters(now=late) == 1
    assert operations.expire_counters(now=late) == 0
    assert operations.expire_requests(now=late) == 0

    stored = Appointment.objects.get()
    assert (stored.status, stored.offered_until) == ("pending_review", None)
    assert stored.respond_by is not None
    assert stored.respond_by > late
    assert not Hold.objects.exists()
    with pytest.raises(NotOffered):
        operations.take_counter(
            stored,
            starts_at=at(9, day=TUESDAY),
            practitioner=stored.practitioner_id,
            source="sms",
            now=late,
        )


def test_a_look_says_whether_the_own_time_is_still_good(desk: Desk, staff: User) -> None:
    visit = ask(desk)
    good = look(visit, now=NOW)
    assert good.reason is None
    assert at(10) not in {slot.starts_at for slot in good.free}
    assert (good.working, good.free_minutes) == ([(at(9), at(17))], 8 * 60 - 30)

    TimeOff.objects.create(practitioner=desk.doctor, starts_at=at(9), ends_at=at(12))
    away = look(visit, now=NOW)
    assert away.reason == "time_off"
    assert away.away == [(at(9), at(12))]
    assert away.free[0].starts_at == at(12)


def test_a_look_finds_another_doctor_when_the_wanted_one_has_nothing(desk: Desk) -> None:
    visit = ask(desk)
    other = desk.another_doctor()
    TimeOff.objects.create(
        practitioner=desk.doctor, starts_at=at(0), ends_at=at(0, day=MONDAY + timedelta(days=40))
    )
    found = look(visit, now=NOW)
    assert {slot.practitioner_id for slot in found.free} == {other.pk}


def test_a_look_costs_three_statements(desk: Desk, django_assert_num_queries: object) -> None:
    visit = ask(desk)
    with django_assert_num_queries(3):  # type: ignore[operator]
        look(visit, now=NOW)


def test_staff_are_reminded_once_at_half_of_the_time(desk: Desk) -> None:
    visit = ask(desk, 16)
    assert visit.nudge_at is not None
    half = visit.nudge_at

    assert operations.nudge_requests(now=half - timedelta(minutes=1)) == 0
    assert operations.nudge_requests(now=half + timedelta(minutes=1)) == 1
    assert operations.nudge_requests(now=half + timedelta(minutes=2)) == 0

    visit.refresh_from_db()
    assert visit.nudged_at == half + timedelta(minutes=1)
    assert AppointmentEvent.objects.filter(kind="nudged").count() == 1


def test_nobody_is_reminded_while_the_patient_chooses(desk: Desk, staff: User) -> None:
    visit = countered(desk, staff)
    assert visit.offered_until is not None
    assert operations.nudge_requests(now=visit.offered_until - timedelta(minutes=1)) == 0
