"""Messages that wait for their time, and messages that a member takes back while they still wait.

A reply that is sent later stands in the thread at its time and blocks nothing that is said before. A reply that
has just been sent waits for the seconds in which its writer may take it back.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Exists, OuterRef, Q, Value, When

from clinics.models import Sender, User
from messaging import drafts, threads
from messaging.attachments import attaching
from messaging.models import Author, Conversation, Direction, DraftTab, Message, MessageStatus, WorkState
from messaging.outbox.queueing import insert
from messaging.outbox.replying import checked, known_request, own_words, ring
from scheduling.locks import retrying

SOONEST, LATEST = timedelta(minutes=1), timedelta(days=365)
#: More in one thread is no plan any more.
MOST = 10

PAST, TOO_FAR, FULL = "past", "too_far", "full"


class TimeRefused(ValueError):
    """The time is past or too far, or the thread has enough that waits; `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Gone(Exception):
    """It is on its way already, or somebody took it back before."""

    code = "gone"


def waiting() -> Q:
    """Return the condition of messages whose time has not come."""
    return Q(status=MessageStatus.QUEUED, send_at__isnull=False, tries=0)


def unsaid() -> Q:
    """Return the condition of messages whose time has not come, or that were taken back before it came."""
    never = Q(status__in=[MessageStatus.QUEUED, MessageStatus.CANCELLED], tries=0)
    return never & Q(send_at__isnull=False)


@retrying
def send_later(
    conversation: Conversation,
    *,
    body: str,
    user: User,
    send_at: datetime,
    now: datetime,
    client_message_id: str | None = None,
    sender: Sender | None = None,
    draft: int | None = None,
) -> Message:
    """Store a member's message for a time; the gate is asked now, and again when it goes.

    The thread's work does not change before it goes. Idempotent under `client_message_id`.
    Raises BodyRefused, KeyReused, GateRefused, TimeRefused.
    """
    body = checked(body)
    with transaction.atomic():
        Conversation.objects.select_for_update(no_key=True).values_list("pk").get(pk=conversation.pk)
        if draft is not None:
            drafts.clear(conversation.pk, user, tab=DraftTab.REPLY, revision=draft, now=now)
        if known := known_request(conversation, body, client_message_id):
            return known
        if not now + SOONEST <= send_at <= now + LATEST:
            raise TimeRefused(PAST if send_at < now + SOONEST else TOO_FAR)
        if Message.objects.filter(waiting(), conversation=conversation).count() >= MOST:
            raise TimeRefused(FULL)
        message, _verdict = own_words(
            conversation,
            body=body,
            user=user,
            sender=sender,
            client_message_id=client_message_id,
            now=now,
        )
        message.status = MessageStatus.QUEUED
        message.next_attempt_at = message.send_at = message.created_at = send_at
        message.written_at = now
        stored = insert(message)
        if stored is message:
            threads.touch(conversation.pk, now=now)
            ring(send_at - now)
        return stored


@retrying
def take_back(message: Message, *, by: User, now: datetime) -> None:
    """Cancel what has not left: one's own reply in its first seconds, or anybody's that waits for its time.

    One guarded UPDATE decides between this and the worker. What sending changed in the thread is as before, unless
    something was said since. Raises Gone.
    """
    with transaction.atomic():
        mine = Q(send_at__isnull=False) | Q(user=by)
        cancelled = Message.objects.filter(
            mine, pk=message.pk, author=Author.STAFF, status=MessageStatus.QUEUED, tries=0
        ).update(status=MessageStatus.CANCELLED, next_attempt_at=None, updated_at=now)
        if not cancelled:
            raise Gone
        attaching.drop(message)
        before = message.payload.get("before")
        if message.send_at is not None or not before:
            threads.touch(message.conversation_id, now=now)
        else:
            _put_back(message, dict(before), now)


def _put_back(message: Message, before: dict[str, Any], now: datetime) -> None:
    """Make the thread as it was before the reply, as far as nothing happened since."""
    last = Message.objects.filter(pk=before.pop("last_message_id")).first()
    columns = threads.last_columns(last) if last else threads.NOTHING_SAID
    window = {"window_closes_at": before.pop("window_closes_at")}
    row = Conversation.objects.filter(pk=message.conversation_id)
    untouched = row.filter(work_state=WorkState.WAITING).filter(
        Q(last_message_id=message.pk) | Q(last_kind="note")
    )
    here = untouched.values_list("last_message_id", flat=True).first()
    changes: dict[str, Any] = before if here is not None else {}
    if here == message.pk:
        changes |= columns | window
    threads.touch(message.conversation_id, now=now, **changes)


def come_due(messages: list[Message], *, now: datetime) -> None:
    """Show messages whose time has come as the last of their threads; a question that they answer is answered."""
    for message in sorted(messages, key=lambda m: m.conversation_id):
        wrote_since = Message.objects.filter(
            conversation=OuterRef("pk"), direction=Direction.INBOUND, created_at__gt=message.written_at
        )
        answered = Q(work_state=WorkState.NEEDS_REPLY) & ~Exists(wrote_since)
        threads.touch(
            message.conversation_id,
            now=now,
            message=message,
            waiting_since=Case(When(answered, then=Value(None)), default="waiting_since"),
            work_state=Case(When(answered, then=Value(WorkState.WAITING.value)), default="work_state"),
        )


def waiting_in(conversation_id: UUID, message_id: UUID) -> Message | None:
    """Return a member's message of a thread, None when there is no such."""
    return Message.objects.filter(
        pk=message_id, conversation_id=conversation_id, author=Author.STAFF, direction=Direction.OUTBOUND
    ).first()
