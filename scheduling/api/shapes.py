"""The shapes of this room's objects as the API shows them; the renderer writes ids and times (ISO 8601, UTC, Z)."""

from datetime import datetime
from typing import Annotated, TypedDict
from uuid import UUID

from clinics.api.schema import Error
from scheduling.errors import FreeSlot
from scheduling.models import Appointment, AppointmentType, Attendance, Practitioner, Source, Status


class AppointmentShape(TypedDict):
    """A visit or a request for one. A move keeps the id and raises `version`."""

    id: UUID
    patient_id: UUID
    patient_name: str
    practitioner_id: UUID
    practitioner_name: str
    type_id: UUID
    starts_at: datetime
    ends_at: datetime
    status: Annotated[str, Status]
    attendance: Annotated[str, Attendance]
    source: Annotated[str, Source]
    version: int


class SlotShape(TypedDict):
    """A time that can be booked now."""

    starts_at: datetime
    ends_at: datetime
    practitioner_id: UUID
    type_id: UUID


class SlotList(TypedDict):
    """All free times of the days that were asked for."""

    results: list[SlotShape]


class PractitionerShape(TypedDict):
    """Who sees patients; `bookable`: patients may book."""

    id: UUID
    name: str
    bookable: bool
    active: bool


class AppointmentTypeShape(TypedDict):
    """What a visit is for; minutes everywhere, names and instructions by language."""

    id: UUID
    name: str
    names: dict[str, str]
    duration: int
    buffer_before: int
    buffer_after: int
    grid: int
    least_notice: int
    horizon_days: int
    accept_at_once: bool
    bookable: bool
    active: bool
    instructions: dict[str, str]


class AlreadyDecidedError(Error):
    """Another was faster: by whom (null: the patient, or the time allowed ran out), and the visit as it is."""

    decided_by: str | None
    appointment: AppointmentShape


class ConflictError(Error, total=False):
    """A conflict; what is added depends on `code`."""

    decided_by: str | None
    appointment: AppointmentShape
    alternatives: list[SlotShape]


def appointment_shape(appointment: Appointment) -> AppointmentShape:
    """Return a visit, read with its patient and practitioner."""
    return {
        "id": appointment.pk,
        "patient_id": appointment.patient_id,
        "patient_name": appointment.patient.name,
        "practitioner_id": appointment.practitioner_id,
        "practitioner_name": appointment.practitioner.name,
        "type_id": appointment.type_id,
        "starts_at": appointment.starts_at,
        "ends_at": appointment.ends_at,
        "status": str(appointment.status),
        "attendance": str(appointment.attendance),
        "source": str(appointment.source),
        "version": appointment.version,
    }


def slot_shape(slot: FreeSlot) -> SlotShape:
    """Return a free time."""
    return {
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "practitioner_id": slot.practitioner_id,
        "type_id": slot.type_id,
    }


def practitioner_shape(practitioner: Practitioner) -> PractitionerShape:
    """Return a practitioner."""
    return {
        "id": practitioner.pk,
        "name": practitioner.name,
        "bookable": practitioner.bookable,
        "active": practitioner.active,
    }


def type_shape(kind: AppointmentType, *, language: str) -> AppointmentTypeShape:
    """Return an appointment type; `name` is that of the clinic's language."""
    return {
        "id": kind.pk,
        "name": kind.name_in(language),
        "names": kind.names,
        "duration": kind.duration,
        "buffer_before": kind.buffer_before,
        "buffer_after": kind.buffer_after,
        "grid": kind.grid,
        "least_notice": kind.least_notice,
        "horizon_days": kind.horizon_days,
        "accept_at_once": kind.accept_at_once,
        "bookable": kind.bookable,
        "active": kind.active,
        "instructions": kind.instructions,
    }
