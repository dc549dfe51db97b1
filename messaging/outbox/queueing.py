"""Putting a message into the outbox, in the transaction of its cause."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from clinics.models import Sender
from medsync.lib import jobs
from messaging import catalog, gate, providers, storing, threads
from messaging.models import (
    Attempt,
    AttemptKind,
    Conversation,
    Kind,
    Message,
    MessageStatus,
)
from messaging.outbox.preparing import prepared
from messaging.outbox.routes import Route
from scheduling.models import Appointment

DELIVER = "messaging.deliver_outbox"


class KeyReused(ValueError):
    """The client message id was used before, for other words or another thread."""

    code = "key_reused"


@transaction.atomic
def queue(
    conversation: Conversation,
    *,
    body: str,
    purpose: str,
    author: str,
    now: datetime,
    sender: Sender | None = None,
    route: Route | None = None,
    kind: str = Kind.TEXT,
    user: Any = None,
    appointment: Appointment | None = None,
    dedupe_key: str | None = None,
    client_message_id: str | None = None,
    answers: Message | None = None,
    language: str = "",
    facts: gate.Facts | None = None,
    said: catalog.Said | None = None,
    expires_at: datetime | None = None,
    touch: bool = True,
) -> Message:
    """Store a message as `queued`, or as `blocked` with the gate's reason; return the row.

    Joins the caller's transaction; the worker is rung after commit. It goes where `answers` came from, else
    through `sender` or by `route`; else what we begin goes where `routes.route_for_beginning` says, and the rest where
    the thread last was. A `dedupe_key` or `client_message_id` that is there already returns the row that has it.
    `facts` spare the gate its reading. `said` tells which text of the catalog the body is: outside of a window its
    approved form goes. After `expires_at` it makes no sense any more. What may go only later waits in the queue.
    `touch=False` leaves the Conversation row to a caller who updates it at the end of the same transaction.
    Raises KeyReused.
    """
    message, verdict = prepared(
        conversation,
        body=body,
        purpose=purpose,
        author=author,
        now=now,
        sender=sender,
        route=route,
        kind=kind,
        user=user,
        appointment=appointment,
        dedupe_key=dedupe_key,
        client_message_id=client_message_id,
        answers=answers,
        language=language,
        facts=facts,
        said=said,
        expires_at=expires_at,
    )
    if verdict.allowed:
        message.status, message.next_attempt_at = MessageStatus.QUEUED, verdict.not_before or now
        message.reason = verdict.code if verdict.not_before else ""
    else:
        message.status, message.reason = MessageStatus.BLOCKED, verdict.code
    stored = insert(message)
    if stored is not message:
        return stored
    if verdict.allowed and verdict.not_before is None:
        jobs.enqueue_on_commit(DELIVER)
    if touch:
        show(message, verdict, now=now)
    return message


@transaction.atomic(savepoint=False)  # two statements fewer on the busiest path
def queue_inline(
    conversation: Conversation,
    *,
    body: str,
    purpose: str,
    author: str,
    now: datetime,
    answers: Message,
    user: Any = None,
    appointment: Appointment | None = None,
    language: str = "",
    facts: gate.Facts | None = None,
) -> Message:
    """Store an answer that travels in the webhook's own response; return the row.

    Born `sending`, with one attempt whose id is on the message as `inline_attempt_id`; workers never claim it.
    `blocked` when the gate says no: then there is nothing to send. The Conversation row is left to the inbound
    path, which updates it at its end.
    """
    message, verdict = prepared(
        conversation,
        body=body,
        purpose=purpose,
        author=author,
        now=now,
        user=user,
        appointment=appointment,
        answers=answers,
        language=language,
        facts=facts,
    )
    if not verdict.allowed:
        message.status, message.reason = MessageStatus.BLOCKED, verdict.code
        return insert(message)
    message.status, message.tries = MessageStatus.SENDING, 1
    message.next_attempt_at = now + timedelta(seconds=settings.OUTBOX_INLINE_SETTLE)
    assert message.account_id is not None
    attempt = Attempt(
        message=message, n=1, account_id=message.account_id, kind=AttemptKind.INLINE, created_at=now
    )
    storing.insert_together(message, attempt)
    message.inline_attempt_id = attempt.pk  # type: ignore[attr-defined]
    return message


def answers_inline(provider: str) -> bool:
    """Tell whether an answer can travel in the response to that provider's webhook."""
    return settings.MEDSYNC_INLINE_REPLIES and providers.get(provider).answers_inline


def insert(message: Message) -> Message:
    """Store the message, or return the one that has its key. Raises KeyReused."""
    keyed = bool(message.dedupe_key or message.client_message_id)
    Message.objects.bulk_create([message], ignore_conflicts=keyed)
    if not keyed:
        return message
    match = Q(pk=message.pk)
    if message.dedupe_key:
        match |= Q(dedupe_key=message.dedupe_key)
    if message.client_message_id:
        match |= Q(client_message_id=message.client_message_id)
    stored = Message.objects.get(match)
    return message if stored.pk == message.pk else same_or_reused(stored, message)


def same_or_reused(stored: Message, again: Message) -> Message:
    """Return the stored message when `again` is the same request once more. Raises KeyReused."""
    same_key = again.client_message_id and stored.client_message_id == again.client_message_id
    if same_key and (stored.conversation_id, stored.body) != (again.conversation_id, again.body):
        raise KeyReused
    return stored


def show(message: Message, verdict: gate.Verdict, *, now: datetime) -> None:
    """Put a new outbound message into its thread's columns."""
    changes: dict[str, Any] = {}
    if message.sender_id is not None:
        changes["window_closes_at"] = verdict.window_closes_at
    if not verdict.allowed and verdict.code != gate.DUPLICATE:  # of a duplicate the patient has the words
        if message.purpose == gate.NOTICE:  # somebody else must tell the patient
            changes |= threads.failing(now)
        else:
            changes["failed_count"] = F("failed_count") + 1
    threads.touch(message.conversation_id, now=now, message=message, **changes)
