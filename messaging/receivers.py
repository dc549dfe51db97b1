"""What this room does when the rooms below change."""

from typing import Any

from django.dispatch import receiver

from medsync.lib import clock
from messaging import notifications
from scheduling.signals import AppointmentChanged, appointment_changed


@receiver(appointment_changed, dispatch_uid="messaging.tell_patient")
def tell_patient(*, event: AppointmentChanged, **_: Any) -> None:
    """Queue what the patient hears of a change; what is raised here is noted by the sender and tried again."""
    notifications.announce(event.event_id, now=clock.now())
