"""The day of a visit: who is here, who came, who did not, and a mark that was a mistake."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from clinics.models import User
from scheduling import operations, queries
from scheduling.errors import AlreadyDecided, NotBookable, NotNow, StaleVersion
from scheduling.models import AppointmentEvent, ResourceBooking, Status
from tests.scheduling.conftest import MONDAY, Desk, at
from tests.scheduling.test_booking import ask, book

AFTER = at(10, 10)


def test_who_arrives_keeps_the_time_and_it_is_written_down(desk: Desk, staff: User, heard: list[Any]) -> None:
    arrived = operations.arrive(book(desk, staff), by=staff, now=at(9, 52))

    arrived.refresh_from_db()
    assert arrived.status == Status.ARRIVED
    assert ResourceBooking.objects.filter(appointment=arrived).count() == 1
    event = AppointmentEvent.objects.get(kind="arrived")
    assert (event.actor, event.source, event.at) == (staff, "staff", at(9, 52))
    assert (event.before["status"], event.after["status"]) == ("confirmed", "arrived")
    assert [one.kind for one in heard] == ["booked", "arrived"]


def test_who_decided_about_the_request_stays_known(desk: Desk, staff: User, owner: User) -> None:
    visit = operations.accept(ask(desk), by=owner, now=at(8))

    marked = operations.arrive(visit, by=staff, now=at(9, 50))

    assert marked.decided_by == owner


def test_who_came_or_did_not_gives_the_rest_of_the_time_back(desk: Desk, staff: User) -> None:
    came, missed = book(desk, staff, 10), book(desk, staff, 11)

    operations.complete(came, by=staff, now=at(10, 5))
    operations.mark_no_show(missed, by=staff, now=at(11, 5))

    assert not ResourceBooking.objects.exists()
    free = [s.starts_at for s in queries.free_slots(from_date=MONDAY, days=1, now=at(7))]
    assert {at(10), at(11)} <= set(free)


def test_a_patient_who_did_not_come_can_be_booked_elsewhere_at_once(desk: Desk, staff: User) -> None:
    patient = desk.patient()
    operations.mark_no_show(book(desk, staff, patient=patient), by=staff, now=AFTER)

    assert book(desk, staff, patient=patient, now=AFTER).status == Status.CONFIRMED


@pytest.mark.parametrize("mark", ["arrive", "complete", "mark_no_show"])
def test_the_second_is_told_who_was_first(desk: Desk, staff: User, owner: User, mark: str) -> None:
    visit = book(desk, staff)
    getattr(operations, mark)(visit, by=owner, now=AFTER)

    for seen in (visit, type(visit).objects.get()):  # an old page, and one that was read again
        with pytest.raises(AlreadyDecided) as late:
            getattr(operations, mark)(seen, by=staff, now=AFTER)
        assert late.value.decided_by == owner
    assert AppointmentEvent.objects.count() == 2


@pytest.mark.parametrize(
    ("mark", "moment", "code"),
    [
        ("arrive", at(21, day=MONDAY - timedelta(days=1)), "too_early"),
        ("complete", at(9, 59), "too_early"),
        ("mark_no_show", at(9, 59), "too_early"),
        ("take_back", AFTER, "not_marked"),
    ],
    ids=["arrived the day before", "came before it began", "missed before it began", "nothing to take back"],
)
def test_a_mark_that_does_not_fit_the_hour_is_refused(
    desk: Desk, staff: User, mark: str, moment: Any, code: str
) -> None:
    with pytest.raises(NotNow) as refused:
        getattr(operations, mark)(book(desk, staff), by=staff, now=moment)
    assert refused.value.code == code


@pytest.mark.parametrize("mark", ["arrive", "complete", "mark_no_show", "take_back"])
def test_a_request_is_accepted_first(desk: Desk, staff: User, mark: str) -> None:
    with pytest.raises(NotNow) as refused:
        getattr(operations, mark)(ask(desk), by=staff, now=AFTER)
    assert refused.value.code == "not_accepted"


@pytest.mark.parametrize("mark", ["arrive", "complete", "mark_no_show", "take_back"])
def test_a_cancelled_visit_takes_no_mark(desk: Desk, staff: User, owner: User, mark: str) -> None:
    visit = operations.cancel(book(desk, staff), by=owner, why="clinic", now=at(8))
    with pytest.raises(AlreadyDecided) as late:
        getattr(operations, mark)(visit, by=staff, now=AFTER)
    assert late.value.decided_by == owner


def test_who_is_here_did_not_stay_away(desk: Desk, staff: User) -> None:
    here = operations.arrive(book(desk, staff), by=staff, now=AFTER)
    with pytest.raises(AlreadyDecided):
        operations.mark_no_show(here, by=staff, now=AFTER)


def test_a_visit_that_was_moved_since_it_was_looked_at_is_not_marked(desk: Desk, staff: User) -> None:
    visit = book(desk, staff)
    operations.move(visit, starts_at=at(12), by=staff, expected_version=1, now=at(8))
    with pytest.raises(StaleVersion):
        operations.arrive(visit, by=staff, now=at(9, 50))


def test_a_mark_is_taken_back_to_what_stood_before_it(desk: Desk, staff: User) -> None:
    visit = operations.arrive(book(desk, staff), by=staff, now=at(9, 50))
    visit = operations.complete(visit, by=staff, now=AFTER)

    visit = operations.take_back(visit, by=staff, now=AFTER)
    assert visit.status == Status.ARRIVED
    visit = operations.take_back(visit, by=staff, now=AFTER)
    assert visit.status == Status.CONFIRMED

    assert [e.kind for e in AppointmentEvent.objects.order_by("at", "id")][-2:] == ["taken_back"] * 2
    with pytest.raises(NotNow):
        operations.take_back(visit, by=staff, now=AFTER)


def test_taking_back_takes_the_time_again_with_its_room(desk: Desk, staff: User) -> None:
    room = desk.room()
    desk.type.room_kinds = ["exam"]
    desk.type.save()
    visit = book(desk, staff)
    held = {(b.resource_id, b.blocks.lower) for b in ResourceBooking.objects.all()}
    assert len(held) == 2

    missed = operations.mark_no_show(visit, by=staff, now=AFTER)
    operations.take_back(missed, by=staff, now=AFTER)

    assert {(b.resource_id, b.blocks.lower) for b in ResourceBooking.objects.all()} == held
    assert (room.resource_id, at(10)) in held


def test_taking_back_shares_the_time_with_who_has_it_by_now(desk: Desk, staff: User) -> None:
    missed = operations.mark_no_show(book(desk, staff), by=staff, now=AFTER)
    book(desk, staff, now=AFTER)

    operations.take_back(missed, by=staff, now=AFTER)

    assert sorted(ResourceBooking.objects.values_list("seat", flat=True)) == [0, 1]


def test_taking_back_is_refused_when_the_patient_is_booked_elsewhere_by_now(desk: Desk, staff: User) -> None:
    patient = desk.patient()
    missed = operations.mark_no_show(book(desk, staff, patient=patient), by=staff, now=AFTER)
    book(desk, staff, patient=patient, now=AFTER)

    with pytest.raises(NotBookable) as refused:
        operations.take_back(missed, by=staff, now=AFTER)

    assert refused.value.code == "patient_busy"
    missed.refresh_from_db()
    assert missed.status == Status.NO_SHOW


def test_a_mark_stands_after_a_day(desk: Desk, staff: User) -> None:
    missed = operations.mark_no_show(book(desk, staff), by=staff, now=AFTER)
    with pytest.raises(NotNow) as refused:
        operations.take_back(missed, by=staff, now=AFTER + timedelta(hours=24, seconds=1))
    assert refused.value.code == "too_late"


def test_a_whole_day_is_closed_in_one_pass_and_leaves_what_others_changed(
    desk: Desk, staff: User, owner: User
) -> None:
    first, second, third = book(desk, staff, 9), book(desk, staff, 10), book(desk, staff, 11)
    operations.cancel(third, by=owner, why="clinic", now=at(8))

    closed = operations.close_day(
        {first.pk: Status.FULFILLED, second.pk: Status.NO_SHOW, third.pk: Status.FULFILLED},
        by=staff,
        now=at(17),
    )

    assert (closed.marked, closed.refused) == (2, 1)
    states = {v.pk: v.status for v in type(first).objects.all()}
    assert states == {first.pk: "fulfilled", second.pk: "no_show", third.pk: "cancelled"}
