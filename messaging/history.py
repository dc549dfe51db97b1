"""What members do with threads, kept with what was there before, so that `messaging.undoing` can bring it back.

A change locks the Conversation rows (the last place in the lock order, ascending), writes those that want the same by
one UPDATE, and keeps an event for each in the same transaction: ids, states and times only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2s
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet

from clinics.models import User
from messaging import live, threads
from messaging.models import (
    Conversation,
    ConversationEvent,
    ConversationEventKind,
    Direction,
    Message,
    WorkState,
)

#: So many threads at most are changed by one deed.
MOST_AT_ONCE = 100

_BOT = frozenset(
    {ConversationEventKind.BOT_ON, ConversationEventKind.BOT_PAUSED, ConversationEventKind.BOT_OFF}
)

Fields = Mapping[str, Any]
Decide = Callable[[Conversation], Fields | None]


class ChangedMeanwhile(Exception):
    """Something newer happened to the thread, which the member had not seen."""

    code = "changed_meanwhile"


class ChangedByColleague(ChangedMeanwhile):
    """Another member did something with the thread, or answered, which the member had not seen."""

    code = "changed_by_colleague"

    def __init__(self, colleague: User) -> None:
        super().__init__(self.code)
        self.colleague = colleague


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page showed of a thread when its member decided: the last message, the newest deed; None: not known."""

    message: UUID | None
    deed: UUID | None = None


#: The deed of a page that showed none.
NO_DEED = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Many:
    """What a deed on many threads came to: those that changed, and how many had changed meanwhile."""

    changed: Sequence[UUID]
    skipped: int


def change(
    ids: Iterable[UUID],
    decide: Decide,
    *,
    kind: ConversationEventKind,
    by: User | None,
    now: datetime,
    batch: UUID | None = None,
    kept: Mapping[UUID, Mapping[str, Any]] | None = None,
) -> list[Conversation]:
    """Write what `decide` wants of each locked thread (None: nothing) and return those that changed.

    What changed stands in an event each; `kept` is put into its `before`, for the undo of what lies elsewhere.
    """
    changed: list[Conversation] = []
    events: list[ConversationEvent] = []
    groups: dict[tuple[tuple[str, Any], ...], list[UUID]] = {}
    with transaction.atomic():
        for row in (
            Conversation.objects.select_for_update(no_key=True).filter(pk__in=list(ids)).order_by("pk")
        ):
            wanted = decide(row)
            new = {n: value for n, value in (wanted or {}).items() if getattr(row, n) != value}
            if not wanted or not new:
                continue
            old = {name: getattr(row, name) for name in new}
            before = _words(old, kind) | dict((kept or {}).get(row.pk, {}))
            events.append(
                ConversationEvent(
                    conversation=row,
                    kind=kind,
                    user=by,
                    batch=batch,
                    before=before,
                    after=_words(new, kind),
                    created_at=now,
                )
            )
            groups.setdefault(tuple(sorted(wanted.items())), []).append(row.pk)
            for name, value in new.items():
                setattr(row, name, value)
            changed.append(row)
        ConversationEvent.objects.bulk_create(events)
        for fields, rows in groups.items():
            write(rows, dict(fields), now)
        for row in changed:
            row.version, row.updated_at = row.version + 1, now
            live.publish("conversation", id=row.pk, version=row.version)
    return changed


def back_to_work(row: Conversation, now: datetime) -> dict[str, Any]:
    """Return the columns of a thread that needs a reply again; who waited before has waited all along."""
    return {
        "work_state": WorkState.NEEDS_REPLY,
        "waiting_since": row.waiting_since or now,
        "snoozed_until": None,
        "state_before_failure": "",
    }


def unless_changed(seen: Seen | None, wanted: Fields | Decide, *, by: User | None) -> Decide:
    """Return a decision that is refused when the patient wrote, or a colleague acted, after what the member saw.

    Neither ticks nor the bot's words are in the way, nor what the member did a moment ago.
    """

    def decide(row: Conversation) -> Mapping[str, Any] | None:
        if seen is not None:
            if seen.message is not None and row.last_message_id != seen.message:
                _unless_said(row, seen.message, by)
            if seen.deed is not None:
                _unless_done(row, seen.deed, by)
        return wanted(row) if callable(wanted) else wanted

    return decide


