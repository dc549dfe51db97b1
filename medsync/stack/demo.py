"""The demo: two clinics with people, numbers on the built-in phones, threads in every state, and a few weeks of visits.

Everything stands at a time relative to `now`. Clinics, members and numbers are made by the operations; what lies
in the past is written as rows, for no operation may act there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinics.models import Clinic, ClinicState, Role, Sender, User
from clinics.operations import add_member, create_clinic, user_for
from clinics.senders import AlreadyLinked, link_sender
from clinics.tenancy import in_clinic
from medsync.lib import clock
from medsync.lib.phone import is_e164
from medsync.stack import demo_threads
from medsync.stack.demo_day import write_day
from medsync.stack.demo_messages import write_thread
from medsync.stack.demo_threads import Talk, Visit
from scheduling import contacts
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
    PatientContact,
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

PASSWORD = "medsync-demo"  # noqa: S105 - public on purpose; the demo listens on this machine only
_AFTER_THE_WORDS = timedelta(seconds=40)  # a request follows the words that asked for it
_DECIDES_WITHIN = timedelta(minutes=30)
_LIVE = (Status.PENDING_REVIEW, Status.CONFIRMED)


@dataclass(frozen=True, slots=True)
class Plan:
    """One demo clinic."""

    slug: str
    name: str
    country: str
    timezone: str
    language: str
    number: str
    address: str
    owner: tuple[str, str]  # address, name
    staff: tuple[tuple[str, str, str], ...]  # address, name, role
    doctors: tuple[str, str]  # as patients see them; patients book the first
    types: tuple[tuple[dict[str, str], int], ...]  # names, minutes; patients book the first
    talks: tuple[Talk, ...] = field(repr=False)


PLANS = (
    Plan(
        slug="riverside",
        name="Riverside",
        country="US",
        timezone="America/New_York",
        language="en",
        number="+12125550142",
        address="48 Riverside Drive, New York",
        owner=("owner@riverside.example", "Elena Vidal"),
        staff=(
            ("marta@riverside.example", "Marta Ruiz", Role.RECEPTIONIST),
            ("devon@riverside.example", "Devon Clarke", Role.ADMIN_DOCTOR),
        ),
        doctors=("Dr. Elena Vidal", "Dr. Samuel Okafor"),
        types=(
            ({"en": "Check-up", "es": "Chequeo", "zh": "常规检查"}, 30),
            ({"en": "Blood test", "es": "Análisis de sangre", "zh": "验血"}, 15),
        ),
        talks=demo_threads.RIVERSIDE,
    ),
    Plan(
        slug="sol",
        name="Clínica Sol",
        country="MX",
        timezone="America/Mexico_City",
        language="es",
        number="+525555550199",
        address="Av. Álvaro Obregón 120, Ciudad de México",
        owner=("owner@sol.example", "Inés Mora"),
        staff=(
            ("reception@sol.example", "Carlos Peña", Role.RECEPTIONIST),
            ("owner@riverside.example", "Elena Vidal", Role.ADMIN_DOCTOR),
        ),
        doctors=("Dra. Inés Mora", "Dr. Andrés Quiroga"),
        types=(
            ({"es": "Consulta", "en": "Check-up", "zh": "门诊"}, 30),
            ({"es": "Primera vez", "en": "First visit", "zh": "初诊"}, 60),
        ),
        talks=demo_threads.SOL,
    ),
)


def seed(now: datetime | None = None) -> None:
    """Make the demo clinics that are not there yet. Safe to run again; a clinic that is ready is left alone."""
    at = now or clock.now()
    connection.set_schema_to_public()  # type: ignore[attr-defined]
    for plan in PLANS:
        if not Clinic.objects.filter(slug=plan.slug, state=ClinicState.READY).exists():
            _clinic(plan)
        clinic = Clinic.objects.get(slug=plan.slug)
        if clinic.is_demo:
            _people(clinic, plan, now=at)
            _life(clinic, plan, now=at)


def close_accounts() -> int:
    """Close every demo account that still has the public password; return how many. `seed` opens them again.

    A home that had the demo once may be started without it, and then stand on the internet.
    """
    connection.set_schema_to_public()  # type: ignore[attr-defined]
    closed = 0
    for user in User.objects.filter(email__in=_addresses(), is_active=True):
        if user.check_password(PASSWORD):
            user.is_active = False
            user.save(update_fields=["is_active"])
            closed += 1
    return closed


def _addresses() -> set[str]:
    return {email for plan in PLANS for email, *_rest in (*plan.staff, plan.owner)}


def _clinic(plan: Plan) -> None:
    create_clinic(
        slug=plan.slug,
        name=plan.name,
        country=plan.country,
        timezone=plan.timezone,
        language=plan.language,
        owner_email=plan.owner[0],
        owner_name=plan.owner[1],
        phone=plan.number,
        is_demo=True,
    )


def _people(clinic: Clinic, plan: Plan, *, now: datetime) -> None:
    for email, name, role in (*plan.staff, (*plan.owner, Role.OWNER)):
        user = user_for(email, name=name)
        if not user.has_usable_password():
            user.set_password(PASSWORD)
            user.save(update_fields=["password"])
        if not user.is_active and user.check_password(PASSWORD):  # closed while the demo was off
            user.is_active = True
            user.save(update_fields=["is_active"])
        if not user.memberships.filter(clinic=clinic).exists():
            add_member(clinic, user, role=role)
    for channel in ("whatsapp", "sms"):
        if not clinic.senders.filter(channel=channel).exists():
            try:
                link_sender(
                    clinic,
                    phone_number=plan.number,
                    channel=channel,
                    provider="local",
                    display_name=plan.name,
                    now=now,
                )
            except AlreadyLinked:  # another `prepare` was faster
                continue


def _life(clinic: Clinic, plan: Plan, *, now: datetime) -> None:
    """Fill the clinic's schema, all or nothing, unless it has patients already."""
    with in_clinic(clinic), transaction.atomic():
        if Patient.objects.exists():
            return
        room = _Room(clinic, plan, now=now)
        senders = {s.channel: s for s in Sender.objects.filter(clinic=clinic).select_related("account")}
        staff = User.objects.get(email=plan.staff[0][0])
        write_day(
            clinic,
            location=room.location,
            doctors=room.doctors,
            kind=room.types[0],
            staff=staff,
            now=now,
        )
        for talk in plan.talks:
            point, patients = _person(clinic, talk, now=now)
            visits = [room.visit(v, patients[0], point, staff, channel=talk.channel) for v in talk.visits]
            first = next((v for v, spec in zip(visits, talk.visits, strict=True) if spec.days >= 0), None)
            write_thread(
                clinic,
                talk,
                point=point,
                sender=senders[talk.channel],
                staff=staff,
                visit=first,
                other_times=room.other_times(),
                now=now,
            )


class _Room:
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


def _person(clinic: Clinic, talk: Talk, *, now: datetime) -> tuple[ContactPoint, list[Patient]]:
    """Make the contact point as the first message would have, name its patient, add the others on the phone."""
    hidden = not is_e164(talk.number)
    point = contacts.resolve(
        talk.channel,
        talk.number,
        phone=None if hidden else talk.number,
        user_id=talk.number if hidden else None,
        display_name=talk.profile or talk.name,
        region=clinic.country,
        now=now,
    ).contact_point
    patient = contacts.patients_of(point)[0]
    language = talk.language or clinic.language
    if talk.name:
        patient.name = talk.name
        patient.preferred_language = language
        patient.date_of_birth = date.fromisoformat(talk.born) if talk.born else None
        patient.save()
    ContactPoint.objects.filter(pk=point.pk).update(language=language)
    patients = [patient]
    for name, relation in talk.also:
        other = Patient.objects.create(name=name, preferred_language=language)
        PatientContact.objects.create(patient=other, contact_point=point, relation=relation)
        patients.append(other)
    return point, patients
