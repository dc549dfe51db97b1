"""A reply that waits for the patient, as it stands in a thread."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from messaging.models import Message, MessageStatus


@dataclass(frozen=True, slots=True)
class HeldReply:
    """The bubble without a fill: what it says, and what can be done about it by who may write here."""

    key: str
    id: UUID
    head: str
    body: str
    label: str
    drop_url: str
    reword_url: str
    template: str = "messaging/item_held.html"


def is_held(message: Message) -> bool:
    """Tell whether a message waits for the patient. Pure."""
    return message.status == MessageStatus.HELD


def held_reply(message: Message, *, name: str, works: bool) -> HeldReply:
    """Return a waiting reply as its bubble."""
    by = message.user.get_short_name() if message.user else ""
    head = _("Sends when %(name)s answers") % {"name": name}
    here = [message.conversation_id, message.pk]
    return HeldReply(
        key=str(message.pk),
        id=message.pk,
        head=f"{head} · {by}" if by else head,
        body=message.body,
        label=head,
        drop_url=reverse("inbox:drop-held", args=here) if works else "",
        reword_url=reverse("inbox:reword-held", args=here) if works else "",
    )
