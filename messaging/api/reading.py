"""Reads that the shapes of threads and patients need, for a whole page at once."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from clinics.models import Channel
from messaging.api.shapes import (
    AddressShape,
    ConversationShape,
    MessageShape,
    PatientContactShape,
    PatientShape,
    PersonShape,
    grouped,
    message_shape,
    the_one,
)
from messaging.models import ChannelConsent, Conversation, Message
from messaging.outbox import later
from scheduling.models import ContactAddress, Patient, PatientContact

_CONSENT_CHANNELS = (Channel.WHATSAPP, Channel.SMS)


def _reached() -> QuerySet[PatientContact]:
    """Return who is reached where, those first for whom it is starred; nobody who said that it is not theirs."""
    return PatientContact.objects.filter(not_theirs_at=None, patient__merged_into=None).order_by(
        "-starred", "created_at", "id"
    )


def people_of(contact_ids: Sequence[UUID]) -> Mapping[UUID, list[PersonShape]]:
    """Return who is reached at each contact. One statement."""
    rows = (
        _reached()
        .filter(contact_point__in=contact_ids)
        .values_list("contact_point_id", "patient_id", "patient__name")
    )
    return grouped([(contact, {"id": patient, "name": name}) for contact, patient, name in rows])


def conversations() -> QuerySet[Conversation]:
    """Return threads with contact, addresses and people in one statement, as `conversation_shapes` needs them."""
    addresses = (
        ContactAddress.objects.filter(contact_point=OuterRef("contact_point_id"))
        .order_by("created_at", "id")
        .values(shown=JSONObject(channel="channel", address="address"))
    )
    people = (
        _reached()
        .filter(contact_point=OuterRef("contact_point_id"))
        .values(shown=JSONObject(id="patient_id", name="patient__name"))
    )
    return Conversation.objects.select_related("contact_point").annotate(
        addresses=ArraySubquery(addresses), people=ArraySubquery(people)
    )


def conversation_shapes(rows: Sequence[Conversation]) -> list[ConversationShape]:
    """Return threads read by `conversations()`. No statement."""
    return [_conversation_shape(row) for row in rows]


def _conversation_shape(conversation: Conversation) -> ConversationShape:
    point = conversation.contact_point
    addresses: list[AddressShape] = conversation.addresses  # type: ignore[attr-defined]
    people: list[PersonShape] = [
        {"id": UUID(person["id"]), "name": person["name"]}
        for person in conversation.people  # type: ignore[attr-defined]
    ]
    one = the_one(people)
    return {
        "id": conversation.pk,
        "contact": {
            "id": point.pk,
            "display_name": point.display_name,
            "phone": point.phone,
            "addresses": addresses,
        },
        "patients": people,
        "patient": {**one, "phone": point.phone} if one else None,
        "state": str(conversation.state),
        "work_state": str(conversation.work_state),
        "unread_count": conversation.unread_count,
        "last_message": None if conversation.last_message_id is None else conversation.last_body,
        "last_message_at": conversation.last_message_at,
        "window_closes_at": conversation.window_closes_at,
    }


def messages() -> QuerySet[Message]:
    """Return messages with the patient of their visit, as `message_shapes` needs them; not what waits for its time."""
    return (
        Message.objects.exclude(later.unsaid())
        .annotate(visitor_id=F("appointment__patient_id"), contact_id=F("conversation__contact_point_id"))
        .defer("payload", "verdict")
    )


def message_shapes(rows: Sequence[Message]) -> list[MessageShape]:
    """Return messages read by `messages()`. One statement more."""
    contacts: dict[UUID, UUID] = {row.pk: row.contact_id for row in rows}  # type: ignore[attr-defined]
    visitors: dict[UUID, UUID | None] = {row.pk: row.visitor_id for row in rows}  # type: ignore[attr-defined]
    people = people_of(list(set(contacts.values())))
    shapes = []
    for row in rows:
        one = the_one(people.get(contacts[row.pk], []))
        patient_id = visitors[row.pk] or (one["id"] if one else None)
        shapes.append(message_shape(row, contact_id=contacts[row.pk], patient_id=patient_id))
    return shapes


def patient_shapes(patients: Sequence[Patient]) -> list[PatientShape]:
    """Return patients with their contacts and consents. Two statements."""
    rows = list(
        PatientContact.objects.filter(patient__in=patients, not_theirs_at=None)
        .select_related("contact_point")
        .order_by("-starred", "created_at", "id")
    )
    agreed = set(
        ChannelConsent.objects.filter(
            contact_point__in={row.contact_point_id for row in rows},
            channel__in=_CONSENT_CHANNELS,
            care=True,
            opted_out_at=None,
        ).values_list("contact_point_id", "channel")
    )
    contacts: dict[UUID, list[PatientContact]] = {}
    for row in rows:
        contacts.setdefault(row.patient_id, []).append(row)
    return [_patient_shape(patient, contacts.get(patient.pk, []), agreed) for patient in patients]


def _patient_shape(
    patient: Patient, contacts: list[PatientContact], agreed: set[tuple[UUID, str]]
) -> PatientShape:
    def consents(channel: Channel) -> bool:
        return any((contact.contact_point_id, channel.value) in agreed for contact in contacts)

    shown: list[PatientContactShape] = [
        {
            "id": contact.contact_point_id,
            "phone": contact.contact_point.phone,
            "relation": str(contact.relation),
            "starred": contact.starred,
        }
        for contact in contacts
    ]
    return {
        "id": patient.pk,
        "name": patient.name,
        "called": patient.called,
        "preferred_language": patient.preferred_language,
        "date_of_birth": patient.date_of_birth,
        "record_number": patient.record_number,
        "consent_whatsapp": consents(Channel.WHATSAPP),
        "consent_sms": consents(Channel.SMS),
        "contacts": shown,
    }
