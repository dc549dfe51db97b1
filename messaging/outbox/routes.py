"""Which of the clinic's numbers a message leaves from, and to which address."""

from dataclasses import dataclass
from uuid import UUID

from clinics.models import Channel, Sender, SenderStatus
from clinics.tenancy import current_clinic
from messaging.models import Conversation, Message
from scheduling.models import ContactAddress, ContactPoint


@dataclass(frozen=True, slots=True)
class Route:
    """A sender (None: there is none) with the address that a contact has on its channel ("" for none)."""

    sender: Sender | None
    channel: str
    address: str


def route_for(
    conversation: Conversation, *, sender: Sender | None = None, answers: Message | None = None
) -> Route:
    """Return the way of a message: back to where `answers` came from, else where the patient last wrote.

    A retired number is replaced by the next one of its channel. A thread in which nothing was said yet begins
    from the clinic's primary WhatsApp number, or by SMS when there is no WhatsApp.
    """
    if sender is not None:
        return Route(sender, sender.channel, _address(conversation, sender.channel))
    active = list(
        Sender.objects.select_related("account")
        .filter(clinic=current_clinic(), status=SenderStatus.ACTIVE)
        .exclude(channel=Channel.VOICE)
        .order_by("rank", "id")
    )
    if answers is not None:
        found = _by_id(active, answers.sender_id) or _first(active, answers.channel)
        return Route(found, answers.channel, answers.address or _address(conversation, answers.channel))
    channel = conversation.last_channel
    if channel in (Channel.WHATSAPP, Channel.SMS):
        found = _by_id(active, conversation.last_sender_id) or _first(active, channel)
        return Route(found, channel, _address(conversation, channel))
    for channel in (Channel.WHATSAPP, Channel.SMS):
        if found := _first(active, channel):
            return Route(found, channel, _address(conversation, channel))
    return Route(None, Channel.WHATSAPP, "")


def _by_id(active: list[Sender], sender_id: UUID | None) -> Sender | None:
    return next((sender for sender in active if sender.pk == sender_id), None)


def _first(active: list[Sender], channel: str) -> Sender | None:
    return next((sender for sender in active if sender.channel == channel), None)


def _address(conversation: Conversation, channel: str) -> str:
    """Return the contact's newest address on the channel, else the phone number, else ""."""
    point = conversation.contact_point_id
    known = (
        ContactAddress.objects.filter(contact_point=point, channel=channel)
        .order_by("-created_at", "-id")
        .values_list("address", flat=True)
        .first()
    )
    if known:
        return known
    return ContactPoint.objects.filter(pk=point).values_list("phone", flat=True).first() or ""
