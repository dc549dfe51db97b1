"""The clinic's own numbers, from which messages leave."""

from collections.abc import Sequence
from uuid import UUID

from clinics.models import Channel, Sender, SenderStatus
from clinics.tenancy import current_clinic


def active() -> list[Sender]:
    """Return the clinic's numbers that write, with their accounts, the primary ones first; one statement."""
    return list(
        Sender.objects.select_related("account")
        .filter(clinic=current_clinic(), status=SenderStatus.ACTIVE)
        .exclude(channel=Channel.VOICE)
        .order_by("rank", "id")
    )


def with_id(senders: Sequence[Sender], sender_id: UUID | None) -> Sender | None:
    """Return the one with this id, None when it is not among them."""
    return next((sender for sender in senders if sender.pk == sender_id), None)


def first_of(senders: Sequence[Sender], channel: str) -> Sender | None:
    """Return the first of a channel, None when there is none."""
    return next((sender for sender in senders if sender.channel == channel), None)


def primary(channel: str) -> Sender | None:
    """Return the number that the clinic begins with on a channel; one statement."""
    return first_of(active(), channel)
