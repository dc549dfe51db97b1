"""Putting a message into the outbox, in the transaction of its cause."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from clinics.models import Sender
from medsync.lib import jobs
from medsync.lib.text import clean
from messaging import catalog, gate, providers, storing, threads
from messaging.models import (
    Attempt,
    AttemptKind,
    ContentTemplate,
    Conversation,
    Direction,
    Kind,
    Message,
    MessageStatus,
)
from messaging.outbox import routes
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
    through `sender`, else where the thread last was, else from the clinic's primary number. A `dedupe_key` or
    `client_message_id` that is there already returns the row that has it. `facts` spare the gate its reading.
    `said` tells which text of the catalog the body is; after `expires_at` it makes no sense any more.
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
        message.status, message.next_attempt_at = MessageStatus.QUEUED, now
    else:
        message.status, message.reason = MessageStatus.BLOCKED, verdict.code
    stored = insert(message)
    if stored is not message:
        return stored
    if verdict.allowed:
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


def prepared(
    conversation: Conversation,
    *,
    body: str,
    purpose: str,
    author: str,
    now: datetime,
    sender: Sender | None = None,
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
    template: ContentTemplate | None = None,
    variables: Mapping[str, str] | None = None,
) -> tuple[Message, gate.Verdict]:
    """Return an outbound message that is not stored yet, without a status, and what the gate says of it.

    With an approved text (`template`, filled with numbered `variables`) the body is what it reads like.
    """
    body = clean(body)
    if answers is not None and facts is not None:
        ids: tuple[UUID | None, UUID | None] = (answers.sender_id, answers.account_id)
        channel, address = answers.channel, answers.address
    else:
        route = routes.route_for(conversation, sender=sender, answers=answers)
        sender, channel, address = route.sender, route.channel, route.address
        ids = (sender.pk, sender.account_id) if sender else (None, None)
        facts = gate.facts_of(
            conversation,
            channel=channel,
            sender=sender,
            has_address=bool(address),
            approved=template is not None,
        )
    verdict = gate.judge(facts, channel=channel, purpose=purpose, body=body, now=now)
    message = Message(
        conversation=conversation,
        direction=Direction.OUTBOUND,
        channel=channel,
        kind=kind,
        author=author,
        user=user,
        sender_id=ids[0],
        account_id=ids[1],
        address=address,
        body=body,
        language=language,
        verdict=verdict.as_json(now),
        purpose=purpose,
        priority=gate.PRIORITY[purpose],
        said=said.as_json() if said else {},
        template=template,
        payload={"variables": dict(variables or {})} if template else {},
        expires_at=expires_at,
        appointment=appointment,
        dedupe_key=dedupe_key,
        client_message_id=client_message_id,
        answers=answers,
        created_at=now,
    )
    return message, verdict


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
    if not verdict.allowed:
        if message.purpose == gate.NOTICE:  # somebody else must tell the patient
            changes |= threads.failing(now)
        else:
            changes["failed_count"] = F("failed_count") + 1
    threads.touch(message.conversation_id, now=now, message=message, **changes)
