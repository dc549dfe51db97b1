"""The shapes of this room's objects as the API shows them; the renderer writes ids and times (ISO 8601, UTC, Z)."""

from typing import Annotated, TypedDict
from uuid import UUID

from clinics.models import Channel, Sender, SenderStatus


class SenderShape(TypedDict):
    """A number registered for one channel."""

    id: UUID
    phone_number: str
    channel: Annotated[str, Channel]
    provider: str
    display_name: str
    status: Annotated[str, SenderStatus]
    is_primary: bool
    provider_sender_id: str


def sender_shape(sender: Sender) -> SenderShape:
    """Return a sender, read with its account."""
    return {
        "id": sender.pk,
        "phone_number": sender.phone_number,
        "channel": sender.channel,
        "provider": sender.account.provider,
        "display_name": sender.display_name,
        "status": sender.status,
        "is_primary": sender.is_primary,
        "provider_sender_id": sender.provider_sender_id,
    }
