"""What patients say about coming: beside the status, guarded, with an event, and two minutes to think better of it."""

from datetime import timedelta
from typing import Any

import pytest

from scheduling import operations
from scheduling.errors import AlreadyDecided, NotNow, PastTime, StaleVersion
from scheduling.models import Appointment, AppointmentEvent, ResourceBooking
from tests.scheduling.conftest import NOW, Desk, at

MINUTE = timedelta(minutes=1)


def booked(desk: Desk, staff: Any, hour: int = 10) -> Appointment:
    return operations.book(
        desk.patient(), type=desk.type, practitioner=desk.doctor, starts_at=at(hour), actor=staff, now=NOW
    )


def requested(desk: Desk) -> Appointment:
    return operations.request(
        desk.patient(), type=desk.type, practitioner=desk.doctor, starts_at=at(10), source="whatsapp", now=NOW
    )


def kinds(visit: Appointment) -> list[str]:
    return list(AppointmentEvent.objects.filter(appointment=visit).values_list("kind", flat=True))


def test_who_was_asked_and_says_yes_is_coming(desk: Desk, staff: Any) -> None:
    visit = booked(desk, staff)
    (asked,) = operations.mark_asked([visit], now=NOW)
    coming = operations.attend(asked, source="whatsapp", now=NOW)
    fresh = Appointment.objects.get(pk=visit.pk)
    assert (asked.attendance, coming.attendance, fresh.attendance) == ("asked", "attending", "attending")
    assert (fresh.status, fresh.version) == ("confirmed", visit.version)
    assert kinds(visit) == ["booked", "asked", "attending"]


def test_asking_again_and_saying_yes_twice_change_nothing(desk: Desk, staff: Any) -> None:
    visit = booked(desk, staff)
    (asked,) = operations.mark_asked([visit], now=NOW)
    assert operations.mark_asked([asked], now=NOW) == []
    coming = operations.attend(asked, source="sms", now=NOW)
    operations.attend(coming, source="sms", now=NOW)
    assert operations.mark_asked([coming], now=NOW) == []
    assert kinds(visit) == ["booked", "asked", "attending"]


def test_a_yes_never_accepts_what_staff_have_not_accepted(desk: Desk) -> None:
    visit = requested(desk)
    for say in (operations.attend, operations.decline):
        with pytest.raises(NotNow, match="not_accepted"):
            say(visit, source="whatsapp", now=NOW)
    assert operations.mark_asked([visit], now=NOW) == []
    fresh = Appointment.objects.get(pk=visit.pk)
    assert (fresh.status, fresh.attendance) == ("pending_review", "unasked")


def test_a_no_keeps_the_time_for_two_minutes_and_then_frees_it(desk: Desk, staff: Any) -> None:
    visit = booked(desk, staff)
    operations.decline(visit, source="whatsapp", now=NOW)
    assert operations.cancel_declined(now=NOW + 2 * MINUTE - timedelta(seconds=1)) == 0
    assert ResourceBooking.objects.filter(appointment=visit).exists()
    assert operations.cancel_declined(now=NOW + 2 * MINUTE) == 1
    fresh = Appointment.objects.get(pk=visit.pk)
    assert (fresh.status, fresh.cancellation, fresh.attendance) == ("cancelled", "patient", "declined")
    assert not ResourceBooking.objects.filter(appointment=visit).exists()
    ended = AppointmentEvent.objects.filter(appointment=visit).last()
    assert ended is not None
    assert (ended.kind, ended.source, ended.actor) == ("cancelled", "whatsapp", None)


def test_a_sorry_yes_within_two_minutes_takes_the_no_back(desk: Desk, staff: Any) -> None:
    visit = booked(desk, staff)
    declined = operations.decline(visit, source="whatsapp", now=NOW)
    coming = operations.attend(declined, source="whatsapp", now=NOW + MINUTE)
    assert operations.cancel_declined(now=NOW + 10 * MINUTE) == 0
    fresh = Appointment.objects.get(pk=visit.pk)
    assert (fresh.status, fresh.attendance, fresh.declined_at) == ("confirmed", "attending", None)
    assert coming.declined_at is None


