"""Threads as the inbox's tests want them, stored by hand; call inside `in_clinic`."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from clinics.models import Clinic, Sender, User
from clinics.tenancy import current_clinic, in_clinic
from medsync.lib import clock
from messaging.models import ChannelConsent, Conversation, Message, Window
from scheduling.models import (
    Appointment,
    AppointmentType,
    ContactAddress,
    ContactPoint,
    Location,
    Patient,
    PatientContact,
    Practitioner,
)
from scheduling.operations import request as ask
from scheduling.queries import free_slots

HOUR = timedelta(hours=1)
_numbers = count(1)


def reenter(clinic: Clinic) -> None:
    """Stand in the clinic again after a request of the test client, which leaves the connection in no clinic."""
    in_clinic(clinic).__enter__()


def a_thread(
    name: str = "Rosa Delgado",
    *,
    channel: str = "whatsapp",
    work_state: str = "needs_reply",
    heard: timedelta | None = timedelta(minutes=5),
    body: str = "hola",
    **columns: Any,
) -> Conversation:
    """Store a thread whose patient wrote `heard` ago; None for one without any message."""
    now, sender = clock.now(), Sender.objects.get(clinic=current_clinic(), channel=channel, status="active")
    number = f"+1646555{1000 + next(_numbers) % 9000}"  # none of a clinic's own
    point = ContactPoint.objects.create(match_key=number, phone=number, language="en")
    ContactAddress.objects.create(contact_point=point, channel=channel, address=number)
    patient = Patient.objects.create(name=name, preferred_language="en")
    PatientContact.objects.create(patient=patient, contact_point=point)
    ChannelConsent.objects.create(contact_point=point, channel=channel, care=True)
    conversation = Conversation.objects.create(
        contact_point=point, work_state=work_state, last_channel=channel, last_sender=sender, **columns
    )
    if heard is not None:
        message = says(conversation, body, at=now - heard)
        if work_state == "needs_reply":
            conversation.waiting_since = message.created_at
        if channel == "whatsapp":
            Window.objects.create(
                conversation=conversation, sender=sender, last_inbound_at=message.created_at
            )
            conversation.window_closes_at = message.created_at + 24 * HOUR
        conversation.save()
    return conversation


def says(
    conversation: Conversation,
    body: str,
    *,
    author: str = "patient",
    at: datetime | None = None,
    user: User | None = None,
    **columns: Any,
) -> Message:
    """Store a message and show it as the thread's last one."""
    at, sender = at or clock.now(), conversation.last_sender
    assert sender is not None
    inbound = author == "patient"
    columns.setdefault("status", "received" if inbound else "delivered")
    message = Message.objects.create(
        conversation=conversation,
        direction="inbound" if inbound else "outbound",
        channel=conversation.last_channel,
        author=author,
        user=user,
        sender=sender,
        account=sender.account,
        body=body,
        provider_message_id=f"SM{next(_numbers):032d}",
        created_at=at,
        **columns,
    )
    conversation.last_message_id, conversation.last_message_at = message.id, at
    conversation.last_body, conversation.last_author = body[:200], author
    conversation.last_kind, conversation.last_status = message.kind, message.status
    conversation.save()
    return message


def a_request(conversation: Conversation) -> Appointment:
    """Ask for the first bookable time two days ahead, as the bot does for the thread's patient."""
    now = clock.now()
    slot = free_slots(from_date=(now + 48 * HOUR).date(), days=10, now=now)[0]
    return ask(
        Patient.objects.get(contacts__contact_point=conversation.contact_point),
        type=slot.type_id,
        starts_at=slot.starts_at,
        practitioner=slot.practitioner_id,
        source=conversation.last_channel,
        contact_point=conversation.contact_point,
        now=now,
    )


def a_visit_today(
    conversation: Conversation, *, at: datetime | None = None, status: str = "confirmed"
) -> Appointment:
    """Store a visit of the thread's patient on the clinic's present day, in the calendar or not."""
    clinic, now = current_clinic(), clock.now()
    starts = at or now.astimezone(clinic.zone).replace(hour=12, minute=0, second=0, microsecond=0)
    kind, place = AppointmentType.objects.first(), Location.objects.first()
    doctor = Practitioner.objects.first()
    assert kind
    assert place
    assert doctor
    return Appointment.objects.create(
        patient=Patient.objects.get(contacts__contact_point=conversation.contact_point),
        practitioner=doctor,
        type=kind,
        location=place,
        starts_at=starts,
        ends_at=starts + timedelta(minutes=30),
        local_start=starts.strftime("%Y-%m-%dT%H:%M"),
        zone=clinic.timezone,
        status=status,
        source="staff",
    )
