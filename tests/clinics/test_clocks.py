"""Clocks of clinics: periodic work visits those with something due, and no wake-up is lost."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from clinics import clocks
from clinics.models import Clinic, ClinicClock, ClinicState
from clinics.tenancy import in_clinic
from tests.statements import statements
from tests.world import World

NOW = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
JOB = clocks.REMINDERS


def at(clinic: Clinic, job: str = JOB) -> datetime | None:
    row = ClinicClock.objects.filter(clinic=clinic, job=job).first()
    return row.next_at if row else None


@pytest.mark.django_db
def test_a_wake_up_moves_the_clock_to_an_earlier_time_only(clinic: Clinic) -> None:
    with in_clinic(clinic):
        clocks.wake(JOB, NOW + 3 * HOUR)
        clocks.wake(JOB, NOW + HOUR)
        clocks.wake(JOB, NOW + 2 * HOUR)

    assert at(clinic) == NOW + HOUR


@pytest.mark.django_db
def test_what_is_due_is_one_statement_in_the_order_of_waiting(clinic: Clinic, other_clinic: Clinic) -> None:
    with in_clinic(clinic):
        clocks.wake(JOB, NOW)
    with in_clinic(other_clinic):
        clocks.wake(JOB, NOW - HOUR)
        clocks.wake(clocks.MEDIA, NOW - HOUR)

    with statements() as sent:
        due = clocks.due(JOB, NOW)

    assert due == [other_clinic, clinic]
    assert len([s for s in sent if "clinicclock" in s]) == 1
    assert clocks.due(JOB, NOW - MINUTE) == [other_clinic]
    assert clocks.due(JOB, NOW, limit=1) == [other_clinic]
    assert clocks.due(JOB, NOW - 2 * HOUR) == []


@pytest.mark.django_db
def test_a_clinic_that_is_not_ready_is_not_visited(clinic: Clinic) -> None:
    with in_clinic(clinic):
        clocks.wake(JOB, NOW)
    Clinic.objects.filter(pk=clinic.pk).update(state=ClinicState.CLOSING)

    assert clocks.due(JOB, NOW) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("found", "written"),
    [(None, HOUR), (20 * MINUTE, 20 * MINUTE), (5 * HOUR, HOUR), (-MINUTE, -MINUTE)],
    ids=["nothing", "soon", "later", "still due"],
)
def test_a_visit_writes_what_is_next_and_an_hour_at_most(
    clinic: Clinic, found: timedelta | None, written: timedelta
) -> None:
    with in_clinic(clinic):
        clocks.wake(JOB, NOW - HOUR)
        with clocks.visit(JOB, now=NOW) as seen:
            seen.next_at = None if found is None else NOW + found

    assert at(clinic) == NOW + written


@pytest.mark.django_db
def test_a_clinic_that_sleeps_is_woken_by_a_change_only(clinic: Clinic) -> None:
    with in_clinic(clinic):
        with clocks.visit(JOB, now=NOW) as seen:
            seen.sleep()
        assert at(clinic) is None
        assert clocks.due(JOB, NOW + 1000 * HOUR) == []

        clocks.wake(JOB, NOW)

    assert at(clinic) == NOW


@pytest.mark.django_db
def test_a_demo_clinics_clock_is_kept_in_real_time(clinic: Clinic) -> None:
    Clinic.objects.filter(pk=clinic.pk).update(is_demo=True, clock_offset=5 * HOUR)
    with in_clinic(Clinic.objects.get(pk=clinic.pk)):
        clocks.wake(JOB, NOW)
        assert at(clinic) == NOW - 5 * HOUR

        with clocks.visit(JOB, now=NOW) as seen:
            seen.next_at = NOW + MINUTE

    assert at(clinic) == NOW - 5 * HOUR + MINUTE


@pytest.mark.parametrize("asleep", [False, True], ids=["next hour", "asleep"])
def test_a_wake_up_between_the_read_and_the_write_of_a_visit_is_not_lost(
    committed: World, asleep: bool
) -> None:
    """The visit has read that nothing is due; a booking commits; only then does the visit write."""
    clinic = committed.clinics["alpha"]
    with in_clinic(clinic):
        clocks.wake(JOB, NOW - HOUR)
    asked, woken = threading.Event(), threading.Event()

    def wake() -> None:
        try:
            with in_clinic(clinic):
                asked.set()
                clocks.wake(JOB, NOW + MINUTE)
                woken.set()
        finally:
            connection.close()

    thread = threading.Thread(target=wake)
    with in_clinic(clinic), clocks.visit(JOB, now=NOW) as seen:
        thread.start()
        assert asked.wait(10)
        assert not woken.wait(0.3)  # it waits for the row that the visit holds
        if asleep:
            seen.sleep()
    thread.join(10)

    assert woken.is_set()
    assert at(clinic) == NOW + MINUTE


def test_a_visit_waits_for_a_change_that_has_woken_but_not_committed(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    held, go = threading.Event(), threading.Event()
    order: list[str] = []

    def change() -> None:
        try:
            with in_clinic(clinic), transaction.atomic():
                clocks.wake(JOB, NOW + MINUTE)
                held.set()
                go.wait(10)
                order.append("changed")
        finally:
            connection.close()

    thread = threading.Thread(target=change)
    thread.start()
    assert held.wait(10)
    threading.Timer(0.3, go.set).start()
    with in_clinic(clinic), clocks.visit(JOB, now=NOW) as seen:
        order.append("read")  # sees what the change committed, so it may set the time from that
        seen.next_at = NOW + MINUTE
    thread.join(10)

    assert order == ["changed", "read"]
    assert at(clinic) == NOW + MINUTE


@pytest.mark.parametrize(
    ("ahead", "needed"),
    [(-HOUR, True), (30 * MINUTE, True), (60 * MINUTE, True), (2 * HOUR, False)],
    ids=["past", "soon", "at the hour", "later than the visit that comes anyway"],
)
def test_a_change_whose_time_lies_behind_the_next_visit_needs_no_wake_up(
    ahead: timedelta, needed: bool
) -> None:
    assert clocks.needs_waking(NOW + ahead, now=NOW) is needed
