"""What the webhook benchmarks find in the database: clinics, patients who wrote before, messages on their way."""

import random
import uuid
from datetime import timedelta
from typing import Any

from _common import make_clinic
from _floor import SCHEMA
from _load import ACCOUNT, NUMBERS, http


def make_floor() -> None:
    """Make the yardstick's own tables."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(SCHEMA)


def floor_statuses(count: int) -> list[bytes]:
    """Store that many messages on their way in the yardstick's tables; return their callbacks."""
    from django.db import connection

    patient, thread, rows = uuid.uuid4(), uuid.uuid4(), []
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO floor.patient VALUES (%s, %s, '', now())", [patient, f"status-{patient}"])
        cursor.execute("INSERT INTO floor.conversation (id, patient_id) VALUES (%s, %s)", [thread, patient])
        for _ in range(count):
            rows.append((uuid.uuid4(), thread, f"SM{uuid.uuid4().hex}"))
        cursor.executemany(
            "INSERT INTO floor.message (id, conversation_id, direction, sid, body, status, rank, created_at) "
            "VALUES (%s, %s, 'outbound', %s, 'hola', 'sent', 2, now())",
            rows,
        )
    return [_callback(sid, NUMBERS[0], "+16465550101", "") for _, _, sid in rows]


def _callback(sid: str, number: str, patient: str, ref: str) -> bytes:
    return http(
        "/api/webhooks/whatsapp/status" + (f"?a={ref}" if ref else ""),
        {
            "MessageSid": sid,
            "SmsSid": sid,
            "MessageStatus": "delivered",
            "SmsStatus": "delivered",
            "AccountSid": ACCOUNT,
            "From": f"whatsapp:{number}",
            "To": f"whatsapp:{patient}",
            "ApiVersion": "2010-04-01",
        },
    )


def make_clinics() -> list[Any]:
    """Return four clinics with a WhatsApp number each, on the platform's account, open for bookings for a year."""
    from clinics.senders import link_sender
    from clinics.tenancy import in_clinic
    from medsync.lib import clock
    from scheduling.models import AppointmentType

    clinics = []
    for place, number in enumerate(NUMBERS):
        clinic = make_clinic(f"bench-{place}")
        link_sender(clinic, phone_number=number, channel="whatsapp", provider="twilio", now=clock.now())
        with in_clinic(clinic):
            AppointmentType.objects.update(horizon_days=365, duration=15, grid=15)
        clinics.append(clinic)
    return clinics


def add_patients(clinics: list[Any], count: int) -> list[tuple[str, str]]:
    """Make patients who wrote before, the same number in each clinic; return (their number, the clinic's)."""
    from clinics.tenancy import in_clinic
    from medsync.lib import clock
    from messaging.models import ChannelConsent, Conversation
    from scheduling.models import ContactAddress, ContactPoint, Patient, PatientContact

    now, found = clock.now(), []
    for place, clinic in enumerate(clinics):
        phones = [f"+1646{place}{random.randrange(10**6):06d}" for _ in range(count // len(clinics))]
        phones = list(dict.fromkeys(phones))
        with in_clinic(clinic):
            known = set(ContactPoint.objects.values_list("phone", flat=True))
            phones = [phone for phone in phones if phone not in known]
            points = ContactPoint.objects.bulk_create(
                ContactPoint(match_key=phone, phone=phone, display_name="Ana", language="en")
                for phone in phones
            )
            patients = Patient.objects.bulk_create(Patient(name="Ana") for _ in phones)
            PatientContact.objects.bulk_create(
                PatientContact(patient=patient, contact_point=point, starred=True)
                for patient, point in zip(patients, points, strict=True)
            )
            ContactAddress.objects.bulk_create(
                ContactAddress(contact_point=point, channel="whatsapp", address=point.phone)
                for point in points
            )
            ChannelConsent.objects.bulk_create(
                ChannelConsent(contact_point=point, channel="whatsapp", care=True) for point in points
            )
            Conversation.objects.bulk_create(
                Conversation(
                    contact_point=point,
                    work_state="waiting_patient",
                    last_message_at=now - timedelta(hours=1),
                    episode_started_at=now - timedelta(hours=2),
                    introduced_at=now - timedelta(hours=2),
                )
                for point in points
            )
        found += [(phone, NUMBERS[place]) for phone in phones]
    random.shuffle(found)
    return found


def sent_messages(clinics: list[Any], count: int) -> list[bytes]:
    """Store that many messages on their way in our tables; return their callbacks."""
    from clinics.models import Sender
    from clinics.tenancy import in_clinic
    from medsync.lib import clock
    from medsync.lib.ids import new_id
    from messaging import callbacks
    from messaging.models import Attempt, Conversation, Message

    now, found = clock.now(), []
    for place, clinic in enumerate(clinics):
        sender = Sender.objects.get(clinic=clinic, channel="whatsapp")
        with in_clinic(clinic):
            threads = list(Conversation.objects.select_related("contact_point")[:200])
            messages = Message.objects.bulk_create(
                Message(
                    conversation=threads[n % len(threads)],
                    direction="outbound",
                    channel="whatsapp",
                    author="bot",
                    sender=sender,
                    account_id=sender.account_id,
                    address=threads[n % len(threads)].contact_point.phone,
                    body="hola",
                    status="sent",
                    created_at=now,
                )
                for n in range(count // len(clinics))
            )
            attempts = Attempt.objects.bulk_create(
                Attempt(
                    message=message,
                    n=1,
                    account_id=sender.account_id,
                    kind="rest",
                    state="sent",
                    rank=2,
                    provider_id=f"SM{new_id().hex}",
                    created_at=now,
                )
                for message in messages
            )
        found += [
            _callback(a.provider_id, NUMBERS[place], a.message.address, callbacks.ref(clinic.pk, a.pk))
            for a in attempts
        ]
    random.shuffle(found)
    return found
