"""What the phone page reads: the played phones, and what stands on their screens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F

from clinics.models import Clinic, Sender, SenderStatus
from messaging.models import Direction, Kind, Message
from scheduling.models import ContactAddress, PatientContact

ON_THE_DESK = 6
SHOWN = 30
#: What has reached a phone; before that the patient sees nothing.
ARRIVED = ("delivered", "read")


@dataclass(frozen=True, slots=True)
class Played:
    """A phone: one address of a channel, and its newest messages, the oldest first."""

    address: ContactAddress
    owner: str
    sender: Sender
    messages: list[Message]


def local_senders(clinic: Clinic) -> dict[str, Sender]:
    """Return the clinic's first played number of each channel."""
    senders = clinic.senders.filter(status=SenderStatus.ACTIVE, account__provider="local").select_related(
        "account"
    )
    found: dict[str, Sender] = {}
    for sender in senders.order_by("channel", "rank"):
        found.setdefault(sender.channel, sender)
    return found


def phones(senders: dict[str, Sender], ids: Sequence[UUID] | None = None) -> list[Played]:
    """Return the phones with these ids, or those that were used last; the newest phone first."""
    addresses = ContactAddress.objects.filter(channel__in=list(senders)).select_related("contact_point")
    if ids is None:
        last = addresses.annotate(used_at=F("contact_point__conversation__last_message_at"))
        ids = list(
            last.order_by(F("used_at").desc(nulls_last=True), "-created_at").values_list("id", flat=True)[
                :ON_THE_DESK
            ]
        )
    found = list(addresses.filter(id__in=ids).order_by("-created_at", "-id"))
    links = PatientContact.objects.filter(
        contact_point__in=[a.contact_point_id for a in found], not_theirs_at=None
    )
    owners = {link.contact_point_id: link.patient.name for link in links.select_related("patient")}
    return [
        Played(
            address=address,
            owner=owners.get(address.contact_point_id, ""),
            sender=senders[address.channel],
            messages=_messages(address),
        )
        for address in found
    ]


def _messages(address: ContactAddress) -> list[Message]:
    """Return what went over this phone's channel: what its owner wrote, and what has arrived."""
    rows = Message.objects.filter(
        conversation__contact_point=address.contact_point_id, channel=address.channel
    ).exclude(kind=Kind.NOTE)
    arrived = rows.filter(direction=Direction.INBOUND) | rows.filter(status__in=ARRIVED)
    return list(arrived.order_by("-created_at", "-id")[:SHOWN])[::-1]
