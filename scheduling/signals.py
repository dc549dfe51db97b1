"""Events of this room, sent with send() inside the transaction that made them."""

from dataclasses import dataclass
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
