"""Threads in which something can be sent, for the outbox's tests."""

from datetime import datetime, timedelta
from typing import Any

from clinics.models import Clinic, Sender
from medsync.lib import clock
from medsync.lib.phone import match_key
from messaging import outbox
from messaging.models import Author, ChannelConsent, Conversation, Direction, Message, MessageStatus, Window
from scheduling.models import ContactAddress, ContactPoint

PATIENT = "+15005550001"


def sender_of(clinic: Clinic, channel: str = "whatsapp") -> Sender:
    """The clinic's primary number."""
    return Sender.objects.select_related("account").get(clinic=clinic, channel=channel, rank=1)


def thread(
    clinic: Clinic,
    *,
    address: str = PATIENT,
    channel: str = "whatsapp",
    last_inbound: timedelta | None = timedelta(minutes=5),
    care: bool | None = True,
    now: datetime | None = None,
) -> Conversation:
    """A patient who wrote so long ago (None: never) on the channel; must be called inside the clinic."""
    now = now or clock.now()
    sender = sender_of(clinic, channel)
    point = ContactPoint.objects.create(match_key=match_key(address), phone=address)
    ContactAddress.objects.create(contact_point=point, channel=channel, address=address)
    ChannelConsent.objects.create(contact_point=point, channel=channel, care=care)
    conversation = Conversation.objects.create(contact_point=point, last_channel=channel, last_sender=sender)
    if last_inbound is not None:
        Window.objects.create(conversation=conversation, sender=sender, last_inbound_at=now - last_inbound)
        inbound(conversation, sender, at=now - last_inbound)
    return conversation


def inbound(conversation: Conversation, sender: Sender, *, at: datetime, body: str = "hola") -> Message:
    """A message that the patient wrote."""
    address = ContactAddress.objects.get(contact_point=conversation.contact_point_id, channel=sender.channel)
    return Message.objects.create(
        conversation=conversation,
        direction=Direction.INBOUND,
        channel=sender.channel,
        author=Author.PATIENT,
        sender=sender,
        account_id=sender.account_id,
        address=address.address,
        body=body,
        status=MessageStatus.RECEIVED,
        created_at=at,
    )


def queued(conversation: Conversation, body: str = "Su cita está confirmada", **changes: Any) -> Message:
    """A notice in the outbox."""
    values: dict[str, Any] = {"purpose": "notice", "author": Author.SYSTEM, "now": clock.now(), **changes}
    return outbox.queue(conversation, body=body, **values)
