"""A receiver that fails never undoes a booking: staff get a task, and the sweep tries again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from scheduling import operations
from scheduling.events import MAX_TRIES
from scheduling.models import Appointment, AppointmentEvent, Patient, Status, Task
from scheduling.signals import appointment_changed
from tests.scheduling.conftest import NOW, Desk
from tests.scheduling.test_booking import ask


class Broken:
    """A receiver that writes, then fails while `fails` is true."""

    fails = True

    def __call__(self, *, event: Any, **_: Any) -> None:
        Patient.objects.create(name="half done")
        if self.fails:
            raise ValueError("Ana Pérez +12125550101")


@pytest.fixture
def receiver() -> Iterator[Broken]:
    broken = Broken()
    appointment_changed.connect(broken, weak=False)
    yield broken
    appointment_changed.disconnect(broken)


def test_a_failing_receiver_leaves_the_booking_and_a_task(
    desk: Desk, receiver: Broken, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        appointment = ask(desk)
    assert Appointment.objects.get().status == Status.PENDING_REVIEW
    assert not Patient.objects.filter(name="half done").exists(), "what the receiver had written is undone"
    event = AppointmentEvent.objects.get()
    assert (event.announced, event.announce_tries) == (False, 1)
    task = Task.objects.get()
    assert (task.kind, task.appointment, task.patient) == ("tell_patient", appointment, appointment.patient)
    assert "ValueError" in caplog.text
    assert "Ana" not in caplog.text
    assert "2125550101" not in caplog.text


def test_the_sweep_tells_it_again_and_closes_the_task(desk: Desk, receiver: Broken) -> None:
    ask(desk)
    assert operations.announce_again(now=NOW) == 0
    assert AppointmentEvent.objects.get().announce_tries == 2
    receiver.fails = False
    assert operations.announce_again(now=NOW) == 1
    assert operations.announce_again(now=NOW) == 0
    event, task = AppointmentEvent.objects.get(), Task.objects.get()
    assert event.announced
    assert task.done_at == NOW
    assert Patient.objects.filter(name="half done").count() == 1


def test_the_sweep_gives_up_after_some_tries_and_a_day(desk: Desk, receiver: Broken) -> None:
    ask(desk)
    for _ in range(MAX_TRIES + 3):
        operations.announce_again(now=NOW)
    event = AppointmentEvent.objects.get()
    assert event.announce_tries == MAX_TRIES
    AppointmentEvent.objects.update(announce_tries=1)
    receiver.fails = False
    assert operations.announce_again(now=NOW + timedelta(days=1)) == 0
    assert Task.objects.get().done_at is None
