"""Taking back what a member did with threads: only where nothing newer happened, questions that were closed as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from clinics.models import User
from messaging import blocking, live
from messaging.history import MOST_AT_ONCE, ChangedMeanwhile, columns_of, heard_since, write
from messaging.models import (
    Conversation,
    ConversationEvent,
    ConversationEventKind,
    ConversationState,
    Question,
    QuestionOutcome,
)
from scheduling.locks import retrying

#: How long a deed stands in the list of what can be undone.
UNDO_FOR = timedelta(hours=1)
UNDO_SHOWN = 10

#: What an undo wants to find as the deed left it.
_GUARDED = frozenset({"work_state", "snoozed_until", "assignee_id", "bot_off", "bot_paused_until"})


@dataclass(frozen=True, slots=True)
class Deed:
    """One deed of a member, whatever the number of threads it changed."""

    batch: UUID
    kind: ConversationEventKind
    threads: int
    at: datetime
    after: Mapping[str, object]
    first: UUID  # one of the threads


def deeds(user: User, *, now: datetime) -> list[Deed]:
    """Return what this member did last and can still undo, the newest first; one statement."""
    done = ConversationEvent.objects.filter(
        user=user, batch__isnull=False, undone_at=None, created_at__gt=now - UNDO_FOR
    )
    rows = done.order_by("-created_at", "-id").values_list(
        "batch", "kind", "created_at", "after", "conversation_id"
    )
    found: dict[UUID, Deed] = {}
    for batch, kind, at, after, thread in rows[: UNDO_SHOWN * MOST_AT_ONCE]:
        assert batch is not None
        known = found.get(batch)
        n = known.threads + 1 if known else 1
        found[batch] = Deed(batch, ConversationEventKind(kind), n, at, after, thread)
    return list(found.values())[:UNDO_SHOWN]


@retrying
def undo(batch: UUID, *, by: User, now: datetime) -> tuple[list[UUID], int]:
    """Bring back what was there before a member's own deed; return the threads, and how many changed meanwhile.

    A thread to which something newer happened stays as it is. Raises ChangedMeanwhile when that is so of all.
    """
    try:
        with transaction.atomic():
            return _undo(batch, by, now)
    except IntegrityError:  # a question of the same kind was asked in this very moment
        raise ChangedMeanwhile from None


def _undo(batch: UUID, by: User, now: datetime) -> tuple[list[UUID], int]:
    own = ConversationEvent.objects.filter(
        batch=batch, user=by, undone_at=None, created_at__gt=now - UNDO_FOR
    )
    events = {event.conversation_id: event for event in own}
    # Questions come before threads in the lock order.
    asked = [question for event in events.values() for question in event.before.get("questions", ())]
    reopened = _ask_again(asked, now) if asked else set()
    rows = list(Conversation.objects.select_for_update(no_key=True).filter(pk__in=events).order_by("pk"))
    newer = _newer(events)
    back = [row for row in rows if row.pk not in newer and _is_as_left(row, events[row.pk])]
    if not back:
        raise ChangedMeanwhile
    stays = reopened - {row.pk for row in back}
    if stays:
        Question.objects.filter(pk__in=asked, conversation__in=stays, closed_at=None).update(
            closed_at=now, outcome=QuestionOutcome.EXPIRED
        )
    for row in back:
        event = events[row.pk]
        fields = columns_of(event.before, event.kind)
        if "state" in fields and row.pk not in reopened:
            fields["state"] = ConversationState.IDLE  # what was asked has run out meanwhile
        write([row.pk], fields, now)
        live.publish("conversation", id=row.pk, version=row.version + 1)
        blocking.take_back([row.pk], event.kind, now=now)
    done = [events[row.pk].pk for row in back]
    ConversationEvent.objects.filter(pk__in=done).update(undone_at=now)
    return [row.pk for row in back], len(events) - len(back)


def _ask_again(questions: list[str], now: datetime) -> set[UUID]:
    """Open questions again that a deed has closed; return the threads that have one."""
    asked = Question.objects.filter(pk__in=questions, outcome=QuestionOutcome.EXPIRED, expires_at__gt=now)
    threads = set(asked.values_list("conversation_id", flat=True))
    asked.update(closed_at=None, outcome="")
    return threads


def _is_as_left(row: Conversation, event: ConversationEvent) -> bool:
    left = columns_of(event.after, event.kind)
    return all(getattr(row, name) == value for name, value in left.items() if name in _GUARDED)


def _newer(events: Mapping[UUID, ConversationEvent]) -> set[UUID]:
    """Return the threads in which something newer happened: a deed on the same columns, or a patient's message."""
    if not events:
        return set()
    at = min(event.created_at for event in events.values())
    newer: set[UUID] = set()
    later = ConversationEvent.objects.filter(conversation__in=events, created_at__gte=at, undone_at=None)
    for event in later.exclude(pk__in=[event.pk for event in events.values()]):
        ours = events[event.conversation_id]
        theirs, mine = columns_of(event.after, event.kind), columns_of(ours.after, ours.kind)
        if (event.created_at, event.pk) > (ours.created_at, ours.pk) and theirs.keys() & mine.keys():
            newer.add(event.conversation_id)
    stated = [pk for pk, event in events.items() if "work_state" in event.after]
    return newer | heard_since(stated, at)
