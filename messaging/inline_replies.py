"""Replies that travel in the answer to a webhook, in the first one and while they are on their way."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from clinics.queries import Route
from messaging import callbacks
from messaging.models import Attempt, AttemptKind, Message, MessageStatus
from messaging.providers.base import InlineReply

SAME_ANSWER_FOR = timedelta(seconds=60)


def travelling(replies: Sequence[Message], route: Route) -> Sequence[InlineReply]:
    """Return those replies that travel in the webhook's answer: the ones born `sending`."""
    inline = [reply for reply in replies if reply.status == MessageStatus.SENDING]
    if not inline:
        return ()
    attempts = {
        reply.pk: attempt_id
        for reply in inline
        if (attempt_id := getattr(reply, "inline_attempt_id", None)) is not None
    }
    missing = [reply.pk for reply in inline if reply.pk not in attempts]
    if missing:
        attempts |= dict(
            Attempt.objects.filter(message__in=missing, kind=AttemptKind.INLINE).values_list(
                "message_id", "id"
            )
        )
    return [
        InlineReply(
            body=reply.body,
            status_callback_url=callbacks.status_url(reply.channel, route.clinic_id, attempts[reply.pk]),
        )
        for reply in inline
        if reply.pk in attempts
    ]


def once_more(known: Message, route: Route, now: datetime) -> Sequence[InlineReply]:
    """Return the replies to a message that came again: the same while they are on their way, then no more."""
    if now - known.created_at >= SAME_ANSWER_FOR:
        return ()
    unsettled = Attempt.objects.filter(
        message__answers=known,
        kind=AttemptKind.INLINE,
        settled_at=None,
        created_at__gt=now - SAME_ANSWER_FOR,
        message__status=MessageStatus.SENDING,
    ).select_related("message")
    return [
        InlineReply(
            body=attempt.message.body,
            status_callback_url=callbacks.status_url(known.channel, route.clinic_id, attempt.pk),
        )
        for attempt in unsettled.order_by("message__created_at", "message_id")
    ]
