"""The 24-hour windows: what WhatsApp itself says of them."""

from datetime import datetime
from uuid import UUID

from django.db.models import F, Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Least

from clinics.models import Channel
from messaging import threads
from messaging.gate.judging import WINDOW
from messaging.models import Conversation, Direction, Kind, Message, Window

#: In the payload of what the provider says is no message of a person's own.
NO_WINDOW = "no_window"
#: A patient's messages that open a window: a reaction, a deletion or a notice of WhatsApp's own opens none.
OPENING = (
    Q(direction=Direction.INBOUND)
    & ~Q(kind__in=(Kind.REACTION, Kind.DELETION))
    & ~Q(payload__has_key=NO_WINDOW)
)


def close(message: Message, *, now: datetime) -> bool:
    """Close the window that a message did not pass (63016), until the patient writes again; tell whether it was open.

    What the patient wrote since that message was made opens it again. Locks window, then Conversation.
    """
    if message.sender_id is None or message.channel != Channel.WHATSAPP:
        return False
    row = Window.objects.filter(conversation_id=message.conversation_id, sender_id=message.sender_id)
    open_ = row.filter(
        Q(closed_at=None) | Q(closed_at__lt=F("last_inbound_at")), last_inbound_at__lte=message.created_at
    )
    if not open_.update(closed_at=message.created_at):
        return False
    shown = Conversation.objects.filter(
        pk=message.conversation_id, last_sender_id=message.sender_id, window_closes_at__gt=now
    )
    if shown.exists():
        threads.touch(message.conversation_id, now=now, window_closes_at=now)
    return True


def wrote_at(message_id: UUID, *, at: datetime, now: datetime) -> bool:
    """Take over when the provider says that a patient's message was written; tell whether a window changed.

    A webhook that came late must not lengthen the window. It is counted anew from all that the patient wrote to
    that number, each at the provider's time or, where that is not known, when it reached us; never later than now.
    """
    message = Message.objects.filter(pk=message_id, direction=Direction.INBOUND).first()
    if message is None or message.sender_id is None or message.channel != Channel.WHATSAPP:
        return False
    Message.objects.filter(pk=message_id).update(occurred_at=at)
    real = Message.objects.filter(OPENING, conversation=OuterRef("conversation"), sender=OuterRef("sender"))
    newest = (
        real.order_by()
        .values("conversation")
        .annotate(at=Max(Least(Coalesce("occurred_at", "created_at"), "created_at")))
        .values("at")
    )
    row = Window.objects.filter(conversation_id=message.conversation_id, sender_id=message.sender_id)
    later = row.annotate(counted=Subquery(newest)).filter(last_inbound_at__gt=F("counted"))
    counted = later.values_list("counted", flat=True).first()
    if counted is None:
        return False
    changed = row.filter(last_inbound_at__gt=counted).update(last_inbound_at=counted)
    shown = Conversation.objects.filter(pk=message.conversation_id, last_sender_id=message.sender_id)
    if changed and shown.exists():
        threads.touch(message.conversation_id, now=now, window_closes_at=counted + WINDOW)
    return bool(changed)
