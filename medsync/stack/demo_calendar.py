"""The demo's doctors, kinds of visits and visits: those of the past as rows, for no operation may act there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinics.models import Clinic, User
from medsync.stack.demo_plan import Plan, Visit
from scheduling.booking import local_start, respond_by
from scheduling.models import (
    Appointment,
    AppointmentEvent,
    AppointmentType,
    Attendance,
    ContactPoint,
    EventKind,
    Location,
    Patient,
    Practitioner,
    Resource,
    ResourceBooking,
    ResourceKind,
    Room,
    Source,
    Status,
    WeeklyHours,
)
from scheduling.queries import free_slots

_AFTER_THE_WORDS = timedelta(seconds=40)  # a request follows the words that asked for it
_DECIDES_WITHIN = timedelta(minutes=30)
_LIVE = (Status.PENDING_REVIEW, Status.CONFIRMED)


class Calendar:
    """The clinic's calendar while it is being filled."""

    def __init__(self, clinic: Clinic, plan: Plan, *, now: datetime) -> None:
        self.clinic, self.now = clinic, now
        self.location = Location.objects.get()
        self.location.address = plan.address
        self.location.save(update_fields=["address"])
        self.doctors = self._make_doctors(plan.doctors)
        self.types = self._make_types(plan.types)
        for number in ("1", "2"):
            Room.objects.create(
                resource=Resource.objects.create(kind=ResourceKind.ROOM), location=self.location, name=number
            )
        self._free = self._free_times()
        self._taken_past: set[tuple[date, int]] = set()

    def _make_doctors(self, names: Sequence[str]) -> list[Practitioner]:
        first = Practitioner.objects.get()
        first.name = names[0]
        first.save(update_fields=["name"])
        second = Practitioner.objects.create(
            resource=Resource.objects.create(kind=ResourceKind.PRACTITIONER),
            name=names[1],
            bookable=False,  # by patients: with one doctor and one kind of visit the bot offers times at once
            rank=2,
        )
        WeeklyHours.objects.bulk_create(
            WeeklyHours(
                practitioner=second, location=self.location, weekday=h.weekday, starts=h.starts, ends=h.ends
            )
            for h in first.weekly_hours.all()
        )
        return [first, second]

    def _make_types(self, types: Sequence[tuple[dict[str, str], int]]) -> list[AppointmentType]:
        first = AppointmentType.objects.get()
        (names, minutes), *others = types
        first.names, first.duration = names, minutes
        first.save(update_fields=["names", "duration"])
        return [
            first,
            *(
                AppointmentType.objects.create(names=names, duration=minutes, bookable=False, rank=rank)
                for rank, (names, minutes) in enumerate(others, start=2)
            ),
        ]

    def _free_times(self) -> list[list[datetime]]:
        today = self.now.astimezone(self.clinic.zone).date()
        return [
            [
                slot.starts_at
                for slot in free_slots(
                    from_date=today + timedelta(days=1),
                    days=21,
                    practitioner=doctor,
                    type=self.types[0],
                    now=self.now,
                )
            ]
            for doctor in self.doctors
        ]

    def other_times(self) -> Iterator[datetime]:
        """Yield times that are free, as the bot would have offered them, one on each of several days."""
        seen: set[date] = set()
        for starts_at in self._free[0]:
            day = starts_at.astimezone(self.clinic.zone).date()
            if day not in seen:
                seen.add(day)
                yield starts_at

    def visit(
        self, spec: Visit, patient: Patient, point: ContactPoint, staff: User, *, channel: str
    ) -> Appointment:
        """Write one visit with its history."""
        doctor, kind = self.doctors[spec.doctor], self.types[0]
        starts_at = self._past(spec) if spec.days < 0 else self._coming(spec)
        asked = bool(spec.asked_ago)
        asked_at = (
            self.now - timedelta(minutes=spec.asked_ago) + _AFTER_THE_WORDS
            if asked
            else min(self.now, starts_at) - timedelta(days=9)
        )
        pending = spec.status == Status.PENDING_REVIEW
        visit = Appointment(
            patient=patient,
            contact_point=point,
            practitioner=doctor,
            type=kind,
            location=self.location,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=kind.duration),
            local_start=local_start(starts_at, self.location.zone),
            zone=self.location.zone,
            status=spec.status,
            attendance=Attendance(spec.attendance),
            source=channel if asked else Source.STAFF,
        )
        if pending:
            visit.respond_by = respond_by(
                location_id=self.location.pk,
                zone=self.location.zone,
                asked_at=asked_at,
                starts_at=starts_at,
            )
        else:
            visit.decided_by, visit.decided_at = staff, asked_at + _DECIDES_WITHIN
        visit.save()
        Appointment.objects.filter(pk=visit.pk).update(created_at=asked_at, updated_at=asked_at)
        if spec.status in _LIVE:
            span = DateTimeTZRange(visit.starts_at, visit.ends_at)
            ResourceBooking.objects.create(
                resource_id=doctor.resource_id, visit=span, blocks=span, appointment=visit
            )
        self._history(visit, asked=asked, pending=pending, asked_at=asked_at, staff=staff)
        return visit

    def _history(
        self, visit: Appointment, *, asked: bool, pending: bool, asked_at: datetime, staff: User
    ) -> None:
        after = {"status": visit.status, "starts_at": visit.starts_at.isoformat()}
        events = [
            AppointmentEvent(
                appointment=visit,
                kind=EventKind.REQUESTED if asked else EventKind.BOOKED,
                version=1,
                source=visit.source,
                actor=None if asked else staff,
                after=after,
                at=asked_at,
            )
        ]
        if asked and not pending:
            events.append(
                AppointmentEvent(
                    appointment=visit,
                    kind=EventKind.ACCEPTED,
                    version=1,
                    source=Source.STAFF,
                    actor=staff,
                    after=after,
                    at=asked_at + _DECIDES_WITHIN,
                )
            )
        AppointmentEvent.objects.bulk_create(events)

    def _coming(self, spec: Visit) -> datetime:
        """Take a free time on that day or soon after it, a different hour for each."""
        free = self._free[spec.doctor]
        wanted = (self.now.astimezone(self.clinic.zone) + timedelta(days=spec.days)).date()
        on = [at for at in free if at.astimezone(self.clinic.zone).date() >= wanted]
        day = on[0].astimezone(self.clinic.zone).date()
        that_day = [at for at in on if at.astimezone(self.clinic.zone).date() == day]
        chosen = that_day[len(that_day) * (1 + spec.days % 3) // 5]
        free.remove(chosen)
        return chosen

    def _past(self, spec: Visit) -> datetime:
        """Return that hour on the last working day before; visits that are over occupy nothing."""
        zone = ZoneInfo(self.location.zone)
        day = self.now.astimezone(zone).date() + timedelta(days=spec.days)
        while day.weekday() > 4 or (day, spec.hour) in self._taken_past:
            day -= timedelta(days=1)
        self._taken_past.add((day, spec.hour))
        return datetime.combine(day, time(spec.hour), zone)
