"""Blocking an address (spam, abuse): nobody answers it by itself, nothing is begun to it, its thread is folded away.

What the person writes is still kept, and STOP still counts. A member can undo it at any time.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from clinics.models import User
from messaging import gate, history
from messaging.conversations import holder
from messaging.history import Fields
from messaging.models import (
    Conversation,
    ConversationState,
    Message,
    MessageStatus,
    Question,
    QuestionOutcome,
    WorkState,
)
from messaging.models import ConversationEventKind as Kind
from scheduling.locks import retrying
from scheduling.models import ContactPoint, HoldPurpose
from scheduling.operations import release_holds


@retrying
@transaction.atomic
def block(conversation: Conversation, *, by: User, now: datetime, batch: UUID | None = None) -> bool:
    """Block the person of a thread: what is asked ends, held times are free, what waits to go out stays here."""
    if not _set(conversation, now):
        return False
    release_holds(holder(conversation), purpose=HoldPurpose.OFFER)
    asked = Question.objects.filter(conversation=conversation, closed_at=None).order_by("pk")
    closing = list(asked.select_for_update().values_list("pk", flat=True))
    Question.objects.filter(pk__in=closing).update(closed_at=now, outcome=QuestionOutcome.EXPIRED)
    Message.objects.filter(
        conversation=conversation, status=MessageStatus.QUEUED, author__in=("bot", "system")
    ).update(
        status=MessageStatus.CANCELLED,
        reason=gate.BLOCKED_ADDRESS,
        next_attempt_at=None,
        lease_until=None,
        updated_at=now,
    )
    fields: Fields = {
        "put_away_at": now,
        "work_state": WorkState.DONE,
        "state": ConversationState.IDLE,
        "waiting_since": None,
        "snoozed_until": None,
        "unread_count": 0,
        "state_before_failure": "",
    }
    kept = {conversation.pk: {"questions": [str(pk) for pk in closing]}}
    changed = history.change(
        [conversation.pk], lambda row: fields, kind=Kind.BLOCKED, by=by, now=now, batch=batch, kept=kept
    )
    return history.stands([conversation], changed)


@retrying
@transaction.atomic
def unblock(conversation: Conversation, *, by: User, now: datetime, batch: UUID | None = None) -> bool:
    """Let the person of a thread be answered again; the thread is back among those that are done."""
    if not _set(conversation, None):
        return False
    changed = history.change(
        [conversation.pk], lambda row: {"put_away_at": None}, kind=Kind.UNBLOCKED, by=by, now=now, batch=batch
    )
    return history.stands([conversation], changed)


def take_back(conversations: list[UUID], kind: str, *, now: datetime) -> None:
    """Undo what a deed of that kind did beside the thread's own row: part of `messaging.undoing`."""
    if kind in (Kind.BLOCKED, Kind.UNBLOCKED):
        at = None if kind == Kind.BLOCKED else now
        ContactPoint.objects.filter(conversation__in=conversations).update(blocked_at=at)


def _set(conversation: Conversation, at: datetime | None) -> bool:
    points = ContactPoint.objects.filter(pk=conversation.contact_point_id, blocked_at__isnull=at is not None)
    if not points.update(blocked_at=at):
        return False
    conversation.contact_point.blocked_at = at
    return True
