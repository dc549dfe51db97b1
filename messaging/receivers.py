"""What this room does when the rooms below change."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.dispatch import receiver

from clinics.signals import sender_linked
from medsync.lib import clock, jobs
from messaging import consent, live, notifications, suggesting
from messaging.models import Author, Message
from messaging.reactions import reacted
from scheduling.models import EventKind
from scheduling.signals import Agreed, AppointmentChanged, appointment_changed, contacts_agreed

#: What patients say about coming changes nothing that they do not know.
SAID_BY_PATIENTS = frozenset(
    {EventKind.ASKED, EventKind.ATTENDING, EventKind.DECLINED, EventKind.LATE, EventKind.SAYS_HERE}
)


@receiver(appointment_changed, dispatch_uid="messaging.tell_patient")
def tell_patient(*, event: AppointmentChanged, **_: Any) -> None:
    """Queue what the patient hears of a change; what is raised here is noted by the sender and tried again."""
    live.publish("request", id=event.appointment_id)
    if event.kind in SAID_BY_PATIENTS:
        return  # the dialogue answers it, where it was said
    notifications.announce(event.event_id, now=clock.now())


@receiver(appointment_changed, dispatch_uid="messaging.show_visit")
def show_visit(*, event: AppointmentChanged, **_: Any) -> None:
    """Tell open pages that a visit changed."""
    live.publish("visit", id=event.appointment_id)


@receiver(appointment_changed, dispatch_uid="messaging.tell_staff")
def tell_staff(*, event: AppointmentChanged, **_: Any) -> None:
    """Ring for the members who want to hear of a request; what the bell loses a sweep finds."""
    if event.kind == EventKind.REQUESTED:
        jobs.enqueue_on_commit("messaging.tell_staff")


@receiver(reacted, dispatch_uid="messaging.suggest_coming")
def suggest_coming(*, message: Message, author: str, emoji: str, now: datetime, **_: Any) -> None:
    """Make a suggestion for staff of a patient's thumb on a reminder."""
    if author == Author.PATIENT:
        suggesting.on_reaction(message, emoji=emoji, now=now)


@receiver(sender_linked, dispatch_uid="messaging.replay_held")
def replay_held(*, sender_id: UUID, **_: Any) -> None:
    """Take in what came for a number before it was linked."""
    jobs.enqueue_on_commit("messaging.replay_held", sender_id=str(sender_id))


@receiver(contacts_agreed, dispatch_uid="messaging.record_agreed")
def record_agreed(*, points: Sequence[UUID], agreed: Agreed, **_: Any) -> None:
    """Write into the ledger what everybody of an imported list agreed to."""
    consent.record_many(points, agreed, now=clock.now())
