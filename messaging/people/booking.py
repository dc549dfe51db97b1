"""What can be booked for a patient: kinds, doctors, days with free times, and the times of one day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from clinics.models import Clinic
from medsync.lib import clock
from messaging import times
from scheduling.errors import FreeSlot, NotBookable, PastTime, SlotTaken, TimeRefused
from scheduling.models import Appointment, AppointmentType, Location, Patient, Practitioner, Source, Status
from scheduling.queries import free_slots

DAYS = 14  # looked at from the wanted day on
#: No horizon of a kind of visit reaches so far; the calendar itself has an end.
FARTHEST = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A time that somebody chose."""

    type_id: UUID
    practitioner_id: UUID
    location_id: UUID
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Choice:
    """A kind of visit or a doctor."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Day:
    """A day with free times."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Time:
    """A free time; `value` says all that is needed to book it."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class DoctorsTimes:
    """The free times of one doctor."""

    doctor: str
    times: list[Time]


@dataclass(frozen=True, slots=True)
class Booking:
    """The form: what may be chosen, and the free times of the day that is shown."""

    kinds: list[Choice]
    doctors: list[Choice]
    day: str
    day_label: str
    days: list[Day]
    free: list[DoctorsTimes]
    last_day: str


def choices(
    *, type_id: UUID | None, doctor_id: UUID | None, day: date, clinic: Clinic, now: datetime
) -> Booking:
    """Return the form for what was chosen so far; the first day with a free time is shown.

    Raises NotBookable when the kind is none of the clinic's; a doctor who does not do it gives no times.
    """
    kinds = list(AppointmentType.objects.filter(active=True).order_by("rank", "id"))
    kind = next((k for k in kinds if k.pk == type_id), kinds[0] if kinds else None)
    if kind is None or (type_id is not None and kind.pk != type_id):
        raise NotBookable("type")
    doctors = list(Practitioner.objects.filter(active=True).order_by("rank", "name", "resource_id"))
    try:
        free = free_slots(from_date=day, days=DAYS, practitioner=doctor_id, type=kind.pk, now=now)
    except NotBookable:
        free = []  # this doctor does not do it
    by_day: dict[date, list[FreeSlot]] = {}
    for slot in free:
        by_day.setdefault(slot.starts_at.astimezone(clinic.zone).date(), []).append(slot)
    shown = min(by_day, default=day)
    names = {doctor.pk: doctor.name for doctor in doctors}
    return Booking(
        kinds=[_kind(k, chosen=k.pk == kind.pk) for k in kinds],
        doctors=[
            Choice("", _("Any doctor"), doctor_id is None),
            *(Choice(str(d.pk), d.name, d.pk == doctor_id) for d in doctors),
        ],
        day=shown.isoformat(),
        day_label=_day_label(by_day.get(shown, []), clinic.zone),
        days=[
            Day(on.isoformat(), times.short_day(slots[0].starts_at, clinic.zone), on == shown)
            for on, slots in by_day.items()
        ],
        free=_by_doctor(by_day.get(shown, []), names, clinic.zone),
        last_day=times.short_day(
            datetime.combine(day + timedelta(days=DAYS - 1), datetime.min.time(), clinic.zone), clinic.zone
        ),
    )


def read(value: str) -> Wanted | None:
    """Return the time that a form's value stands for, None for anything else."""
    try:
        kind, doctor, place, at = value.split("|")
        starts_at = clock.moment_in(at)
        if starts_at is None:
            return None
        return Wanted(UUID(kind), UUID(doctor), UUID(place), starts_at)
    except ValueError:
        return None


def as_visit(patient: Patient, chosen: Wanted) -> Appointment | None:
    """Return the visit as it would be, unsaved; None when its kind, doctor or place is gone."""
    kind = AppointmentType.objects.filter(pk=chosen.type_id, active=True).first()
    doctor = Practitioner.objects.filter(pk=chosen.practitioner_id, active=True).first()
    place = Location.objects.filter(pk=chosen.location_id, active=True).first()
    if kind is None or doctor is None or place is None:
        return None
    return Appointment(
        patient=patient,
        practitioner=doctor,
        type=kind,
        location=place,
        starts_at=chosen.starts_at,
        ends_at=chosen.starts_at + timedelta(minutes=kind.duration),
        zone=place.zone,
        status=Status.CONFIRMED,
        source=Source.STAFF,
    )


def refusal(error: TimeRefused) -> str:
    """Return why a time cannot be had, and what helps."""
    if isinstance(error, SlotTaken):
        return _("This time was taken meanwhile. Nothing was booked; choose another.")
    if isinstance(error, PastTime):
        return _("This time has passed. Choose another.")
    if error.code == "patient_busy":
        return _("The patient has another visit at this time. Choose another.")
    return _("This time cannot be booked any more. Choose another.")


def others(error: TimeRefused, *, clinic: Clinic) -> list[Time]:
    """Return the other times that a refusal names, with their doctors."""
    ids = {slot.practitioner_id for slot in error.alternatives}
    names = dict(Practitioner.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}
    zone = clinic.zone
    return [
        Time(
            _value(slot),
            f"{times.short_day(slot.starts_at, zone)}, {times.clock_time(slot.starts_at, zone)} · "
            f"{names.get(slot.practitioner_id, '')}",
        )
        for slot in error.alternatives
    ]


def _kind(kind: AppointmentType, *, chosen: bool) -> Choice:
    words = {"kind": kind.name_in(get_language() or "en"), "minutes": kind.duration}
    return Choice(str(kind.pk), _("%(kind)s, %(minutes)d min") % words, chosen)


def _by_doctor(slots: Sequence[FreeSlot], names: dict[UUID, str], zone: ZoneInfo) -> list[DoctorsTimes]:
    found: dict[UUID, list[Time]] = {}
    for slot in slots:
        time = Time(_value(slot), times.clock_time(slot.starts_at, zone))
        found.setdefault(slot.practitioner_id, []).append(time)
    return [DoctorsTimes(names[doctor], times) for doctor, times in found.items()]


def _day_label(slots: Sequence[FreeSlot], zone: ZoneInfo) -> str:
    return times.day(slots[0].starts_at, zone) if slots else ""


def _value(slot: FreeSlot) -> str:
    return f"{slot.type_id}|{slot.practitioner_id}|{slot.location_id}|{slot.starts_at.isoformat()}"
