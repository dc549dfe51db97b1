"""The Conversation row, locked last: how every path outside of the inbound one changes it, by one UPDATE."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, Greatest

from messaging import live
from messaging.models import Author, Conversation, Direction, Message, MessageStatus, WorkState

#: A message in one of these did not reach the patient: a person must find another way.
NOT_REACHED = frozenset({MessageStatus.FAILED, MessageStatus.UNDELIVERED, MessageStatus.BLOCKED})


def thread_of(contact_point_id: UUID, *, now: datetime) -> Conversation:
    """Return the one thread of a contact point, made when nothing was ever said."""
    found = Conversation.objects.filter(contact_point=contact_point_id).first()
    if found is not None:
        return found
    new = Conversation(contact_point_id=contact_point_id, created_at=now, updated_at=now)
    Conversation.objects.bulk_create([new], ignore_conflicts=True)  # another may have been faster
    return Conversation.objects.get(contact_point=contact_point_id)


def touch(conversation_id: UUID, *, now: datetime, message: Message | None = None, **changes: Any) -> None:
    """Change a thread's columns, raise its version, tell open pages.

    With a `message` it becomes the last one that the list shows, unless a newer one is there already.
    """
    changes |= {"version": F("version") + 1, "updated_at": now}
    if "work_state" in changes:  # what stood before a failure counts no more once something else was decided
        changes.setdefault("state_before_failure", "")
    row = Conversation.objects.filter(pk=conversation_id)
    live.publish("conversation", id=conversation_id)
    if message is not None:
        not_newer = Q(last_message_at=None) | Q(last_message_at__lte=message.created_at)
        if row.filter(not_newer).update(**changes, **last_columns(message)):
            return
    row.update(**changes)


#: The list's columns of a thread in which nothing was said.
NOTHING_SAID: dict[str, Any] = {
    "last_message_id": None,
    "last_message_at": None,
    "last_body": "",
    "last_author": "",
    "last_kind": "",
    "last_status": "",
}


def last_columns(message: Message) -> dict[str, Any]:
    """Return the list's columns of a thread whose last message this is."""
    columns: dict[str, Any] = {
        "last_message_id": message.pk,
        "last_message_at": message.created_at,
        "last_body": message.body[:200],
        "last_author": message.author,
        "last_kind": message.kind,
        "last_status": message.status,
    }
    if message.sender_id is not None:  # a note belongs to no channel
        columns |= {"last_channel": message.channel, "last_sender_id": message.sender_id}
    return columns


def status_moved(conversation_id: UUID, message_id: UUID, *, before: str, after: str, now: datetime) -> None:
    """Show a message's new status in its thread, and count it while it has not reached the patient.

    A message that newly failed brings the thread to "needs reply": somebody must find another way.
    """
    changes: dict[str, Any] = {
        "last_status": Case(When(last_message_id=message_id, then=Value(after)), default=F("last_status"))
    }
    failed, failed_before = after in NOT_REACHED, before in NOT_REACHED
    if failed and not failed_before:
        changes |= failing(now)
    elif failed_before and not failed:
        changes |= recovering()
    touch(conversation_id, now=now, **changes)


def failing(now: datetime) -> dict[str, Any]:
    """Return the changes of a thread in which one more message did not reach the patient.

    Where it stood before is kept; until when it was snoozed as well.
    """
    needs = Q(work_state=WorkState.NEEDS_REPLY)
    return {
        "failed_count": F("failed_count") + 1,
        "state_before_failure": Case(When(needs, then=F("state_before_failure")), default=F("work_state")),
        "work_state": WorkState.NEEDS_REPLY,
        "waiting_since": Coalesce("waiting_since", Value(now)),
    }


def recovering() -> dict[str, Any]:
    """Return the changes of a thread in which one message less waits for a way out.

    After the last one the thread goes back to where it stood, unless a patient wrote or a member decided since.
    """
    back = Q(failed_count__lte=1, work_state=WorkState.NEEDS_REPLY) & ~Q(state_before_failure="")
    waits_no_more = back & ~Q(state_before_failure=WorkState.SNOOZED)
    return {
        "failed_count": Greatest(F("failed_count") - 1, 0),
        "work_state": Case(When(back, then=F("state_before_failure")), default=F("work_state")),
        "waiting_since": Case(When(waits_no_more, then=Value(None)), default=F("waiting_since")),
        "state_before_failure": Case(When(back, then=Value("")), default=F("state_before_failure")),
    }


def solved(conversation_id: UUID, *, now: datetime) -> None:
    """Count one message less that did not reach the patient: a person found another way."""
    touch(conversation_id, now=now, **recovering())


def answered_since(conversation_id: UUID, after_id: UUID, *, user_id: UUID) -> Message | None:
    """Return the newest message that a colleague of `user_id` sent after that one, None when nobody did."""
    seen = Message.objects.filter(conversation_id=conversation_id, pk=after_id).values("created_at").first()
    if seen is None:
        return None
    at = seen["created_at"]
    return (
        Message.objects.filter(
            Q(created_at__gt=at) | Q(created_at=at, pk__gt=after_id),
            conversation_id=conversation_id,
            direction=Direction.OUTBOUND,
            author=Author.STAFF,
            sender__isnull=False,  # a note answers nobody
        )
        .exclude(user_id=user_id)
        .exclude(status__in=[MessageStatus.BLOCKED, MessageStatus.CANCELLED])
        .exclude(status=MessageStatus.QUEUED, send_at__isnull=False)  # not said yet
        .select_related("user")
        .order_by("-created_at", "-id")
        .first()
    )
