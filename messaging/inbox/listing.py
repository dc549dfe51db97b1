"""What the inbox's list and its views read: columns kept on Conversation, whose cost does not grow with the messages.

Pages are keyset pages over partial indexes: no OFFSET, and counts stop at COUNT_LIMIT.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet, Value

from clinics.models import Clinic, User
from medsync.lib import clock
from medsync.lib.ids import id_in
from messaging.inbox import drafts
from messaging.inbox.queries import PAGE, View, people_of
from messaging.models import Author, Conversation, HeldOutcome, HeldReply, Message, WorkState
from scheduling.models import LIVE, Appointment, ContactPoint, Patient, PatientContact, Status

COUNT_LIMIT = 100
#: A window that closes within this is worth a view of its own.
CLOSING = timedelta(hours=2)

#: Who may still be answered: the threads of the view "closing".
_OPEN_WORK = (WorkState.NEEDS_REPLY, WorkState.BOT, WorkState.SNOOZED)
_STATES = {
    View.NEEDS_REPLY: WorkState.NEEDS_REPLY,
    View.UNASSIGNED: WorkState.NEEDS_REPLY,
    View.BOT: WorkState.BOT,
    View.SNOOZED: WorkState.SNOOZED,
    View.WAITING: WorkState.WAITING,
    View.DONE: WorkState.DONE,
}
#: What a view is sorted by; the earliest first, in all others the latest.
_COLUMNS = {
    View.NEEDS_REPLY: "waiting_since",
    View.UNASSIGNED: "waiting_since",
    View.CLOSING: "window_closes_at",
    View.SNOOZED: "snoozed_until",
}
#: Views in which patients with a visit today come first.
_TODAY_FIRST = frozenset({View.NEEDS_REPLY, View.UNASSIGNED})


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list, with what its rows need beside their own columns."""

    conversations: list[Conversation]
    people: dict[UUID, list[Patient]]  # by contact point
    requests: frozenset[UUID]  # contact points with a request that waits
    staff: dict[UUID, tuple[UUID, str]]  # last message -> (user, first name), where staff wrote last
    drafts: dict[UUID, str]  # what this member began to write, by thread
    next_cursor: str | None
    today: frozenset[UUID] = field(default_factory=frozenset)  # threads with a visit today, where it counts
    holding: frozenset[UUID] = field(
        default_factory=frozenset
    )  # threads with a reply that waits for the patient


def conversations(
    view: View, *, clinic: Clinic, user: User, now: datetime, cursor: str = "", limit: int = PAGE
) -> Page:
    """Return a page of a view, in at most five statements; `cursor` is the `next_cursor` of the page before."""
    waits = HeldReply.objects.filter(conversation=OuterRef("pk"), outcome=HeldOutcome.WAITING)
    rows = _in_view(view, user, now).select_related("contact_point", "last_sender", "assignee")
    rows = rows.annotate(holds=Exists(waits))
    if view in _TODAY_FIRST:
        found = list(_today_first(rows, _visits_on_day_of(now, clinic.zone), cursor, limit + 1))
    else:
        found = list(_sorted(rows, view, cursor)[: limit + 1])
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
        drafts=drafts.drafts_of(user, [row.id for row in page]) if page else {},
        next_cursor=_cursor(view, page[-1]) if len(found) > limit else None,
        today=frozenset(row.pk for row in page if _is_today(row)),
        holding=frozenset(row.pk for row in page if getattr(row, "holds", False)),
    )


def next_closing(*, now: datetime) -> tuple[Conversation, list[Patient]] | None:
    """Return the thread whose window closes next, with its patients; two statements."""
    found = (
        Conversation.objects.filter(put_away_at=None, work_state__in=_OPEN_WORK, window_closes_at__gt=now)
        .select_related("contact_point")
        .order_by("window_closes_at", "id")
        .first()
    )
    if found is None:
        return None
    return found, people_of([found.contact_point_id]).get(found.contact_point_id, [])


def named(threads: Iterable[UUID]) -> dict[UUID, tuple[ContactPoint, list[Patient]]]:
    """Return contact point and patients of threads, to call them by name; two statements."""
    points = {
        row.pk: row.contact_point
        for row in Conversation.objects.filter(pk__in=list(threads)).select_related("contact_point")
    }
    people = people_of([point.pk for point in points.values()])
    return {pk: (point, people.get(point.pk, [])) for pk, point in points.items()}


def _in_view(view: View, user: User, now: datetime) -> QuerySet[Conversation]:
    if view is View.BLOCKED:
        return Conversation.objects.filter(contact_point__blocked_at__isnull=False)
    rows = Conversation.objects.filter(put_away_at=None)
    if view in _STATES:
        rows = rows.filter(work_state=_STATES[view])
    match view:
        case View.MINE:
            return rows.filter(assignee=user).exclude(work_state=WorkState.DONE)
        case View.UNASSIGNED:
            return rows.filter(assignee=None)
        case View.CLOSING:
            soon = {"window_closes_at__gt": now, "window_closes_at__lte": now + CLOSING}
            return rows.filter(work_state__in=_OPEN_WORK, **soon)
        case View.FAILED:
            return rows.filter(failed_count__gt=0)
    return rows


