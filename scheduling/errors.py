"""What a booking can be refused for. Codes and rows only: no text here names a person or a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from clinics.models import User
    from scheduling.models import Appointment


class FreeSlot(NamedTuple):
    """A time that can be booked: aware UTC instants, and the ids of doctor, type and place."""

    starts_at: datetime
    ends_at: datetime
    practitioner_id: UUID
    type_id: UUID
    location_id: UUID


class SchedulingError(Exception):
    """A change of the calendar was refused; ``code`` says why in one word."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TimeRefused(SchedulingError):
    """The time cannot be had; ``alternatives`` are up to three fresh ones, over two days or more when there are."""

    def __init__(self, code: str, alternatives: Sequence[FreeSlot] = ()) -> None:
        super().__init__(code)
        self.alternatives = list(alternatives)


class SlotTaken(TimeRefused):
    """Somebody else has the time, or its room."""

    def __init__(self, alternatives: Sequence[FreeSlot] = ()) -> None:
        super().__init__("slot_taken", alternatives)


class NotBookable(TimeRefused):
    """A rule forbids it. Codes: those of :class:`scheduling.slots.Reason`, and ``type``, ``practitioner``,
    ``patient_busy`` (the patient has another visit then), ``not_live`` (the visit is over or cancelled)."""


class PastTime(TimeRefused):
    """The time has begun already."""

    def __init__(self, alternatives: Sequence[FreeSlot] = ()) -> None:
        super().__init__("past", alternatives)


class AlreadyDecided(SchedulingError):
    """Another was faster; ``appointment`` is the row as it is now, ``decided_by`` the member, None for a patient
    or the clock (``appointment.cancellation`` tells which)."""

    def __init__(self, appointment: Appointment, decided_by: User | None) -> None:
        super().__init__("already_decided")
        self.appointment = appointment
        self.decided_by = decided_by


class StaleVersion(SchedulingError):
    """The visit has been moved since it was looked at; ``appointment`` is the row as it is now."""

    def __init__(self, appointment: Appointment) -> None:
        super().__init__("stale_version")
        self.appointment = appointment


class NotOffered(SchedulingError):
    """No times are offered to this request now; ``appointment`` is the row as it is."""

    def __init__(self, appointment: Appointment) -> None:
        super().__init__("not_offered")
        self.appointment = appointment


class NotNow(SchedulingError):
    """The day's mark does not fit the visit as it is. Codes: ``too_early``, ``too_late`` (to take a mark back),
    ``not_accepted`` (still a request), ``not_marked`` (nothing to take back)."""

    def __init__(self, code: str, appointment: Appointment) -> None:
        super().__init__(code)
        self.appointment = appointment
