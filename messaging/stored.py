"""What storing an inbound message found and made; the dialogue reads it and changes the conversation in it."""

from dataclasses import dataclass
from datetime import datetime

from clinics.queries import Route
from messaging.models import ChannelConsent, Conversation, Message
from messaging.providers.base import InboundMessage
from scheduling.models import ContactPoint


@dataclass(slots=True, kw_only=True)
class Stored:
    """One inbound message in its thread, inside the transaction that stored it.

    `conversation` stands as staff would see it without an answer: new episode begun if it is one, brought back
    if put away, `needs_reply` since `waiting_since`. The dialogue sets fields on it and does not save it;
    `inbound.store` writes what changed by the one UPDATE at its end, together with the last message, the
    unread count and the window. The fields that end in `_before` are for what does not count as waiting.
    """

    event: InboundMessage
    route: Route
    message: Message
    conversation: Conversation
    contact_point: ContactPoint
    consent: ChannelConsent
    work_state_before: str
    waiting_since_before: datetime | None
    inline: bool  # replies may travel in the webhook's answer (`outbox.queue_inline`), else by the outbox
    has_held: bool = False  # a member's reply waits for this person to write
    first_contact: bool = False
    new_episode: bool = False
