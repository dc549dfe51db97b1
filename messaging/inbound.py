"""Everything that a patient's message changes, in one transaction.

Lock order: 1 the conversation (advisory) · 2–5 whatever the dialogue books and writes · 6 the Conversation row,
by one UPDATE at the end. A message that comes again changes nothing and gets the answer that it got.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from clinics import clocks
from clinics.queries import Route
from medsync.lib import phone
from messaging import (
    consent,
    dialogue,
    episodes,
    inline_replies,
    live,
    outbox,
    reactions,
    replies,
    reply_wrong,
    storing,
)
from messaging.attachments.attaching import LOST_AFTER, attach
from messaging.gate.windows import NO_WINDOW
from messaging.models import (
    Author,
    ChannelConsent,
    ConsentSource,
    Conversation,
    Direction,
    Kind,
    Message,
    MessageStatus,
    Purpose,
)
from messaging.providers.base import InboundMessage, InlineReply
from messaging.stored import Stored
from scheduling import contacts
from scheduling.locks import retrying
from scheduling.models import ContactPoint

logger = logging.getLogger(__name__)

WINDOW = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What `store` did. `conflict`: the id was known with other content, and the first stands."""

    new: bool
    message_id: UUID
    conversation_id: UUID
    replies: Sequence[InlineReply] = ()
    conflict: bool = False


@retrying
def store(
    event: InboundMessage,
    route: Route,
    now: datetime,
    *,
    received_at: datetime | None = None,
    answers: bool = True,
    inline: bool = True,
) -> Outcome:
    """Store a message of the entered clinic and answer it; `answers=False` shows it to staff and stays silent
    (STOP, START and "wrong number" count all the same).

    Idempotent under (account, event id): 50 at once are one message and one reply. Runs in a transaction of its
    own, once more from the top after a deadlock. `received_at` is when it reached us, if that is not now; the
    window counts from when the provider says that it was written, so that a late webhook does not lengthen it;
    `inline=False` when there is no webhook left whose response could carry a reply.
    """
    received_at = received_at or now
    with transaction.atomic():
        storing.lock_conversation(_lock_name(event))
        message = _message(event, route, now)
        user_id = _other_user_id(event)
        opened_at = (
            wrote_at(event, received_at) if event.opens_window and event.channel == "whatsapp" else None
        )
        row = storing.store_from_address(message, user_id=user_id, window_at=opened_at)
        first_contact = False
        if row is None:
            point, first_contact = _meet(event, route, now)
            row = storing.store_from_point(message, point_id=point, window_at=opened_at)
        if not row.stored:
            return _again(event, route, now)
        message.conversation = row.conversation
        fetches = attach(message, event.media, now=now)
        if event.kind in (Kind.REACTION, Kind.DELETION):
            reactions.apply(message, now=now)
        _keep_name(event, route, row, now)
        stored = Stored(
            event=event,
            route=route,
            message=message,
            conversation=row.conversation,
            contact_point=row.contact_point,
            consent=_grant(event, row, message, now),
            work_state_before=row.conversation.work_state,
            waiting_since_before=row.conversation.waiting_since,
            inline=inline and outbox.answers_inline(route.provider),
            has_held=row.has_held,
            first_contact=first_contact,
            new_episode=episodes.is_new(row.conversation, now),
        )
        before = storing.snapshot(row.conversation)
        episodes.begin(stored, now)
        respond = dialogue.answer if answers else dialogue.take
        replies = respond(stored, now=now) if event.opens_window else []
        _show_last(stored, replies[-1] if replies else message, opened_at)
        episodes.note_waking(stored, before, now)
        storing.update_conversation(stored.conversation, before, unread=1, now=now)
        live.publish("conversation", id=stored.conversation.pk, version=stored.conversation.version)
        if fetches:
            clocks.wake(clocks.MEDIA, now + LOST_AFTER)
        return Outcome(
            new=True,
            message_id=message.pk,
            conversation_id=stored.conversation.pk,
            replies=inline_replies.travelling(replies, route),
        )


def wrote_at(event: InboundMessage, received_at: datetime) -> datetime:
    """Return when a message was written: as the provider says, never later than it reached us."""
    return min(event.occurred_at or received_at, received_at)


def _lock_name(event: InboundMessage) -> str:
    return phone.match_key(event.from_phone) if event.from_phone else event.from_address


def _other_user_id(event: InboundMessage) -> str:
    return event.from_user_id if event.from_user_id and event.from_user_id != event.from_address else ""


