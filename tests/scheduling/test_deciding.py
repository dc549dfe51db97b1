"""Accepting, rejecting, cancelling, running out: the first wins, the other is told by whom."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from clinics.models import User
from scheduling import operations, queries
from scheduling.errors import AlreadyDecided, PastTime, StaleVersion
from scheduling.models import Appointment, AppointmentEvent, ResourceBooking, Status
from tests.scheduling.conftest import MONDAY, NOW, Desk, at
from tests.scheduling.test_booking import ask, book


def starts(now: Any = NOW) -> list[Any]:
    return [slot.starts_at for slot in queries.free_slots(from_date=MONDAY, days=1, now=now)]


def test_accepting_confirms_and_keeps_the_time(desk: Desk, staff: User, heard: list[Any]) -> None:
    request = ask(desk)
    accepted = operations.accept(request, by=staff, now=NOW)
    stored = Appointment.objects.get()
    assert (accepted.status, stored.status) == (Status.CONFIRMED, Status.CONFIRMED)
    assert (stored.decided_by, stored.decided_at, stored.respond_by) == (staff, NOW, None)
    assert at(10) not in starts()
    event = AppointmentEvent.objects.get(kind="accepted")
    assert (event.actor, event.source) == (staff, "staff")
    assert (event.before["status"], event.after["status"]) == ("pending_review", "confirmed")
    assert [h.kind for h in heard] == ["requested", "accepted"]


def test_rejecting_frees_the_time_and_keeps_the_words(desk: Desk, staff: User) -> None:
    operations.reject(ask(desk), by=staff, reason="closed\x00 that day", now=NOW)
    stored = Appointment.objects.get()
    assert (stored.status, stored.cancellation) == (Status.CANCELLED, "rejected")
    assert stored.reason == "closed� that day"
    assert at(10) in starts()
    assert ResourceBooking.objects.count() == 0
    assert AppointmentEvent.objects.filter(kind="rejected").exists()


def test_the_second_decision_is_told_who_was_faster(desk: Desk, staff: User, owner: User) -> None:
    request = ask(desk)
    operations.accept(request, by=owner, now=NOW)
    with pytest.raises(AlreadyDecided) as late:
        operations.reject(request, by=staff, now=NOW)
    assert late.value.decided_by == owner
    assert late.value.appointment.status == Status.CONFIRMED
    with pytest.raises(AlreadyDecided):
        operations.accept(request, by=staff, now=NOW)
    assert AppointmentEvent.objects.count() == 2


def test_accepting_what_the_patient_cancelled_says_so(desk: Desk, staff: User) -> None:
    request = ask(desk)
    operations.cancel(request, by=None, why="patient", source="whatsapp", now=NOW)
    with pytest.raises(AlreadyDecided) as late:
        operations.accept(request, by=staff, now=NOW)
    assert late.value.decided_by is None
    assert late.value.appointment.cancellation == "patient"


def test_accepting_what_was_moved_meanwhile_is_refused(desk: Desk, staff: User) -> None:
    request = ask(desk)
    operations.move(request, starts_at=at(11), by=staff, expected_version=1, now=NOW)
    with pytest.raises(StaleVersion) as stale:
        operations.accept(request, by=staff, now=NOW)
    assert stale.value.appointment.version == 2
    assert operations.accept(stale.value.appointment, by=staff, now=NOW).status == Status.CONFIRMED


def test_cancelling_frees_the_time_and_says_by_whom(desk: Desk, staff: User) -> None:
    visit = book(desk, staff)
    operations.cancel(visit, by=staff, why="clinic", reason="doctor ill", now=NOW)
    stored = Appointment.objects.get()
    assert (stored.status, stored.cancellation, stored.reason) == (Status.CANCELLED, "clinic", "doctor ill")
    assert at(10) in starts()
    with pytest.raises(AlreadyDecided):
        operations.cancel(visit, by=staff, why="clinic", now=NOW)


def test_a_patient_cannot_cancel_what_has_begun(desk: Desk, staff: User) -> None:
    visit = book(desk, staff)
    with pytest.raises(PastTime):
        operations.cancel(visit, by=None, why="patient", source="whatsapp", now=at(10))
    assert operations.cancel(visit, by=staff, why="error", now=at(10)).cancellation == "error"


def test_a_cancelled_visit_leaves_the_patient_free(desk: Desk, staff: User) -> None:
    patient = desk.patient()
    operations.cancel(book(desk, staff, patient=patient), by=staff, why="clinic", now=NOW)
    assert book(desk, staff, patient=patient).pk


def test_a_request_that_nobody_answers_runs_out(desk: Desk, staff: User, heard: list[Any]) -> None:
    early, late, accepted = ask(desk, 10), ask(desk, 16), ask(desk, 11)
    operations.accept(accepted, by=staff, now=NOW)
    assert early.respond_by is not None
    assert operations.expire_requests(now=early.respond_by - timedelta(minutes=1)) == 0
    assert operations.expire_requests(now=early.respond_by) == 1
    assert operations.expire_requests(now=early.respond_by) == 0
    early.refresh_from_db()
    late.refresh_from_db()
    assert (early.status, early.cancellation) == (Status.CANCELLED, "expired")
    assert late.status == Status.PENDING_REVIEW
    assert [h.kind for h in heard][-1] == "expired"
    assert at(10) in starts(now=at(7))


def test_requests_are_listed_oldest_first(desk: Desk, staff: User) -> None:
    first, second, third = ask(desk, 12), ask(desk, 10), ask(desk, 11)
    operations.accept(second, by=staff, now=NOW)
    assert list(queries.pending_requests()) == [first, third]


def test_what_an_outer_transaction_undoes_is_undone_whole(desk: Desk, staff: User) -> None:
    request = ask(desk)

    def accept_and_fail() -> None:
        with transaction.atomic():
            operations.accept(request, by=staff, now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        accept_and_fail()
    assert request.status == Status.PENDING_REVIEW, "the caller's row is as it was: it can be tried again"
    assert operations.accept(request, by=staff, now=NOW).status == Status.CONFIRMED