def _unless_said(row: Conversation, seen: UUID, by: User | None) -> None:
    at = Message.objects.filter(pk=seen, conversation=row).values_list("created_at", flat=True).first()
    if at is not None and heard_since([row.pk], at):
        raise ChangedMeanwhile
    answer = threads.answered_since(row.pk, seen, user_id=by.pk) if by else None
    if answer is not None and answer.user is not None:
        raise ChangedByColleague(answer.user)


def _unless_done(row: Conversation, seen: UUID, by: User | None) -> None:
    newer = Q(pk__gt=seen, undone_at=None) | Q(pk=seen, undone_at__isnull=False)
    done = deeds_with(row.pk).filter(newer).exclude(user=by).select_related("user").order_by("-pk").first()
    if done is not None and done.user is not None:
        raise ChangedByColleague(done.user)


def deeds_with(conversation: UUID | OuterRef) -> QuerySet[ConversationEvent]:
    """Return what members did with a thread as work; the bot's switch, which typing moves as well, is none of it."""
    done = ConversationEvent.objects.filter(conversation=conversation, user__isnull=False)
    return done.exclude(kind__in=_BOT)


def stamp(row: Conversation) -> str:
    """Return the mark of what a list shows that matters for a deed: what the patient said, and where the thread stands.

    Ticks and the bot's words leave it as it is; a failure that somebody must see to does not.
    """
    shown = (
        row.last_heard_id,
        row.work_state,
        row.assignee_id,
        row.snoozed_until and row.snoozed_until.timestamp(),
        row.put_away_at and row.put_away_at.timestamp(),
        row.failed_count,
    )
    return blake2s("|".join(map(str, shown)).encode(), digest_size=8).hexdigest()


def one(
    conversation: Conversation,
    wanted: Fields | Decide,
    kind: ConversationEventKind,
    *,
    by: User | None,
    now: datetime,
    batch: UUID | None,
) -> bool:
    """Change one thread; return whether it changed, and let the caller's copy say so."""
    decide = wanted if callable(wanted) else lambda row: wanted
    changed = change([conversation.pk], decide, kind=kind, by=by, now=now, batch=batch)
    return stands([conversation], changed)


def many(
    stamps: Mapping[UUID, str],
    fields: Fields,
    kind: ConversationEventKind,
    *,
    by: User,
    now: datetime,
    batch: UUID,
) -> Many:
    """Change those of many threads that still stand as the member saw them (see `stamp`)."""
    same: set[UUID] = set()

    def decide(row: Conversation) -> Fields | None:
        if stamp(row) != stamps[row.pk]:
            return None
        same.add(row.pk)
        return fields

    changed = change(stamps, decide, kind=kind, by=by, now=now, batch=batch)
    return Many([row.pk for row in changed], len(stamps) - len(same))


def stands(threads: Sequence[Conversation], changed: Sequence[Conversation]) -> bool:
    """Let the caller's copies say what stands in the rows now."""
    fresh = {row.pk: row for row in changed}
    for thread in threads:
        if (row := fresh.get(thread.pk)) is not None:
            for field in Conversation._meta.concrete_fields:
                setattr(thread, field.attname, getattr(row, field.attname))
    return bool(changed)


def write(ids: list[UUID], fields: dict[str, Any], now: datetime) -> None:
    """Write the columns of locked rows and raise their versions."""
    Conversation.objects.filter(pk__in=ids).update(version=F("version") + 1, updated_at=now, **fields)


def _words(fields: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {_word(name, kind): _plain(value) for name, value in fields.items()}


def _word(name: str, kind: str) -> str:
    """Return the name under which an event keeps a column: who and until when are said alike by all kinds."""
    if name == "assignee_id":
        return "user"
    return "until" if name == ("bot_paused_until" if kind in _BOT else "snoozed_until") else name


def _column(word: str, kind: str) -> str:
    if word == "user":
        return "assignee_id"
    if word == "until":
        return "bot_paused_until" if kind in _BOT else "snoozed_until"
    return word


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int) else str(value)


def columns_of(words: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return the columns of an event's `before` or `after` as the model holds them."""
    columns = {field.attname: field for field in Conversation._meta.concrete_fields}
    named = {_column(word, kind): value for word, value in words.items()}
    return {name: columns[name].to_python(value) for name, value in named.items() if name in columns}


def heard_since(ids: Iterable[UUID], at: datetime) -> set[UUID]:
    """Return those threads whose patients have written after that moment."""
    newer = Message.objects.filter(conversation__in=list(ids), created_at__gt=at, direction=Direction.INBOUND)
    return set(newer.values_list("conversation_id", flat=True))
