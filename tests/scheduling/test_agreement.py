"""What readers offer, writers book; what readers do not offer, writers refuse: over many random days."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import transaction

from clinics.models import User
from scheduling import booking, choosing, operations, queries
from scheduling.errors import AlreadyDecided, FreeSlot, SlotTaken, StaleVersion, TimeRefused
from scheduling.models import (
    Appointment,
    AppointmentType,
    Hold,
    Patient,
    ResourceBooking,
    TimeOff,
    WeeklyHours,
)
from tests.scheduling.conftest import MONDAY, NOW, Desk, at

OWNERS = ["contact:1", "contact:2", "contact:3"]


class RolledBack(Exception):
    """Ends a try that must leave nothing behind."""


def bookable(desk: Desk, doctor: Any, starts_at: datetime, owner: str, now: datetime) -> bool:
    """Whether a request goes through; nothing of it stays."""
    try:
        with transaction.atomic():
            operations.request(
                Patient.objects.create(),
                type=desk.type,
                practitioner=doctor,
                starts_at=starts_at,
                source="whatsapp",
                owner=owner,
                now=now,
            )
            raise RolledBack
    except RolledBack:
        return True
    except TimeRefused:
        return False


def act(chance: random.Random, desk: Desk, staff: User, doctors: list[Any], now: datetime) -> None:
    """Do something that a day brings; refusals are part of it."""
    owner = chance.choice(OWNERS)
    slots = queries.free_slots(from_date=MONDAY, days=1, now=now, for_owner=owner)
    visits = list(Appointment.objects.filter(status__in=["pending_review", "confirmed"]))
    anywhen = at(9) + timedelta(minutes=5 * chance.randrange(0, 100))
    match chance.randrange(8):
        case 0 | 1 if slots:
            operations.hold_slots(
                chance.sample(slots, min(3, len(slots))), owner=owner, minutes=chance.choice([5, 30]), now=now
            )
        case 2 | 3 if slots:
            slot: FreeSlot = chance.choice(slots)
            operations.request(
                Patient.objects.create(),
                type=desk.type,
                starts_at=slot.starts_at,
                practitioner=slot.practitioner_id,
                source="whatsapp",
                owner=owner,
                now=now,
            )
        case 4:
            operations.book(
                Patient.objects.create(),
                type=desk.type,
                starts_at=anywhen,
                practitioner=chance.choice(doctors),
                actor=staff,
                overbook_reason=chance.choice(["", "", "squeezed in"]),
                now=now,
            )
        case 5 if visits:
            visit = chance.choice(visits)
            operations.cancel(visit, by=staff, why="clinic", now=now)
        case 6 if visits:
            visit = chance.choice(visits)
            operations.move(visit, starts_at=anywhen, by=staff, expected_version=visit.version, now=now)
        case 7:
            operations.release_holds(owner)
        case _:
            pass


@pytest.mark.parametrize("seed", range(4))
def test_what_is_offered_can_be_booked_and_nothing_else(desk: Desk, staff: User, seed: int) -> None:
    chance = random.Random(seed)
    doctors = [desk.doctor, desk.another_doctor()]
    desk.room(name="Room 1")
    AppointmentType.objects.update(
        grid=15,
        buffer_before=chance.choice([0, 5, 10]),
        buffer_after=chance.choice([0, 10]),
        room_kinds=["exam"] if seed % 2 else [],
        least_notice=0,
    )
    desk.type.refresh_from_db()
    WeeklyHours.objects.filter(practitioner=desk.doctor).update(ends=time(13))
    TimeOff.objects.create(practitioner=doctors[1], starts_at=at(10, 20), ends_at=at(11))
    now = NOW
    for _ in range(40):
        now += timedelta(minutes=chance.randrange(0, 8))
        try:
            act(chance, desk, staff, doctors, now)
        except (TimeRefused, AlreadyDecided, StaleVersion):
            continue
    owner = chance.choice(OWNERS)
    offered = {
        (slot.practitioner_id, slot.starts_at)
        for slot in queries.free_slots(from_date=MONDAY, days=1, now=now, for_owner=owner)
    }
    for doctor in doctors:
        for quarter in range(4 * 7, 4 * 18):
            starts_at = at(0) + timedelta(minutes=15 * quarter)
            free = (doctor.pk, starts_at) in offered
            assert bookable(desk, doctor, starts_at, owner, now) is free, (doctor, starts_at)
    live = Appointment.objects.filter(status__in=["pending_review", "confirmed"])
    occupied = set(ResourceBooking.objects.filter(hold=None).values_list("appointment_id", flat=True))
    assert occupied == set(live.values_list("pk", flat=True)), (
        "every visit that stands, and no other, has its time"
    )
    assert set(ResourceBooking.objects.filter(appointment=None).values_list("hold_id", flat=True)) == set(
        Hold.objects.values_list("pk", flat=True)
    )


def test_a_hold_that_vanishes_while_it_is_taken_loses_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep may delete a hold that has just run out between our reading it and taking it."""
    slots = [
        slot for slot in queries.free_slots(from_date=MONDAY, days=1, now=NOW) if slot.starts_at == at(10)
    ]
    operations.hold_slots(slots, owner="contact:1", minutes=10, now=NOW)

    def choose_and_lose(*args: Any, **kwargs: Any) -> Any:
        choice = choosing.choose(*args, **kwargs)
        operations.forget_expired_holds(now=NOW + timedelta(minutes=10))
        return choice

    monkeypatch.setattr(booking, "choose", choose_and_lose)
    appointment = operations.request(
        desk.patient(), type=desk.type, starts_at=at(10), source="sms", owner="contact:1", now=NOW
    )
    assert appointment.resource_bookings.count() == 1
    with pytest.raises(SlotTaken):
        operations.request(desk.patient(), type=desk.type, starts_at=at(10), source="sms", now=NOW)


def test_a_visit_in_a_doubled_hour_says_its_wall_time_once(desk: Desk, staff: User) -> None:
    WeeklyHours.objects.create(
        practitioner=desk.doctor, location=desk.location, weekday=6, starts=time(0), ends=time(6)
    )
    day = date(2027, 11, 7)
    now = at(12, day=day - timedelta(days=2))
    slots = queries.free_slots(from_date=day, days=1, now=now)
    assert len(slots) == 12
    made = [
        operations.request(
            Patient.objects.create(), type=desk.type, starts_at=slot.starts_at, source="sms", now=now
        ).local_start
        for slot in slots
    ]
    assert made == [f"2027-11-07T{hour:02}:{minute:02}" for hour in range(6) for minute in (0, 30)]
