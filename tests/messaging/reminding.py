"""People with visits whom the clock reminds, on a day that the test names; call inside `in_clinic`."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from clinics.models import Clinic
from messaging.facts import forget_facts
from messaging.models import Conversation, Message, MessagingSettings, ReminderClaim, ReminderSettings
from messaging.reminders import sweeping
from scheduling.models import Appointment, Patient, PatientContact
from tests.messaging.days import NOW, a_visit
from tests.messaging.outbound import thread

HOUR = timedelta(hours=1)
LONG_AGO = NOW - timedelta(days=30)
_numbers = count(1)


def rules(**columns: Any) -> ReminderSettings:
    """Switch reminders on, one day before, unless said otherwise; quiet hours are off."""
    MessagingSettings.objects.update_or_create(
        pk=1, defaults={"quiet_from": "00:00", "quiet_until": "00:00", "neutral_whatsapp": False}
    )
    forget_facts()
    row, _ = ReminderSettings.objects.update_or_create(
        pk=1, defaults={"enabled": True, "steps": [24], **columns}
    )
    return row


def someone(
    clinic: Clinic,
    name: str = "Ana Pérez",
    *,
    channel: str = "whatsapp",
    heard: timedelta | None = HOUR,
    language: str = "en",
    now: datetime = NOW,
    care: bool | None = True,
) -> tuple[Patient, Conversation]:
    """Store a patient with a phone of their own, who wrote so long ago."""
    number = f"+1212555{1000 + next(_numbers) % 9000}"  # none of a clinic's own
    conversation = thread(clinic, address=number, channel=channel, last_inbound=heard, care=care, now=now)
    patient = Patient.objects.create(name=name, preferred_language=language)
    share(patient, conversation)
    return patient, conversation


def share(patient: Patient, conversation: Conversation) -> None:
    """Let a patient be reached at the contact of a thread, starred."""
    PatientContact.objects.create(patient=patient, contact_point=conversation.contact_point, starred=True)


def visit_of(patient: Patient, starts_at: datetime, **columns: Any) -> Appointment:
    """Store an accepted visit that was booked long ago."""
    columns.setdefault("created_at", LONG_AGO)
    return a_visit(starts_at=starts_at, patient=patient, **columns)


def sweep(now: datetime) -> int:
    """Let the clock strike."""
    forget_facts()
    return sweeping.sweep(now=now)


def reminders() -> list[Message]:
    """Return what was queued as a reminder, in order."""
    return list(Message.objects.filter(said__key__startswith="reminder_default").order_by("created_at", "id"))


def outcomes() -> list[tuple[int, int, str]]:
    """Return version, step and outcome of each claim, in order."""
    rows = ReminderClaim.objects.order_by("claimed_at", "id")
    return list(rows.values_list("version", "step", "outcome"))
