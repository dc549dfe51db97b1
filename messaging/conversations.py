"""What members do with a thread as a piece of work: done, nothing to answer, put away, assign, pause the bot.

Each is one UPDATE of the Conversation row that raises its version (the last place in the lock order), and tells
open inboxes. They return False when there was nothing to change.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from clinics.models import User
from messaging import live
from messaging.models import (
    Conversation,
    ConversationState,
    MessagingSettings,
    Question,
    QuestionOutcome,
    ThreadSeen,
    WorkState,
)
from scheduling.models import HoldPurpose
from scheduling.operations import release_holds


def holder(conversation: Conversation) -> str:
    """Return the name under which times are held for the person of a thread."""
    return f"contact:{conversation.contact_point_id}"


@transaction.atomic
def done(conversation: Conversation, *, by: User | None, now: datetime) -> bool:
    """Close the work: open questions end, held times are free again, the next message begins a new episode."""
    release_holds(holder(conversation), purpose=HoldPurpose.OFFER)
    Question.objects.filter(conversation=conversation, closed_at=None).update(
        closed_at=now, outcome=QuestionOutcome.EXPIRED
    )
    return _change(
        conversation,
        now,
        work_state=WorkState.DONE,
        state=ConversationState.IDLE,
        waiting_since=None,
        snoozed_until=None,
        unread_count=0,
        handed_over_at=None,
        machine_suspected_at=None,
    )


def no_reply_needed(conversation: Conversation, *, by: User | None, now: datetime) -> bool:
    """Say that the patient's last message wants no answer; questions and offers stay open."""
    return _change(
        conversation,
        now,
        only={"work_state": WorkState.NEEDS_REPLY},
        work_state=WorkState.WAITING if conversation.state != ConversationState.IDLE else WorkState.DONE,
        waiting_since=None,
        unread_count=0,
        handed_over_at=None,
    )


def reopen(conversation: Conversation, *, by: User | None, now: datetime) -> bool:
    """Put a thread back among those that need a reply."""
    return _change(
        conversation,
        now,
        work_state=WorkState.NEEDS_REPLY,
        waiting_since=conversation.waiting_since or now,
        put_away_at=None,
        snoozed_until=None,
    )


def put_away(conversation: Conversation, *, by: User | None, now: datetime) -> bool:
    """Take a thread out of all lists; the patient's next message brings it back."""
    return _change(
        conversation,
        now,
        only={"put_away_at": None},
        put_away_at=now,
        waiting_since=None,
        work_state=WorkState.DONE,
    )


def bring_back(conversation: Conversation, *, by: User | None, now: datetime) -> bool:
    """Undo `put_away`."""
    return _change(conversation, now, put_away_at=None)


def assign(conversation: Conversation, *, to: User | None, by: User | None, now: datetime) -> bool:
    """Give a thread to a member, or to nobody."""
    return _change(conversation, now, assignee_id=to.pk if to else None)


def mark_read(conversation: Conversation, *, now: datetime) -> bool:
    """Count nothing as unread. Changes no work state: only an answer, done or "no reply needed" do."""
    if not conversation.unread_count:
        return False
    return _change(conversation, now, unread_count=0)


def pause_bot(conversation: Conversation, *, by: User, now: datetime, minutes: int | None = None) -> bool:
    """Silence the bot in this thread for some minutes (default: the clinic's setting)."""
    pause = MessagingSettings.load().bot_pause_minutes if minutes is None else minutes
    return _change(conversation, now, bot_paused_until=now + timedelta(minutes=pause))


def switch_bot(conversation: Conversation, *, on: bool, by: User, now: datetime) -> bool:
    """Switch the bot off in this thread until further notice, or on again at once."""
    return _change(conversation, now, bot_off=not on, bot_paused_until=None)


def bot_is_silent(conversation: Conversation, *, now: datetime) -> bool:
    """Say whether the bot is paused or off in this thread."""
    paused = conversation.bot_paused_until
    return conversation.bot_off or (paused is not None and paused > now)


def _change(
    conversation: Conversation, now: datetime, *, only: dict[str, Any] | None = None, **fields: Any
) -> bool:
    """Write the fields by one guarded UPDATE; return whether the row changed."""
    changed = Conversation.objects.filter(pk=conversation.pk, **(only or {})).update(
        version=F("version") + 1, updated_at=now, **fields
    )
    if not changed:
        return False
    for name, value in fields.items():
        setattr(conversation, name, value)
    conversation.version += 1
    conversation.updated_at = now
    live.publish("conversation", id=conversation.pk, version=conversation.version)
    return True


def seen(conversation: Conversation, *, by: User, now: datetime) -> None:
    """Remember up to when a member has read the thread. Never goes back; the thread itself does not change."""
    ThreadSeen.objects.bulk_create(
        [ThreadSeen(conversation=conversation, user=by, seen_at=now)],
        update_conflicts=True,
        unique_fields=["conversation", "user"],
        update_fields=["seen_at"],
    )
