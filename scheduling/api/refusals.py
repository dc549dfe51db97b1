"""What the calendar refuses, as the API says it."""

from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework.exceptions import APIException, NotFound

from clinics.api.errors import ApiError
from scheduling.api.shapes import appointment_shape, slot_shape
from scheduling.errors import (
    AlreadyDecided,
    NotBookable,
    NotNow,
    PastTime,
    SchedulingError,
    SlotTaken,
    StaleVersion,
    TimeRefused,
)
from scheduling.models import Appointment

_FIELDS = {"type": "type_id", "practitioner": "practitioner_id"}

_SENTENCES = {
    "type": "This type cannot be booked.",
    "practitioner": "This practitioner does not do this type, or has no hours.",
    "past": "This time has passed.",
    "hours": "The practitioner does not work then.",
    "time_off": "The practitioner is away then.",
    "notice": "This is too soon for this type.",
    "horizon": "This is too far ahead for this type.",
    "grid": "This type does not begin at this time.",
}

_NOT_NOW = {
    "too_early": "This visit has not begun.",
    "not_accepted": "This is a request that nobody has accepted.",
}


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what an operation raises into the API's errors."""
    try:
        yield
    except SchedulingError as error:
        raise translated(error) from error


def translated(error: SchedulingError) -> APIException:
    """Return the API's error for a refusal."""
    match error:
        case AlreadyDecided():
            decided_by = error.decided_by.get_full_name() if error.decided_by else None
            return ApiError(
                409,
                "already_decided",
                f"Already decided by {decided_by}." if decided_by else "Already decided.",
                decided_by=decided_by,
                appointment=_now(error.appointment),
            )
        case StaleVersion():
            return ApiError(
                409,
                "stale_version",
                "This visit was changed since you looked at it.",
                appointment=_now(error.appointment),
            )
        case NotNow():
            sentence = _NOT_NOW.get(error.code, "This visit cannot be marked so now.")
            return ApiError(409, error.code, sentence, appointment=_now(error.appointment))
        case SlotTaken() | NotBookable(code="patient_busy"):
            sentence = (
                "This time is taken." if error.code == "slot_taken" else "The patient has another visit then."
            )
            return ApiError(409, "slot_taken", sentence, alternatives=_alternatives(error))
        case NotBookable() | PastTime():
            field = _FIELDS.get(error.code, "starts_at")
            sentence = _SENTENCES.get(error.code, "This time cannot be booked.")
            return ApiError(
                400,
                "invalid",
                "Some fields are wrong.",
                fields={field: [sentence]},
                alternatives=_alternatives(error),
            )
    return NotFound()


def _alternatives(error: TimeRefused) -> list[object]:
    return [slot_shape(slot) for slot in error.alternatives]


def _now(appointment: Appointment) -> object:
    row = Appointment.objects.select_related("patient", "practitioner").get(pk=appointment.pk)
    return appointment_shape(row)
