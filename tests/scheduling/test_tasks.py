"""The clock's tasks: one ring where something is due, the work inside it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from clinics.models import Clinic, ClinicClock, ClinicState, DeadTask, User
from clinics.tenancy import in_clinic
from medsync.lib import clock
from scheduling import opened, tasks
from scheduling.models import Appointment, Hold, Patient, PatientView, Status
from tests.scheduling.conftest import NOW, Desk
from tests.scheduling.test_booking import ask, offer


@pytest.mark.parametrize("name", ["expire_requests", "announce_again", "forget_old_views"])
@pytest.mark.django_db
def test_every_ready_clinic_whose_clock_says_so_is_rung_once(
    name: str, clinic: Clinic, other_clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[tuple[str, str]] = []
    monkeypatch.setattr(tasks, "enqueue", lambda task, *, schema: rung.append((task, schema)))
    Clinic.objects.filter(pk=other_clinic.pk).update(state=ClinicState.CLOSING)
    due, later = clock.real_now(), clock.real_now() + timedelta(hours=1)
    ClinicClock.objects.all().update(next_at=later)
    ClinicClock.objects.filter(clinic__in=[clinic, other_clinic]).update(next_at=due)
    ring = {
        "expire_requests": tasks.expire_all_requests,
        "announce_again": tasks.announce_all_again,
        "forget_old_views": tasks.forget_all_old_views,
    }
    ring[name]()
    assert rung == [(f"scheduling.{name}", clinic.schema_name)]


def test_overdue_requests_end_and_lapsed_holds_go(
    desk: Desk, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(desk, 10)
    offer(desk, "contact:1", 11)
    later: Any = NOW + timedelta(days=1)
    monkeypatch.setattr("medsync.lib.clock.now", lambda: later)
    tasks.expire_requests.apply(headers={"schema": clinic.schema_name})
    with in_clinic(clinic):  # a worker's task leaves every clinic behind
        assert Appointment.objects.get().status == Status.CANCELLED
        assert Hold.objects.count() == 0
    assert not DeadTask.objects.exists()


def test_who_opened_a_page_is_forgotten_by_the_task(
    desk: Desk, clinic: Clinic, monkeypatch: pytest.MonkeyPatch, owner: User
) -> None:
    with in_clinic(clinic):
        opened.note(Patient.objects.create(), by=owner, now=NOW)
    monkeypatch.setattr("medsync.lib.clock.now", lambda: NOW + timedelta(days=366 * 6))
    tasks.forget_old_views.apply(headers={"schema": clinic.schema_name})
    with in_clinic(clinic):
        assert PatientView.objects.count() == 0


def test_without_a_clinic_nothing_runs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(desk, 10)
    monkeypatch.setattr("medsync.lib.clock.now", lambda: NOW + timedelta(days=1))
    tasks.expire_requests.apply(headers={"schema": "public"})
    assert DeadTask.objects.get().name == "scheduling.expire_requests"
