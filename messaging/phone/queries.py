"""What the phone page reads: the played phones, and what stands on their screens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from clinics.models import Clinic, Sender, SenderStatus
from messaging import shown
from messaging.attachments import attaching
from messaging.models import Direction, Kind, Message, MessageStatus, Question
from scheduling.models import ContactAddress, PatientContact

ON_THE_DESK = 6
SHOWN = 30
OTHERS = 50
#: What has reached a phone; before that the patient sees nothing.
ARRIVED = (MessageStatus.DELIVERED, MessageStatus.READ)
SIGNS = (Kind.REACTION, Kind.DELETION)
ON_ITS_WAY = (MessageStatus.QUEUED, MessageStatus.SENDING)


@dataclass(frozen=True, slots=True)
class Played:
    """A phone: one address of a channel, and its newest messages, the oldest first.

    `asked` is the newest question that is open there; `answering`: something is on its way to this phone.
    """

    address: ContactAddress
    owner: str
    sender: Sender
    messages: list[Message] = field(default_factory=list)
    asked: Question | None = None
    answering: bool = False
    quoted: dict[str, Message] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Other:
    """A patient's phone that does not lie on the desk."""

    address: ContactAddress
    owner: str


def local_senders(clinic: Clinic) -> dict[str, Sender]:
    """Return the clinic's first played number of each channel."""
    senders = clinic.senders.filter(status=SenderStatus.ACTIVE, account__provider="local").select_related(
        "account"
    )
    found: dict[str, Sender] = {}
    for sender in senders.order_by("channel", "rank"):
        found.setdefault(sender.channel, sender)
    return found


def phones(senders: dict[str, Sender], ids: Sequence[UUID] | None = None, *, now: datetime) -> list[Played]:
    """Return the phones with these ids, or those that were used last; the newest phone first.

    Five statements, one less when the ids are given, and up to four more where files, quotes or reactions are.
    """
    addresses = _addresses(senders)
    if ids is None:
        ids = list(_last_used(senders).values_list("id", flat=True)[:ON_THE_DESK])
    found = list(addresses.filter(id__in=ids).order_by("-created_at", "-id"))
    points = [address.contact_point_id for address in found]
    owners, messages, asked = _owners(points), _messages(points, senders), _asked(points, now=now)
    played = []
    for address in found:
        here = messages.get((address.contact_point_id, address.channel), [])
        played.append(
            Played(
                address=address,
                owner=owners.get(address.contact_point_id, ""),
                sender=senders[address.channel],
                messages=[
                    message
                    for message in here
                    if message.status not in ON_ITS_WAY and message.kind not in SIGNS
                ],
                asked=asked.get(address.contact_point_id),
                answering=any(message.status in ON_ITS_WAY for message in here),
            )
        )
    shown_here = [message for one in played for message in one.messages]
    attaching.load(shown_here)
    quoted = shown.load(shown_here)
    return [replace(one, quoted=quoted) for one in played] if quoted else played


def others(senders: dict[str, Sender], on_the_desk: Sequence[UUID]) -> list[Other]:
    """Return phones of patients that are not on the desk, those used last first; two statements."""
    found = list(_last_used(senders).exclude(id__in=on_the_desk)[:OTHERS])
    owners = _owners([address.contact_point_id for address in found])
    return [Other(address, owners.get(address.contact_point_id, "")) for address in found]


def _addresses(senders: dict[str, Sender]) -> QuerySet[ContactAddress]:
    return ContactAddress.objects.filter(channel__in=list(senders)).select_related("contact_point")


def _last_used(senders: dict[str, Sender]) -> QuerySet[ContactAddress]:
    last = _addresses(senders).annotate(used_at=F("contact_point__conversation__last_message_at"))
    return last.order_by(F("used_at").desc(nulls_last=True), "-created_at", "-id")


def _owners(points: Sequence[UUID]) -> dict[UUID, str]:
    links = PatientContact.objects.filter(contact_point__in=points, not_theirs_at=None)
    return {link.contact_point_id: link.patient.name for link in links.select_related("patient")}


def _messages(points: Sequence[UUID], senders: dict[str, Sender]) -> dict[tuple[UUID, str], list[Message]]:
    """Return what went over each phone's channel: what its owner wrote, what has arrived, what is on its way."""
    seen = Q(direction=Direction.INBOUND) | Q(status__in=[*ARRIVED, *ON_ITS_WAY])
    newest = Window(
        RowNumber(),
        partition_by=[F("conversation_id"), F("channel")],
        order_by=[F("created_at").desc(), F("id").desc()],
    )
    rows = (
        Message.objects.filter(seen, conversation__contact_point__in=points, channel__in=list(senders))
        .exclude(kind=Kind.NOTE)
        .annotate(newest=newest, point=F("conversation__contact_point_id"))
        .filter(newest__lte=SHOWN)
        .order_by("created_at", "id")
    )
    found: dict[tuple[UUID, str], list[Message]] = {}
    for message in rows:
        found.setdefault((message.point, message.channel), []).append(message)
    return found


def _asked(points: Sequence[UUID], *, now: datetime) -> dict[UUID, Question]:
    """Return the newest open question of each."""
    questions = Question.objects.filter(
        conversation__contact_point__in=points, closed_at=None, expires_at__gt=now
    ).annotate(point=F("conversation__contact_point_id"))
    return {question.point: question for question in questions.order_by("asked_at", "id")}


def provider_id_of(address: ContactAddress, message_id: UUID | None) -> str:
    """Return what the provider calls a message on this phone, "" for one that is not there."""
    if message_id is None:
        return ""
    here = Message.objects.filter(
        pk=message_id, conversation__contact_point=address.contact_point_id, channel=address.channel
    )
    ids = here.values_list("provider_message_id", "attempts__provider_id").order_by("-attempts__n")
    return next((own or tried for own, tried in ids if own or tried), "") or ""


def button_of(address: ContactAddress, message_id: UUID | None, button: str) -> shown.Button | None:
    """Return a button below an approved text on this phone, None when it is not there."""
    if message_id is None:
        return None
    message = Message.objects.filter(
        pk=message_id, conversation__contact_point=address.contact_point_id, channel=address.channel
    ).first()
    return next((one for one in shown.buttons_of(message) if one.id == button), None) if message else None
