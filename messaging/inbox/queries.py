"""What the inbox reads. The list reads columns kept on Conversation: its cost does not grow with the messages.

Pages are keyset pages: no OFFSET, and counts stop at COUNT_LIMIT.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils.dateparse import parse_datetime

from clinics.models import Channel, User
from messaging import outbox
from messaging.attachments import attaching
from messaging.models import (
    Attempt,
    Author,
    ChannelConsent,
    Conversation,
    ConversationEvent,
    Message,
    ThreadSeen,
    WorkState,
)
from messaging.threads import NOT_REACHED
from scheduling.models import (
    Appointment,
    AppointmentEvent,
    ContactPoint,
    EventKind,
    Patient,
    PatientContact,
    Status,
)

PAGE = 50
COUNT_LIMIT = 100


class View(StrEnum):
    """The views of the inbox, in the rail's order."""

    NEEDS_REPLY = "needs-reply"
    REQUESTS = "requests"
    BOT = "bot"
    WAITING = "waiting"
    DONE = "done"
    ALL = "all"


_STATES = {
    View.NEEDS_REPLY: WorkState.NEEDS_REPLY,
    View.BOT: WorkState.BOT,
    View.WAITING: WorkState.WAITING,
    View.DONE: WorkState.DONE,
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list, with what its rows need beside their own columns."""

    conversations: list[Conversation]
    people: dict[UUID, list[Patient]]  # by contact point
    requests: frozenset[UUID]  # contact points with a request that waits
    staff: dict[UUID, tuple[UUID, str]]  # last message -> (user, first name), where staff wrote last
    next_cursor: str | None


def conversations(view: View, *, cursor: str = "", limit: int = PAGE) -> Page:
    """Return a page of the list, in four statements; `cursor` is the `next_cursor` of the page before."""
    rows = Conversation.objects.filter(put_away_at=None).select_related(
        "contact_point", "last_sender", "assignee"
    )
    if view in _STATES:
        rows = rows.filter(work_state=_STATES[view])
    elif view is View.REQUESTS:
        pending = Appointment.objects.filter(status=Status.PENDING_REVIEW, contact_point__isnull=False)
        rows = rows.filter(contact_point__in=pending.values("contact_point"))
    rows = _after(rows, view, cursor)
    found = list(rows[: limit + 1])
    page = found[:limit]
    points = [row.contact_point_id for row in page]
    authored = [
        row.last_message_id for row in page if row.last_message_id and row.last_author == Author.STAFF
    ]
    return Page(
        conversations=page,
        people=people_of(points),
        requests=frozenset(
            Appointment.objects.filter(status=Status.PENDING_REVIEW, contact_point__in=points).values_list(
                "contact_point_id", flat=True
            )
            if points
            else ()
        ),
        staff=_authors(authored),
        next_cursor=_cursor(view, page[-1]) if len(found) > limit else None,
    )


def _after(rows: QuerySet[Conversation], view: View, cursor: str) -> QuerySet[Conversation]:
    at_text, _, id_text = cursor.partition("|")
    try:
        at = parse_datetime(at_text) if at_text else None
        last_id = UUID(id_text) if cursor else None
    except ValueError:  # a cursor that we did not make begins at the top
        at = last_id = None
    if view is View.NEEDS_REPLY:
        rows = rows.order_by("waiting_since", "id")  # Postgres puts nulls last
        if last_id is None:
            return rows
        if at is None:
            return rows.filter(waiting_since=None, id__gt=last_id)
        later = Q(waiting_since__gt=at) | Q(waiting_since=None)
        return rows.filter(later | Q(waiting_since=at, id__gt=last_id))
    # Threads without any message come last; Postgres puts nulls first in a descending order.
    rows = rows.filter(last_message_at__isnull=False).order_by("-last_message_at", "-id")
    if last_id is None or at is None:
        return rows
    return rows.filter(Q(last_message_at__lt=at) | Q(last_message_at=at, id__lt=last_id))


def _cursor(view: View, row: Conversation) -> str:
    at = row.waiting_since if view is View.NEEDS_REPLY else row.last_message_at
    return f"{at.isoformat() if at else ''}|{row.id}"


def people_of(contact_points: list[UUID]) -> dict[UUID, list[Patient]]:
    """Return the patients who are reached by each contact point, the starred first."""
    found: dict[UUID, list[Patient]] = {}
    if contact_points:
        links = PatientContact.objects.filter(
            contact_point__in=contact_points, not_theirs_at=None, patient__merged_into=None
        )
        for link in links.select_related("patient"):
            found.setdefault(link.contact_point_id, []).append(link.patient)
    return found


def _authors(message_ids: list[UUID]) -> dict[UUID, tuple[UUID, str]]:
    if not message_ids:
        return {}
    written = Message.objects.filter(id__in=message_ids, user__isnull=False).select_related("user")
    return {m.id: (m.user.id, m.user.get_short_name()) for m in written if m.user is not None}


_STATE = """(SELECT count(*) FROM (SELECT 1 FROM messaging_conversation
    WHERE put_away_at IS NULL AND work_state = %s LIMIT %s) AS first_ones)"""
_PENDING = """(SELECT count(*) FROM (SELECT 1 FROM scheduling_appointment
    WHERE status = %s LIMIT %s) AS first_ones)"""


def counts() -> dict[View, int]:
    """Return how many threads stand in each view, at most COUNT_LIMIT; one statement that reads no more than that."""
    asked = (View.NEEDS_REPLY, View.BOT, View.WAITING)
    parameters: list[str | int] = []
    for view in asked:
        parameters += [_STATES[view].value, COUNT_LIMIT]
    parameters += [Status.PENDING_REVIEW.value, COUNT_LIMIT]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_STATE}, {_STATE}, {_STATE}, {_PENDING}", parameters)
        row = cursor.fetchone()
    return dict(zip((*asked, View.REQUESTS), row, strict=True))


@dataclass(frozen=True, slots=True)
class ThreadRows:
    """What one thread shows: its newest messages (oldest first), and the requests that stand among them."""

    conversation: Conversation
    people: list[Patient]
    messages: list[Message]
    requests: list[Appointment]
    consents: list[ChannelConsent]
    events: list[ConversationEvent]
    names: dict[str, str]  # of members to whom the thread was given: user id -> first name
    seen_at: datetime | None  # up to when this member has seen the thread
    can_text: bool  # what did not arrive on WhatsApp could go by SMS; asked only where something did not
    older_cursor: str | None = None


def conversation(conversation_id: UUID) -> Conversation | None:
    """Return a thread that was not put away."""
    return (
        Conversation.objects.filter(pk=conversation_id, put_away_at=None)
        .select_related("contact_point", "last_sender", "assignee")
        .first()
    )


def thread(
    found: Conversation, *, user: User, older: str = "", seen_at: datetime | None = None, limit: int = PAGE
) -> ThreadRows:
    """Return a page of a thread, the newest unless `older` is a cursor; at most eight statements.

    `seen_at` keeps the line "new since you looked" where it was when the thread was opened.
    """
    messages = Message.objects.filter(conversation=found).select_related("user", "sender")
    messages = messages.order_by("-created_at", "-id")
    before = _message_cursor(older)
    if before is not None:
        at, last_id = before
        messages = messages.filter(Q(created_at__lt=at) | Q(created_at=at, id__lt=last_id))
    newest = list(messages[: limit + 1])
    shown = newest[:limit][::-1]
    attaching.load(shown)
    cursor = f"{shown[0].created_at.isoformat()}|{shown[0].id}" if len(newest) > limit else None
    consents = list(ChannelConsent.objects.filter(contact_point=found.contact_point_id))
    events = _events(found, shown, before=before and before[0], whole=cursor is None)
    return ThreadRows(
        conversation=found,
        people=people_of([found.contact_point_id]).get(found.contact_point_id, []),
        messages=shown,
        requests=_requests(found.contact_point, shown, before=before and before[0], whole=cursor is None),
        consents=consents,
        events=events,
        names=_names(events),
        seen_at=seen_at or (None if before else _seen_at(found, user)),
        can_text=_can_text(found, shown, consents),
        older_cursor=cursor,
    )


def _requests(
    point: ContactPoint, shown: list[Message], *, before: datetime | None, whole: bool
) -> list[Appointment]:
    """Return the requests made while these messages were written; on the newest page also all that wait."""
    was_request = AppointmentEvent.objects.filter(appointment=OuterRef("pk"), kind=EventKind.REQUESTED)
    asked = Appointment.objects.filter(Exists(was_request), contact_point=point)
    asked = asked.select_related("patient", "practitioner", "type", "location", "decided_by", "contact_point")
    if shown and not whole:
        # A request is stored in the transaction of its message, some milliseconds after it.
        inside = Q(created_at__gte=shown[0].created_at - timedelta(seconds=1))
        asked = asked.filter(inside if before else inside | Q(status=Status.PENDING_REVIEW))
    if before is not None:
        asked = asked.filter(created_at__lt=before).exclude(status=Status.PENDING_REVIEW)
    return list(asked.order_by("-created_at", "-id")[:PAGE])[::-1]


def _events(
    found: Conversation, shown: list[Message], *, before: datetime | None, whole: bool
) -> list[ConversationEvent]:
    """Return what was done with the thread while these messages were written."""
    done = ConversationEvent.objects.filter(conversation=found, undone_at=None).select_related("user")
    if shown and not whole:
        done = done.filter(created_at__gte=shown[0].created_at)
    if before is not None:
        done = done.filter(created_at__lt=before)
    return list(done.order_by("-created_at", "-id")[:PAGE])[::-1]


def _names(events: list[ConversationEvent]) -> dict[str, str]:
    given = {event.after.get("user") for event in events} - {None, *(str(e.user_id) for e in events)}
    known = {str(e.user.pk): e.user.get_short_name() for e in events if e.user}
    if given:
        known |= {str(u.pk): u.get_short_name() for u in User.objects.filter(pk__in=given)}
    return known


def _seen_at(found: Conversation, user: User) -> datetime | None:
    return ThreadSeen.objects.filter(conversation=found, user=user).values_list("seen_at", flat=True).first()


def _can_text(found: Conversation, shown: list[Message], consents: list[ChannelConsent]) -> bool:
    lost = any(m.channel == Channel.WHATSAPP and m.status in NOT_REACHED and not m.solved for m in shown)
    if not lost or not found.contact_point.phone:
        return False
    sms = next((c for c in consents if c.channel == Channel.SMS), None)
    if sms is not None and (sms.opted_out_at or sms.care is False):
        return False
    return outbox.can_send_sms()


def _message_cursor(text: str) -> tuple[datetime, UUID] | None:
    at_text, _, id_text = text.partition("|")
    try:
        at = parse_datetime(at_text)
        return (at, UUID(id_text)) if at else None
    except ValueError:
        return None


def message_with_history(conversation_id: UUID, message_id: UUID) -> Message | None:
    """Return a message with its attempts and what the provider said of them."""
    attempts = Attempt.objects.prefetch_related("status_events").order_by("n")
    return (
        Message.objects.filter(pk=message_id, conversation_id=conversation_id)
        .select_related("user", "sender")
        .prefetch_related(Prefetch("attempts", queryset=attempts))
        .first()
    )
