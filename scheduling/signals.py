"""Events of this room, sent with send() inside the transaction that made them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.dispatch import Signal


@dataclass(frozen=True, slots=True)
class AppointmentChanged:
    """A visit changed. Ids, states and the source only; receivers read the rows."""

    event_id: UUID
    appointment_id: UUID
    kind: str  # scheduling.models.EventKind
    source: str  # scheduling.models.Source, of this change
    version: int


# appointment_changed(sender=Appointment, event: AppointmentChanged)
appointment_changed = Signal()


@dataclass(frozen=True, slots=True)
class Agreed:
    """What everybody of an imported list agreed to, as a member says: by which channels, how, when, in which words."""

    channels: Sequence[str]  # clinics.models.Channel
    how: str  # a word of the consent ledger
    said_on: date
    words: str
    by_id: UUID


# contacts_agreed(sender=Patient, points: Sequence[UUID], agreed: Agreed)
contacts_agreed = Signal()


@dataclass(frozen=True, slots=True)
class NotReachedThere:
    """A member took a number off a patient, or said that it is not theirs; others may still be reached there."""

    patient_id: UUID
    point_id: UUID


# not_reached_there(sender=Patient, event: NotReachedThere)
not_reached_there = Signal()
