"""Two beats at once, and a visit that changes while its reminder is on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from celery import current_app

from clinics import clocks
from clinics.models import Clinic, ClinicClock, User
from clinics.tenancy import in_clinic
from messaging.models import Message, Question, ReminderClaim
from messaging.reminders import following, tasks
from messaging.reminders.reminding import NotReminded, remind, send_now, step_of
from scheduling import operations
from scheduling.models import Appointment, AppointmentType, Practitioner
from scheduling.queries import free_slots
from tests.messaging.days import NOW
from tests.messaging.reminding import HOUR, reminders, rules, someone, sweep, visit_of
from tests.races.test_inbound import at_once
from tests.world import World

DAY = timedelta(days=1)
VISITS = 12


def inside(clinic: Clinic, act: Callable[[], Any]) -> Callable[[], Any]:
    """Return the deed, to be done in the clinic by a thread of its own."""

    def run() -> Any:
        with in_clinic(clinic):
            return act()

    return run


def test_two_beats_at_once_remind_everybody_once(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    with in_clinic(clinic):
        rules()
        for n in range(VISITS):
            visit_of(someone(clinic, f"P{n}", channel="sms")[0], NOW + DAY + n * timedelta(seconds=1))

    results = at_once([inside(clinic, partial(sweep, NOW + timedelta(minutes=1))) for _ in range(4)])

    with in_clinic(clinic):
        assert sum(results) == VISITS
        assert len(reminders()) == VISITS
        assert ReminderClaim.objects.count() == VISITS


def test_the_clock_and_a_members_send_now_remind_once(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    for n in range(4):
        with in_clinic(clinic):
            rules()
            visit = visit_of(someone(clinic, f"P{n}", channel="sms")[0], NOW + DAY + n * HOUR)

        def by_hand(visit: Appointment = visit, at: datetime = NOW + n * HOUR) -> str:
            try:
                return send_now(visit.pk, now=at).outcome
            except NotReminded as refused:
                return refused.code

        with time_machine.travel(NOW + n * HOUR, tick=False):
            said, swept = at_once([inside(clinic, by_hand), inside(clinic, partial(sweep, NOW + n * HOUR))])

        assert (said, swept) in {("sent", 0), ("already_reminded", 1)}

        with in_clinic(clinic):
            assert ReminderClaim.objects.filter(subject_id=visit.pk).count() == 1
            assert Message.objects.filter(appointment=visit, said__key="reminder_default").count() == 1


@pytest.mark.parametrize("change", ["cancel", "move"])
def test_a_visit_that_changes_while_it_is_reminded_of_is_never_told_an_old_time(
    committed: World, change: str
) -> None:
    """Whichever commits first: what is left to send never names a time that is no more."""
    clinic, staff = committed.clinics["alpha"], committed.users["receptionist@alpha.example"]
    for n in range(6):
        visit, other = booked(clinic, staff, n)
        now = visit.starts_at - DAY

        def change_it(visit: Appointment = visit, other: datetime = other, now: datetime = now) -> None:
            if change == "cancel":
                operations.cancel(visit, by=staff, why="clinic", silent=True, now=now)
            else:
                operations.move(visit, starts_at=other, by=staff, expected_version=1, now=now)

        with in_clinic(clinic):
            row = rules()
        step = partial(remind, visit.pk, step=24, rules=row, now=now)
        at_once([inside(clinic, change_it), inside(clinic, step)])

        with in_clinic(clinic):
            left = Message.objects.filter(
                appointment=visit,
                said__key="reminder_default",
                status="queued",
                next_attempt_at__isnull=False,
            )
            assert not left.exists()
            assert not Question.objects.filter(kind="confirm_visit", closed_at=None).exists()


def booked(clinic: Clinic, staff: User, n: int) -> tuple[Appointment, datetime]:
    """Book a visit of somebody new; return it, and another free time."""
    with in_clinic(clinic):
        patient, _ = someone(clinic, f"P{n}", channel="sms")
        first = datetime(2026, 12, 7, tzinfo=UTC).date() + timedelta(days=n)
        slots = free_slots(from_date=first, days=7, now=NOW)
        visit = operations.book(
            patient,
            type=AppointmentType.objects.get(),
            practitioner=Practitioner.objects.get(),
            starts_at=slots[0].starts_at,
            actor=staff,
            silent=True,
            now=NOW - 9 * DAY,
        )
        return visit, slots[-1].starts_at


@pytest.mark.parametrize("change", ["cancel", "move", "says yes"])
def test_moved_or_cancelled_between_claim_and_send_it_does_not_go(committed: World, change: str) -> None:
    clinic, staff = committed.clinics["alpha"], committed.users["receptionist@alpha.example"]
    visit, other = booked(clinic, staff, 0)
    now = visit.starts_at - DAY
    with in_clinic(clinic), time_machine.travel(now, tick=False):
        rules()
        assert sweep(now) == 1
        visit.refresh_from_db()
        if change == "cancel":
            operations.cancel(visit, by=staff, why="clinic", silent=True, now=now)
        elif change == "move":
            operations.move(visit, starts_at=other, by=staff, expected_version=1, now=now)
        else:
            operations.attend(visit, by=staff, source="voice", now=now)

        (message,) = reminders()
        assert (message.status, message.reason, message.next_attempt_at) == (
            "cancelled",
            "visit_changed",
            None,
        )
        assert not Question.objects.filter(closed_at=None, kind="confirm_visit").exists()
        assert sweep(other - DAY) == (1 if change == "move" else 0)


@pytest.mark.parametrize("status", ["sending", "unknown"])
def test_what_a_worker_has_in_hand_is_never_tried_a_second_time(committed: World, status: str) -> None:
    """It may have reached the patient; when it turns out that it has not, it is too late for it."""
    clinic, staff = committed.clinics["alpha"], committed.users["receptionist@alpha.example"]
    visit, _ = booked(clinic, staff, 0)
    now = visit.starts_at - DAY
    with in_clinic(clinic), time_machine.travel(now, tick=False):
        rules()
        sweep(now)
        Message.objects.filter(pk=reminders()[0].pk).update(status=status)
        operations.cancel(Appointment.objects.get(pk=visit.pk), by=staff, why="clinic", silent=True, now=now)

        (message,) = reminders()
        assert (message.status, message.expires_at) == (status, now)


@pytest.mark.parametrize("change", ["cancel", "move"])
@pytest.mark.parametrize("before", [timedelta(0), 4 * HOUR], ids=["first of the day", "last of the day"])
def test_when_one_visit_of_a_family_changes_the_others_are_reminded_of_anew(
    committed: World, before: timedelta, change: str
) -> None:
    """Also when the visit that stays is the one that the first text was about."""
    clinic, staff = committed.clinics["alpha"], committed.users["receptionist@alpha.example"]
    visit, other = booked(clinic, staff, 0)
    now = visit.starts_at - DAY
    with in_clinic(clinic), time_machine.travel(now, tick=False):
        rules()
        sibling = visit_of(visit.patient, visit.starts_at + 2 * HOUR - before)
        assert sweep(now) == 1
        visit.refresh_from_db()
        if change == "move":
            operations.move(visit, starts_at=other, by=staff, expected_version=1, now=now)
        else:
            operations.cancel(visit, by=staff, why="clinic", silent=True, now=now)

        assert ClinicClock.objects.get(clinic=clinic, job=clocks.REMINDERS).next_at == now
        assert sweep(now + 2 * HOUR) == 1
        assert [m.status for m in reminders()] == ["cancelled", "queued"]
        again = reminders()[1]
        assert ReminderClaim.objects.get(subject_id=sibling.pk).message_id == again.pk
        assert Question.objects.get(kind="confirm_visit", closed_at=None).asked_by_id == again.pk
        assert step_of(again) == 24


def test_a_family_that_shrinks_twice_is_reminded_of_what_is_left(committed: World) -> None:
    clinic, staff = committed.clinics["alpha"], committed.users["receptionist@alpha.example"]
    visit, _ = booked(clinic, staff, 0)
    now = visit.starts_at - DAY
    with in_clinic(clinic), time_machine.travel(now, tick=False):
        rules()
        others = [visit_of(visit.patient, visit.starts_at + n * HOUR) for n in (1, 2)]
        assert sweep(now) == 1
        for n, gone in enumerate(others, 1):
            operations.cancel(
                Appointment.objects.get(pk=gone.pk), by=staff, why="clinic", silent=True, now=now
            )
            assert sweep(now + n * timedelta(minutes=1)) == 1
        assert [m.status for m in reminders()] == ["cancelled", "cancelled", "queued"]
        assert [item["appointment_id"] for item in Question.objects.get(closed_at=None).items] == [
            str(visit.pk)
        ]


def test_a_change_that_touches_no_reminder_takes_nothing_back(committed: World) -> None:
    clinic = committed.clinics["alpha"]
    with in_clinic(clinic):
        visit = visit_of(someone(clinic, channel="sms")[0], NOW + DAY)
        assert following.take_back(visit.pk, now=NOW) is False


def test_of_ten_thousand_clinics_only_the_fifty_with_something_due_are_visited(
    committed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime.now(UTC)
    made = [
        Clinic(slug=f"c{n}", name=f"Clinic {n}", timezone="UTC", state="ready", schema_name=f"c_none{n}")
        for n in range(10_000)
    ]
    Clinic.objects.bulk_create(made)
    ClinicClock.objects.bulk_create(
        ClinicClock(clinic=clinic, job=clocks.REMINDERS, next_at=at - HOUR if n < 50 else at + HOUR)
        for n, clinic in enumerate(made)
    )
    started: list[str] = []
    monkeypatch.setattr(
        current_app, "send_task", lambda name, **options: started.append(options["headers"]["schema"])
    )

    tasks.remind_all()

    assert sorted(started) == sorted(clinic.schema_name for clinic in made[:50])
