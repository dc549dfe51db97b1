"""What a new clinic starts with, so that it can take bookings at once."""

from __future__ import annotations

from datetime import time
from uuid import UUID

from django.db import transaction

from clinics.models import Clinic, User
from scheduling.models import (
    AppointmentType,
    Location,
    OpeningHours,
    Practitioner,
    Resource,
    ResourceKind,
    WeeklyHours,
)

Span = tuple[time, time]
Week = dict[int, tuple[Span, ...]]  # weekday (0 = Monday) → spans

_WORKDAYS = range(5)
_SATURDAY = 5
_NINE_TO_FIVE: Week = {day: ((time(9), time(17)),) for day in _WORKDAYS}

# Customary hours by country; every other country starts like the US.
HOURS_BY_COUNTRY: dict[str, Week] = {
    "US": _NINE_TO_FIVE,
    "MX": {day: ((time(9), time(14)), (time(16), time(19))) for day in _WORKDAYS}
    | {_SATURDAY: ((time(9), time(14)),)},
}

TYPE_NAMES = {"en": "Appointment", "es": "Consulta", "zh": "门诊预约"}


def week_of(country: str) -> Week:
    """Return the hours a clinic of this country starts with."""
    return HOURS_BY_COUNTRY.get(country.upper(), _NINE_TO_FIVE)


@transaction.atomic
def seed(clinic: Clinic, *, owner_user_id: UUID | None) -> None:
    """Make the location, the owner as doctor, their hours and a 30-minute type; whatever exists is left alone.

    Must run inside the clinic. Without an owner there is no doctor yet, and so no time to offer.
    """
    week = week_of(clinic.country)
    location = Location.objects.order_by("rank", "id").first()
    if location is None:
        location = Location.objects.create(name=clinic.name, phone=clinic.phone, zone=clinic.timezone)
        OpeningHours.objects.bulk_create(
            OpeningHours(location=location, weekday=day, opens=opens, closes=closes)
            for day, spans in week.items()
            for opens, closes in spans
        )
    if not AppointmentType.objects.exists():
        AppointmentType.objects.create(names=TYPE_NAMES)
    owner = User.objects.filter(pk=owner_user_id).first() if owner_user_id else None
    if owner is not None and not Practitioner.objects.exists():
        practitioner = Practitioner.objects.create(
            resource=Resource.objects.create(kind=ResourceKind.PRACTITIONER),
            user=owner,
            name=owner.get_full_name(),
        )
        WeeklyHours.objects.bulk_create(
            WeeklyHours(practitioner=practitioner, location=location, weekday=day, starts=starts, ends=ends)
            for day, spans in week.items()
            for starts, ends in spans
        )
