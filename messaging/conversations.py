"""What members do with a thread as a piece of work: done, no reply needed, open again, assign, put away.

Each is one UPDATE of the Conversation row that raises its version (the last place in the lock order), keeps an event
with what was there before (`messaging.history`), and tells open inboxes. They return False when there was nothing
to change. `batch` names the deed of a member, so that it can be undone.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from clinics.models import User
from messaging import history, live
from messaging.history import (
    ChangedMeanwhile,
    Decide,
    Fields,
    Many,
    Seen,
    back_to_work,
    many,
    one,
    stamp,
    stands,
    unless_changed,
)
from messaging.models import (
    Conversation,
    ConversationState,
    Question,
    QuestionKind,
    QuestionOutcome,
    ThreadSeen,
    WorkState,
)
from messaging.models import ConversationEventKind as Kind
from scheduling.locks import retrying
from scheduling.models import HoldPurpose
from scheduling.operations import release_holds


def holder(conversation: Conversation) -> str:
    """Return the name under which times are held for the person of a thread."""
    return f"contact:{conversation.contact_point_id}"


def done(
    conversation: Conversation,
    *,
    by: User | None,
    now: datetime,
    seen: Seen | None = None,
    batch: UUID | None = None,
) -> bool:
    """Close the work: open questions end, held times are free again, the next message begins a new episode.

    `seen` is what the member saw. Raises ChangedMeanwhile when the patient wrote or a colleague acted since.
    """
    return _finish([conversation], unless_changed(seen, _DONE, by=by), by=by, now=now, batch=batch)


@retrying
def done_many(stamps: Mapping[UUID, str], *, by: User, now: datetime, batch: UUID) -> Many:
    """Close the work of many threads at once, but for those that are no longer as the member saw them."""
    wanted = dict(stamps)
    while True:  # what was freed for a thread that has changed is given back by the roll-back
        threads = [row for row in Conversation.objects.filter(pk__in=wanted) if stamp(row) == wanted[row.pk]]
        moved: set[UUID] = set()

        def decide(row: Conversation, moved: set[UUID] = moved) -> Fields:
            if stamp(row) != wanted[row.pk]:
                moved.add(row.pk)
                raise ChangedMeanwhile
            return _DONE

        try:
            changed = _finish(threads, decide, by=by, now=now, batch=batch)
        except ChangedMeanwhile:
            for pk in moved:
                del wanted[pk]
            continue
        return Many([row.pk for row in threads] if changed else [], len(stamps) - len(threads))


_DONE: Fields = {
    "work_state": WorkState.DONE,
    "state": ConversationState.IDLE,
    "waiting_since": None,
    "snoozed_until": None,
    "unread_count": 0,
    "handed_over_at": None,
    "machine_suspected_at": None,
    "state_before_failure": "",
}


@retrying
def _finish(
    threads: Sequence[Conversation], decide: Decide, *, by: User | None, now: datetime, batch: UUID | None
) -> bool:
    with transaction.atomic():
        for thread in threads:
            release_holds(holder(thread), purpose=HoldPurpose.OFFER)
        ids = [thread.pk for thread in threads]
        open_ones = Question.objects.filter(conversation__in=ids, closed_at=None).order_by("pk")
        asked: dict[UUID, dict[str, Any]] = {}
        # What the clinic asked stays open: times that staff offered, and whether somebody comes.
        staffs: dict[UUID, str | None] = {}
        for pk, thread_id, kind, counter in open_ones.select_for_update().values_list(
            "pk", "conversation_id", "kind", "context__counter"
        ):
            if counter:
                staffs[thread_id] = None  # the state that shows it stands already
            elif kind == QuestionKind.CONFIRM_VISIT:
                staffs.setdefault(thread_id, ConversationState.AWAITING_CONFIRM)
            else:
                asked.setdefault(thread_id, {"questions": []})["questions"].append(str(pk))
        if asked:
            closing = [pk for kept in asked.values() for pk in kept["questions"]]
            Question.objects.filter(pk__in=closing).update(closed_at=now, outcome=QuestionOutcome.EXPIRED)

        def still_asked(row: Conversation) -> Fields | None:
            fields = decide(row)
            if not fields or row.pk not in staffs:
                return fields
            return {**fields, "state": staffs[row.pk] or row.state}

        return stands(
            threads, history.change(ids, still_asked, kind=Kind.DONE, by=by, now=now, batch=batch, kept=asked)
        )


def no_reply_needed(
    conversation: Conversation,
    *,
    by: User | None,
    now: datetime,
    seen: Seen | None = None,
    batch: UUID | None = None,
) -> bool:
    """Say that the patient's last message wants no answer; questions and offers stay open.

    Raises ChangedMeanwhile when the patient wrote or a colleague acted after what the member saw.
    """

    def decide(row: Conversation) -> Fields | None:
        if row.work_state != WorkState.NEEDS_REPLY:
            return None
        waits = row.state != ConversationState.IDLE
        return {
            "work_state": WorkState.WAITING if waits else WorkState.DONE,
            "waiting_since": None,
            "unread_count": 0,
            "handed_over_at": None,
            "state_before_failure": "",
        }

    return one(conversation, unless_changed(seen, decide, by=by), Kind.NO_REPLY, by=by, now=now, batch=batch)


def reopen(conversation: Conversation, *, by: User | None, now: datetime, batch: UUID | None = None) -> bool:
    """Put a thread back among those that need a reply."""

    def decide(row: Conversation) -> Fields | None:
        if row.work_state == WorkState.NEEDS_REPLY and row.put_away_at is None:
            return None
        return back_to_work(row, now) | {"put_away_at": None}

    return one(conversation, decide, Kind.REOPENED, by=by, now=now, batch=batch)


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


def assign(
    conversation: Conversation,
    *,
    to: User | None,
    by: User | None,
    now: datetime,
    seen: Seen | None = None,
    batch: UUID | None = None,
) -> bool:
    """Give a thread to a member, or to nobody. Raises ChangedMeanwhile when a colleague acted after what was seen."""
    decide = unless_changed(seen, _given(to), by=by)
    return one(conversation, decide, Kind.ASSIGNED, by=by, now=now, batch=batch)


def assign_many(stamps: Mapping[UUID, str], *, to: User | None, by: User, now: datetime, batch: UUID) -> Many:
    """Give many threads to a member, or to nobody, but for those that are no longer as the member saw them."""
    return many(stamps, _given(to), Kind.ASSIGNED, by=by, now=now, batch=batch)


def _given(to: User | None) -> Fields:
    return {"assignee_id": to.pk if to else None}


def bot_is_silent(conversation: Conversation, *, now: datetime) -> bool:
    """Say whether the bot is paused or off in this thread."""
    paused = conversation.bot_paused_until
    return conversation.bot_off or (paused is not None and paused > now)


def _change(
    conversation: Conversation, now: datetime, *, only: dict[str, Any] | None = None, **fields: Any
) -> bool:
    """Write what is no deed to undo by one guarded UPDATE; return whether the row changed."""
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