def _message(event: InboundMessage, route: Route, now: datetime) -> Message:
    return Message(
        direction=Direction.INBOUND,
        channel=event.channel,
        kind=event.kind,
        author=Author.PATIENT,
        sender_id=route.sender_id,
        account_id=route.account_id,
        address=event.from_address,
        body=event.body,
        status=MessageStatus.RECEIVED,
        provider_message_id=event.event_id,
        replied_to_id=event.replied_to_id or "",
        payload=_payload(event),
        occurred_at=event.occurred_at,
        created_at=now,
        updated_at=now,
    )


def _payload(event: InboundMessage) -> dict[str, Any]:
    payload: dict[str, Any] = dict(event.extra)
    if event.media:
        payload["media"] = [{"url": m.url, "content_type": m.content_type} for m in event.media]
    if event.button_payload:
        payload["button"] = event.button_payload
    if not event.opens_window:
        payload[NO_WINDOW] = True
    return payload


def _meet(event: InboundMessage, route: Route, now: datetime) -> tuple[UUID, bool]:
    """Return the contact point of a new or changed address, with its conversation made, and whether it is new."""
    resolved = contacts.resolve(
        event.channel,
        event.from_address,
        phone=event.from_phone,
        # Short codes and sender names have no number: the address itself is all that identifies them.
        user_id=event.from_user_id or (None if event.from_phone else event.from_address),
        display_name=event.profile_name,
        region=route.country,
        now=now,
    )
    point = resolved.contact_point
    Conversation.objects.bulk_create(
        [Conversation(contact_point=point, created_at=now, updated_at=now)], ignore_conflicts=True
    )
    return point.pk, resolved.created


def _keep_name(event: InboundMessage, route: Route, row: storing.Row, now: datetime) -> None:
    """Take over a changed profile name; it is shown in quotes and used in no text."""
    name = event.profile_name.strip()
    if name and not row.contact_point.display_name.startswith(name[:100]):
        _meet(event, route, now)


def _grant(event: InboundMessage, row: storing.Row, message: Message, now: datetime) -> ChannelConsent:
    """Writing in grants answers and reminders on this channel; it undoes no STOP and no refusal."""
    known = row.consent or ChannelConsent(contact_point=row.contact_point, channel=event.channel)
    if known.care is not None or known.opted_out_at or not event.opens_window or event.opt_out == "stop":
        return known
    if (
        replies.opt_out(event.body, event.channel) == replies.OptOut.STOP
        or reply_wrong.wrong_number(event.body, _names(row.contact_point)) is not None
    ):
        return known  # whoever writes in to say no agrees to nothing
    return consent.record(
        row.contact_point,
        event.channel,
        purpose=Purpose.CARE,
        granted=True,
        source=ConsentSource.WROTE_IN,
        message=message,
        now=now,
    )


def _names(point: ContactPoint) -> Iterator[str]:
    """Yield whom we look for there; they are read only when somebody says who they are not."""
    for patient in contacts.patients_of(point):
        yield patient.name


def _show_last(stored: Stored, last: Message, opened_at: datetime | None) -> None:
    """Put what the list shows into the conversation's own columns."""
    conversation, message = stored.conversation, stored.message
    conversation.last_heard_id = message.pk
    conversation.last_message_id = last.pk
    conversation.last_message_at = last.created_at
    conversation.last_body = last.body[:200]
    conversation.last_author = last.author
    conversation.last_kind = last.kind
    conversation.last_status = last.status
    conversation.last_channel = message.channel
    same_sender = conversation.last_sender_id == message.sender_id
    conversation.last_sender_id = message.sender_id
    closes_at = opened_at + WINDOW if opened_at else None
    known = conversation.window_closes_at if same_sender else None
    if message.channel != "whatsapp":
        conversation.window_closes_at = None
    else:  # a message that comes late never closes a window earlier
        conversation.window_closes_at = max(filter(None, (closes_at, known)), default=None)


def _again(event: InboundMessage, route: Route, now: datetime) -> Outcome:
    """Answer a message that is stored already: the same way while that answer is on its way, then no more."""
    known = Message.objects.get(
        account_id=route.account_id, provider_message_id=event.event_id, direction=Direction.INBOUND
    )
    conflict = (known.body, known.address, known.channel) != (event.body, event.from_address, event.channel)
    return Outcome(
        new=False,
        message_id=known.pk,
        conversation_id=known.conversation_id,
        replies=() if conflict else inline_replies.once_more(known, route, now),
        conflict=conflict,
    )
