"""The demo's present day: who came, who is here, who is expected, and what staff noted down for each other."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinics.models import Clinic, User
from scheduling.booking import local_start
from scheduling.models import (
    Appointment,
    AppointmentEvent,
    AppointmentType,
    Attendance,
    EventKind,
    Location,
    Patient,
    Practitioner,
    ResourceBooking,
    Source,
    Status,
    Task,
    TaskKind,
)

# (minutes from now, doctor, status, what the patient says); doctors see one after the other.
_VISITS = (
    (-150, 0, Status.FULFILLED, Attendance.ATTENDING),
    (-120, 1, Status.FULFILLED, Attendance.UNASKED),
    (-90, 0, Status.NO_SHOW, Attendance.ASKED),
    (-45, 1, Status.CONFIRMED, Attendance.UNASKED),
    (-15, 0, Status.ARRIVED, Attendance.ATTENDING),
    (30, 1, Status.ARRIVED, Attendance.ATTENDING),
    (60, 0, Status.CONFIRMED, Attendance.ATTENDING),
    (105, 1, Status.CONFIRMED, Attendance.ASKED),
    (150, 0, Status.CONFIRMED, Attendance.UNASKED),
)
_NAMES = {
    "en": (
        *("Teresa Silva", "Amara Kone", "Eva Castro", "Nora Grant", "Owen Hughes"),
        *("Maja Lindqvist", "Luis Alvarez", "Aisha Begum", "Sana Iqbal"),
    ),
    "es": (
        *("Teresa Silva Robles", "Mateo Lara", "Eva Castro", "Nora Quintero", "Óscar Huerta"),
        *("Maite Landa", "Luis Álvarez", "Araceli Bravo", "Sara Iglesias"),
    ),
}
_TASKS = {
    "en": ("Send Rosa the lab form", "Printer: new paper is in the second drawer."),
    "es": ("Enviar a Rosa la orden del laboratorio", "Impresora: el papel está en el segundo cajón."),
}
_OCCUPY = (Status.CONFIRMED, Status.ARRIVED)


def write_day(
    clinic: Clinic,
    *,
    location: Location,
    doctors: Sequence[Practitioner],
    kind: AppointmentType,
    staff: User,
    now: datetime,
) -> None:
    """Write the visits around `now`, those of its date alone, and two notes."""
    language = "es" if clinic.language == "es" else "en"
    sharp = now.replace(minute=now.minute - now.minute % 5, second=0, microsecond=0)
    today = now.astimezone(clinic.zone).date()
    for (minutes, doctor, status, attendance), name in zip(_VISITS, _NAMES[language], strict=True):
        begin = sharp + timedelta(minutes=minutes)
        end = begin + timedelta(minutes=kind.duration)
        if {at.astimezone(clinic.zone).date() for at in (begin, end)} != {today}:
            continue
        visit = Appointment.objects.create(
            patient=Patient.objects.create(name=name, preferred_language=clinic.language),
            practitioner=doctors[doctor],
            type=kind,
            location=location,
            starts_at=begin,
            ends_at=end,
            local_start=local_start(begin, location.zone),
            zone=location.zone,
            status=status,
            attendance=attendance,
            source=Source.STAFF,
            decided_by=staff,
            decided_at=begin - timedelta(days=6),
        )
        _history(visit, staff, now=now)
        if status in _OCCUPY:
            span = DateTimeTZRange(begin, end)
            ResourceBooking.objects.create(
                resource_id=doctors[doctor].resource_id, visit=span, blocks=span, appointment=visit
            )
    task, note = _TASKS[language]
    Task.objects.create(
        kind=TaskKind.OTHER, text=task, created_by=staff, assignee=staff, due_at=now + timedelta(hours=3)
    )
    Task.objects.create(kind=TaskKind.SHIFT_NOTE, text=note, created_by=staff)


def _history(visit: Appointment, staff: User, *, now: datetime) -> None:
    """Write how the visit came to be, and its mark of the day, at the hour when a desk would have made it."""
    booked = {"status": Status.CONFIRMED.value, "starts_at": visit.starts_at.isoformat()}
    kinds: list[tuple[EventKind, datetime, dict[str, str]]] = [
        (EventKind.BOOKED, visit.starts_at - timedelta(days=6), {})
    ]
    if visit.status != Status.CONFIRMED:
        here = visit.status == Status.ARRIVED
        marked = min(now, visit.starts_at) - timedelta(minutes=6) if here else min(now, visit.ends_at)
        kinds.append((EventKind(str(visit.status)), marked, booked))
    AppointmentEvent.objects.bulk_create(
        AppointmentEvent(
            appointment=visit,
            kind=kind,
            version=1,
            source=Source.STAFF,
            actor=staff,
            before=before,
            after={**booked, "status": str(visit.status) if before else Status.CONFIRMED.value},
            at=at,
        )
        for kind, at, before in kinds
    )
