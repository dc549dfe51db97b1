"""The episodes of a thread: when a patient's message begins a new one, and how it brings the thread back."""

from datetime import datetime, timedelta
from typing import Any

from messaging.models import Conversation, ConversationEvent, ConversationEventKind, WorkState
from messaging.stored import Stored

ENDS_AFTER = timedelta(hours=48)


def is_new(conversation: Conversation, now: datetime) -> bool:
    """Tell whether what comes now begins an episode: after the end of the last one, or after a long silence."""
    last = conversation.last_message_at
    return (
        conversation.episode_started_at is None
        or conversation.work_state == WorkState.DONE
        or last is None
        or now - last > ENDS_AFTER
    )


def begin(stored: Stored, now: datetime) -> None:
    """Bring the thread back, and begin a new episode when it is one."""
    conversation = stored.conversation
    if stored.contact_point.blocked_at is not None:  # stays folded away
        return
    conversation.put_away_at = None
    if not stored.event.opens_window:  # a reaction or a notice: shown, but nobody waits
        return
    conversation.snoozed_until = None
    conversation.state_before_failure = ""
    conversation.work_state = WorkState.NEEDS_REPLY
    conversation.waiting_since = conversation.waiting_since or now
    if stored.new_episode:
        conversation.episode_started_at = now
        conversation.introduced_at = None
        conversation.wordless_told_at = None
        conversation.handed_over_at = None
        conversation.offers_in_row = 0


def note_waking(stored: Stored, before: dict[str, Any], now: datetime) -> None:
    """Say in the thread that this message has ended its sleep."""
    state = stored.conversation.work_state
    if stored.work_state_before != WorkState.SNOOZED or state == WorkState.SNOOZED:
        return
    until = before["snoozed_until"]
    ConversationEvent.objects.create(
        conversation=stored.conversation,
        kind=ConversationEventKind.WOKEN,
        before={"work_state": WorkState.SNOOZED.value, "until": until.isoformat() if until else None},
        after={"work_state": str(state)},
        created_at=now,
    )
