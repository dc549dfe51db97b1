"""What the API's tests begin with: a clinic's own clients, patients, threads and free times."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from clinics.models import Clinic, Sender
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging.models import (
    Author,
    ChannelConsent,
    Conversation,
    Direction,
    Message,
    MessageStatus,
    Window,
    WorkState,
)
from scheduling import contacts, queries
from scheduling.errors import FreeSlot
from scheduling.models import Patient, PatientContact


@dataclass
class Thread:
    """A patient who has written."""

    conversation_id: UUID
    contact_id: UUID
    patient_id: UUID
    message_ids: list[UUID]


def write_in(
    clinic: Clinic,
    phone: str = "+14155550101",
    *,
    name: str = "Ana Pérez",
    bodies: tuple[str, ...] = ("hola",),
    channel: str = "whatsapp",
    at: datetime | None = None,
    consent: bool = True,
) -> Thread:
    """Store what a patient's messages leave behind, a second apart, the last one at `at`."""
    now = at or clock.now()
    with in_clinic(clinic):
        sender = Sender.objects.select_related("account").get(clinic=clinic, channel=channel, rank=1)
        point = contacts.resolve(channel, phone, phone=phone, display_name="~Ana~", now=now).contact_point
        patient = Patient.objects.get(contacts__contact_point=point)
        Patient.objects.filter(pk=patient.pk).update(name=name)
        conversation, _ = Conversation.objects.get_or_create(contact_point=point)
        messages = [
            Message(
                conversation=conversation,
                direction=Direction.INBOUND,
                channel=channel,
                author=Author.PATIENT,
                sender=sender,
                account=sender.account,
                address=phone,
                body=body,
                status=MessageStatus.RECEIVED,
                provider_message_id=f"SM{conversation.pk.hex[-12:]}{now.timestamp():.0f}{n}",
                created_at=now - timedelta(seconds=len(bodies) - 1 - n),
            )
            for n, body in enumerate(bodies)
        ]
        Message.objects.bulk_create(messages)
        if channel == "whatsapp":
            Window.objects.update_or_create(
                conversation=conversation, sender=sender, defaults={"last_inbound_at": now}
            )
        if consent:
            ChannelConsent.objects.update_or_create(
                contact_point=point, channel=channel, defaults={"care": True}
            )
        Conversation.objects.filter(pk=conversation.pk).update(
            last_message_id=messages[-1].pk,
            last_message_at=now,
            last_body=bodies[-1],
            last_author=Author.PATIENT,
            last_channel=channel,
            last_sender=sender,
            window_closes_at=now + timedelta(hours=24) if channel == "whatsapp" else None,
            work_state=WorkState.NEEDS_REPLY,
            unread_count=len(bodies),
            updated_at=now,
        )
        return Thread(conversation.pk, point.pk, patient.pk, [message.pk for message in messages])


def new_patient(clinic: Clinic, name: str = "Ana Pérez", phone: str | None = None) -> UUID:
    """Store a patient, reached at `phone` when given, who has never written."""
    with in_clinic(clinic):
        patient = Patient.objects.create(name=name)
        if phone:
            point = contacts.point_for_phone(phone, now=clock.now()).contact_point
            PatientContact.objects.create(patient=patient, contact_point=point, starred=True)
        return patient.pk


def free_times(clinic: Clinic, count: int = 1) -> list[FreeSlot]:
    """Return the clinic's next free times, a day away or more."""
    with in_clinic(clinic):
        now = clock.now()
        found = queries.free_slots(
            from_date=now.astimezone(clinic.zone).date() + timedelta(days=2), days=14, now=now
        )
        return found[:count]


def wish(clinic: Clinic, patient_id: UUID, slot: FreeSlot | None = None, **more: Any) -> dict[str, Any]:
    """Return the body of a request for a free time."""
    slot = slot or free_times(clinic)[0]
    return {
        "patient_id": str(patient_id),
        "type_id": str(slot.type_id),
        "starts_at": slot.starts_at.isoformat(),
        **more,
    }


@pytest.fixture
def client(api, owner, clinic):
    """Return the API as the owner's token uses it."""
    return api(owner, clinic)


@pytest.fixture
def desk(api, receptionist, clinic):
    """Return the API as the receptionist's token uses it."""
    return api(receptionist, clinic)
