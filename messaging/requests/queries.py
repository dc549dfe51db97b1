"""What the Requests screen reads: who waits, what was just decided, and what stands round one request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from messaging.models import Conversation, Direction, Kind, Message
from scheduling.looking import Look, look
from scheduling.models import (
    LIVE,
    Appointment,
    AppointmentEvent,
    EventKind,
    Hold,
    Status,
    TimeOff,
)

LISTED = 100
JUST = timedelta(hours=24)
MOST_DECIDED = 10
QUOTED = 3
QUOTED_SINCE = timedelta(hours=12)
MISSED_SINCE = timedelta(days=365)

_RELATED = (
    "patient",
    "practitioner",
    "type",
    "location",
    "decided_by",
    "contact_point__conversation__last_sender",
)


@dataclass(frozen=True, slots=True)
class Queue:
    """The requests that wait, the first to run out first, and those that were just decided."""

    waiting: Sequence[Appointment]
    more: bool
    decided: Sequence[Appointment]
    away: frozenset[UUID]  # requests whose doctor is away at their time


@dataclass(frozen=True, slots=True)
class Around:
    """What stands round one request."""

    appointment: Appointment
    conversation: Conversation | None
    quotes: list[str]
    look: Look
    of_day: list[Appointment]  # the doctor's other visits that day
    held: list[tuple[datetime, datetime]]
    of_patient: list[Appointment]  # the patient's other visits that day, and those missed of late


def queue(*, now: datetime) -> Queue:
    """Return the list in two statements."""
    absent = TimeOff.objects.filter(
        practitioner=OuterRef("practitioner"),
        starts_at__lt=OuterRef("ends_at"),
        ends_at__gt=OuterRef("starts_at"),
    )
    rows = _appointments().filter(status=Status.PENDING_REVIEW).annotate(is_away=Exists(absent))
    found = list(rows.order_by(F("respond_by").asc(nulls_last=True), "id")[: LISTED + 1])
    waiting = found[:LISTED]
    asked = AppointmentEvent.objects.filter(appointment=OuterRef("pk"), kind=EventKind.REQUESTED)
    decided = _appointments().filter(Exists(asked), decided_at__gt=now - JUST)
    return Queue(
        waiting=waiting,
        more=len(found) > LISTED,
        decided=list(
            decided.exclude(status=Status.PENDING_REVIEW).order_by("-decided_at", "-id")[:MOST_DECIDED]
        ),
        away=frozenset(row.pk for row in waiting if row.is_away),
    )


def request(appointment_id: UUID) -> Appointment | None:
    """Return one that was asked for, whatever became of it."""
    return _appointments().filter(pk=appointment_id).first()


def _appointments() -> QuerySet[Appointment]:
    return Appointment.objects.select_related(*_RELATED)


def conversation_of(appointment: Appointment) -> Conversation | None:
    """Return the thread of who asked, when there is one and it was not put away. No statement."""
    point = appointment.contact_point
    thread: Conversation | None = getattr(point, "conversation", None) if point else None
    return thread if thread is not None and thread.put_away_at is None else None


def around(appointment: Appointment, *, now: datetime) -> Around:
    """Return what a decision needs to see, in six statements (seven where visits need rooms)."""
    thread = conversation_of(appointment)
    zone = ZoneInfo(appointment.zone)
    day = appointment.starts_at.astimezone(zone).date()
    begin = datetime.combine(day, time.min, zone)
    end = datetime.combine(day + timedelta(days=1), time.min, zone)
    that_day = Q(starts_at__gte=begin, starts_at__lt=end, status__in=[*LIVE, Status.FULFILLED])
    missed = Q(status=Status.NO_SHOW, starts_at__gt=now - MISSED_SINCE, patient=appointment.patient_id)
    theirs = Q(practitioner=appointment.practitioner_id) | Q(patient=appointment.patient_id)
    visits = list(
        Appointment.objects.filter((that_day & theirs) | missed)
        .exclude(pk=appointment.pk)
        .select_related("patient", "type", "location", "contact_point")
        .order_by("starts_at", "id")[:LISTED]
    )
    held = Hold.objects.filter(
        practitioner=appointment.practitioner_id, starts_at__gte=begin, starts_at__lt=end, expires_at__gt=now
    )
    return Around(
        appointment=appointment,
        conversation=thread,
        quotes=_quotes(appointment, thread) if thread else [],
        look=look(appointment, now=now),
        of_day=[
            visit
            for visit in visits
            if visit.practitioner_id == appointment.practitioner_id
            and visit.status != Status.NO_SHOW
            and begin <= visit.starts_at < end
        ],
        held=list(held.order_by("starts_at", "id").values_list("starts_at", "ends_at")),
        of_patient=[visit for visit in visits if visit.patient_id == appointment.patient_id],
    )


def _quotes(appointment: Appointment, thread: Conversation) -> list[str]:
    """Return the patient's last words before the request, the oldest first."""
    asked_at = appointment.created_at
    said = Message.objects.filter(
        conversation=thread,
        direction=Direction.INBOUND,
        kind=Kind.TEXT,
        created_at__lte=asked_at + timedelta(seconds=1),
        created_at__gt=asked_at - QUOTED_SINCE,
    )
    return list(said.order_by("-created_at", "-id").values_list("body", flat=True)[:QUOTED])[::-1]
