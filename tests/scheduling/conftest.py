"""A clinic entered, with a doctor who works 9 to 5, a 30-minute type, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from scheduling.models import (
    AppointmentType,
    Location,
    Patient,
    Practitioner,
    Resource,
    ResourceKind,
    Room,
    WeeklyHours,
)
from scheduling.signals import appointment_changed

ZONE = ZoneInfo("America/New_York")
MONDAY = date(2027, 6, 7)


def at(hour: int, minute: int = 0, *, day: date = MONDAY) -> datetime:
    """A wall time of the clinic, as an instant."""
    return datetime.combine(day, time(hour, minute), ZONE).astimezone(UTC)


NOW = at(12, day=MONDAY - timedelta(days=1))


@dataclass
class Desk:
    """What tests of the calendar need at hand."""

    location: Location
    doctor: Practitioner
    type: AppointmentType

    def patient(self, name: str = "Ana Pérez") -> Patient:
        return Patient.objects.create(name=name)

    def another_doctor(self, name: str = "Dr. Second", *, rank: int = 2, **fields: Any) -> Practitioner:
        doctor = Practitioner.objects.create(
            resource=Resource.objects.create(kind=ResourceKind.PRACTITIONER), name=name, rank=rank, **fields
        )
        for weekday in range(5):
            WeeklyHours.objects.create(
                practitioner=doctor, location=self.location, weekday=weekday, starts=time(9), ends=time(17)
            )
        return doctor

    def room(self, kind: str = "exam", name: str = "Room 1") -> Room:
        return Room.objects.create(
            resource=Resource.objects.create(kind=ResourceKind.ROOM),
            location=self.location,
            name=name,
            kind=kind,
        )


@pytest.fixture
def desk(db: None, clinic: Clinic) -> Iterator[Desk]:
    with in_clinic(clinic):
        yield Desk(Location.objects.get(), Practitioner.objects.get(), AppointmentType.objects.get())


@pytest.fixture
def staff(receptionist: User) -> User:
    return receptionist


@pytest.fixture
def heard() -> Iterator[list[Any]]:
    """The events that a receiver of the signal got."""
    got: list[Any] = []

    def receive(*, event: Any, **_: Any) -> None:
        got.append(event)

    appointment_changed.connect(receive)
    yield got
    appointment_changed.disconnect(receive)