def _visits_on_day_of(now: datetime, zone: ZoneInfo) -> QuerySet[Any]:
    """Return the contact points of all who have a visit on this day of the clinic."""
    today = now.astimezone(zone).date()
    begins, ends = (datetime.combine(today + timedelta(days=n), time(), zone) for n in (0, 1))
    return PatientContact.objects.filter(
        not_theirs_at=None,
        patient__merged_into=None,
        patient__appointments__starts_at__gte=begins,
        patient__appointments__starts_at__lt=ends,
        patient__appointments__status__in=LIVE,
    ).values("contact_point")


def _today_first(
    rows: QuerySet[Conversation], today: QuerySet[Any], cursor: str, limit: int
) -> QuerySet[Conversation]:
    """Return those with a visit today, then all others, each who waits longest first: two index scans, one statement."""
    group, at, last_id = _parsed(cursor)
    others = rows.exclude(contact_point__in=today).annotate(visits_today=_flag(False))
    if last_id is not None and group != "1":
        return _after(others, "waiting_since", at, last_id)[:limit]
    first = rows.filter(contact_point__in=today).annotate(visits_today=_flag(True))
    both = _after(first, "waiting_since", at, last_id)[:limit].union(
        _after(others, "waiting_since", None, None)[:limit], all=True
    )
    return both.order_by("-visits_today", "waiting_since", "id")[:limit]  # type: ignore[misc]


def _flag(value: bool) -> Value:
    return Value(value, output_field=BooleanField())


def _is_today(row: Conversation) -> bool:
    return bool(getattr(row, "visits_today", False))


def _sorted(rows: QuerySet[Conversation], view: View, cursor: str) -> QuerySet[Conversation]:
    _group, at, last_id = _parsed(cursor)
    if view in _COLUMNS:
        return _after(rows, _COLUMNS[view], at, last_id)
    # Threads without any message are in no list; Postgres puts nulls first in a descending order.
    rows = rows.filter(last_message_at__isnull=False).order_by("-last_message_at", "-id")
    if last_id is None or at is None:
        return rows
    return rows.filter(Q(last_message_at__lt=at) | Q(last_message_at=at, id__lt=last_id))


def _after(
    rows: QuerySet[Conversation], column: str, at: datetime | None, last_id: UUID | None
) -> QuerySet[Conversation]:
    """Return what comes after a row in an ascending order, in which Postgres puts nulls last."""
    rows = rows.order_by(column, "id")
    if last_id is None:
        return rows
    if at is None:
        return rows.filter(**{column: None}, id__gt=last_id)
    later = Q(**{f"{column}__gt": at}) | Q(**{column: None})
    return rows.filter(later | Q(**{column: at}, id__gt=last_id))


def _parsed(cursor: str) -> tuple[str, datetime | None, UUID | None]:
    """Return group, time and id of a cursor; one that we did not make begins at the top."""
    group, _, rest = cursor.partition("|")
    at_text, _, id_text = rest.partition("|")
    at, last_id = clock.moment_in(at_text), id_in(id_text)
    if last_id is None or (at_text and at is None):
        return "", None, None
    return group, at, last_id


def _cursor(view: View, row: Conversation) -> str:
    at = getattr(row, _COLUMNS.get(view, "last_message_at"))
    return f"{int(_is_today(row))}|{at.isoformat() if at else ''}|{row.id}"


def _authors(message_ids: list[UUID]) -> dict[UUID, tuple[UUID, str]]:
    if not message_ids:
        return {}
    written = Message.objects.filter(id__in=message_ids, user__isnull=False).select_related("user")
    return {m.id: (m.user.id, m.user.get_short_name()) for m in written if m.user is not None}


# The states stand in the text, so that each count is read from its partial index whatever plan is kept.
_COUNTED = {
    View.NEEDS_REPLY: "work_state = 'needs_reply'",
    View.MINE: "assignee_id = %(user)s AND work_state <> 'done'",
    View.UNASSIGNED: "work_state = 'needs_reply' AND assignee_id IS NULL",
    View.BOT: "work_state = 'bot'",
    View.CLOSING: """work_state IN ('needs_reply', 'bot', 'snoozed')
        AND window_closes_at > %(now)s AND window_closes_at <= %(soon)s""",
    View.FAILED: "failed_count > 0",
    View.SNOOZED: "work_state = 'snoozed'",
    View.WAITING: "work_state = 'waiting_patient'",
}
_BOUNDED = "(SELECT count(*) FROM (SELECT 1 FROM {source} LIMIT %(limit)s) AS first_ones)"
_COUNTS = "SELECT " + ", ".join(
    [
        *(
            _BOUNDED.format(source=f"messaging_conversation WHERE put_away_at IS NULL AND {condition}")
            for condition in _COUNTED.values()
        ),
        _BOUNDED.format(source="scheduling_appointment WHERE status = 'pending_review'"),
    ]
)


def counts(user: User, *, now: datetime) -> dict[View, int]:
    """Return how many threads stand in each view, at most COUNT_LIMIT; one statement that reads no more than that."""
    values: dict[str, Any] = {"user": user.pk, "now": now, "soon": now + CLOSING, "limit": COUNT_LIMIT}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, values)
        row = cursor.fetchone()
    return dict(zip((*_COUNTED, View.REQUESTS), row, strict=True))