def test_what_is_said_again_counts_where_something_else_was_said_in_between(desk: Desk, staff: Any) -> None:
    """Two who look at the visit at once: the desk's page says coming, the patient has just said no."""
    coming = operations.attend(booked(desk, staff), source="sms", now=NOW)
    declined = operations.decline(coming, source="sms", now=NOW + MINUTE)
    operations.attend(coming, source="voice", now=NOW + MINUTE)
    assert Appointment.objects.get(pk=coming.pk).attendance == "attending"

    operations.decline(declined, source="sms", now=NOW + 2 * MINUTE)
    assert Appointment.objects.get(pk=coming.pk).attendance == "declined"


def test_a_yes_after_the_visit_was_cancelled_changes_nothing(desk: Desk, staff: Any) -> None:
    declined = operations.decline(booked(desk, staff), source="whatsapp", now=NOW)
    operations.cancel_declined(now=NOW + 3 * MINUTE)
    with pytest.raises(AlreadyDecided):
        operations.attend(declined, source="whatsapp", now=NOW + 3 * MINUTE)
    assert Appointment.objects.get(pk=declined.pk).status == "cancelled"


def test_saying_no_twice_does_not_begin_the_two_minutes_anew(desk: Desk, staff: Any) -> None:
    declined = operations.decline(booked(desk, staff), source="whatsapp", now=NOW)
    operations.decline(declined, source="whatsapp", now=NOW + MINUTE)
    assert operations.cancel_declined(now=NOW + 2 * MINUTE) == 1


def test_what_was_said_of_an_older_time_is_refused(desk: Desk, staff: Any) -> None:
    visit = booked(desk, staff)
    operations.move(visit, starts_at=at(11), by=staff, expected_version=visit.version, now=NOW)
    for say in (operations.attend, operations.decline):
        with pytest.raises(StaleVersion):
            say(visit, source="whatsapp", now=NOW)
    assert operations.mark_asked([visit], now=NOW) == []


def test_a_move_forgets_what_was_said_of_the_old_time(desk: Desk, staff: Any) -> None:
    visit = operations.decline(booked(desk, staff), source="whatsapp", now=NOW)
    moved = operations.move(visit, starts_at=at(11), by=staff, expected_version=visit.version, now=NOW)
    assert operations.cancel_declined(now=NOW + 10 * MINUTE) == 0
    fresh = Appointment.objects.get(pk=visit.pk)
    assert (fresh.attendance, fresh.declined_at, moved.declined_at) == ("unasked", None, None)


def test_nothing_is_said_of_a_visit_that_has_begun(desk: Desk, staff: Any) -> None:
    visit = booked(desk, staff)
    for say in (operations.attend, operations.decline):
        with pytest.raises(PastTime):
            say(visit, source="whatsapp", now=at(10))


def test_a_no_just_before_the_visit_is_carried_out_though_it_has_begun(desk: Desk, staff: Any) -> None:
    declined = operations.decline(booked(desk, staff), source="sms", now=at(10) - MINUTE)
    assert operations.cancel_declined(now=at(10) + MINUTE) == 1
    assert Appointment.objects.get(pk=declined.pk).cancellation == "patient"


def test_late_and_here_mean_coming(desk: Desk, staff: Any) -> None:
    visit = operations.decline(booked(desk, staff), source="whatsapp", now=at(9, 59))
    late = operations.says_late(visit, minutes=15, source="whatsapp", now=at(10))
    here = operations.says_here(late, source="whatsapp", now=at(10, 15))
    fresh = Appointment.objects.get(pk=visit.pk)
    assert (fresh.late_minutes, fresh.says_here_at, fresh.attendance) == (15, at(10, 15), "attending")
    assert (fresh.declined_at, fresh.status, here.status) == (None, "confirmed", "confirmed")
    assert kinds(visit)[-2:] == ["late", "says_here"]
