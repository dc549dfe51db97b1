"""A new clinic can take bookings at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clinics.models import Clinic, User
from clinics.signals import clinic_created
from clinics.tenancy import in_clinic
from scheduling import queries
from scheduling.models import AppointmentType, Location, OpeningHours, Practitioner, WeeklyHours
from tests.scheduling.conftest import MONDAY, NOW, Desk


def test_it_has_a_place_the_owner_as_doctor_and_a_type_of_30_minutes(desk: Desk, owner: User) -> None:
    assert (desk.location.name, desk.location.zone) == ("Alpha Clinic", "America/New_York")
    assert (desk.doctor.user, desk.doctor.name) == (owner, "Olivia Alpha")
    assert (desk.type.duration, desk.type.grid, desk.type.buffer_before, desk.type.buffer_after) == (
        30,
        30,
        0,
        0,
    )
    assert (desk.type.least_notice, desk.type.horizon_days, desk.type.accept_at_once) == (120, 60, False)
    assert OpeningHours.objects.count() == WeeklyHours.objects.count() == 5


@pytest.mark.django_db
def test_a_mexican_clinic_has_a_long_lunch_and_saturdays(other_clinic: Clinic) -> None:
    with in_clinic(other_clinic):
        week = queries.free_slots(from_date=MONDAY, days=7, now=NOW)
        zone = Location.objects.get().tz
    by_day: dict[int, list[str]] = {}
    for slot in week:
        local = slot.starts_at.astimezone(zone)
        by_day.setdefault(local.weekday(), []).append(local.strftime("%H:%M"))
    assert sorted(by_day) == [0, 1, 2, 3, 4, 5]
    assert (by_day[0][0], by_day[0][9], by_day[0][10], by_day[0][-1]) == ("09:00", "13:30", "16:00", "18:30")
    assert (by_day[5][0], by_day[5][-1]) == ("09:00", "13:30")


def test_seeding_again_changes_nothing(desk: Desk, clinic: Clinic, owner: User) -> None:
    desk.type.duration = 45
    desk.type.save()
    clinic_created.send(sender=Clinic, clinic_id=clinic.pk, owner_user_id=owner.pk)
    assert AppointmentType.objects.get().duration == 45
    assert Practitioner.objects.count() == Location.objects.count() == 1
    assert queries.free_slots(from_date=MONDAY + timedelta(days=1), days=1, now=NOW)
