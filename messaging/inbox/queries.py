"""What a thread of the inbox shows, read in keyset pages. The list is read by `messaging.inbox.listing`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q, Subquery

from clinics.models import Channel, User
from medsync.lib import clock
from medsync.lib.ids import id_in
from messaging import outbox
from messaging import shown as beside
from messaging.attachments import attaching
from messaging.history import NO_DEED, deeds_with
from messaging.models import (
    Attempt,
    ChannelConsent,
    ConsentAction,
    ConsentEvent,
    Conversation,
    ConversationEvent,
    Message,
    MessageStatus,
    Purpose,
    ThreadSeen,
)
from messaging.outbox.later import MOST
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


class View(StrEnum):
    """The inbox's places in the rail, in its order. `ALL` and `BLOCKED` stand in the list's own menu only.

    `REQUESTS` is no list of threads: it has a screen of its own.
    """

    NEEDS_REPLY = "needs-reply"
    REQUESTS = "requests"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    BOT = "bot"
    CLOSING = "closing"
    FAILED = "failed"
    SNOOZED = "snoozed"
    WAITING = "waiting"
    DONE = "done"
    ALL = "all"
    BLOCKED = "blocked"


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
    later: list[Message] = field(default_factory=list)  # what waits for its time, only on the newest page
    quoted: dict[str, Message] = field(
        default_factory=dict
    )  # what messages here answer, by the provider's id


def conversation(conversation_id: UUID) -> Conversation | None:
    """Return a thread that was not put away, or whose person is blocked."""
    here = Q(put_away_at=None) | Q(contact_point__blocked_at__isnull=False)
    newest = deeds_with(OuterRef("pk")).filter(undone_at=None).order_by("-pk")
    return (
        Conversation.objects.filter(here, pk=conversation_id)
        .select_related("contact_point", "last_sender", "assignee")
        .annotate(newest_deed=Subquery(newest.values("pk")[:1]))
        .first()
    )


def newest_deed(found: Conversation) -> UUID:
    """Return the newest thing that members did with a thread, as it was read by `conversation`."""
    return getattr(found, "newest_deed", None) or NO_DEED


def thread(
    found: Conversation, *, user: User, older: str = "", seen_at: datetime | None = None, limit: int = PAGE
) -> ThreadRows:
    """Return a page of a thread, the newest unless `older` is a cursor; at most eight statements,
    and up to three more where messages quote others or have reactions.

    `seen_at` keeps the line "new since you looked" where it was when the thread was opened.
    """
    messages = Message.objects.filter(conversation=found).select_related("user", "sender")
    messages = messages.order_by("-created_at", "-id")
    before = _message_cursor(older)
    if before is not None:
        at, last_id = before
        messages = messages.filter(Q(created_at__lt=at) | Q(created_at=at, id__lt=last_id))
    # What waits stands at its own time, so before all that was said; what was taken back was never said.
    newest, later = _apart(messages.exclude(status=MessageStatus.CANCELLED, tries=0)[: limit + 1 + MOST])
    shown = newest[:limit][::-1]
    attaching.load(shown)
    quoted = beside.load(shown)
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
        later=[] if before else later,
        quoted=quoted,
    )


FURTHEST = 400  # messages between a found one and the newest that are still shown together
_AFTER_FOUND = 25


@dataclass(frozen=True, slots=True)
class Place:
    """How a thread is read so that one message of it is shown: the newest `limit`, or what stands before `older`."""

    limit: int
    older: str = ""


def place_of(found: Conversation, message_id: UUID) -> Place | None:
    """Return where a message stands in its thread, None when it is not in it; two statements."""
    at = (
        Message.objects.filter(conversation=found, pk=message_id).values_list("created_at", flat=True).first()
    )
    if at is None:
        return None
    newer = Message.objects.filter(conversation=found)
    newer = newer.filter(Q(created_at__gt=at) | Q(created_at=at, id__gt=message_id))
    places = list(newer.order_by("created_at", "id").values_list("created_at", "id")[: FURTHEST + 1])
    if len(places) <= FURTHEST:
        return Place(limit=max(PAGE, len(places) + _AFTER_FOUND))
    created_at, last_id = places[_AFTER_FOUND]
    return Place(limit=PAGE, older=f"{created_at.isoformat()}|{last_id}")


def _apart(messages: Iterable[Message]) -> tuple[list[Message], list[Message]]:
    """Return what was said, and what waits for its time."""
    said: list[Message] = []
    later: list[Message] = []
    for message in messages:
        if beside.is_applied(message):
            continue  # it stands on the message that it is about
        waits = message.send_at and message.status == MessageStatus.QUEUED and not message.tries
        (later if waits else said).append(message)
    return said, later


def _requests(
    point: ContactPoint, shown: list[Message], *, before: datetime | None, whole: bool
) -> list[Appointment]:
    """Return the requests made while these messages were written; on the newest page also all that wait."""
    was_request = AppointmentEvent.objects.filter(appointment=OuterRef("pk"), kind=EventKind.REQUESTED)
    asked = Appointment.objects.filter(Exists(was_request), contact_point=point)
    asked = asked.select_related(
        "patient", "practitioner", "type", "location", "decided_by", "contact_point__conversation"
    )
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
    at, last_id = clock.moment_in(at_text), id_in(id_text)
    return (at, last_id) if at and last_id else None


def message_with_history(conversation_id: UUID, message_id: UUID) -> Message | None:
    """Return a message with its attempts and what the provider said of them."""
    attempts = Attempt.objects.prefetch_related("status_events").order_by("n")
    return (
        Message.objects.filter(pk=message_id, conversation_id=conversation_id)
        .select_related("user", "sender", "conversation")
        .prefetch_related(Prefetch("attempts", queryset=attempts))
        .first()
    )


def consent_behind(message: Message) -> tuple[ConsentEvent | None, UUID | None]:
    """Return the line of the ledger by which a message was agreed to, and a patient whose page shows it."""
    point = message.conversation.contact_point_id
    line = (
        ConsentEvent.objects.filter(
            contact_point=point,
            channel=message.channel,
            purpose__in=[Purpose.CARE, Purpose.ALL],
            action__in=[ConsentAction.GRANTED, ConsentAction.OPTED_IN],
            at__lte=message.created_at,
        )
        .order_by("-at", "-id")
        .first()
    )
    patient = (
        PatientContact.objects.filter(contact_point=point)
        .order_by("-starred", "created_at", "id")
        .values_list("patient_id", flat=True)
        .first()
    )
    return line, patient
