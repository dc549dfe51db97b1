"""The shapes of this room's objects as the API shows them; the renderer writes ids and times (ISO 8601, UTC, Z)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, TypedDict
from uuid import UUID

from clinics.api.schema import Error
from messaging.approved.choosing import named
from messaging.catalog import Entry
from messaging.models import (
    ContentTemplate,
    ConversationState,
    Direction,
    Kind,
    Message,
    MessageStatus,
    SavedText,
    WorkState,
)
from messaging.variables import names_in
from scheduling.models import Relation


class MessageShape(TypedDict):
    """One entry of a thread. `patient_id` is null while it is not known which of several people is meant."""

    id: UUID
    conversation_id: UUID
    contact_id: UUID
    patient_id: UUID | None
    sender_id: UUID | None
    appointment_id: UUID | None
    direction: Annotated[str, Direction]
    channel: str
    kind: Annotated[str, Kind]
    body: str
    status: Annotated[str, MessageStatus]
    error_code: str | None
    reason: str | None
    provider_message_id: str | None
    created_at: datetime


class AddressShape(TypedDict):
    """What a provider calls a contact on one channel."""

    channel: str
    address: str


class ContactShape(TypedDict):
    """A reachable identity; `phone` is null while it is hidden, `display_name` is what the person's profile says."""

    id: UUID
    display_name: str
    phone: str | None
    addresses: list[AddressShape]


class PersonShape(TypedDict):
    """A patient by name; "" while nobody has given it."""

    id: UUID
    name: str


class PatientOfThreadShape(PersonShape):
    """The one patient of a thread."""

    phone: str | None


class ConversationShape(TypedDict):
    """The thread of a contact. `patient` is null when nobody, or more than one person, is reached there."""

    id: UUID
    contact: ContactShape
    patients: list[PersonShape]
    patient: PatientOfThreadShape | None
    state: Annotated[str, ConversationState]
    work_state: Annotated[str, WorkState]
    unread_count: int
    last_message: str | None
    last_message_at: datetime | None
    window_closes_at: datetime | None


class PatientContactShape(TypedDict):
    """How a patient is reached; `id` is the contact's, as `send` takes it."""

    id: UUID
    phone: str | None
    relation: Annotated[str, Relation]
    starred: bool


class PatientShape(TypedDict):
    """A person known to the clinic."""

    id: UUID
    name: str
    called: str
    preferred_language: str
    date_of_birth: date | None
    record_number: str
    consent_whatsapp: bool
    consent_sms: bool
    contacts: list[PatientContactShape]


class TemplateShape(TypedDict):
    """A text that `send-template` takes by its id, in each of its languages.

    `kind` is "built_in", "own" (the clinic's) or "approved" (by WhatsApp: `status` says how it stands, `bodies` has
    {{1}}, {{2}} … in the place of `variables`, `used_for` is the text that it goes out for).
    """

    id: str
    kind: str
    name: str
    category: str
    variables: list[str]
    bodies: dict[str, str]
    buttons: list[str]
    status: str | None
    content_sid: str | None
    used_for: str | None


class SendError(Error, total=False):
    """Why nothing was sent; what is added depends on `code`."""

    remedy: str
    answered_by: str
    answered_at: datetime


def message_shape(message: Message, *, contact_id: UUID, patient_id: UUID | None) -> MessageShape:
    """Return a message of a contact's thread."""
    return {
        "id": message.pk,
        "conversation_id": message.conversation_id,
        "contact_id": contact_id,
        "patient_id": patient_id,
        "sender_id": message.sender_id,
        "appointment_id": message.appointment_id,
        "direction": str(message.direction),
        "channel": message.channel,
        "kind": str(message.kind),
        "body": message.body,
        "status": str(message.status),
        "error_code": message.error_code or None,
        "reason": message.reason or None,
        "provider_message_id": message.provider_message_id or None,
        "created_at": message.created_at,
    }


def built_in_shape(entry: Entry, bodies: Mapping[str, str]) -> TemplateShape:
    """Return a built-in text in the clinic's words."""
    return {
        "id": entry.key,
        "kind": "built_in",
        "name": entry.key,
        "category": entry.category,
        "variables": list(entry.placeholders),
        "bodies": dict(bodies),
        "buttons": [],
        "status": None,
        "content_sid": None,
        "used_for": None,
    }


def own_shape(text: SavedText) -> TemplateShape:
    """Return one of the clinic's own texts."""
    names = dict.fromkeys(name for body in text.texts.values() for name in names_in(body))
    return {
        "id": str(text.pk),
        "kind": "own",
        "name": text.name,
        "category": str(text.category),
        "variables": list(names),
        "bodies": {code: body for code, body in text.texts.items() if body},
        "buttons": [],
        "status": None,
        "content_sid": None,
        "used_for": None,
    }


def approved_shape(text: ContentTemplate) -> TemplateShape:
    """Return a text that WhatsApp knows."""
    return {
        "id": str(text.pk),
        "kind": "approved",
        "name": text.name,
        "category": text.category or text.asked_category,
        "variables": [name for _number, name in named(text)],
        "bodies": {text.language: text.body},
        "buttons": [str(one.get("title", "")) for one in text.buttons],
        "status": str(text.approval),
        "content_sid": text.content_sid or None,
        "used_for": text.key or None,
    }


def the_one(people: Sequence[PersonShape]) -> PersonShape | None:
    """Return the only person, None for nobody or several: a guess would show one patient's words as another's."""
    return people[0] if len(people) == 1 else None


def grouped(rows: Sequence[tuple[UUID, PersonShape]]) -> Mapping[UUID, list[PersonShape]]:
    """Return people by contact."""
    found: dict[UUID, list[PersonShape]] = {}
    for contact_id, person in rows:
        found.setdefault(contact_id, []).append(person)
    return found
