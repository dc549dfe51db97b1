"""A day of the clinic as the tests of its first page want it, stored by hand; call inside `in_clinic`."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from scheduling.models import (
    Appointment,
    AppointmentType,
    ContactPoint,
    Location,
    Patient,
    Practitioner,
    Resource,
    ResourceKind,
)

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 24, 15, 42, tzinfo=UTC)  # Tuesday 10:42 in New York


def at(hour: int, minute: int = 0, *, days: int = 0) -> datetime:
    """Return a wall time of the clinic's Tuesday, or of `days` later, as an instant."""
    return (datetime(2026, 11, 24, hour, minute, tzinfo=ZONE) + timedelta(days=days)).astimezone(UTC)


def a_visit(
    name: str = "Maja Lindqvist",
    starts_at: datetime | None = None,
    *,
    minutes: int = 30,
    patient: Patient | None = None,
    contact_point: ContactPoint | None = None,
    status: str = "confirmed",
    **columns: Any,
) -> Appointment:
    """Store a visit, at a quiet moment of the day unless said otherwise."""
    begin = starts_at or at(12)
    place = Location.objects.get()
    columns.setdefault("practitioner", Practitioner.objects.order_by("rank").first())
    return Appointment.objects.create(
        patient=patient or Patient.objects.create(name=name),
        contact_point=contact_point,
        type=AppointmentType.objects.first(),
        location=place,
        starts_at=begin,
        ends_at=begin + timedelta(minutes=minutes),
        local_start=begin.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M"),
        zone=place.zone,
        status=status,
        source="staff",
        **columns,
    )


def another_doctor(name: str, rank: int = 2) -> Practitioner:
    """Store a doctor without hours."""
    resource = Resource.objects.create(kind=ResourceKind.PRACTITIONER)
    return Practitioner.objects.create(resource=resource, name=name, rank=rank)
